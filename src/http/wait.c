#include "http/wait.h"


#include "base/bell.h"
#include "base/check.h"
#include "base/mem.h"
#include "http/call.h"

enum { WAITER_THREADS = 4 };
#define LATE_RETRY_S "60"

struct waiters {
    struct app *app;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    struct call **heap; /* the earliest due is first */
    size_t n, capacity;
    size_t running; /* calls that a thread looks at now */
    bool is_draining, is_stopping;
    pthread_t threads[WAITER_THREADS];
};

/* --- a binary heap by due time --- */

static void swap(struct waiters *w, size_t a, size_t b) {
    struct call *kept = w->heap[a];
    w->heap[a] = w->heap[b];
    w->heap[b] = kept;
}

static void push(struct waiters *w, struct call *c) {
    if (w->n == w->capacity) {
        w->capacity = w->capacity ? w->capacity * 2 : 64;
        w->heap = mem_resize(w->heap, w->capacity * sizeof *w->heap);
    }
    size_t i = w->n++;
    w->heap[i] = c;
    for (; i && w->heap[(i - 1) / 2]->due_ms > w->heap[i]->due_ms; i = (i - 1) / 2)
        swap(w, i, (i - 1) / 2);
}

static struct call *pop(struct waiters *w) {
    struct call *first = w->heap[0];
    w->heap[0] = w->heap[--w->n];
    for (size_t i = 0, child; (child = 2 * i + 1) < w->n; i = child) {
        if (child + 1 < w->n && w->heap[child + 1]->due_ms < w->heap[child]->due_ms)
            child++;
        if (w->heap[i]->due_ms <= w->heap[child]->due_ms)
            break;
        swap(w, i, child);
    }
    return first;
}

/* --- the threads --- */

static enum rc late(struct request *r) {
    response_header(r, "Retry-After", STR(LATE_RETRY_S));
    return problem(r->ctx, E_TIMEOUT, "request_timeout",
                   "We are processing your request, try again later.");
}

/* True when the call goes on waiting. */
static bool look(struct waiters *w, struct call *c, bool is_draining) {
    c->workspace = workspace_of(w->app);
    c->ctx.db = c->workspace->db;
    ctx_clear_error(&c->ctx);
    enum rc rc = c->poll(&c->request);
    if (rc == E_TIMEOUT && !c->is_answered) {
        int64_t now = monotonic_ms();
        c->due_ms = now + c->every_ms < c->deadline_ms ? now + c->every_ms : c->deadline_ms;
        if (!is_draining && now < c->deadline_ms)
            return true;
        ctx_clear_error(&c->ctx);
        rc = late(&c->request);
    }
    c->poll = NULL;
    call_finish(c, rc);
    return false;
}

static void wait_until(struct waiters *w, int64_t due_ms) {
    (void) cond_wait_until(&w->changed, &w->mutex, due_ms); /* late or woken: look again */
}

static void *run(void *arg) {
    struct waiters *w = arg;
    pthread_mutex_lock(&w->mutex);
    while (!w->is_stopping) {
        if (w->n == 0) {
            pthread_cond_wait(&w->changed, &w->mutex);
        } else if (!w->is_draining && w->heap[0]->due_ms > monotonic_ms()) {
            wait_until(w, w->heap[0]->due_ms);
        } else {
            struct call *c = pop(w);
            bool is_draining = w->is_draining;
            w->running++;
            pthread_mutex_unlock(&w->mutex);
            bool goes_on = look(w, c, is_draining);
            pthread_mutex_lock(&w->mutex);
            w->running--;
            if (goes_on)
                push(w, c);
            pthread_cond_broadcast(&w->changed);
        }
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

struct waiters *waiters_new(struct app *app) {
    struct waiters *w = MEM_NEW(struct waiters);
    w->app = app;
    (void) pthread_mutex_init(&w->mutex, NULL); /* cannot fail on Linux */
    cond_init(&w->changed);
    for (int i = 0; i < WAITER_THREADS; i++)
        thread_start(&w->threads[i], run, w);
    return w;
}

void waiters_drain(struct waiters *w) {
    pthread_mutex_lock(&w->mutex);
    w->is_draining = true;
    pthread_cond_broadcast(&w->changed);
    while (w->n || w->running)
        pthread_cond_wait(&w->changed, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
}

void waiters_free(struct waiters **waiters) {
    struct waiters *w = *waiters;
    if (!w)
        return;
    pthread_mutex_lock(&w->mutex);
    ASSERT(w->n == 0 && w->running == 0);
    w->is_stopping = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    for (int i = 0; i < WAITER_THREADS; i++)
        (void) pthread_join(w->threads[i], NULL); /* fails only for a wrong thread */
    (void) pthread_cond_destroy(&w->changed);
    (void) pthread_mutex_destroy(&w->mutex);
    mem_free(w->heap);
    mem_free(w);
    *waiters = NULL;
}

void waiters_add(struct waiters *w, struct call *c) {
    pthread_mutex_lock(&w->mutex);
    bool is_draining = w->is_draining;
    if (!is_draining) {
        push(w, c);
        pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->mutex);
    if (is_draining)
        (void) look(w, c, true); /* ends it */
}

enum rc request_wait(struct request *r, route_handler *poll, int64_t every_ms,
                     int64_t timeout_ms) {
    struct call *c = call_of(r);
    int64_t now = monotonic_ms();
    ASSERT(r->route->flags & ROUTE_SLOW && every_ms > 0 && !c->is_answered);
    c->poll = poll;
    c->every_ms = every_ms;
    c->deadline_ms = now + timeout_ms;
    c->due_ms = now + every_ms < c->deadline_ms ? now + every_ms : c->deadline_ms;
    return OK;
}
