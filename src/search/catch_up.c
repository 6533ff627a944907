/* One round of a replica: everything that changed up to one moment is read again in that
 * moment, staged in both indexes, and then seen. Which of several changes came last does not
 * matter, because what is read is the row. */
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "db/db.h"
#include "search/load.h"
#include "search/replica.h"
#include "store/shown_cache.h"

enum {
    /* More unread changes than this, and building anew is not much slower; their numbers are
     * in memory. */
    UNREAD_MAX = 300000,
    WHOLE_MAX = 100000, /* rows that become visible at once; they wait in memory */
    PART_ROWS = 8192,   /* of a round with more */
};

/* What is to be read again. */
struct unread {
    struct ints companies, people;
    struct ints with_people; /* companies */
};

static int compare_ints(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void sort_once_each(struct ints *list) {
    size_t n = 0;
    if (list->n)
        qsort(list->p, list->n, sizeof *list->p, compare_ints);
    for (size_t i = 0; i < list->n; i++)
        if (n == 0 || list->p[n - 1] != list->p[i])
            list->p[n++] = list->p[i];
    list->n = n;
}

static enum rc read_changes(struct ctx *ctx, struct change_position from, struct unread *unread,
                            struct change_position *ret_position) {
    struct changes_reader reader;
    struct change change;
    enum rc rc = changes_read(ctx, from, &reader, ret_position);
    if (rc != OK)
        return rc;
    struct ints *const lists[] = { [CHANGE_COMPANY] = &unread->companies,
                                   [CHANGE_COMPANY_PEOPLE] = &unread->with_people,
                                   [CHANGE_PERSON] = &unread->people };
    size_t n = 0; /* changes */
    for (; n < UNREAD_MAX && changes_next(&reader, &change); n++)
        ints_add(ctx->arena, lists[change.kind], change.doc);
    rc = changes_close(&reader);
    if (rc == OK && n == UNREAD_MAX)
        return E_NOT_FOUND;
    if (rc == OK)
        rc = load_people_of(ctx, unread->with_people, UNREAD_MAX, &unread->people);
    sort_once_each(&unread->people);
    return rc == E_LIMIT ? E_NOT_FOUND : rc;
}

/* --- showing --- */

/* Without its lock nobody would see the companies of one moment and the people of another. */
static void publish(struct replica *r, bool is_whole) {
    index_prepare(r->companies);
    index_prepare(r->people);
    ASSERT(pthread_rwlock_wrlock(r->lock) == 0);
    index_publish(r->companies);
    index_publish(r->people);
    r->is_whole = is_whole;
    ASSERT(pthread_rwlock_unlock(r->lock) == 0);
    index_settle(r->companies);
    index_settle(r->people);
}

static void unstage(struct replica *r) {
    index_unstage(r->companies);
    index_unstage(r->people);
}

/* --- reading --- */

struct round {
    struct replica *replica;
    struct unread unread;
    struct change_position position;
    bool in_parts;
};

/* Those of `docs` up to `rows->last` that have no row any more. */
static void remove_missing(struct arena *arena, struct index *index, struct ints docs,
                           const struct index_rows *rows) {
    struct ints gone = { 0 };
    size_t at = 0;
    for (size_t i = 0; i < docs.n && docs.p[i] <= rows->last; i++) {
        while (at < rows->n && rows->p[at].doc < docs.p[i])
            at++;
        if (at == rows->n || rows->p[at].doc != docs.p[i])
            ints_add(arena, &gone, docs.p[i]);
    }
    index_stage_removals(index, gone.p, gone.n);
}

static enum rc stage_some(struct ctx *part, struct replica *r, enum index_kind kind,
                          struct ints *docs) {
    struct index *index = kind == INDEX_PEOPLE ? r->people : r->companies;
    struct index_rows rows;
    if (atomic_load(r->stop))
        return E_CANCELED;
    enum rc rc = load_docs(part, r->loader, kind, *docs, &rows);
    if (rc != OK)
        return rc;
    remove_missing(part->arena, index, *docs, &rows);
    rc = index_stage(part, index, rows.p, rows.n);
    for (; rc == OK && docs->n && docs->p[0] <= rows.last; docs->n--)
        docs->p++;
    return rc;
}

static enum rc stage_all(struct ctx *ctx, struct round *round, enum index_kind kind,
                         struct ints docs) {
    struct replica *r = round->replica;
    struct ctx part = { .arena = arena_new(), .clock = ctx->clock, .db = ctx->db };
    enum rc rc = OK;
    while (docs.n && rc == OK) {
        arena_reset(part.arena);
        rc = stage_some(&part, r, kind, &docs);
        if (rc == OK && round->in_parts && index_staged(r->companies) + index_staged(r->people) >= PART_ROWS)
            publish(r, false);
    }
    if (rc != OK && rc != E_CANCELED && rc != E_LIMIT)
        rc = fail(ctx, rc, "follow the database: %.*s", STR_FMT(part.err.text));
    arena_free(&part.arena);
    return rc;
}

static enum rc stage_round(struct ctx *ctx, struct round *round) {
    struct unread *unread = &round->unread;
    enum rc rc = stage_all(ctx, round, INDEX_COMPANIES, unread->companies);
    return rc == OK ? stage_all(ctx, round, INDEX_PEOPLE, unread->people) : rc;
}

/* No search is answered until all is there. */
static enum rc stage_in_parts(struct ctx *ctx, struct round *round) {
    round->in_parts = true;
    unstage(round->replica);
    publish(round->replica, false);
    return stage_round(ctx, round);
}

static enum rc read_round(struct ctx *ctx, void *arg) {
    struct round *round = arg;
    struct replica *r = round->replica;
    struct unread *unread = &round->unread;
    struct str origin;
    enum rc rc = changes_origin(ctx, &origin);
    if (rc == OK && !str_eq(origin, r->origin))
        return E_NOT_FOUND;
    if (rc == OK)
        rc = read_changes(ctx, r->position, unread, &round->position);
    if (rc != OK)
        return rc;
    if (r->shown) {
        shown_cache_forget(r->shown, SHOWN_COMPANY, unread->companies);
        shown_cache_forget(r->shown, SHOWN_PERSON, unread->people);
    }
    bool fits = unread->companies.n + unread->people.n <= WHOLE_MAX;
    rc = fits ? stage_round(ctx, round) : E_LIMIT;
    return rc == E_LIMIT ? stage_in_parts(ctx, round) : rc;
}

static void set_position(struct replica *r, struct change_position position) {
    mem_free(r->snapshot);
    r->snapshot = NULL;
    if (str_is_set(position.snapshot)) {
        r->snapshot = mem_alloc(position.snapshot.n + 1);
        memcpy(r->snapshot, position.snapshot.p, position.snapshot.n);
        position.snapshot.p = r->snapshot;
    }
    r->position = position;
}

enum rc replica_catch_up(struct ctx *ctx, struct replica *r, int64_t *ret_changed) {
    struct round round = { .replica = r };
    if (index_is_damaged(r->people) || index_is_damaged(r->companies))
        return fail(ctx, E_INVALID, "a file of the search index is damaged");
    enum rc rc = db_at_one_moment(ctx, read_round, &round);
    if (rc != OK) {
        unstage(r);
        return rc;
    }
    int64_t changed = (int64_t) (round.unread.companies.n + round.unread.people.n);
    if (changed || !r->is_whole)
        publish(r, true);
    r->uncheckpointed += changed;
    set_position(r, round.position);
    *ret_changed = changed;
    return OK;
}
