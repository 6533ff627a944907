#include "base/bell.h"

#include <time.h>

#include "base/check.h"
#include "base/clock.h"

void thread_start(pthread_t *thread, void *(*function)(void *), void *arg) {
    int failed = pthread_create(thread, NULL, function, arg);
    ASSERT(!failed);
}

void cond_init(pthread_cond_t *cond) {
    pthread_condattr_t monotonic;
    (void) pthread_condattr_init(&monotonic); /* none of these can fail on Linux */
    (void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void) pthread_cond_init(cond, &monotonic);
    (void) pthread_condattr_destroy(&monotonic);
}

bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms) {
    struct timespec until = { .tv_sec = (time_t) (until_ms / SECOND_MS),
                              .tv_nsec = (long) (until_ms % SECOND_MS) * 1000000 };
    return pthread_cond_timedwait(cond, lock, &until) == 0;
}

void bell_init(struct bell *bell) {
    *bell = (struct bell){ 0 };
    (void) pthread_mutex_init(&bell->lock, NULL); /* cannot fail on Linux */
    cond_init(&bell->rings);
}

void bell_destroy(struct bell *bell) {
    (void) pthread_cond_destroy(&bell->rings); /* these fail only for what is in use */
    (void) pthread_mutex_destroy(&bell->lock);
}

static void set(struct bell *bell, bool *what) {
    pthread_mutex_lock(&bell->lock);
    *what = true;
    pthread_cond_signal(&bell->rings);
    pthread_mutex_unlock(&bell->lock);
}

void bell_ring(struct bell *bell) {
    set(bell, &bell->rung);
}

void bell_stop(struct bell *bell) {
    set(bell, &bell->stops);
}

bool bell_rest(struct bell *bell, int64_t ms, bool *ret_rung) {
    int64_t until = monotonic_ms() + ms;
    pthread_mutex_lock(&bell->lock);
    while (ms > 0 && !bell->rung && !bell->stops
           && cond_wait_until(&bell->rings, &bell->lock, until))
        ;
    if (ret_rung)
        *ret_rung = bell->rung;
    bell->rung = false;
    bool goes_on = !bell->stops;
    pthread_mutex_unlock(&bell->lock);
    return goes_on;
}

void door_set(struct door *door, void *service) {
    pthread_mutex_lock(&door->lock);
    door->service = service;
    pthread_mutex_unlock(&door->lock);
}

void *door_enter(struct door *door) {
    pthread_mutex_lock(&door->lock);
    return door->service;
}

void door_leave(struct door *door) {
    pthread_mutex_unlock(&door->lock);
}
