#include "net/resolver.h"

#include <poll.h>

#include "net/dns.h"

enum { DESCRIPTORS_MAX = 32, SLICE_MS = 200 };

struct waiting {
    struct arena *arena;
    struct pollfd fds[DESCRIPTORS_MAX];
    nfds_t n;
    struct dns_answer answer;
    bool answered;
};

static void watch(void *arg, int fd, bool for_reading, bool for_writing) {
    struct waiting *w = arg;
    nfds_t i = 0;
    while (i < w->n && w->fds[i].fd != fd)
        i++;
    if (!for_reading && !for_writing) {
        if (i < w->n)
            w->fds[i] = w->fds[--w->n];
        return;
    }
    if (i == DESCRIPTORS_MAX)
        return; /* its question times out */
    w->fds[i] = (struct pollfd){ fd, (short) ((for_reading ? POLLIN : 0) | (for_writing ? POLLOUT : 0)), 0 };
    w->n += i == w->n;
}

/* The answer lives until this returns, so it is copied. */
static void done(void *arg, const struct dns_answer *answer) {
    struct waiting *w = arg;
    struct dns_record *records = ARENA_ARRAY(w->arena, answer->n + 1, struct dns_record);
    for (size_t i = 0; i < answer->n; i++) {
        records[i] = answer->records[i];
        records[i].name = arena_str(w->arena, records[i].name);
        records[i].text = arena_str(w->arena, records[i].text);
    }
    w->answer = *answer;
    w->answer.records = records;
    w->answer.alias = STR_NONE;
    w->answered = true;
}

static void turn(struct waiting *w, struct dns *dns) {
    struct pollfd ready[DESCRIPTORS_MAX];
    nfds_t n = w->n;
    memcpy(ready, w->fds, n * sizeof *ready);
    if (poll(ready, n, (int) dns_wait_ms(dns, SLICE_MS)) > 0)
        for (nfds_t i = 0; i < n; i++)
            if (ready[i].revents)
                dns_ready(dns, ready[i].fd, ready[i].revents & ~POLLOUT, ready[i].revents & POLLOUT);
    dns_tick(dns);
}

struct dns_answer resolver_ask(const struct resolver *resolver, struct arena *arena,
                               struct str name, enum dns_type type) {
    struct waiting w = { .arena = arena, .answer = { .state = DNS_FAILED } };
    const struct dns_options options = {
        .servers = resolver->servers, .timeout_ms = resolver->timeout_ms, .tries = resolver->tries,
        .watch = watch, .arg = &w,
    };
    struct dns *dns = NULL;
    if (dns_new(&options, &dns) != OK)
        return w.answer;
    dns_ask(dns, name, type, done, &w);
    while (!w.answered && !(resolver->stopping && resolver->stopping()))
        turn(&w, dns);
    dns_free(&dns); /* answers what is open */
    return w.answer;
}
