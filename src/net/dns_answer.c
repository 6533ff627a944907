/* Reads with the C library's message functions (libresolv), which check every length, and
 * keeps what belongs to the question. */
#include "net/dns_answer.h"

#include <arpa/nameser.h>
#include <resolv.h>

#include "base/check.h"

/* A negative answer without SOA may be kept for a short time only (RFC 2308, section 5). */
enum { TTL_WITHOUT_SOA_S = 300 };

struct reading {
    struct arena *arena;
    ns_msg message;
    struct str wanted; /* where the aliases lead so far */
    ns_type type;
    uint32_t ttl_s;
    struct dns_record *records;
    size_t n;
};

static const ns_type wire_types[DNS_TYPES]
    = { [DNS_A] = ns_t_a, [DNS_AAAA] = ns_t_aaaa, [DNS_MX] = ns_t_mx, [DNS_SRV] = ns_t_srv, [DNS_TXT] = ns_t_txt };

/* Lower case, without final dot; absent when it is no name. */
static struct str read_name(struct reading *r, const unsigned char *at) {
    char text[NS_MAXDNAME];
    if (ns_name_uncompress(ns_msg_base(r->message), ns_msg_end(r->message), at, text,
                           sizeof text) < 0)
        return STR_NONE;
    struct str name = str_of(text);
    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    for (size_t i = 0; i < name.n; i++)
        text[i] = ascii_lower(text[i]);
    return arena_str(r->arena, name);
}

static struct str owner_of(const ns_rr *record) {
    struct str name = str_of(ns_rr_name(*record));
    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    return name;
}

static void keep_ttl(struct reading *r, uint32_t ttl_s) {
    /* a TTL with its first bit set means zero (RFC 2181, section 8) */
    uint32_t ttl = ttl_s & 0x80000000U ? 0 : ttl_s;
    r->ttl_s = ttl < r->ttl_s ? ttl : r->ttl_s;
}

/* <length><bytes> any number of times (RFC 1035, 3.3.14); absent when a length is wrong. */
static struct str read_text(struct reading *r, const unsigned char *data, size_t n) {
    char *text = arena_alloc(r->arena, n + 1);
    size_t used = 0;
    for (size_t at = 0; at < n; at += (size_t) data[at] + 1) {
        if (data[at] > n - at - 1)
            return STR_NONE;
        memcpy(text + used, data + at + 1, data[at]);
        used += data[at];
    }
    return (struct str){ text, used };
}

static enum rc read_data(struct reading *r, const ns_rr *record, struct dns_record *ret) {
    const unsigned char *data = ns_rr_rdata(*record);
    size_t n = ns_rr_rdlen(*record);
    struct dns_record row = { 0 };
    if (r->type == ns_t_a && n == sizeof row.ip4)
        memcpy(&row.ip4, data, sizeof row.ip4);
    else if (r->type == ns_t_aaaa && n == sizeof row.ip6)
        memcpy(&row.ip6, data, sizeof row.ip6);
    else if (r->type == ns_t_mx && n > 2)
        row = (struct dns_record){ .preference = ns_get16(data), .name = read_name(r, data + 2) };
    else if (r->type == ns_t_srv && n > 6)
        row = (struct dns_record){ .preference = ns_get16(data), .weight = ns_get16(data + 2),
                                   .port = ns_get16(data + 4), .name = read_name(r, data + 6) };
    else if (r->type == ns_t_txt && n > 0)
        row = (struct dns_record){ .text = read_text(r, data, n) };
    else
        return E_PROTO;
    bool names = r->type == ns_t_mx || r->type == ns_t_srv;
    if ((names && !str_is_set(row.name)) || (r->type == ns_t_txt && !str_is_set(row.text)))
        return E_PROTO;
    *ret = row;
    return OK;
}

/* One pass over the answers for the name that is wanted now. *ret_followed: it is an alias. */
static enum rc read_pass(struct reading *r, bool *ret_followed) {
    *ret_followed = false;
    for (int i = 0; i < ns_msg_count(r->message, ns_s_an); i++) {
        ns_rr record;
        if (ns_parserr(&r->message, ns_s_an, i, &record) != 0)
            return E_PROTO;
        if (ns_rr_class(record) != ns_c_in || !str_eq_nocase(owner_of(&record), r->wanted))
            continue;
        if (ns_rr_type(record) == ns_t_cname) {
            struct str to = read_name(r, ns_rr_rdata(record));
            if (!str_is_set(to))
                return E_PROTO;
            keep_ttl(r, ns_rr_ttl(record));
            r->wanted = to;
            *ret_followed = true;
            return OK;
        }
        if (ns_rr_type(record) != r->type || r->n == DNS_RECORDS_MAX)
            continue;
        if (read_data(r, &record, &r->records[r->n]) != OK)
            return E_PROTO;
        keep_ttl(r, ns_rr_ttl(record));
        r->n++;
    }
    return OK;
}

/* The time for which "there is none" holds: the smaller of the SOA's TTL and its last
 * number (RFC 2308, section 5). */
static void read_negative_ttl(struct reading *r) {
    uint32_t ttl = TTL_WITHOUT_SOA_S;
    for (int i = 0; i < ns_msg_count(r->message, ns_s_ns); i++) {
        ns_rr record;
        if (ns_parserr(&r->message, ns_s_ns, i, &record) != 0)
            return;
        size_t n = ns_rr_rdlen(record);
        if (ns_rr_type(record) != ns_t_soa || n < 22)
            continue;
        uint32_t minimum = (uint32_t) ns_get32(ns_rr_rdata(record) + n - 4);
        ttl = ns_rr_ttl(record) < minimum ? ns_rr_ttl(record) : minimum;
        break;
    }
    keep_ttl(r, ttl);
}

static enum rc read_records(struct reading *r) {
    bool followed = true;
    int aliases = 0;
    while (followed && r->n == 0) {
        if (aliases++ > DNS_ALIASES_MAX || read_pass(r, &followed) != OK)
            return E_PROTO;
    }
    return OK;
}

enum rc dns_answer_read(struct arena *arena, struct str message, struct str name,
                        enum dns_type type, struct dns_answer *ret_answer) {
    struct reading r = { .arena = arena, .wanted = name, .type = wire_types[type],
                         .ttl_s = INT32_MAX,
                         .records = ARENA_ARRAY(arena, DNS_RECORDS_MAX, struct dns_record) };
    if (message.n > INT32_MAX
        || ns_initparse((const unsigned char *) message.p, (int) message.n, &r.message) != 0
        || !ns_msg_getflag(r.message, ns_f_qr))
        return E_PROTO;
    int code = ns_msg_getflag(r.message, ns_f_rcode);
    if (code != ns_r_noerror && code != ns_r_nxdomain) {
        *ret_answer = (struct dns_answer){ .state = DNS_FAILED };
        return OK;
    }
    if (read_records(&r) != OK)
        return E_PROTO;
    bool aliased = !str_eq_nocase(r.wanted, name);
    enum dns_state state = r.n ? DNS_FOUND : code == ns_r_nxdomain ? DNS_NO_NAME : DNS_NONE;
    if (state != DNS_FOUND)
        read_negative_ttl(&r);
    *ret_answer = (struct dns_answer){
        .state = state,
        .ttl_s = r.ttl_s,
        .alias = state == DNS_NONE && aliased ? r.wanted : STR_NONE,
        .records = r.records,
        .n = r.n,
    };
    return OK;
}
