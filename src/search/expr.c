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

static bool is_leaf(const struct expr *expr) {
    return expr->kind == EXPR_TOKEN || expr->kind == EXPR_PREFIX;
}

static struct expr *new_leaf(struct arena *arena, enum expr_kind kind, struct str token) {
    struct expr *expr = new_expr(arena, kind);
    expr->token = token;
    return expr;
}

struct expr *expr_token(struct arena *arena, struct str token) {
    return new_leaf(arena, EXPR_TOKEN, token);
}

struct expr *expr_prefix(struct arena *arena, struct str beginning) {
    return new_leaf(arena, EXPR_PREFIX, beginning);
}

struct expr *expr_and(struct arena *arena) {
    return new_expr(arena, EXPR_AND);
}

struct expr *expr_or(struct arena *arena) {
    return new_expr(arena, EXPR_OR);
}

void expr_add(struct expr *parent, struct expr *child) {
    ASSERT(!is_leaf(parent));
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
    if (is_leaf(expr))
        return false;
    bool is_and = expr->kind == EXPR_AND;
    for (const struct expr *child = expr->first; child; child = child->next)
        if (expr_is_true(child) != is_and)
            return !is_and;
    return is_and;
}

bool expr_is_false(const struct expr *expr) {
    if (!expr || is_leaf(expr))
        return false;
    bool is_or = expr->kind == EXPR_OR;
    for (const struct expr *child = expr->first; child; child = child->next)
        if (expr_is_false(child) != is_or)
            return !is_or;
    return is_or;
}

/* How one engine writes tokens and operators. */
struct syntax {
    struct str quote, beginning, both, either;
};

static const struct syntax fts5 = { { "\"", 1 }, { "*", 1 }, { " AND ", 5 }, { " OR ", 4 } };
static const struct syntax tsquery = { { "'", 1 }, { ":*", 2 }, { " & ", 3 }, { " | ", 3 } };

/* Children that do not restrict are left out: neither engine has a word for "all". */
static bool is_neutral(const struct expr *parent, const struct expr *child) {
    return parent->kind == EXPR_AND ? expr_is_true(child) : expr_is_false(child);
}

static void render_leaf(struct buf *out, const struct expr *expr, const struct syntax *syntax) {
    buf_str(out, syntax->quote);
    buf_str(out, expr->token);
    buf_str(out, syntax->quote);
    if (expr->kind == EXPR_PREFIX)
        buf_str(out, syntax->beginning);
}

static void render(struct buf *out, const struct expr *expr, const struct syntax *syntax) {
    if (is_leaf(expr)) {
        render_leaf(out, expr, syntax);
        return;
    }
    struct str between = expr->kind == EXPR_AND ? syntax->both : syntax->either;
    size_t n = 0;
    buf_char(out, '(');
    for (const struct expr *child = expr->first; child; child = child->next) {
        if (is_neutral(expr, child))
            continue;
        if (n++)
            buf_str(out, between);
        render(out, child, syntax);
    }
    ASSERT(n);
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

void expr_tokens(struct arena *arena, const struct expr *expr, struct strs *tokens) {
    if (!expr)
        return;
    if (expr->kind == EXPR_TOKEN)
        strs_add(arena, tokens, expr->token);
    for (const struct expr *child = expr->first; child; child = child->next)
        expr_tokens(arena, child, tokens);
}

static bool any_begins(struct strs tags, struct str beginning) {
    for (size_t i = 0; i < tags.n; i++)
        if (str_starts(tags.p[i], beginning))
            return true;
    return false;
}

bool expr_matches(const struct expr *expr, struct strs tags) {
    if (!expr)
        return true;
    if (expr->kind == EXPR_TOKEN)
        return strs_have(tags, expr->token);
    if (expr->kind == EXPR_PREFIX)
        return any_begins(tags, expr->token);
    bool is_and = expr->kind == EXPR_AND;
    for (const struct expr *child = expr->first; child; child = child->next)
        if (expr_matches(child, tags) != is_and)
            return !is_and;
    return is_and;
}
