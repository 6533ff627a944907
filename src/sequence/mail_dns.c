#include "sequence/mail_dns.h"

#include "base/check.h"
#include "net/host.h"

enum { LOOKUPS_MAX = 10 }; /* RFC 7208, 4.6.4 */

#define CHECK(check_name, outcome, said, todo) \
    ((struct mailbox_check){ STR(check_name), STR(outcome), (said), (todo) })

/* TXT records that begin with the version of their kind. */
struct records {
    struct str last; /* one of them */
    int n;
    bool failed; /* the DNS did not answer */
};

static struct records find_records(const struct resolver *resolver, struct arena *arena, struct str name,
                                   struct str version) {
    struct dns_answer answer = resolver_ask(resolver, arena, name, DNS_TXT);
    struct records found = { .failed = answer.state == DNS_FAILED || answer.state == DNS_TIMED_OUT };
    for (size_t i = 0; i < answer.n; i++) {
        struct str text = answer.records[i].text;
        bool whole = text.n == version.n || (text.n > version.n && (text.p[version.n] == ' ' || text.p[version.n] == ';'));
        if (!str_starts_nocase(text, version) || !whole)
            continue;
        found.last = text;
        found.n++;
    }
    return found;
}

struct str mail_tag(struct str record, struct str name) {
    struct str part, key;
    while (str_cut(&record, ';', &part))
        if (str_cut(&part, '=', &key) && str_is_set(part) && str_eq_nocase(str_trim(key), name))
            return str_trim(part);
    return STR_NONE;
}

/* --- SPF --- */

/* Domains whose records are read, each once, the address's own first. */
struct spf {
    struct str domains[LOOKUPS_MAX];
    size_t n;
    struct str wanted; /* an include that is looked for; empty: none */
    bool found, all_pass;
};

/* "include:_spf.google.com" or "redirect=…": the domain; absent for other terms. */
static struct str included(struct str term) {
    if (str_starts_nocase(term, STR("+")))
        term = str_sub(term, 1, term.n);
    if (str_starts_nocase(term, STR("include:")))
        return str_sub(term, 8, term.n);
    return str_starts_nocase(term, STR("redirect=")) ? str_sub(term, 9, term.n) : STR_NONE;
}

static void read_spf(struct spf *spf, struct str record) {
    struct str term;
    while (str_word(&record, &term)) {
        struct str domain = included(term);
        spf->all_pass |= str_eq_nocase(term, STR("all")) || str_eq_nocase(term, STR("+all"));
        if (!str_is_set(domain))
            continue;
        spf->found |= str_eq_nocase(domain, spf->wanted);
        if (spf->n < LENGTH(spf->domains))
            spf->domains[spf->n++] = domain;
    }
}

/* What is included is read as well: providers are often included by way of another record. */
static void follow_spf(struct spf *spf, const struct resolver *resolver, struct arena *arena) {
    for (size_t i = 0; i < spf->n && !spf->found; i++) {
        struct records found = find_records(resolver, arena, spf->domains[i], STR("v=spf1"));
        if (found.n == 1)
            read_spf(spf, found.last);
    }
}

struct mailbox_check mail_check_spf(const struct resolver *resolver, struct arena *arena,
                                    struct str domain, const struct mail_provider *provider) {
    struct spf spf = { .wanted = provider ? provider->spf : STR("") };
    struct records found = find_records(resolver, arena, domain, STR("v=spf1"));
    struct str include = spf.wanted.n ? arena_printf(arena, "include:%.*s", STR_FMT(spf.wanted))
                                      : STR("the servers that send for you");
    if (found.failed)
        return CHECK("spf", "warning", arena_printf(arena, "the DNS of %.*s did not answer", STR_FMT(domain)),
                     STR("test again later"));
    if (found.n == 0)
        return CHECK("spf", "warning", arena_printf(arena, "%.*s has no SPF record", STR_FMT(domain)),
                     arena_printf(arena, "add a TXT record to %.*s: v=spf1 %.*s ~all", STR_FMT(domain), STR_FMT(include)));
    if (found.n > 1)
        return CHECK("spf", "warning", arena_printf(arena, "%.*s has %d SPF records, so none counts", STR_FMT(domain), found.n),
                     STR("make one record of them"));
    read_spf(&spf, found.last);
    if (spf.all_pass)
        return CHECK("spf", "warning", STR("the SPF record lets anybody send (+all)"), STR("end it with ~all or -all"));
    follow_spf(&spf, resolver, arena);
    if (spf.wanted.n && !spf.found)
        return CHECK("spf", "warning", arena_printf(arena, "the SPF record does not include %.*s", STR_FMT(spf.wanted)),
                     arena_printf(arena, "add %.*s to it", STR_FMT(include)));
    return CHECK("spf", "ok", found.last, STR_NONE);
}

/* --- DKIM --- */

/* The next header field of *rest with its folded lines; false at the end of the header. */
static bool next_field(struct str *rest, struct str *ret_field) {
    size_t end = 0;
    if (rest->n == 0 || rest->p[0] == '\n' || rest->p[0] == '\r')
        return false;
    do {
        struct str from = str_sub(*rest, end, rest->n);
        size_t line = str_find(from, '\n');
        end += line < from.n ? line + 1 : line;
    } while (end < rest->n && (rest->p[end] == ' ' || rest->p[end] == '\t'));
    *ret_field = str_sub(*rest, 0, end);
    *rest = str_sub(*rest, end, rest->n);
    return true;
}

/* Whether what signs is the domain or one above it. */
static bool speaks_for(struct str signer, struct str domain) {
    return str_ends_nocase(domain, signer)
           && (domain.n == signer.n || (signer.n && domain.p[domain.n - signer.n - 1] == '.'));
}

struct str mail_dkim_selector(struct str message, struct str domain) {
    struct str field, name;
    while (next_field(&message, &field)) {
        if (!str_cut(&field, ':', &name) || !str_eq_nocase(str_trim(name), STR("DKIM-Signature")))
            continue;
        struct str signer = mail_tag(field, STR("d")), selector = mail_tag(field, STR("s"));
        if (str_is_set(signer) && speaks_for(signer, domain) && !str_is_empty(selector) && selector.n <= 63)
            return selector;
    }
    return STR_NONE;
}

static bool has_key(const struct resolver *resolver, struct arena *arena, struct str selector, struct str domain) {
    struct str name = arena_printf(arena, "%.*s._domainkey.%.*s", STR_FMT(selector), STR_FMT(domain));
    struct dns_answer answer = resolver_ask(resolver, arena, name, DNS_TXT);
    for (size_t i = 0; i < answer.n; i++)
        if (!str_is_empty(mail_tag(answer.records[i].text, STR("p"))))
            return true;
    return false;
}

struct mailbox_check mail_check_dkim(const struct resolver *resolver, struct arena *arena,
                                     struct str domain, const struct mail_provider *provider,
                                     struct str message) {
    struct str signed_by = mail_dkim_selector(message, domain), selector;
    struct str usual = str_of(provider ? provider->selectors : "");
    if (str_is_set(signed_by))
        return has_key(resolver, arena, signed_by, domain)
                   ? CHECK("dkim", "ok", arena_printf(arena, "messages are signed, selector %.*s", STR_FMT(signed_by)), STR_NONE)
                   : CHECK("dkim", "warning",
                           arena_printf(arena, "messages are signed, but %.*s._domainkey.%.*s has no key", STR_FMT(signed_by), STR_FMT(domain)),
                           STR("publish the key that your provider names"));
    while (str_word(&usual, &selector))
        if (has_key(resolver, arena, selector, domain))
            return CHECK("dkim", "ok", arena_printf(arena, "%.*s._domainkey.%.*s has a key", STR_FMT(selector), STR_FMT(domain)),
                         STR_NONE);
    return CHECK("dkim", "warning", STR("the test message is not signed, and no key is known"),
                 STR("switch DKIM signing on at your provider and publish the key that it names"));
}

/* --- DMARC --- */

struct mailbox_check mail_check_dmarc(const struct resolver *resolver, struct arena *arena, struct str domain) {
    struct str above = host_registrable(domain), name = arena_printf(arena, "_dmarc.%.*s", STR_FMT(domain));
    struct records found = find_records(resolver, arena, name, STR("v=DMARC1"));
    if (found.n == 0 && !found.failed && str_is_set(above) && !str_eq(above, domain))
        found = find_records(resolver, arena, arena_printf(arena, "_dmarc.%.*s", STR_FMT(above)), STR("v=DMARC1"));
    if (found.failed)
        return CHECK("dmarc", "warning", arena_printf(arena, "the DNS of %.*s did not answer", STR_FMT(domain)),
                     STR("test again later"));
    if (found.n != 1)
        return CHECK("dmarc", "warning",
                     arena_printf(arena, "%.*s has %s DMARC record", STR_FMT(domain), found.n ? "more than one" : "no"),
                     arena_printf(arena, "one TXT record at _dmarc.%.*s: v=DMARC1; p=none; rua=mailto:you@%.*s",
                                  STR_FMT(domain), STR_FMT(domain)));
    return CHECK("dmarc", "ok", found.last, STR_NONE);
}
