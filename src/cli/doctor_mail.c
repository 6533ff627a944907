/* The checks of mail: can we ask the DNS, reach mail servers, and give a name that
 * they believe? Nothing is sent but QUIT, and nobody's address is asked for.
 * The DNS is asked through glibc's resolver with the configured servers. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "cli/doctor.h"
#include "verify/address.h"

enum { WAIT_MS = 5000, BANNER_MAX_BYTES = 512, ANSWER_MAX_BYTES = 8192, DNS_SECONDS = 2 };

/* --- DNS --- */

struct lookup {
    enum rc rc;         /* OK, E_NOT_FOUND, E_TIMEOUT */
    struct strs values; /* addresses, or names; of MX the best alone */
};

/* Puts the configured servers into the resolver's state. It takes three, IPv4. */
static void use_servers(struct __res_state *state, struct arena *arena, struct strs servers) {
    int n = 0;
    for (size_t i = 0; i < servers.n && n < MAXNS; i++) {
        size_t colon = str_find_last(servers.p[i], ':');
        struct sockaddr_in *at = &state->nsaddr_list[n];
        int64_t port = 0;
        struct sockaddr_in server = { .sin_family = AF_INET };
        const char *host = arena_cstr(arena, str_sub(servers.p[i], 0, colon));
        if (inet_pton(AF_INET, host, &server.sin_addr) != 1
            || str_to_i64(str_sub(servers.p[i], colon + 1, servers.p[i].n), &port) != OK)
            continue; /* IPv6 */
        server.sin_port = htons((uint16_t) port);
        *at = server;
        n++;
    }
    if (n)
        state->nscount = n;
}

static struct str read_name(struct arena *arena, ns_msg *message, const unsigned char *at) {
    char name[NS_MAXDNAME];
    if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), at, name, sizeof name) < 0)
        return STR_NONE;
    return arena_str(arena, str_of(name));
}

/* The record's value as text, absent when it is not of the wanted type. */
static struct str read_record(struct arena *arena, ns_msg *message, ns_rr *record, ns_type type,
                              unsigned *ret_preference) {
    char address[INET6_ADDRSTRLEN];
    const unsigned char *data = ns_rr_rdata(*record);
    if (ns_rr_type(*record) != type)
        return STR_NONE;
    if (type == ns_t_a && ns_rr_rdlen(*record) == 4)
        return arena_str(arena, str_of(inet_ntop(AF_INET, data, address, sizeof address)));
    if (type == ns_t_ptr)
        return read_name(arena, message, data);
    if (type == ns_t_mx && ns_rr_rdlen(*record) > 2) {
        *ret_preference = ns_get16(data);
        return read_name(arena, message, data + 2);
    }
    return STR_NONE;
}

static void read_answer(struct arena *arena, const unsigned char *answer, int n, ns_type type,
                        struct strs *values) {
    ns_msg message;
    if (ns_initparse(answer, n, &message) != 0)
        return;
    unsigned best = 0x10000;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr record;
        unsigned preference = 0;
        if (ns_parserr(&message, ns_s_an, i, &record) != 0)
            return;
        struct str value = read_record(arena, &message, &record, type, &preference);
        if (!str_is_set(value) || (type == ns_t_mx && preference >= best))
            continue;
        best = preference;
        values->n = type == ns_t_mx ? 0 : values->n;
        strs_add(arena, values, value);
    }
}

static struct lookup look_up(struct doctor *doctor, const char *name, ns_type type) {
    struct arena *arena = doctor->cli->ctx.arena;
    struct lookup found = { .rc = E_TIMEOUT };
    struct __res_state state = { 0 };
    if (res_ninit(&state) != 0)
        return found;
    state.retrans = DNS_SECONDS;
    state.retry = 2;
    use_servers(&state, arena, doctor->cli->config.verify.dns_servers);
    unsigned char *answer = arena_alloc(arena, ANSWER_MAX_BYTES);
    int n = res_nquery(&state, name, ns_c_in, (int) type, answer, ANSWER_MAX_BYTES);
    bool none = n < 0 && (state.res_h_errno == HOST_NOT_FOUND || state.res_h_errno == NO_DATA);
    res_nclose(&state);
    if (n > 0)
        read_answer(arena, answer, n < ANSWER_MAX_BYTES ? n : ANSWER_MAX_BYTES, type,
                    &found.values);
    found.rc = found.values.n ? OK : none || n > 0 ? E_NOT_FOUND : E_TIMEOUT;
    return found;
}

struct finding check_dns(struct doctor *doctor) {
    int64_t began = monotonic_ms();
    struct lookup mx = look_up(doctor, doctor->domain, ns_t_mx);
    if (mx.rc == E_TIMEOUT)
        return bad(doctor, "check the servers in /etc/resolv.conf or set verify.dns_servers",
                   "no answer about %s", doctor->domain);
    if (mx.rc == E_NOT_FOUND)
        return bad(doctor, "name a domain that receives mail with --domain, or check the DNS servers",
                   "%s has no mail server according to the DNS", doctor->domain);
    struct lookup address = look_up(doctor, mx.values.p[0].p, ns_t_a);
    if (address.rc != OK)
        return bad(doctor, "check the DNS servers", "no address for %s, the mail server of %s",
                   mx.values.p[0].p, doctor->domain);
    doctor->mail_host = mx.values.p[0];
    doctor->mail_server = address.values.p[0];
    return good(doctor, "%s receives mail at %s (%s), answered in %lld ms", doctor->domain,
                doctor->mail_host.p, doctor->mail_server.p, (long long) (monotonic_ms() - began));
}

/* --- port 25 --- */

static bool wait_for(int fd, short events) {
    struct pollfd p = { .fd = fd, .events = events };
    return poll(&p, 1, WAIT_MS) == 1;
}

/* 0, or the errno of the attempt. */
static int connect_to(int fd, const char *address, int64_t port) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        return EINVAL;
    if (connect(fd, (const struct sockaddr *) &to, sizeof to) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    if (!wait_for(fd, POLLOUT))
        return ETIMEDOUT;
    int error = 0;
    socklen_t n = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 ? error : errno;
}

static void note_own_address(struct doctor *doctor, int fd) {
    struct sockaddr_in own;
    socklen_t n = sizeof own;
    char text[INET_ADDRSTRLEN];
    if (getsockname(fd, (struct sockaddr *) &own, &n) == 0
        && inet_ntop(AF_INET, &own.sin_addr, text, sizeof text))
        doctor->own_address = arena_str(doctor->cli->ctx.arena, str_of(text));
}

/* The first line, absent when none came in time. */
static struct str read_banner(struct doctor *doctor, int fd) {
    struct buf b = buf_in(doctor->cli->ctx.arena, BANNER_MAX_BYTES);
    while (str_find(buf_text(&b), '\n') == b.n && wait_for(fd, POLLIN)) {
        char *space = buf_space(&b, 1);
        if (!space || recv(fd, space, 1, 0) != 1)
            break;
        if (*space != '\n' && (*space < ' ' || *space > '~'))
            *space = ' '; /* it goes to a terminal */
        buf_added(&b, 1);
    }
    return b.n ? str_trim(buf_text(&b)) : STR_NONE;
}

static const char blocked_advice[] =
    "outgoing port 25 is probably closed: most hosting companies open it on request. "
    "Until then set verify.probe to false, or results will be \"unknown\"";

static struct finding talk(struct doctor *doctor, int fd) {
    int64_t port = doctor->cli->config.verify.smtp_port;
    int error = connect_to(fd, doctor->mail_server.p, port);
    if (error)
        return bad(doctor, blocked_advice, "cannot reach %s port %lld: %s", doctor->mail_host.p,
                   (long long) port, error_text(error));
    note_own_address(doctor, fd);
    struct str banner = read_banner(doctor, fd);
    if (!str_is_set(banner))
        return bad(doctor, "something between here and there accepts connections without passing "
                   "them on; ask the network's operator",
                   "%s port %lld connects but says nothing", doctor->mail_host.p, (long long) port);
    (void) send(fd, "QUIT\r\n", 6, MSG_NOSIGNAL); /* a courtesy; the connection ends anyway */
    if (!str_starts(banner, STR("220")))
        return bad(doctor, "this machine's address is refused: look for it on block lists, or use "
                   "another address", "%s answers: %.*s", doctor->mail_host.p, STR_FMT(banner));
    return good(doctor, "%s port %lld answers: %.*s", doctor->mail_host.p, (long long) port,
                STR_FMT(banner));
}

/* Without probes nothing needs port 25 or a name to give there. */
static struct finding soften(struct doctor *doctor, struct finding finding) {
    if (finding.verdict == BAD && !doctor->cli->config.verify.probe)
        finding.verdict = ODD;
    return finding;
}

struct finding check_smtp_port(struct doctor *doctor) {
    if (!str_is_set(doctor->mail_server))
        return odd(doctor, "first make the DNS work", "not tried: no mail server is known");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return bad(doctor, "see the message", "socket: %s", error_text(errno));
    struct finding finding = talk(doctor, fd);
    (void) close(fd); /* nothing more is expected from it */
    return soften(doctor, finding);
}

/* --- the name for EHLO --- */

static bool contains(struct strs list, struct str value) {
    for (size_t i = 0; i < list.n; i++)
        if (str_eq_nocase(list.p[i], value))
            return true;
    return false;
}

/* "4.3.2.1.in-addr.arpa" */
static const char *reverse_name(struct doctor *doctor, struct str address) {
    struct in_addr parsed;
    if (inet_pton(AF_INET, address.p, &parsed) != 1)
        return "invalid";
    const unsigned char *b = (const unsigned char *) &parsed;
    return arena_printf(doctor->cli->ctx.arena, "%d.%d.%d.%d.in-addr.arpa", b[3], b[2], b[1],
                        b[0]).p;
}

static struct finding judge_helo(struct doctor *doctor, const char *name) {
    if (!strchr(name, '.'))
        return bad(doctor, "set verify.helo to a name in your domain that points to this machine",
                   "the name '%s' is not fully qualified", name);
    struct lookup addresses = look_up(doctor, name, ns_t_a);
    if (addresses.rc != OK)
        return bad(doctor, "add an A record for the name with this machine's public address",
                   "%s has no address", name);
    struct str address = addresses.values.p[0];
    struct lookup names = look_up(doctor, reverse_name(doctor, address), ns_t_ptr);
    if (names.rc != OK || !contains(names.values, str_of(name)))
        return bad(doctor, "ask whoever gave you the address to set its reverse name (PTR) to it",
                   "%s is %s, whose reverse name is %s", name, address.p,
                   names.rc == OK ? names.values.p[0].p : "missing");
    if (str_is_set(doctor->own_address) && !contains(addresses.values, doctor->own_address))
        return odd(doctor, "right behind an address translation whose public address is that one; "
                   "otherwise mail servers will not believe the name",
                   "%s is %s, but connections leave here from %s", name, address.p,
                   doctor->own_address.p);
    return good(doctor, "%s is %s, and back", name, address.p);
}

static const char not_asked[] = "not set, so no mail server is asked and results stop at the DNS";

struct finding check_helo(struct doctor *doctor) {
    struct str name = doctor->cli->config.verify.helo;
    if (str_is_empty(name))
        return odd(doctor, "set verify.helo to a name in your domain that points to this machine "
                   "and back", "%s", not_asked);
    return soften(doctor, judge_helo(doctor, name.p));
}

/* --- the sender --- */

static struct finding judge_sender(struct doctor *doctor, struct str text) {
    struct address address;
    struct arena *arena = doctor->cli->ctx.arena;
    enum address_fault fault = address_parse(arena, text, &address);
    if (fault != ADDRESS_OK || address.is_literal || address.is_utf8)
        return bad(doctor, "set verify.mail_from to a plain address in your domain",
                   "'%.*s' is no address to send from: %s", STR_FMT(text),
                   fault == ADDRESS_OK ? "servers do not believe such" : address_fault(fault)->sentence);
    const char *domain = arena_cstr(arena, address.domain);
    struct lookup mx = look_up(doctor, domain, ns_t_mx);
    struct lookup a = mx.rc == E_NOT_FOUND ? look_up(doctor, domain, ns_t_a) : mx;
    if (a.rc == E_TIMEOUT)
        return odd(doctor, "first make the DNS work", "no answer about %s", domain);
    if (a.rc == E_NOT_FOUND)
        return bad(doctor, "mail servers refuse senders that nobody can answer: give the domain a "
                   "mail server, or set verify.mail_from to another address",
                   "%s receives no mail", domain);
    return good(doctor, "%.*s, whose domain receives mail; let its SPF record name this machine",
                STR_FMT(address.text));
}

struct finding check_sender(struct doctor *doctor) {
    struct str sender = doctor->cli->config.verify.mail_from;
    if (str_is_empty(sender))
        return odd(doctor, "set verify.mail_from to an address in your domain that receives mail",
                   "%s", not_asked);
    return soften(doctor, judge_sender(doctor, sender));
}
