/* Between callers and the loop, under one lock: addresses that were not begun, answers that
 * were not taken. Queues stand in a ring and take turns, one address each, so that a job of
 * ten is begun at once beside one of 100,000; each may fill its share of what is open. */

#include "base/bell.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "verify/item.h"
#include "verify/site.h"

enum {
    BEGIN_AT_ONCE = 256,   /* addresses taken from the queues under one lock */
    ROUNDS_OF_A_TURN = 16,
    SHARE_MIN = 64,        /* open addresses that a queue may always have */
    ANSWERS_FIRST = 64,
    HEAP_BYTES = 16,       /* what the heap needs beside a block */
};

/* --- callers --- */

struct verify_queue *verify_queue_new(struct verify_engine *e, void (*ready)(void *arg), void *arg) {
    struct verify_queue *queue = MEM_NEW(struct verify_queue);
    *queue = (struct verify_queue){ .engine = e, .ready = ready, .arg = arg };
    cond_init(&queue->changed);
    pthread_mutex_lock(&e->lock);
    if (e->turn) {
        queue->next = e->turn;
        queue->prev = e->turn->prev;
        queue->prev->next = e->turn->prev = queue;
    } else {
        e->turn = queue->next = queue->prev = queue;
    }
    pthread_mutex_unlock(&e->lock);
    return queue;
}

/* What does not fit is no address; it is cut to something that is none either. */
static struct entry *entry_new(const struct verify_input *input) {
    size_t n = input->address.n < ADDRESS_TEXT_MAX_BYTES ? input->address.n : ADDRESS_TEXT_MAX_BYTES;
    struct entry *entry = mem_alloc(sizeof *entry + n);
    entry->tag = input->tag;
    entry->n = (unsigned short) n;
    if (n)
        memcpy(entry->text, input->address.p, n);
    return entry;
}

static int64_t entry_bytes(const struct entry *entry) {
    return (int64_t) (sizeof *entry + entry->n + HEAP_BYTES);
}

size_t verify_submit(struct verify_queue *queue, const struct verify_input *inputs, size_t n) {
    struct verify_engine *e = queue->engine;
    size_t taken = 0, room;
    pthread_mutex_lock(&e->lock);
    size_t most = (size_t) e->options.queue_max;
    room = queue->is_canceled || queue->queued >= most ? 0 : most - queue->queued;
    for (; taken < n && taken < room; taken++) {
        struct entry *entry = entry_new(&inputs[taken]);
        *(queue->last ? &queue->last->next : &queue->first) = entry;
        queue->last = entry;
        e->shown.bytes += entry_bytes(entry);
    }
    queue->queued += taken;
    e->shown.queued += (int64_t) taken;
    e->shown.submitted += (int64_t) taken;
    pthread_mutex_unlock(&e->lock);
    engine_wake(e);
    return taken;
}

static size_t pending(const struct verify_queue *queue) {
    return queue->queued + queue->begun + queue->answers_n;
}

size_t verify_pending(struct verify_queue *queue) {
    pthread_mutex_lock(&queue->engine->lock);
    size_t n = pending(queue);
    pthread_mutex_unlock(&queue->engine->lock);
    return n;
}

size_t verify_ready(struct verify_queue *queue) {
    pthread_mutex_lock(&queue->engine->lock);
    size_t n = queue->answers_n;
    pthread_mutex_unlock(&queue->engine->lock);
    return n;
}

static void wait_for_answers(struct verify_queue *queue, int64_t timeout_ms) {
    int64_t until = monotonic_ms() + timeout_ms;
    while (timeout_ms > 0 && !queue->answers_n && pending(queue)
           && cond_wait_until(&queue->changed, &queue->engine->lock, until))
        ;
}

size_t verify_take(struct verify_queue *queue, struct verify_answer *ret_answers, size_t max,
                   int64_t timeout_ms) {
    size_t n = 0;
    pthread_mutex_lock(&queue->engine->lock);
    wait_for_answers(queue, timeout_ms);
    for (; n < max && queue->answers_n; n++) {
        ret_answers[n] = queue->answers[queue->answers_first];
        queue->answers_first = (queue->answers_first + 1) % queue->answers_room;
        queue->answers_n--;
    }
    pthread_mutex_unlock(&queue->engine->lock);
    return n;
}

void verify_move(struct verify_queue *from, struct verify_queue *to, uint64_t tag) {
    struct verify_engine *e = from->engine;
    struct move *move = MEM_NEW(struct move);
    *move = (struct move){ .from = from, .to = to, .tag = tag };
    pthread_mutex_lock(&e->lock);
    struct move **last = &e->moves;
    while (*last)
        last = &(*last)->next;
    *last = move;
    pthread_mutex_unlock(&e->lock);
    engine_wake(e);
}

/* Under the lock. */
static struct entry *take_entry(struct verify_engine *e, struct verify_queue *queue) {
    struct entry *entry = queue->first;
    queue->first = entry->next;
    if (!queue->first)
        queue->last = NULL;
    queue->queued--;
    e->shown.queued--;
    e->shown.bytes -= entry_bytes(entry);
    return entry;
}

static void forget_entries(struct verify_engine *e, struct verify_queue *queue) {
    while (queue->first)
        mem_free(take_entry(e, queue));
}

void verify_cancel(struct verify_queue *queue) {
    struct verify_engine *e = queue->engine;
    pthread_mutex_lock(&e->lock);
    queue->is_canceled = true;
    forget_entries(e, queue);
    pthread_mutex_unlock(&e->lock);
    engine_wake(e);
}

void verify_queue_close(struct verify_queue **queue) {
    if (!*queue)
        return;
    struct verify_engine *e = (*queue)->engine;
    pthread_mutex_lock(&e->lock);
    (*queue)->is_canceled = (*queue)->is_closed = true;
    (*queue)->ready = NULL;
    forget_entries(e, *queue);
    pthread_mutex_unlock(&e->lock);
    engine_wake(e);
    *queue = NULL; /* the loop frees it */
}

struct verify_stats verify_engine_stats(struct verify_engine *e) {
    pthread_mutex_lock(&e->lock);
    struct verify_stats stats = e->shown;
    pthread_mutex_unlock(&e->lock);
    return stats;
}

struct strs verify_unmatched(struct verify_engine *e, struct arena *arena) {
    struct strs lines = { .p = ARENA_ARRAY(arena, UNMATCHED_KEPT, struct str) };
    pthread_mutex_lock(&e->lock);
    for (size_t i = 1; i <= UNMATCHED_KEPT; i++) {
        struct str line = e->unmatched[(e->unmatched_at + UNMATCHED_KEPT - i) % UNMATCHED_KEPT];
        if (str_is_set(line))
            lines.p[lines.n++] = arena_str(arena, line);
    }
    pthread_mutex_unlock(&e->lock);
    return lines;
}

/* --- the loop --- */

static bool contains_nocase(struct str word, struct str part) {
    for (size_t at = 0; at + part.n <= word.n; at++)
        if (str_starts_nocase(str_sub(word, at, word.n), part))
            return true;
    return false;
}

/* What a word of a reply says that is this case's alone: an address, its local part, or a number,
 * such as that of a session. */
static const char *particular(struct str word, struct str local) {
    if (str_find(word, '@') < word.n || (local.n > 2 ? contains_nocase(word, local) : str_eq_nocase(word, local)))
        return "<address>";
    for (size_t i = 0; i < word.n; i++)
        if (ascii_is_digit(word.p[i]))
            return "#";
    return NULL;
}

static struct str in_general(struct arena *arena, struct str text, struct str local) {
    struct buf b = buf_in(arena, REPLY_MAX_BYTES);
    struct str word;
    while (str_word(&text, &word) && b.n < 200) {
        const char *instead = particular(word, local);
        if (b.n)
            buf_char(&b, ' ');
        buf_str(&b, instead ? str_of(instead) : str_sub(word, 0, 200));
    }
    return buf_text(&b);
}

/* Only the loop writes them, so it reads them without the lock. */
static bool is_kept(const struct verify_engine *e, struct str line) {
    for (size_t i = 0; i < UNMATCHED_KEPT; i++)
        if (str_eq(e->unmatched[i], line))
            return true;
    return false;
}

/* Servers write what they want, so the log takes so many in an hour. */
static void log_unmatched(struct verify_engine *e, struct str line) {
    if (e->now_ms - e->logged.from_ms >= HOUR_MS) {
        e->logged.from_ms = e->now_ms;
        e->logged.n = 0;
    }
    if (e->options.logs_unmatched && e->logged.n++ < UNMATCHED_LOGGED)
        log_info(NULL, "no rule knows a mail server's reply", LOG_S("reply", line));
}

void engine_note_unmatched(struct verify_engine *e, enum provider provider,
                           const struct reply *reply, struct str local) {
    struct str line = arena_printf(e->scratch, "%s, %d, %.*s", provider_facts(provider)->name,
                                   reply->code, STR_FMT(in_general(e->scratch, reply->text, local)));
    e->stats.unmatched++;
    if (is_kept(e, line))
        return;
    log_unmatched(e, line);
    pthread_mutex_lock(&e->lock);
    struct str *place = &e->unmatched[e->unmatched_at++ % UNMATCHED_KEPT];
    mem_free((char *) (uintptr_t) place->p);
    *place = (struct str){ mem_strdup(line.p), line.n };
    pthread_mutex_unlock(&e->lock);
}

static void put_answer(struct verify_queue *queue, const struct verify_answer *answer) {
    if (queue->answers_n == queue->answers_room) {
        size_t room = queue->answers_room ? queue->answers_room * 2 : ANSWERS_FIRST;
        struct verify_answer *answers = mem_array(room, sizeof *answers);
        for (size_t i = 0; i < queue->answers_n; i++)
            answers[i] = queue->answers[(queue->answers_first + i) % queue->answers_room];
        mem_free(queue->answers);
        queue->answers = answers;
        queue->answers_room = room;
        queue->answers_first = 0;
    }
    queue->answers[(queue->answers_first + queue->answers_n++) % queue->answers_room] = *answer;
}

void engine_answer(struct verify_engine *e, struct verify_queue *queue,
                   const struct verify_answer *answer) {
    if (!queue)
        return;
    pthread_mutex_lock(&e->lock);
    queue->begun--;
    if (answer && !queue->is_closed) {
        put_answer(queue, answer);
        if (queue->answers_n == 1 && queue->ready)
            queue->ready(queue->arg);
    }
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&e->lock);
}

static struct item *item_new(struct verify_engine *e, struct verify_queue *queue,
                             const struct entry *entry) {
    struct item *item = mem_alloc(sizeof *item + entry->n);
    item->tag = entry->tag;
    item->n = entry->n;
    memcpy(item->text, entry->text, entry->n);
    item->deadline_ms = e->now_ms + engine_scaled(e, e->options.address_ms) + MINUTE_MS;
    item_enter_queue(item, queue);
    queue->active++;
    e->active++;
    return item;
}

/* One that was not begun; under the lock. */
static bool move_entry(const struct move *move) {
    struct verify_queue *from = move->from, *to = move->to;
    struct entry *before = NULL, *entry = from->first;
    for (; entry && entry->tag != move->tag; entry = entry->next)
        before = entry;
    if (!entry)
        return false;
    *(before ? &before->next : &from->first) = entry->next;
    if (from->last == entry)
        from->last = before;
    entry->next = NULL;
    *(to->last ? &to->last->next : &to->first) = entry;
    to->last = entry;
    from->queued--;
    to->queued++;
    return true;
}

/* One that was begun, unless somebody has it in hand just now. Under the lock. */
static void move_item(struct verify_engine *e, const struct move *move) {
    struct item *item = move->from->items;
    while (item && item->tag != move->tag)
        item = item->queue_next;
    if (!item || item->in_dialogue || item->in_cache)
        return;
    struct route *route = item->in ? item->in->route : NULL;
    if (route)
        items_leave(item);
    item_change_queue(item, move->to);
    move->from->begun--;
    move->to->begun++;
    if (route) /* behind what else the queue has there */
        route_add(e, route, item, false);
}

static void move_all(struct verify_engine *e) {
    pthread_mutex_lock(&e->lock);
    while (e->moves) {
        struct move *move = e->moves;
        e->moves = move->next;
        bool may = !move->to->is_canceled && !move->from->is_canceled;
        if (may && !move_entry(move))
            move_item(e, move);
        mem_free(move);
    }
    pthread_mutex_unlock(&e->lock);
}

/* Those from or to a queue that goes away; under the lock. */
static void forget_moves(struct verify_engine *e, const struct verify_queue *queue) {
    for (struct move **link = &e->moves; *link;) {
        struct move *move = *link;
        if (move->from != queue && move->to != queue) {
            link = &move->next;
            continue;
        }
        *link = move->next;
        mem_free(move);
    }
}

/* Every item that is not in somebody's hands is dropped; the others come back by themselves. */
static void drop_items(struct verify_engine *e, struct verify_queue *queue) {
    struct item *next;
    for (struct item *item = queue->items; item; item = next) {
        next = item->queue_next;
        if (!item->in_dialogue && !item->in_cache)
            item_drop(e, item);
        else if (queue->is_closed)
            item_orphan(item);
    }
}

static void queue_free(struct verify_engine *e, struct verify_queue *queue) {
    pthread_mutex_lock(&e->lock);
    forget_moves(e, queue);
    queue->prev->next = queue->next;
    queue->next->prev = queue->prev;
    if (e->turn == queue)
        e->turn = queue->next == queue ? NULL : queue->next;
    pthread_mutex_unlock(&e->lock);
    pthread_cond_destroy(&queue->changed);
    mem_free(queue->answers);
    mem_free(queue);
}

/* The next queue that was canceled or closed and does not know it; under the lock. */
static struct verify_queue *next_to_end(const struct verify_engine *e) {
    struct verify_queue *queue = e->turn;
    for (; queue; queue = queue->next == e->turn ? NULL : queue->next)
        if (queue->is_closed || (queue->is_canceled && !queue->is_quiet))
            return queue;
    return NULL;
}

static void end_queues(struct verify_engine *e) {
    for (;;) {
        pthread_mutex_lock(&e->lock);
        struct verify_queue *queue = next_to_end(e);
        bool is_closed = queue && queue->is_closed;
        pthread_mutex_unlock(&e->lock);
        if (!queue)
            return;
        queue->is_quiet = true;
        drop_items(e, queue);
        if (is_closed)
            queue_free(e, queue);
    }
}

/* Queues that have something to begin; under the lock. */
static size_t count_ready(const struct verify_engine *e) {
    size_t n = 0;
    const struct verify_queue *queue = e->turn;
    for (; queue; queue = queue->next == e->turn ? NULL : queue->next)
        n += queue->first != NULL;
    return n;
}

/* The next queue in turn that may begin one more; NULL: none. Under the lock. */
static struct verify_queue *next_in_turn(struct verify_engine *e, size_t share) {
    struct verify_queue *first = e->turn;
    for (size_t i = 0; e->turn && (i == 0 || e->turn != first); i++) {
        struct verify_queue *queue = e->turn;
        e->turn = queue->next;
        bool has_room = e->active < (size_t) e->options.active_max ? queue->active < share
                                                                    : queue->active < SHARE_MIN;
        if (queue->first && has_room)
            return queue;
    }
    return NULL;
}

/* Makes items of entries; they are begun without the lock. */
static size_t take_some(struct verify_engine *e, struct item **ret_items) {
    size_t n = 0;
    pthread_mutex_lock(&e->lock);
    size_t ready = count_ready(e);
    size_t share = ready ? (size_t) e->options.active_max / ready : 0;
    share = share > SHARE_MIN ? share : SHARE_MIN;
    while (n < BEGIN_AT_ONCE) {
        struct verify_queue *queue = next_in_turn(e, share);
        if (!queue)
            break;
        struct entry *entry = take_entry(e, queue);
        queue->begun++;
        ret_items[n++] = item_new(e, queue, entry);
        mem_free(entry);
    }
    pthread_mutex_unlock(&e->lock);
    return n;
}

void engine_admit(struct verify_engine *e) {
    struct item *items[BEGIN_AT_ONCE];
    size_t n = BEGIN_AT_ONCE;
    move_all(e);
    end_queues(e);
    for (int rounds = 0; n == BEGIN_AT_ONCE && rounds < ROUNDS_OF_A_TURN; rounds++) {
        n = take_some(e, items);
        for (size_t i = 0; i < n; i++)
            item_begin(e, items[i]);
        arena_reset(e->scratch);
    }
    if (n == BEGIN_AT_ONCE)
        engine_wake(e); /* the network first, then the rest */
}
