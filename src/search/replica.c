#include "search/replica.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"
#include "search/facets.h"
#include "search/index_build.h"
#include "search/load.h"
#include "search/manifest.h"
#include "search/tags.h"

static const enum index_kind kinds[] = { INDEX_COMPANIES, INDEX_PEOPLE };

/* --- opening --- */

/* Rows whose tags follow other rules are another database's. */
static uint64_t identity_of(struct str origin) {
    return str_hash(origin) + (uint64_t) TAGS_VERSION * UINT64_C(0x9e3779b97f4a7c15);
}

static struct index_options options_of(struct ctx *ctx, const char *folder, enum index_kind kind,
                                       struct str origin) {
    return (struct index_options){
        .folder = arena_printf(ctx->arena, "%s/%s", folder,
                               kind == INDEX_PEOPLE ? "people" : "companies").p,
        .kind = kind,
        .identity = identity_of(origin),
        .merges_itself = true,
    };
}

enum rc replica_options(struct ctx *ctx, const char *folder, enum index_kind kind,
                        struct index_options *ret_options) {
    struct str origin;
    enum rc rc = changes_origin(ctx, &origin);
    if (rc == OK)
        *ret_options = options_of(ctx, folder, kind, origin);
    return rc;
}

static int64_t kept_position(struct index *index) {
    struct index_stats stats;
    index_stats(index, &stats);
    return stats.seq;
}

static enum rc open_indexes(struct ctx *ctx, const char *folder, const atomic_bool *stop,
                            struct replica *r) {
    struct index_options people = options_of(ctx, folder, INDEX_PEOPLE, r->origin);
    struct index_options companies = options_of(ctx, folder, INDEX_COMPANIES, r->origin);
    people.stop = companies.stop = stop;
    enum rc rc = index_open(ctx, &people, &r->people);
    if (rc == OK)
        rc = index_open(ctx, &companies, &r->companies);
    if (rc != OK)
        index_close(&r->people);
    return rc;
}

/* Writers first: else searches that overlap would keep changes from being seen for ever. */
static pthread_rwlock_t *new_lock(void) {
    pthread_rwlock_t *lock = MEM_NEW(pthread_rwlock_t);
    pthread_rwlockattr_t attributes;
    ASSERT(pthread_rwlockattr_init(&attributes) == 0);
    ASSERT(pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
           == 0);
    ASSERT(pthread_rwlock_init(lock, &attributes) == 0);
    (void) pthread_rwlockattr_destroy(&attributes); /* nothing depends on it */
    return lock;
}

enum rc replica_open(struct ctx *ctx, const char *folder, const atomic_bool *stop,
                     struct replica *ret_replica) {
    struct replica r = { 0 };
    enum rc rc = changes_origin(ctx, &r.origin);
    if (rc == OK)
        rc = open_indexes(ctx, folder, stop, &r);
    if (rc != OK)
        return rc;
    /* A crash between two checkpoints leaves one behind; what the other one has already is
     * put once more, which changes nothing. */
    int64_t people = kept_position(r.people), companies = kept_position(r.companies);
    r.position.number = people < companies ? people : companies;
    r.loader = loader_new();
    r.lock = new_lock();
    r.is_whole = true;
    r.stop = stop;
    r.origin = str_of(mem_strdup(arena_cstr(ctx->arena, r.origin)));
    *ret_replica = r;
    return OK;
}

void replica_close(struct replica *r) {
    index_close(&r->people);
    index_close(&r->companies);
    loader_free(&r->loader);
    if (r->lock)
        (void) pthread_rwlock_destroy(r->lock); /* fails only for one in use */
    mem_free(r->lock);
    mem_free((char *) r->origin.p);
    mem_free(r->snapshot);
    *r = (struct replica){ 0 };
}

/* --- building --- */

struct build {
    struct ctx *ctx;
    struct loader *loader;
    struct index_builder *builder;
    enum index_kind kind;
    const atomic_bool *stop;
};

/* Rows come in the order of their numbers, so each once, whatever is written meanwhile. */
static enum rc add_all(struct build *b) {
    struct ctx part = { .arena = arena_new(), .clock = b->ctx->clock, .db = b->ctx->db };
    struct index_rows rows = { 0 };
    enum rc rc = OK;
    for (int64_t doc = 0; rc == OK && !rows.is_end; doc = rows.last) {
        if (atomic_load(b->stop)) {
            rc = E_CANCELED;
            break;
        }
        arena_reset(part.arena);
        rc = load_after(&part, b->loader, b->kind, doc, &rows);
        if (rc == OK)
            rc = index_builder_add(&part, b->builder, rows.p, rows.n);
    }
    if (rc != OK && rc != E_CANCELED)
        rc = fail(b->ctx, rc, "build the search index: %.*s", STR_FMT(part.err.text));
    arena_free(&part.arena);
    return rc;
}

static enum rc build_one(struct build *b, const struct index_options *options, int64_t position) {
    enum rc rc = index_builder_new(b->ctx, options, &b->builder);
    if (rc == OK)
        rc = add_all(b);
    if (rc == OK)
        rc = index_builder_finish(b->ctx, &b->builder, position);
    index_builder_free(&b->builder);
    return rc;
}

enum rc replica_build(struct ctx *ctx, const char *folder, const atomic_bool *stop) {
    struct str origin;
    struct change_position position;
    enum rc rc = changes_origin(ctx, &origin);
    if (rc == OK) /* before the first row is read, so that no change is passed over */
        rc = changes_now(ctx, &position);
    if (rc != OK)
        return rc;
    struct loader *loader = loader_new();
    for (size_t i = 0; rc == OK && i < LENGTH(kinds); i++) {
        struct index_options options = options_of(ctx, folder, kinds[i], origin);
        options.stop = stop;
        struct build build = { .ctx = ctx, .loader = loader, .kind = kinds[i], .stop = stop };
        rc = build_one(&build, &options, position.number);
    }
    loader_free(&loader);
    return rc;
}

enum rc replica_discard(struct ctx *ctx, const char *folder) {
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < LENGTH(kinds); i++)
        rc = manifest_clean(ctx, options_of(ctx, folder, kinds[i], STR("")).folder, NULL);
    return rc;
}

/* --- keeping --- */

enum rc replica_checkpoint(struct ctx *ctx, struct replica *r) {
    enum rc rc = index_checkpoint(ctx, r->companies, r->position.number);
    if (rc == OK)
        rc = index_checkpoint(ctx, r->people, r->position.number);
    if (rc == OK)
        r->uncheckpointed = 0;
    return rc;
}

void replica_checkpoint_soon(struct replica *r) {
    bool both = index_checkpoint_soon(r->companies, r->position.number);
    both = index_checkpoint_soon(r->people, r->position.number) && both;
    if (both)
        r->uncheckpointed = 0;
}

/* --- searching --- */

_Static_assert((int) INDEX_HEADCOUNT == (int) PLAN_HEADCOUNT
                   && (int) INDEX_REVENUE == (int) PLAN_REVENUE
                   && (int) INDEX_FUNDING == (int) PLAN_FUNDING
                   && (int) INDEX_FOUNDED == (int) PLAN_FOUNDED_YEAR
                   && (int) INDEX_FUNDED_ON == (int) PLAN_FUNDED_ON,
               "a range's column is the index's value");

/* Whether every token is of the values that people carry. */
static bool is_copied(const struct expr *expr) {
    if (expr->kind == EXPR_TOKEN || expr->kind == EXPR_PREFIX)
        return load_copies(expr->token);
    for (const struct expr *child = expr->first; child; child = child->next)
        if (!is_copied(child))
            return false;
    return true;
}

/* The same of people: their tokens, elsewhere. */
static struct expr *as_copied(struct arena *arena, const struct expr *expr) {
    struct expr *copy = ARENA_NEW(arena, struct expr);
    *copy = (struct expr){ .kind = expr->kind };
    if (expr->kind == EXPR_TOKEN || expr->kind == EXPR_PREFIX)
        copy->token = arena_printf(arena, TAG_COPIED "%.*s", STR_FMT(expr->token));
    for (const struct expr *child = expr->first; child; child = child->next) {
        struct expr *inner = as_copied(arena, child);
        *(copy->last ? &copy->last->next : &copy->first) = inner;
        copy->last = inner;
    }
    return copy;
}

static const struct expr *both(struct arena *arena, const struct expr *people,
                               struct expr *copied) {
    struct expr *all = expr_and(arena), *first = ARENA_NEW(arena, struct expr);
    *first = *people; /* a root has no sibling; this one gets one */
    expr_add(all, first);
    expr_add(all, copied);
    return all;
}

/* The index's names for what the plan asks of companies. */
struct ranges {
    struct index_range p[PLAN_COLUMNS];
};

static struct index_query of_companies(const struct plan *plan, struct ranges *ranges) {
    for (size_t i = 0; i < plan->n_ranges; i++) {
        const struct plan_range *range = &plan->ranges[i];
        ranges->p[i] = (struct index_range){
            .value = (enum index_value) range->column,
            .min = range->min == INT64_MIN ? INT64_MIN + 1 : range->min,
            .max = range->max,
        };
    }
    return (struct index_query){ .where = plan->companies, .ranges = ranges->p,
                                 .range_count = plan->n_ranges };
}

/* All facets in one pass over the rows that match. */
static enum rc count_facets(struct index *index, struct arena *arena, const struct plan *plan,
                            const struct index_query *query, struct hits *hits) {
    struct strs keys[FACETS], tags = { 0 };
    for (size_t i = 0; i < plan->n_facets; i++) {
        keys[i] = facet_keys(arena, plan->facets[i]);
        for (size_t k = 0; k < keys[i].n; k++)
            strs_add(arena, &tags, facet_tag(arena, plan->facets[i], plan->rows, keys[i].p[k]));
    }
    int64_t *counts = ARENA_ARRAY(arena, tags.n, int64_t);
    enum rc rc = index_count_by(index, arena, query, tags, counts);
    for (size_t i = 0; i < plan->n_facets && rc == OK; i++) {
        hits->counts[i] = (struct counts){ 0 };
        for (size_t k = 0; k < keys[i].n; k++, counts++)
            if (*counts)
                counts_add(arena, &hits->counts[i], keys[i].p[k], *counts);
    }
    return rc;
}

/* With the lock held for reading: companies, page and counts of one moment. */
static enum rc search(const struct replica *r, struct arena *arena, const struct plan *plan,
                      struct hits *ret_hits) {
    struct ranges ranges;
    struct doc_set companies = { 0 };
    enum rc rc = OK;
    struct index *index = plan->rows == PLAN_PEOPLE ? r->people : r->companies;
    struct index_query query = of_companies(plan, &ranges);
    if (plan->rows == PLAN_PEOPLE && plan_asks_companies(plan)) {
        bool copied = plan->n_ranges == 0 && is_copied(plan->companies);
        if (!copied)
            rc = index_docs(r->companies, arena, &query, &companies);
        query = (struct index_query){ .where = plan->people, .companies = copied ? NULL : &companies };
        if (copied)
            query.where = both(arena, plan->people, as_copied(arena, plan->companies));
    } else if (plan->rows == PLAN_PEOPLE) {
        query = (struct index_query){ .where = plan->people };
    }
    for (size_t i = 0; i < plan->n_tiers; i++)
        query.tiers[query.tier_count++] = plan->tiers[i].tier;
    query.offset = plan->offset;
    query.limit = plan->limit;
    struct index_hits hits = { 0 };
    if (rc == OK)
        rc = index_search(index, arena, &query, &hits);
    if (rc == OK && plan->n_facets)
        rc = count_facets(index, arena, plan, &query, ret_hits);
    ret_hits->total = hits.total;
    ret_hits->docs = hits.docs;
    return rc;
}

enum rc replica_search(const struct replica *r, struct arena *arena, const struct plan *plan,
                       struct hits *ret_hits) {
    ASSERT(pthread_rwlock_rdlock(r->lock) == 0);
    enum rc rc = r->is_whole ? search(r, arena, plan, ret_hits) : E_UNSUPPORTED;
    ASSERT(pthread_rwlock_unlock(r->lock) == 0);
    return rc;
}
