/* The validation engine: addresses go in, verdicts come out. Syntax and lists, then DNS, then
 * a dialogue with the mail servers, politely: see verify/engine.c for how, and
 * docs/validation.md for what the verdicts mean. It knows neither HTTP nor the database.
 *
 * Life cycle: verify_engine_new once per process; a verify_queue per job or request, closed
 * by whoever opened it before verify_engine_free.
 * Threads: two of its own, one for all network traffic and one that calls the cache. Every
 * function here may be called from any thread; one queue is used by one thread at a time.
 * What has not been taken when the process ends is lost: the caller's rows are the truth. */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "base/clock.h"
#include "base/field.h"
#include "verify/cache.h"
#include "verify/lists.h"
#include "verify/verdict.h"

struct verify_engine;
struct verify_queue;

/* Copied by verify_engine_new, but for what is pointed at by `lists`, `cache` and `clock`,
 * which the caller keeps. Zero means the default for numbers. */
struct verify_options {
    const struct lists *lists;
    const struct verify_cache *cache; /* NULL: nothing is remembered beyond the process */
    const struct clock *clock;        /* time of day for the cache; NULL: the machine's */
    struct strs dns_servers;          /* ip:port, [ip6]:port; none: the machine's own */
    struct strs source_addresses;     /* connections leave from these; none: any */
    struct str helo, mail_from;       /* probing is off without either */
    bool probe;                       /* false: lists and DNS only */
    bool bare_rejects;                /* 550 without a reason means that there is no mailbox */
    bool logs_unmatched;              /* what verify_unmatched tells goes to the log as well */
    bool allow_private;               /* loopback and private servers too: tests only */
    double retry_scale;               /* multiplies every delay before something is tried again */
    int64_t smtp_port;                /* 25 */
    int64_t dns_timeout_ms;           /* 2000 for the first try at a server */
    int64_t connect_ms;               /* 15,000 */
    int64_t reply_ms;                 /* 45,000: slow servers wait 30 s before the greeting */
    int64_t dialogue_ms;              /* 300,000: one connection with all its recipients */
    int64_t address_ms;               /* 7,200,000, scaled, and a minute: from start to verdict */
    int64_t connections_max;          /* 1000 at once, all sites together */
    int64_t site_connections;         /* 10 at once to one MX site, where no provider has less */
    int64_t site_connects_per_minute; /* 100; -1: no limit */
    int64_t site_recipients;          /* 50 in one connection */
    int64_t source_per_day;           /* recipients from one source address a day; 0: no limit */
    int64_t active_max;               /* 20,000 addresses between start and verdict */
    int64_t queue_max;                /* 100,000 addresses waiting in one queue */
};

/* E_INVALID with *ret_reason (static) when a server or source is no address or the sender is
 * none; E_IO when threads or descriptors cannot be had. The caller owns the engine. */
MUST_USE enum rc verify_engine_new(const struct verify_options *options,
                                   struct verify_engine **ret_engine, const char **ret_reason);

/* Says goodbye to servers (at most a second), ends the threads, stores what the cache should
 * know; no queue is open any more. Sets *engine to NULL; accepts NULL. */
void verify_engine_free(struct verify_engine **engine);

/* False without name and sender, or switched off: results then stop at the DNS. */
bool verify_engine_probes(const struct verify_engine *engine);

/* `ready(arg)`, or NULL, is called from the engine's thread when there is something to take
 * after there was nothing; it must not block and not call the engine back. */
struct verify_queue *verify_queue_new(struct verify_engine *engine, void (*ready)(void *arg),
                                      void *arg) __attribute__((returns_nonnull));

struct verify_input {
    struct str address; /* copied; anything, also what is no address */
    uint64_t tag;       /* comes back with the answer */
};

/* Takes as many from the start as there is room for and returns how many. */
size_t verify_submit(struct verify_queue *queue, const struct verify_input *inputs, size_t n);

/* Moves the address with this tag to another queue of the same engine, with its answer; one that
 * is being asked about just now, or was answered, stays. */
void verify_move(struct verify_queue *from, struct verify_queue *to, uint64_t tag);

struct verify_answer {
    uint64_t tag;
    struct verdict verdict;
    struct list_marks marks;
    enum provider provider;
    enum catch_all catch_all;        /* what was known of the domain when the verdict was made */
    enum reply_meaning meaning;      /* of the reply that decided; when reply_code is not 0 */
    int reply_code, reply_enhanced[3]; /* 550, or 0 when no server was asked; 5, 1, 1 */
    bool is_cached;                  /* from the cache; nobody was asked */
    int64_t checked_at_ms;           /* when the servers were asked */
};

/* Up to `max` answers, in the order in which they were found. Waits up to `timeout_ms` for
 * the first (0: not at all), but not when nothing is pending. */
size_t verify_take(struct verify_queue *queue, struct verify_answer *ret_answers, size_t max,
                   int64_t timeout_ms);

/* Submitted and not yet taken; of these, answers. */
size_t verify_pending(struct verify_queue *queue);
size_t verify_ready(struct verify_queue *queue);

/* Forgets what was not begun and what waits for another try; dialogues that are under way
 * end and their answers come. Nothing of the queue is begun any more. */
void verify_cancel(struct verify_queue *queue);
/* Forgets everything and frees the queue; sets *queue to NULL. Accepts NULL. */
void verify_queue_close(struct verify_queue **queue);

struct verify_stats {
    int64_t queued, active, waiting;      /* now: not begun, begun, of these for another try */
    int64_t connections;                  /* now */
    int64_t bytes;                        /* memory of addresses that were not begun */
    int64_t submitted, results[4];        /* since the start; by enum verify_result */
    int64_t cache_hits, dns_queries, connects, recipients, retries, blocks, unmatched;
};
struct verify_stats verify_engine_stats(struct verify_engine *engine);

/* The last replies that no rule knew, each once, newest first: "provider, code, text" without
 * addresses and words with digits. On the arena. */
struct strs verify_unmatched(struct verify_engine *engine, struct arena *arena);

#endif
