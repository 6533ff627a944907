/* A word of a wanted name that no person bears is a typing error: then the search is made
 * once more, and any name that is one error away counts. Only a search that finds nobody
 * can have such a word, so all others cost nothing more. */
#include "search/search.h"

#include "base/vec.h"
#include "db/db.h"
#include "search/conditions.h"
#include "search/follow.h"
#include "search/plan.h"
#include "search/sql.h"
#include "store/services.h"

/* Rows would have to be removed at the very moment each time. */
enum { TRIES_MAX = 5 };

/* A name with more unknown words is no name with typing errors. */
enum { MISTAKEN_MAX = 3 };

struct question {
    const struct plan *plan;
    struct hits *hits;
};

static enum rc ask_database(struct ctx *ctx, void *arg) {
    const struct question *question = arg;
    return sql_search(ctx, question->plan, question->hits);
}

/* The index, or the database when there is none or it is not ready. Total, page and counts
 * are of one moment. */
static enum rc run(struct ctx *ctx, const struct plan *plan, struct hits *hits) {
    struct follower *follower = ctx->services ? ctx->services->search : NULL;
    enum rc rc = follower ? follower_search(ctx, follower, plan, hits) : E_UNSUPPORTED;
    struct question question = { plan, hits };
    return rc == E_UNSUPPORTED ? db_at_one_moment(ctx, ask_database, &question) : rc;
}

/* The words of the name that may be mistaken and that nobody bears. */
static enum rc mistaken_words(struct ctx *ctx, struct str name, struct strs *ret_words) {
    struct strs likely = name_words_for_typos(ctx->arena, name), unknown = { 0 };
    for (size_t i = 0; i < likely.n; i++) {
        struct plan plan = plan_name_word(ctx->arena, likely.p[i]);
        struct hits hits = { 0 };
        enum rc rc = run(ctx, &plan, &hits);
        if (rc != OK)
            return rc;
        if (hits.total == 0)
            strs_add(ctx->arena, &unknown, likely.p[i]);
    }
    if (unknown.n <= MISTAKEN_MAX)
        *ret_words = unknown;
    return OK;
}

static enum rc forgive(struct ctx *ctx, const struct people_search *s, struct hits *hits) {
    enum rc rc = mistaken_words(ctx, s->name, &hits->mistaken);
    if (rc != OK || hits->mistaken.n == 0)
        return rc;
    struct plan plan = plan_people_forgiving(ctx->arena, s, hits->mistaken);
    return run(ctx, &plan, hits);
}

static void show_facets(struct ctx *ctx, const struct plan *plan, struct hits *hits) {
    if (plan->n_facets == 0)
        return;
    hits->facets = ARENA_NEW(ctx->arena, struct facets);
    for (size_t i = 0; i < plan->n_facets; i++)
        hits->facets->lists[plan->facets[i]]
            = facet_list(ctx->arena, plan->facets[i], hits->counts[i]);
}

static struct hits hits_of(const struct plan *plan, const struct hits *last) {
    return (struct hits){ .page = plan->offset / plan->limit + 1, .page_size = plan->limit,
                          .had_gaps = last->had_gaps };
}

enum rc search_people(struct ctx *ctx, const struct people_search *s, struct hits *ret_hits) {
    enum rc rc = company_filters_check(ctx, &s->company);
    struct plan plan = plan_people(ctx->arena, s);
    if (rc == OK)
        rc = plan_check(ctx, &plan);
    if (rc != OK)
        return rc;
    struct hits hits = hits_of(&plan, ret_hits);
    rc = run(ctx, &plan, &hits);
    if (rc == OK && hits.total == 0 && str_is_set(s->name))
        rc = forgive(ctx, s, &hits);
    if (rc != OK)
        return rc;
    show_facets(ctx, &plan, &hits);
    *ret_hits = hits;
    return OK;
}

enum rc search_companies(struct ctx *ctx, const struct companies_search *s,
                         struct hits *ret_hits) {
    enum rc rc = company_filters_check(ctx, &s->company);
    struct plan plan = plan_companies(ctx->arena, s);
    if (rc == OK)
        rc = plan_check(ctx, &plan);
    if (rc != OK)
        return rc;
    struct hits hits = hits_of(&plan, ret_hits);
    rc = run(ctx, &plan, &hits);
    if (rc != OK)
        return rc;
    show_facets(ctx, &plan, &hits);
    *ret_hits = hits;
    return OK;
}

bool search_has_gaps(struct hits *hits, size_t found, int *tries) {
    hits->had_gaps = found < hits->docs.n;
    return hits->had_gaps && ++*tries < TRIES_MAX;
}
