/* Two lists under one lock: what the thread has to do, and what it has found. The thread
 * takes everything that is there, at most a batch; what is only to be stored waits a moment
 * for more of it. */
#include "verify/memo.h"

#include <pthread.h>

#include "base/bell.h"
#include "base/clock.h"
#include "base/mem.h"

enum { BEHIND_MAX = 50000, GATHER_MS = 200 };

struct note {
    struct note *next;
    struct verify_cache_entry entry; /* its texts are on the heap, behind the struct or own */
    memo_done *done;                 /* NULL: to be stored */
    void *object;
    char *value;                     /* what was found; NUL-terminated copy */
};

struct notes {
    struct note *first, *last;
    size_t n;
};

struct memo {
    const struct verify_cache *cache;
    void (*wake)(void *arg);
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct notes to_do, found; /* under the lock, as are: */
    size_t questions;          /* among to_do */
    bool stopping;
};

static void add(struct notes *notes, struct note *note) {
    note->next = NULL;
    *(notes->last ? &notes->last->next : &notes->first) = note;
    notes->last = note;
    notes->n++;
}

static struct note *take(struct notes *notes) {
    struct note *note = notes->first;
    if (!note)
        return NULL;
    notes->first = note->next;
    if (!notes->first)
        notes->last = NULL;
    notes->n--;
    return note;
}

static struct note *note_new(const struct verify_cache_entry *entry) {
    size_t value_n = str_is_set(entry->value) ? entry->value.n : 0;
    struct note *note = mem_alloc(sizeof *note + entry->key.n + value_n + 1);
    char *text = (char *) (note + 1);
    memcpy(text, entry->key.p, entry->key.n);
    if (value_n)
        memcpy(text + entry->key.n, entry->value.p, value_n);
    note->entry = *entry;
    note->entry.key.p = text;
    if (str_is_set(entry->value))
        note->entry.value.p = text + entry->key.n;
    return note;
}

static void note_free(struct note *note) {
    mem_free(note->value);
    mem_free(note);
}

/* --- the thread --- */

/* A copy of what was found, because the arena goes away. */
static void keep_value(struct note *note, const struct verify_cache_entry *entry) {
    note->entry.value = STR_NONE;
    note->entry.expires_at_ms = entry->expires_at_ms;
    if (!str_is_set(entry->value) || entry->value.n > VERIFY_CACHE_VALUE_MAX_BYTES)
        return;
    note->value = mem_alloc(entry->value.n + 1);
    memcpy(note->value, entry->value.p, entry->value.n);
    note->entry.value = (struct str){ note->value, entry->value.n };
}

static void look_up_all(struct memo *memo, struct notes *notes, struct arena *arena) {
    struct verify_cache_entry *entries = ARENA_ARRAY(arena, notes->n, struct verify_cache_entry);
    size_t n = 0;
    for (struct note *note = notes->first; note; note = note->next)
        entries[n++] = note->entry;
    memo->cache->look_up(memo->cache->arg, arena, entries, n);
    n = 0;
    for (struct note *note = notes->first; note; note = note->next)
        keep_value(note, &entries[n++]);
}

static void store_all(struct memo *memo, struct notes *notes, struct arena *arena) {
    struct verify_cache_entry *entries = ARENA_ARRAY(arena, notes->n, struct verify_cache_entry);
    size_t n = 0;
    for (struct note *note = notes->first; note; note = note->next)
        entries[n++] = note->entry;
    memo->cache->store(memo->cache->arg, entries, n);
    while (notes->n)
        note_free(take(notes));
}

/* With the lock held: until there is something to do, and a question or enough to store. */
static void gather(struct memo *memo) {
    while (!memo->to_do.n && !memo->stopping)
        pthread_cond_wait(&memo->changed, &memo->lock);
    int64_t until = monotonic_ms() + GATHER_MS;
    while (!memo->questions && memo->to_do.n < VERIFY_CACHE_BATCH && !memo->stopping
           && cond_wait_until(&memo->changed, &memo->lock, until))
        ;
}

/* Waits for something to do; false at the end. */
static bool take_batch(struct memo *memo, struct notes *ret_questions, struct notes *ret_stores) {
    pthread_mutex_lock(&memo->lock);
    gather(memo);
    bool more = memo->to_do.n > 0;
    while (memo->to_do.n && ret_questions->n + ret_stores->n < VERIFY_CACHE_BATCH) {
        struct note *note = take(&memo->to_do);
        add(note->done ? ret_questions : ret_stores, note);
    }
    memo->questions -= ret_questions->n;
    pthread_mutex_unlock(&memo->lock);
    return more;
}

static void give_back(struct memo *memo, struct notes *questions) {
    pthread_mutex_lock(&memo->lock);
    while (questions->n)
        add(&memo->found, take(questions));
    pthread_mutex_unlock(&memo->lock);
    memo->wake(memo->arg);
}

static void *run(void *arg) {
    struct memo *memo = arg;
    struct arena *arena = arena_new();
    struct notes questions = { 0 }, stores = { 0 };
    while (take_batch(memo, &questions, &stores)) {
        /* stores first, so that a question behind one finds it */
        if (stores.n)
            store_all(memo, &stores, arena);
        if (questions.n) {
            look_up_all(memo, &questions, arena);
            give_back(memo, &questions);
        }
        arena_reset(arena);
    }
    arena_free(&arena);
    return NULL;
}

/* --- the loop's side --- */

enum rc memo_new(const struct verify_cache *cache, void (*wake)(void *arg), void *arg,
                 struct memo **ret_memo) {
    struct memo *memo = MEM_NEW(struct memo);
    *memo = (struct memo){ .cache = cache, .wake = wake, .arg = arg };
    pthread_mutex_init(&memo->lock, NULL);
    cond_init(&memo->changed);
    if (pthread_create(&memo->thread, NULL, run, memo) != 0) {
        mem_free(memo);
        return E_IO;
    }
    *ret_memo = memo;
    return OK;
}

void memo_free(struct memo **memo, void *arg) {
    struct memo *m = *memo;
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->stopping = true;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    memo_deliver(m, arg);
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->changed);
    mem_free(m);
    *memo = NULL;
}

static void hand_over(struct memo *memo, struct note *note) {
    pthread_mutex_lock(&memo->lock);
    bool behind = !note->done && memo->to_do.n >= BEHIND_MAX;
    if (!behind) {
        add(&memo->to_do, note);
        memo->questions += note->done != NULL;
        pthread_cond_signal(&memo->changed);
    }
    pthread_mutex_unlock(&memo->lock);
    if (behind)
        note_free(note);
}

void memo_look_up(struct memo *memo, const struct verify_cache_entry *entry, memo_done *done,
                  void *object) {
    struct note *note = note_new(entry);
    note->done = done;
    note->object = object;
    hand_over(memo, note);
}

void memo_store(struct memo *memo, const struct verify_cache_entry *entry) {
    hand_over(memo, note_new(entry));
}

void memo_deliver(struct memo *memo, void *arg) {
    pthread_mutex_lock(&memo->lock);
    struct notes found = memo->found;
    memo->found = (struct notes){ 0 };
    pthread_mutex_unlock(&memo->lock);
    while (found.n) {
        struct note *note = take(&found);
        note->done(arg, note->object, &note->entry);
        note_free(note);
    }
}
