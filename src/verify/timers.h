/* Points in time that something waits for: a heap, so that setting, moving and stopping one
 * takes a few comparisons also among 100,000. One thread. */
#ifndef VERIFY_TIMERS_H
#define VERIFY_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer; /* zero is one that is not set */
typedef void timer_fire(void *arg, struct timer *timer);

struct timer {
    int64_t at_ms;
    size_t place; /* in the heap, from 1; 0: not set */
    timer_fire *fire;
};

struct timers {
    struct timer **p;
    size_t n, room;
};

void timers_done(struct timers *timers);

/* Sets or moves it; `timer` stays where it is until it fires or is stopped. */
void timer_set(struct timers *timers, struct timer *timer, int64_t at_ms, timer_fire *fire);
/* Accepts one that is not set. */
void timer_stop(struct timers *timers, struct timer *timer);

/* When the first fires, or `otherwise`. */
int64_t timers_next(const struct timers *timers, int64_t otherwise);
/* Fires what is due, each stopped before it is called. */
void timers_run(struct timers *timers, int64_t now_ms, void *arg);

#endif
