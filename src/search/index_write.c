/* Rows come into a tail that no search looks at, hidden: dead. What they take the place of is
 * found, and then one short step puts that tail in the place of the one that searches see and
 * kills what is elsewhere, in files mostly. The tail that was seen till then gets the same rows
 * afterwards, when nobody looks at it any more. */
#include "search/index_own.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"
#include "search/source.h"

/* Of rows whose texts are kept for the other tail; beyond it both are set aside. */
#define AGAIN_MAX_BYTES ((size_t) 16 * 1024 * 1024)

static enum rc check_rows(struct ctx *ctx, const struct index_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!index_row_is_valid(&rows[i]))
            return fail(ctx, E_INVALID, "the index takes no doc %lld with rank %lld",
                        (long long) rows[i].doc, (long long) rows[i].rank);
    return OK;
}

/* --- staging --- */

/* Room for `more` elements of `size` behind the `n` that `p` has. */
static void *with_room(void *p, size_t n, size_t more, size_t *room, size_t size) {
    if (n + more <= *room)
        return p;
    *room = (n + more) * 2;
    return mem_resize(p, *room * size);
}

/* For one more row, in both tails. */
static bool has_room(const struct index *index) {
    const struct staged *s = &index->staged;
    return !tail_is_full(index->next) && s->again.n < tail_room(index->tail)
           && arena_used(s->texts) < AGAIN_MAX_BYTES;
}

/* False when a file must be made first. */
static bool make_room(struct index *index) {
    if (has_room(index))
        return true;
    index_lock(&index->change);
    bool fits = index->aside_n < ASIDE_MAX;
    if (fits)
        index_set_aside(index);
    index_unlock(&index->change);
    return fits;
}

static void hide(struct index *index, const struct index_row *row) {
    struct staged *s = &index->staged;
    s->rows = with_room(s->rows, s->n, 1, &s->room, sizeof *s->rows);
    s->rows[s->n++] = (struct place){ NULL, index->next, tail_add(index->next, row) };
    struct index_row *again = list_add(s->texts, &s->again, sizeof *again);
    *again = *row;
    again->tags = arena_str(s->texts, row->tags);
}

static enum rc make_file(struct ctx *ctx, struct index *index) {
    if (index->aside_hidden == ASIDE_MAX) /* only this thread changes it */
        return fail(ctx, E_LIMIT, "too many rows at once for the search index");
    return index_seal(ctx, index);
}

enum rc index_stage(struct ctx *ctx, struct index *index, const struct index_row *rows, size_t n) {
    enum rc rc = check_rows(ctx, rows, n);
    for (size_t done = 0; done < n && rc == OK;) {
        if (make_room(index))
            hide(index, &rows[done++]);
        else
            rc = make_file(ctx, index);
    }
    return rc;
}

void index_stage_removals(struct index *index, const int64_t *docs, size_t n) {
    struct staged *s = &index->staged;
    if (n == 0)
        return;
    s->removed = with_room(s->removed, s->removed_n, n, &s->removed_room, sizeof *s->removed);
    memcpy(s->removed + s->removed_n, docs, n * sizeof *docs);
    s->removed_n += n;
}

static void forget_staged(struct index *index) {
    struct staged *s = &index->staged;
    mem_free(s->rows);
    mem_free(s->removed);
    mem_free(s->replaced);
    arena_reset(s->texts);
    *s = (struct staged){ .texts = s->texts };
}

/* What is hidden stays dead, and `next` keeps it. */
void index_unstage(struct index *index) {
    index_lock(&index->change);
    forget_staged(index);
    index->aside_hidden = 0;
    index_unlock(&index->change);
}

size_t index_staged(const struct index *index) {
    return index->staged.n + index->staged.removed_n;
}

/* --- publishing --- */

/* Where searches see it, but for the tail. Newer versions are in what came later. */
static struct place find_doc(struct index *index, int64_t doc) {
    uint32_t row;
    for (size_t i = index->aside_n; i--;)
        if ((row = tail_row(index->aside[i], doc)) != UINT32_MAX)
            return (struct place){ NULL, index->aside[i], row };
    for (size_t i = index->n; i--;) {
        row = segment_row(index->segments[i], doc);
        if (source_is_damaged(&index->segments[i]->source))
            atomic_store(&index->is_damaged, true);
        if (row != UINT32_MAX && !source_is_dead(&index->segments[i]->source, row))
            return (struct place){ index->segments[i], NULL, row };
    }
    return (struct place){ NULL, NULL, UINT32_MAX };
}

static void add_replaced(struct index *index, int64_t doc) {
    struct place place = find_doc(index, doc);
    if (place.row != UINT32_MAX)
        index->staged.replaced[index->staged.replaced_n++] = place;
}

static void remove_from(struct tail *tail, const struct staged *s) {
    for (size_t i = 0; i < s->removed_n; i++) {
        uint32_t row = tail_row(tail, s->removed[i]);
        if (row != UINT32_MAX)
            (void) tail_kill(tail, row); /* true: it is alive */
    }
}

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->segment != y->segment)
        return (uintptr_t) x->segment < (uintptr_t) y->segment ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

void index_prepare(struct index *index) {
    struct staged *s = &index->staged;
    index_lock(&index->change); /* until index_publish: places must stay where they are */
    s->replaced = mem_array(s->n + s->removed_n + 1, sizeof *s->replaced);
    for (size_t i = 0; i < s->n; i++)
        add_replaced(index, tail_doc(s->rows[i].tail, s->rows[i].row));
    for (size_t i = 0; i < s->removed_n; i++)
        add_replaced(index, s->removed[i]);
    /* In the order of memory the step itself is several times faster. */
    qsort(s->replaced, s->replaced_n, sizeof *s->replaced, compare_places);
    remove_from(index->next, s);
    for (size_t i = s->n - s->again.n; i < s->n; i++)
        tail_show(index->next, s->rows[i].row);
}

static void kill_place(const struct place *place) {
    if (place->segment)
        (void) segment_kill(place->segment, place->row); /* false: named twice */
    else
        (void) tail_kill(place->tail, place->row);
}

void index_publish(struct index *index) {
    const struct staged *s = &index->staged;
    struct tail *next = index->next;
    lock_readers_out(index);
    for (size_t i = 0; i < s->replaced_n; i++)
        kill_place(&s->replaced[i]);
    for (size_t i = 0; i < s->n - s->again.n; i++) /* in tails that were set aside meanwhile */
        tail_show(s->rows[i].tail, s->rows[i].row);
    index->next = index->tail;
    index->tail = next;
    let_readers_in(index);
    index->aside_hidden = 0;
    index_unlock(&index->change);
}

void index_settle(struct index *index) {
    const struct staged *s = &index->staged;
    const struct index_row *again = s->again.p;
    remove_from(index->next, s);
    for (size_t i = 0; i < s->again.n; i++)
        tail_put(index->next, &again[i]);
    forget_staged(index);
}

/* --- at once --- */

enum rc index_put(struct ctx *ctx, struct index *index, const struct index_row *rows, size_t n) {
    enum rc rc = index_stage(ctx, index, rows, n);
    if (rc != OK) {
        index_unstage(index);
        return rc;
    }
    index_prepare(index);
    index_publish(index);
    index_settle(index);
    return OK;
}

void index_remove(struct index *index, const int64_t *docs, size_t n) {
    index_stage_removals(index, docs, n);
    index_prepare(index);
    index_publish(index);
    index_settle(index);
}
