/* An address on its way through the engine, and the domain that it belongs to. Private to
 * src/verify; all of it is the loop's thread. Steps in verify/item.c, domains in
 * verify/domain.c. */
#ifndef VERIFY_ITEM_H
#define VERIFY_ITEM_H

#include "verify/engine.h"
#include "verify/offline.h"
#include "verify/timers.h"

struct item;
struct route;

struct items { /* a list; an item stands in one at most */
    struct item *head, *tail;
    size_t n;
    struct route *route; /* of a lane: counts those that wait for it */
};
void items_add(struct items *items, struct item *item);
void items_add_first(struct items *items, struct item *item);
/* Out of whatever list it is in. */
void items_leave(struct item *item);

/* Whom the next RCPT is about. */
enum phase { PHASE_TARGET, PHASE_NAME_LIKE, PHASE_RANDOM };

struct item {
    struct item *next, *prev;
    struct items *in;                  /* NULL: a dialogue, the cache or the timer has it */
    struct item *queue_next, *queue_prev;
    struct verify_queue *queue;        /* NULL: closed meanwhile; the answer goes nowhere */
    struct domain *domain;             /* NULL before the DNS stage */
    struct timer timer;                /* the next try, or the deadline */
    int64_t deadline_ms, checked_at_ms;
    uint64_t tag;
    bool in_dialogue, in_cache;        /* cannot be dropped just now */
    bool is_waiting, dns_again;        /* for another try; of the DNS, too */
    bool is_disposable, is_utf8;       /* its domain; its local part */
    bool is_name_deferred;             /* PHASE_NAME_LIKE got no clear answer yet */
    unsigned char phase, retries, drops, blocks;
    unsigned char host_at, denied;     /* first MX host to ask; hosts that do not serve it */
    unsigned char probe, meaning;      /* enum probe_state, enum reply_meaning */
    unsigned short code, enhanced[3], n;
    char text[];                       /* as it was submitted */
};

/* Begins; may finish it at once. */
void item_begin(struct verify_engine *e, struct item *item);
/* The domain's servers are known, or that there are none. */
void item_domain_known(struct verify_engine *e, struct item *item);
/* Tries again after the next delay (at least `wait_ms`), or finishes when there is none. */
void item_retry(struct verify_engine *e, struct item *item, int64_t wait_ms);
/* To the servers, at once. */
void item_requeue(struct verify_engine *e, struct item *item);
/* The server accepts the target: whether it accepts everything is known, tested by another
 * item, or to be tested by this one: only then true. */
bool item_accepted(struct verify_engine *e, struct item *item);
void item_finish(struct verify_engine *e, struct item *item);
/* Without an answer. */
void item_drop(struct verify_engine *e, struct item *item);
/* Nobody waits for it any more. */
bool item_is_unwanted(const struct item *item);
/* Into the queue's list of all that were begun. */
void item_enter_queue(struct item *item, struct verify_queue *queue);
/* It counts in another queue from now on; where it waits is for the caller to change. */
void item_change_queue(struct item *item, struct verify_queue *to);
/* Its queue goes away; it is dropped when it comes out of whose hands it is in. */
void item_orphan(struct item *item);
/* Parses the text again, on `arena`: items keep nothing of it, so that they stay small. */
struct offline item_offline(struct verify_engine *e, struct arena *arena, const struct item *item);
/* The recipient of the phase; random names stay the same for one item. */
struct str item_recipient(struct verify_engine *e, const struct item *item);

struct domain {
    enum domain_state state;
    int64_t expires_ms;          /* monotonic; of state and route */
    struct route *route;
    bool is_asking, is_looked_up; /* the question is open; the cache was asked */
    int tries;
    struct timer timer;          /* of the next try */
    struct domain *next_pending; /* waits for its turn to ask the DNS */
    struct items waiting;        /* for the DNS */
    enum catch_all catch_all;
    int64_t catch_all_expires_ms;
    struct item *tester;         /* asks with random names */
    struct items untested;       /* accepted, wait for the tester */
    size_t items;                /* that point here */
    struct str name;             /* behind the struct */
};

struct domain *domain_of(struct verify_engine *e, struct str name);
/* Puts the item to those that wait for the domain, or tells it at once. */
void domain_want(struct verify_engine *e, struct domain *domain, struct item *item);
bool domain_catch_all_known(const struct verify_engine *e, const struct domain *domain);
/* Ends the test: all that wait are finished. */
void domain_set_catch_all(struct verify_engine *e, struct domain *domain, enum catch_all result);
/* The tester went away without a result: another one takes over. */
void domain_lost_tester(struct verify_engine *e, struct domain *domain);
void domain_free(struct verify_engine *e, struct domain *domain);

#endif
