#include "search/expr.h"

#include "base/check.h"
#include "base/vec.h"

/* A statement of this size is far beyond SEARCH_VALUES_MAX values of every filter. */
enum { RENDERED_MAX_BYTES = 16 * 1024 * 1024 };

static struct expr *new_expr(struct arena *arena, enum expr_kind kind) {
    struct expr *expr = ARENA_NEW(arena, struct expr);
    expr->kind = kind;
    return expr;
}

struct expr *expr_token(struct arena *arena, struct str token) {
    struct expr *expr = new_expr(arena, EXPR_TOKEN);
    expr->token = token;
    return expr;
}

struct expr *expr_and(struct arena *arena) {
    return new_expr(arena, EXPR_AND);
}

struct expr *expr_or(struct arena *arena) {
    return new_expr(arena, EXPR_OR);
}

void expr_add(struct expr *parent, struct expr *child) {
    ASSERT(parent->kind != EXPR_TOKEN);
    if (!child)
        return;
    ASSERT(!child->next);
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

bool expr_is_true(const struct expr *expr) {
    if (!expr)
        return true;
    if (expr->kind == EXPR_TOKEN)
        return false;
    bool is_and = expr->kind == EXPR_AND;
    for (const struct expr *child = expr->first; child; child = child->next)
        if (expr_is_true(child) != is_and)
            return !is_and;
    return is_and;
}

bool expr_is_false(const struct expr *expr) {
    if (!expr || expr->kind == EXPR_TOKEN)
        return false;
    bool is_or = expr->kind == EXPR_OR;
    for (const struct expr *child = expr->first; child; child = child->next)
        if (expr_is_false(child) != is_or)
            return !is_or;
    return is_or;
}

/* How one engine writes tokens and operators. */
struct syntax {
    struct str quote, both, either;
};

static const struct syntax fts5 = { { "\"", 1 }, { " AND ", 5 }, { " OR ", 4 } };
static const struct syntax tsquery = { { "'", 1 }, { " & ", 3 }, { " | ", 3 } };

/* Children that do not restrict are left out: neither engine has a word for "all". */
static bool is_neutral(const struct expr *parent, const struct expr *child) {
    return parent->kind == EXPR_AND ? expr_is_true(child) : expr_is_false(child);
}

static void render(struct buf *out, const struct expr *expr, const struct syntax *syntax) {
    if (expr->kind == EXPR_TOKEN) {
        buf_str(out, syntax->quote);
        buf_str(out, expr->token);
        buf_str(out, syntax->quote);
        return;
    }
    buf_char(out, '(');
    bool first = true;
    for (const struct expr *child = expr->first; child; child = child->next) {
        if (is_neutral(expr, child))
            continue;
        if (!first)
            buf_str(out, expr->kind == EXPR_AND ? syntax->both : syntax->either);
        first = false;
        render(out, child, syntax);
    }
    buf_char(out, ')');
}

static struct str rendered(struct arena *arena, const struct expr *expr,
                           const struct syntax *syntax) {
    ASSERT(!expr_is_true(expr) && !expr_is_false(expr));
    struct buf out = buf_in(arena, RENDERED_MAX_BYTES);
    render(&out, expr, syntax);
    ASSERT(!out.failed);
    return buf_text(&out);
}

struct str expr_fts5(struct arena *arena, const struct expr *expr) {
    return rendered(arena, expr, &fts5);
}

struct str expr_tsquery(struct arena *arena, const struct expr *expr) {
    return rendered(arena, expr, &tsquery);
}

bool expr_matches(const struct expr *expr, struct strs tags) {
    if (!expr)
        return true;
    if (expr->kind == EXPR_TOKEN)
        return strs_have(tags, expr->token);
    bool is_and = expr->kind == EXPR_AND;
    for (const struct expr *child = expr->first; child; child = child->next)
        if (expr_matches(child, tags) != is_and)
            return !is_and;
    return is_and;
}
