/* One list, one lock, one thread. The lock is taken when a connection opens and closes
 * and while the thread looks through the list, never for a request. Holding it while
 * shutting down is what keeps the descriptor from being closed and reused meanwhile. */
#include "http/watch.h"

#include <pthread.h>
#include <sys/socket.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

struct watch {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* stop, or the list became empty */
    pthread_t thread;
    struct watch_entry head; /* of a ring */
    size_t count;
    int64_t tick_ms;
    bool stop;
};

/* The deadline, whether the socket was looked at for an end, and what to do. */
enum { CHECKED = 4, UNIT = 8 };

static int64_t due_of(enum watch_end end, int64_t deadline_ms) {
    return deadline_ms * UNIT + (int64_t) end;
}

static enum watch_end end_of(int64_t due) {
    return (enum watch_end) (due % CHECKED);
}

void watch_set(struct watch_entry *entry, enum watch_end end, int64_t deadline_ms) {
    atomic_store_explicit(&entry->due, due_of(end, deadline_ms), memory_order_relaxed);
}

static void end_entry(struct watch_entry *entry, int64_t due) {
    static const int how[] = { [WATCH_IDLE] = SHUT_RD, [WATCH_READING] = SHUT_RD,
                               [WATCH_CLOSING] = SHUT_RDWR };
    /* the owner may set the next deadline meanwhile: then that one counts */
    if (!atomic_compare_exchange_strong(&entry->due, &due, due_of(WATCH_NONE, 0)))
        return;
    (void) shutdown(entry->fd, how[end_of(due)]); /* fails when the peer is gone already */
}

/* libmicrohttpd polls edge-triggered and takes a short read for the last one, so an end
 * of the stream that came together with data is not seen. Looking once, a tick after the
 * read, is enough: an end that comes later is an event of its own. (recvfrom, because the
 * gate has taken recv.) */
static void check_end(struct watch_entry *entry, int64_t due) {
    char byte;
    if (atomic_compare_exchange_strong(&entry->due, &due, due | CHECKED)
        && recvfrom(entry->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == 0)
        (void) shutdown(entry->fd, SHUT_RD); /* wakes the owner, who reads the end */
}

/* With the lock held. */
static void look_through(struct watch *w, int64_t now) {
    for (struct watch_entry *e = w->head.next; e != &w->head; e = e->next) {
        int64_t due = atomic_load_explicit(&e->due, memory_order_relaxed);
        enum watch_end end = end_of(due);
        if (end != WATCH_NONE && due / UNIT <= now)
            end_entry(e, due);
        else if ((end == WATCH_IDLE || end == WATCH_READING) && !(due & CHECKED))
            check_end(e, due);
    }
}

static void *run(void *arg) {
    struct watch *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        int64_t now = monotonic_ms();
        look_through(w, now);
        (void) cond_wait_until(&w->changed, &w->lock, now + w->tick_ms); /* late or woken: the same */
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct watch *watch_new(int64_t tick_ms) {
    struct watch *w = MEM_NEW(struct watch);
    w->tick_ms = tick_ms;
    w->head.prev = w->head.next = &w->head;
    pthread_mutex_init(&w->lock, NULL);
    cond_init(&w->changed);
    thread_start(&w->thread, run, w);
    return w;
}

void watch_free(struct watch **watch) {
    struct watch *w = *watch;
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    ASSERT(w->count == 0);
    w->stop = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
    *watch = NULL;
}

void watch_add(struct watch *w, struct watch_entry *entry) {
    pthread_mutex_lock(&w->lock);
    entry->prev = w->head.prev;
    entry->next = &w->head;
    entry->prev->next = entry->next->prev = entry;
    w->count++;
    pthread_mutex_unlock(&w->lock);
}

void watch_remove(struct watch *w, struct watch_entry *entry) {
    pthread_mutex_lock(&w->lock);
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
    if (--w->count == 0)
        pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void watch_end_idle(struct watch *w) {
    pthread_mutex_lock(&w->lock);
    for (struct watch_entry *e = w->head.next; e != &w->head; e = e->next) {
        int64_t due = atomic_load_explicit(&e->due, memory_order_relaxed);
        if (end_of(due) == WATCH_IDLE)
            end_entry(e, due);
    }
    pthread_mutex_unlock(&w->lock);
}

void watch_each(struct watch *w, void (*each)(struct watch_entry *entry)) {
    pthread_mutex_lock(&w->lock);
    for (struct watch_entry *e = w->head.next; e != &w->head; e = e->next)
        each(e);
    pthread_mutex_unlock(&w->lock);
}

size_t watch_wait_empty(struct watch *w, int64_t deadline_ms) {
    pthread_mutex_lock(&w->lock);
    while (w->count > 0 && cond_wait_until(&w->changed, &w->lock, deadline_ms))
        ;
    size_t left = w->count;
    pthread_mutex_unlock(&w->lock);
    return left;
}
