/* The inside of the engine: what its parts share. Private to src/verify. Everything is the
 * loop's thread but for what stands under `lock` and under memo.h's own. */
#ifndef VERIFY_ENGINE_H
#define VERIFY_ENGINE_H

#include <pthread.h>

#include "base/map.h"
#include "net/dns.h"
#include "verify/memo.h"
#include "verify/timers.h"
#include "verify/verify.h"

struct item;
struct site;
struct dialogue;

enum {
    SOURCES_MAX = 64,
    UNMATCHED_KEPT = 32,
    UNMATCHED_LOGGED = 100, /* an hour */
    QUESTIONS_MAX = 400, /* to the DNS, open at once */
};

struct source {
    struct sockaddr_storage address;
    int64_t used, day; /* recipients of that day */
};

/* An address that was not begun. */
struct entry {
    struct entry *next;
    uint64_t tag;
    unsigned short n;
    char text[];
};

/* An address that is to go to another queue. */
struct move {
    struct move *next;
    struct verify_queue *from, *to;
    uint64_t tag;
};

struct verify_queue {
    struct verify_engine *engine;
    void (*ready)(void *arg);
    void *arg;
    struct verify_queue *next, *prev;     /* ring of all queues, under the lock */
    struct entry *first, *last;           /* under the lock */
    size_t queued, begun;                 /* under the lock; begun: without an answer yet */
    struct verify_answer *answers;        /* under the lock: a ring */
    size_t answers_first, answers_n, answers_room;
    bool is_canceled, is_closed;          /* under the lock */
    pthread_cond_t changed;
    struct item *items;                   /* the loop's: all that were begun */
    size_t active;                        /* the loop's: of them not waiting */
    bool is_quiet;                        /* the loop's: nothing is begun or tried again */
};

struct verify_engine {
    struct verify_options options; /* texts on `arena` */
    struct arena *arena, *scratch, *ends; /* life of the engine; of one step; of one item's end */
    const struct clock *clock;
    bool probes;
    struct source sources[SOURCES_MAX];
    size_t n_sources;
    unsigned char secret[VERIFY_CACHE_SECRET_BYTES];

    pthread_t thread;
    pthread_mutex_t lock;
    int epoll, wake; /* wake: an eventfd */
    int64_t now_ms;  /* monotonic, of this turn of the loop */
    struct timers timers;
    struct dns *dns;
    size_t questions;
    struct domain *pending, *pending_last; /* wait for their turn to ask the DNS */
    struct memo *memo; /* NULL: no cache */
    struct map domains, routes, sites, hosts;
    size_t sweep_at;   /* domains; then what is idle is forgotten */
    struct ring *runnable;      /* site with something to do whose turn is next */
    struct dialogue *dialogues; /* all */
    struct dialogue *graveyard; /* closed in this turn */
    size_t active, waiting, connections;
    struct verify_queue *turn;  /* whose turn it is; under the lock */
    struct move *moves;         /* under the lock */
    bool stopping;              /* under the lock */
    bool ending;                /* the loop's: nothing new is begun */
    struct verify_stats stats;  /* the loop's; once a turn copied to: */
    struct verify_stats shown;  /* under the lock */
    struct str unmatched[UNMATCHED_KEPT]; /* under the lock; on the heap */
    size_t unmatched_at;
    struct { int64_t from_ms; int n; } logged; /* of them */
};

/* `ms` times the scale for retries. */
int64_t engine_scaled(const struct verify_engine *e, int64_t ms);
void engine_wake(struct verify_engine *e);
/* Begins addresses while there is room, in turn by queue; forgets queues that were closed. */
void engine_admit(struct verify_engine *e);
/* To the queue's answers. */
void engine_answer(struct verify_engine *e, struct verify_queue *queue,
                   const struct verify_answer *answer);
/* What the reply says of an address with this local part, without address and numbers, is kept. */
void engine_note_unmatched(struct verify_engine *e, enum provider provider, const struct reply *reply,
                           struct str local);
/* Descriptors of the loop; `object` comes back: a dialogue. */
void engine_watch(struct verify_engine *e, int fd, void *object, bool for_writing);
void engine_unwatch(struct verify_engine *e, int fd);

#endif
