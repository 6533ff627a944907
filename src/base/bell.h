/* How threads start and wait. Deadlines are instants of monotonic_ms(): setting the machine's clock
 * neither wakes nor delays anybody. */
#ifndef BASE_BELL_H
#define BASE_BELL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Starts a thread; ended by pthread_join. Where the machine has none left the process ends: a
 * service that came up without one of its threads would only look as if it worked. */
void thread_start(pthread_t *thread, void *(*function)(void *), void *arg);

/* A condition whose deadlines are those of cond_wait_until. Ended by pthread_cond_destroy. */
void cond_init(pthread_cond_t *cond);

/* With the lock held; false when it is `until_ms` or later. True may be for no reason, as
 * with every condition. */
bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms);

/* What the one thread of a service rests on between rounds, and how others call it. A ring
 * while it works is not lost: its next rest ends at once. */
struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rings;
    bool rung, stops;
};

void bell_init(struct bell *bell);
/* Nobody may wait or ring any more. */
void bell_destroy(struct bell *bell);

/* There is something to do. Any thread. */
void bell_ring(struct bell *bell);
/* The thread is to end: for good. Any thread. */
void bell_stop(struct bell *bell);

/* Rests until somebody rings, at most `ms` (0: does not rest). False when the thread is to
 * end; *ret_rung (may be NULL) whether somebody rang since the last rest. */
bool bell_rest(struct bell *bell, int64_t ms, bool *ret_rung);

/* How any thread calls the process's one service of a kind, which may not run yet, or no more:
 * whoever is inside keeps it from going away. A door is static, closed at first. */
struct door {
    pthread_mutex_t lock;
    void *service;
};
#define DOOR_CLOSED { PTHREAD_MUTEX_INITIALIZER, NULL }

/* Whoever comes from now on finds `service`; NULL: nobody is inside any more, and nobody comes. */
void door_set(struct door *door, void *service);
/* The service, or NULL while there is none: either way door_leave ends it. Not twice by one thread. */
void *door_enter(struct door *door);
void door_leave(struct door *door);

#endif
