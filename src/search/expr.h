/* What a search asks of the tags of a row: a tree of AND and OR over tokens and
 * beginnings of tokens. Built by search/filters.c; rendered for SQLite's FTS5 or
 * PostgreSQL's tsquery, or evaluated by the index. Lives in an arena, immutable once
 * built. */
#ifndef SEARCH_EXPR_H
#define SEARCH_EXPR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/field.h"

enum expr_kind {
    EXPR_TOKEN,
    EXPR_PREFIX, /* any token that begins with this one */
    EXPR_AND,
    EXPR_OR,
};

struct expr {
    enum expr_kind kind;
    struct str token;   /* EXPR_TOKEN, EXPR_PREFIX: [a-z0-9_]+ (search/tags.h) */
    struct expr *first; /* children */
    struct expr *last;
    struct expr *next;  /* sibling */
};

/* A token that rows must have; the beginning of one of theirs. */
struct expr *expr_token(struct arena *arena, struct str token);
struct expr *expr_prefix(struct arena *arena, struct str beginning);
/* Without children, AND is true for every row and OR for none. */
struct expr *expr_and(struct arena *arena);
struct expr *expr_or(struct arena *arena);
/* Appends `child`, which then belongs to `parent`, an AND or OR; NULL is passed over. */
void expr_add(struct expr *parent, struct expr *child);
/* True when `expr` is NULL or an AND without children. */
bool expr_is_true(const struct expr *expr);
/* True when no row can match: an OR without children, or an AND over one. */
bool expr_is_false(const struct expr *expr);

/* Appends the tokens of `expr`, which may be NULL; not the beginnings. */
void expr_tokens(struct arena *arena, const struct expr *expr, struct strs *tokens);

/* Rows that match it come before those that do not: a row's tier is the sum of the
 * weights that it has. */
struct expr_tier {
    const struct expr *where;
    int weight;
};

/* As the right side of MATCH. `expr` is neither true nor false. */
struct str expr_fts5(struct arena *arena, const struct expr *expr);
/* As text for a cast to tsquery. The same precondition. */
struct str expr_tsquery(struct arena *arena, const struct expr *expr);

/* For tests and the evaluator: whether a row with these tags matches. */
bool expr_matches(const struct expr *expr, struct strs tags);

#endif
