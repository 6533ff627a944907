#include "search/search.h"

#include "search/plan.h"
#include "search/sql.h"

static enum rc answer(struct ctx *ctx, const struct plan *plan, struct hits *ret_hits) {
    struct hits hits = { .page = plan->offset / plan->limit + 1, .page_size = plan->limit };
    enum rc rc = sql_search(ctx, plan, &hits);
    if (rc == OK)
        *ret_hits = hits;
    return rc;
}

enum rc search_people(struct ctx *ctx, const struct people_search *s, struct hits *ret_hits) {
    enum rc rc = people_filters_check(ctx, s);
    if (rc != OK)
        return rc;
    struct plan plan = plan_people(ctx->arena, s);
    return answer(ctx, &plan, ret_hits);
}

enum rc search_companies(struct ctx *ctx, const struct companies_search *s,
                         struct hits *ret_hits) {
    enum rc rc = company_filters_check(ctx, &s->company);
    if (rc != OK)
        return rc;
    struct plan plan = plan_companies(ctx->arena, s);
    return answer(ctx, &plan, ret_hits);
}
