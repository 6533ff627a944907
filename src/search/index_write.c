/* Rows come into the tail hidden: dead to every search, a few at a time under the lock. What
 * they take the place of is found outside of it, and then one short step kills the old ones
 * and shows the new ones, however many there are. */
#include "search/index_own.h"

#include <stdlib.h>

#include "base/mem.h"
#include "search/source.h"

enum { ROWS_AT_ONCE = 64 }; /* hidden per write lock: a search waits that long */

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

/* With `change` held: as many of the rows as fit into the tail. */
static size_t hide_some(struct index *index, const struct index_row *rows, size_t n) {
    struct staged *s = &index->staged;
    size_t done = 0;
    n = n < ROWS_AT_ONCE ? n : ROWS_AT_ONCE;
    s->rows = with_room(s->rows, s->n, n, &s->room, sizeof *s->rows);
    lock_readers_out(index);
    for (; done < n && !tail_is_full(index->tail); done++)
        s->rows[s->n++] = (struct place){ NULL, index->tail, tail_add(index->tail, &rows[done]) };
    let_readers_in(index);
    return done;
}

/* False when a file must be made first. */
static bool make_room(struct index *index) {
    if (!tail_is_full(index->tail))
        return true;
    if (index->aside_n == ASIDE_MAX)
        return false;
    index_set_aside(index);
    return true;
}

static enum rc make_file(struct ctx *ctx, struct index *index) {
    if (index->aside_hidden == ASIDE_MAX) /* only this thread changes it */
        return fail(ctx, E_LIMIT, "too many rows at once for the search index");
    return index_seal(ctx, index);
}

enum rc index_stage(struct ctx *ctx, struct index *index, const struct index_row *rows, size_t n) {
    enum rc rc = check_rows(ctx, rows, n);
    for (size_t done = 0; done < n && rc == OK;) {
        index_lock(&index->change);
        bool has_room = make_room(index);
        if (has_room)
            done += hide_some(index, rows + done, n - done);
        index_unlock(&index->change);
        if (!has_room)
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
    mem_free(index->staged.rows);
    mem_free(index->staged.removed);
    mem_free(index->staged.replaced);
    index->staged = (struct staged){ 0 };
    index->aside_hidden = 0;
}

/* What is hidden stays dead. */
void index_unstage(struct index *index) {
    index_lock(&index->change);
    forget_staged(index);
    index_unlock(&index->change);
}

size_t index_staged(const struct index *index) {
    return index->staged.n + index->staged.removed_n;
}

/* --- publishing --- */

/* Newer versions are in what came later. */
static struct place find_doc(struct index *index, int64_t doc) {
    uint32_t row = tail_row(index->tail, doc);
    if (row != UINT32_MAX)
        return (struct place){ NULL, index->tail, row };
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
}

static void kill_place(const struct place *place) {
    if (place->segment)
        (void) segment_kill(place->segment, place->row); /* false: named twice */
    else
        (void) tail_kill(place->tail, place->row);
}

void index_publish(struct index *index) {
    const struct staged *s = &index->staged;
    lock_readers_out(index);
    for (size_t i = 0; i < s->replaced_n; i++)
        kill_place(&s->replaced[i]);
    for (size_t i = 0; i < s->n; i++)
        tail_show(s->rows[i].tail, s->rows[i].row);
    let_readers_in(index);
    forget_staged(index);
    index_unlock(&index->change);
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
    return OK;
}

void index_remove(struct index *index, const int64_t *docs, size_t n) {
    index_stage_removals(index, docs, n);
    index_prepare(index);
    index_publish(index);
}
