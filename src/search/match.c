#include "search/match.h"

#include "data/urls.h"

/* True when the condition needs no index: it is always true or never. */
static bool is_constant(struct sql *sql, const struct expr *expr) {
    if (expr_is_false(expr)) {
        sql_add(sql, " AND 1 = 0");
        return true;
    }
    return expr_is_true(expr);
}

struct str match_text(struct ctx *ctx, const struct expr *expr) {
    return db_engine(db_of(ctx->db)) == DB_SQLITE ? expr_fts5(ctx->arena, expr)
                                                  : expr_tsquery(ctx->arena, expr);
}

void match_people(struct ctx *ctx, struct sql *sql, const struct expr *expr) {
    if (is_constant(sql, expr))
        return;
    sql_add2(sql, " AND p.doc IN (SELECT rowid FROM people_tags WHERE people_tags MATCH ?)",
             " AND tags_vector(p.tags) @@ (?::text)::tsquery",
             db_v_text(match_text(ctx, expr)));
}

void match_companies(struct ctx *ctx, struct sql *sql, const struct expr *expr) {
    if (is_constant(sql, expr))
        return;
    sql_add2(sql, " AND c.doc IN (SELECT rowid FROM companies_tags WHERE companies_tags MATCH ?)",
             " AND tags_vector(c.tags) @@ (?::text)::tsquery",
             db_v_text(match_text(ctx, expr)));
}

struct str domain_key(struct arena *arena, struct str text) {
    struct domain domain;
    return domain_parse(arena, text, &domain) == OK ? domain.registrable : STR_NONE;
}
