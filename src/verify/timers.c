#include "verify/timers.h"

#include "base/mem.h"

enum { ROOM_AT_FIRST = 64 };

static void put(struct timers *timers, size_t at, struct timer *timer) {
    timers->p[at - 1] = timer;
    timer->place = at;
}

static void move_up(struct timers *timers, struct timer *timer) {
    size_t at = timer->place;
    for (; at > 1 && timers->p[at / 2 - 1]->at_ms > timer->at_ms; at /= 2)
        put(timers, at, timers->p[at / 2 - 1]);
    put(timers, at, timer);
}

static void move_down(struct timers *timers, struct timer *timer) {
    size_t at = timer->place;
    for (size_t child = at * 2; child <= timers->n; child = at * 2) {
        if (child < timers->n && timers->p[child]->at_ms < timers->p[child - 1]->at_ms)
            child++;
        if (timers->p[child - 1]->at_ms >= timer->at_ms)
            break;
        put(timers, at, timers->p[child - 1]);
        at = child;
    }
    put(timers, at, timer);
}

void timers_done(struct timers *timers) {
    mem_free(timers->p);
    *timers = (struct timers){ 0 };
}

void timer_set(struct timers *timers, struct timer *timer, int64_t at_ms, timer_fire *fire) {
    timer->at_ms = at_ms;
    timer->fire = fire;
    if (!timer->place) {
        if (timers->n == timers->room) {
            timers->room = timers->room ? timers->room * 2 : ROOM_AT_FIRST;
            timers->p = mem_resize(timers->p, timers->room * sizeof *timers->p);
        }
        put(timers, ++timers->n, timer);
    }
    move_up(timers, timer);
    move_down(timers, timer);
}

void timer_stop(struct timers *timers, struct timer *timer) {
    if (!timer->place)
        return;
    struct timer *last = timers->p[--timers->n];
    if (last != timer) {
        put(timers, timer->place, last);
        move_up(timers, last);
        move_down(timers, last);
    }
    timer->place = 0;
}

int64_t timers_next(const struct timers *timers, int64_t otherwise) {
    return timers->n ? timers->p[0]->at_ms : otherwise;
}

void timers_run(struct timers *timers, int64_t now_ms, void *arg) {
    while (timers->n && timers->p[0]->at_ms <= now_ms) {
        struct timer *timer = timers->p[0];
        timer_stop(timers, timer);
        timer->fire(arg, timer);
    }
}
