/* c-ares sends, repeats, matches answers with questions and goes over to TCP; what an answer
 * says is read by net/dns_answer.c, which also sees the TTLs that c-ares' own readers lose. */
#include "net/dns.h"

/* Newer versions mark ares_query as old; its successor is not in Debian 12. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"

enum {
    EDNS_BYTES = 1232, /* what passes everywhere unbroken (DNS flag day 2020) */
    SERVERS_MAX_BYTES = 4096,
};

struct dns {
    ares_channel channel;
    struct arena *arena; /* of the answers that are being told */
    int depth;           /* a question that is asked meanwhile may be answered at once */
    void (*watch)(void *arg, int fd, bool for_reading, bool for_writing);
    void *arg;
};

struct question {
    struct dns *dns;
    enum dns_type type;
    int aliases;
    dns_done *done;
    void *arg;
    size_t n;
    char name[256];
};

static void socket_changed(void *data, ares_socket_t fd, int readable, int writable) {
    struct dns *dns = data;
    dns->watch(dns->arg, fd, readable != 0, writable != 0);
}

static enum rc use_servers(struct dns *dns, struct strs servers) {
    struct buf b = buf_on_heap(SERVERS_MAX_BYTES);
    for (size_t i = 0; i < servers.n; i++) {
        if (i)
            buf_char(&b, ',');
        buf_str(&b, servers.p[i]);
    }
    buf_char(&b, '\0');
    bool taken = buf_result(&b) == OK && ares_set_servers_ports_csv(dns->channel, b.p) == ARES_SUCCESS;
    buf_done(&b);
    return taken ? OK : E_INVALID;
}

enum rc dns_new(const struct dns_options *options, struct dns **ret_dns) {
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
        return E_IO;
    struct dns *dns = MEM_NEW(struct dns);
    dns->watch = options->watch;
    dns->arg = options->arg;
    dns->arena = arena_new();
    struct ares_options wanted = {
        .flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = (int) options->timeout_ms,
        .tries = options->tries,
        .ednspsz = EDNS_BYTES,
        .lookups = (char[]){ "b" }, /* servers only, no hosts file */
        .sock_state_cb = socket_changed,
        .sock_state_cb_data = dns,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ
               | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_ROTATE;
    enum rc rc = ares_init_options(&dns->channel, &wanted, mask) == ARES_SUCCESS ? OK : E_IO;
    if (rc == OK && options->servers.n)
        rc = use_servers(dns, options->servers);
    if (rc != OK) {
        dns_free(&dns);
        return rc;
    }
    *ret_dns = dns;
    return OK;
}

void dns_free(struct dns **dns) {
    if (!*dns)
        return;
    if ((*dns)->channel)
        ares_destroy((*dns)->channel);
    ares_library_cleanup();
    arena_free(&(*dns)->arena);
    mem_free(*dns);
    *dns = NULL;
}

/* --- questions --- */

static void ask(struct question *question);

/* Takes the alias as the next name to ask for; false when there were too many. */
static bool follow(struct question *question, struct str alias) {
    if (++question->aliases > DNS_ALIASES_MAX || alias.n >= sizeof question->name)
        return false;
    memcpy(question->name, alias.p, alias.n);
    question->name[alias.n] = '\0';
    question->n = alias.n;
    return true;
}

static struct dns_answer answer_of(struct question *question, int status, struct str message) {
    struct dns_answer answer = { .state = status == ARES_ETIMEOUT ? DNS_TIMED_OUT : DNS_FAILED };
    struct dns_answer read;
    bool spoke = status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
    if (spoke && message.p
        && dns_answer_read(question->dns->arena, message, (struct str){ question->name, question->n },
                           question->type, &read) == OK)
        answer = read;
    return answer;
}

static void answered(void *arg, int status, int timeouts, unsigned char *message, int n) {
    struct question *question = arg;
    struct dns *dns = question->dns;
    struct str bytes = { (const char *) message, message && n > 0 ? (size_t) n : 0 };
    struct dns_answer answer = answer_of(question, status, bytes);
    (void) timeouts; /* how many there were before the answer */
    bool goes_on = str_is_set(answer.alias) && status != ARES_EDESTRUCTION;
    if (goes_on && follow(question, answer.alias)) {
        ask(question);
        return;
    }
    if (goes_on)
        answer = (struct dns_answer){ .state = DNS_FAILED };
    dns->depth++;
    question->done(question->arg, &answer);
    dns->depth--;
    if (!dns->depth)
        arena_reset(dns->arena);
    mem_free(question);
}

static void ask(struct question *question) {
    static const int types[DNS_TYPES]
        = { [DNS_A] = 1, [DNS_AAAA] = 28, [DNS_MX] = 15, [DNS_SRV] = 33, [DNS_TXT] = 16 };
    ares_query(question->dns->channel, question->name, 1, types[question->type], answered, question);
}

void dns_ask(struct dns *dns, struct str name, enum dns_type type, dns_done *done, void *arg) {
    struct dns_answer none = { .state = DNS_NO_NAME };
    struct question *question = MEM_NEW(struct question);
    *question = (struct question){ .dns = dns, .type = type, .done = done, .arg = arg };
    if (!follow(question, name) || memchr(name.p, '\0', name.n)) {
        mem_free(question);
        done(arg, &none); /* longer than any name can be */
        return;
    }
    question->aliases = 0;
    ask(question);
}

/* --- the loop --- */

void dns_ready(struct dns *dns, int fd, bool readable, bool writable) {
    ares_process_fd(dns->channel, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
}

int64_t dns_wait_ms(struct dns *dns, int64_t most) {
    struct timeval limit = { .tv_sec = most / 1000, .tv_usec = most % 1000 * 1000 }, room;
    struct timeval *next = ares_timeout(dns->channel, &limit, &room);
    return next ? (int64_t) next->tv_sec * 1000 + (next->tv_usec + 999) / 1000 : most;
}

void dns_tick(struct dns *dns) {
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
