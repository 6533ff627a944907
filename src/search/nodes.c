/* Simplified while it is made: what matches nothing in this source is left out of an OR
 * and empties an AND, so that a token that a source has never seen costs no more than the
 * look-up. */
#include "search/nodes.h"

#include "base/check.h"
#include "search/gather.h"

/* An OR of more tokens than this is made into one set beforehand: looking at each of them
 * in every chunk would take longer than the evaluation. */
enum { TOKENS_MAX = 64 };

struct maker {
    struct arena *arena;
    const struct source *source;
};

static struct node *new_node(const struct maker *p, enum node_kind kind, size_t children) {
    struct node *node = ARENA_NEW(p->arena, struct node);
    node->kind = kind;
    node->children = ARENA_ARRAY(p->arena, children ? children : 1, struct node *);
    return node;
}

static struct node *nothing(const struct maker *p) {
    return new_node(p, NODE_OR, 0);
}

static bool is_nothing(const struct node *node) {
    return node->kind == NODE_OR && node->n == 0;
}

static bool is_all(const struct node *node) {
    return node->kind == NODE_NOT && is_nothing(node->children[0]);
}

static struct node *negated(const struct maker *p, struct node *child) {
    if (child->kind == NODE_NOT)
        return child->children[0];
    struct node *node = new_node(p, NODE_NOT, 1);
    node->children[node->n++] = child;
    return node;
}

static struct node *rows_node(const struct maker *p, struct postings postings) {
    struct node *node = new_node(p, NODE_ROWS, 0);
    node->postings = postings;
    return node;
}

static struct node *token_node(const struct maker *p, struct str token) {
    struct postings postings = { 0 };
    return p->source->calls->find(p->source, token, &postings) ? rows_node(p, postings)
                                                               : nothing(p);
}

static struct node *prefix_node(const struct maker *p, struct str beginning) {
    struct gather g = gather_new(p->arena, p->source->chunks);
    p->source->calls->prefix(p->source, beginning, gather_postings, &g);
    return rows_node(p, gather_done(&g));
}

static struct node *gathered_node(const struct maker *p, const struct node *tokens) {
    struct gather g = gather_new(p->arena, p->source->chunks);
    struct node *rest = new_node(p, NODE_OR, tokens->n + 1);
    for (uint32_t i = 0; i < tokens->n; i++) {
        if (tokens->children[i]->kind == NODE_ROWS)
            gather_postings(&g, &tokens->children[i]->postings);
        else
            rest->children[rest->n++] = tokens->children[i];
    }
    rest->children[rest->n++] = rows_node(p, gather_done(&g));
    return rest->n == 1 ? rest->children[0] : rest;
}

/* AND and OR mirror each other: `none` is what leaves the other children alone, `full`
 * what decides for all of them. */
static struct node *joined(const struct maker *p, struct node *all) {
    bool is_and = all->kind == NODE_AND;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < all->n; i++) {
        struct node *child = all->children[i];
        if (is_and ? is_nothing(child) : is_all(child))
            return child;
        if (!(is_and ? is_all(child) : is_nothing(child)))
            all->children[kept++] = child;
    }
    all->n = kept;
    if (kept == 0)
        return is_and ? negated(p, nothing(p)) : nothing(p);
    if (kept == 1)
        return all->children[0];
    return !is_and && kept > TOKENS_MAX ? gathered_node(p, all) : all;
}

static struct node *make(const struct maker *p, const struct expr *expr);

static struct node *make_joined(const struct maker *p, const struct expr *expr) {
    size_t n = 0;
    for (const struct expr *child = expr->first; child; child = child->next)
        n++;
    struct node *all = new_node(p, expr->kind == EXPR_AND ? NODE_AND : NODE_OR, n);
    for (const struct expr *child = expr->first; child; child = child->next)
        all->children[all->n++] = make(p, child);
    return joined(p, all);
}

static struct node *make(const struct maker *p, const struct expr *expr) {
    switch (expr->kind) {
    case EXPR_TOKEN: return token_node(p, expr->token);
    case EXPR_PREFIX: return prefix_node(p, expr->token);
    case EXPR_NOT: return negated(p, make(p, expr->first));
    case EXPR_AND:
    case EXPR_OR: break;
    }
    return make_joined(p, expr);
}

struct node *nodes_expr(struct arena *arena, const struct source *source,
                       const struct expr *expr) {
    struct maker p = { arena, source };
    return expr ? make(&p, expr) : negated(&p, nothing(&p));
}

/* --- companies --- */

static bool ints_have(const struct ints *docs, int64_t doc) {
    size_t low = 0, high = docs->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (docs->p[middle] < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < docs->n && docs->p[low] == doc;
}

/* Index of the first group at `from` or after it that is not before `doc`. Documents
 * ascend by one at least, so it is not behind the guess; mostly it is there. */
static uint32_t group_find(const struct source *s, uint32_t from, uint64_t doc) {
    if (from == s->groups || s->group_docs[from] >= doc)
        return from;
    uint64_t guess = from + (doc - s->group_docs[from]);
    if (guess < s->groups && s->group_docs[guess] == doc)
        return (uint32_t) guess;
    uint64_t low = from + 1, high = guess < s->groups ? guess : s->groups;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (s->group_docs[middle] < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t) low;
}

struct groups {
    uint32_t *p;
    size_t n;
    uint64_t rows; /* of all of them */
};

static struct groups wanted_groups(const struct maker *p, const struct ints *docs) {
    const struct source *s = p->source;
    struct groups g = { .p = ARENA_ARRAY(p->arena, docs->n + 1, uint32_t) };
    uint32_t at = 0;
    for (size_t i = 0; i < docs->n && at < s->groups; i++) {
        at = group_find(s, at, (uint64_t) docs->p[i]);
        if (at == s->groups || s->group_docs[at] != (uint64_t) docs->p[i])
            continue;
        g.rows += s->group_starts[at + 1] - s->group_starts[at];
        g.p[g.n++] = at++;
    }
    return g;
}

static struct node *gathered_groups(const struct maker *p, const struct groups *g) {
    const struct source *s = p->source;
    struct gather rows = gather_new(p->arena, s->chunks);
    for (size_t i = 0; i < g->n; i++)
        for (uint32_t r = s->group_starts[g->p[i]]; r < s->group_starts[g->p[i] + 1]; r++)
            gather_row(&rows, s->group_rows[r]);
    return rows_node(p, gather_done(&rows));
}

static struct node *groups_node(const struct maker *p, const struct groups *g) {
    struct node *node = new_node(p, NODE_GROUPS, 0);
    uint64_t *bits = ARENA_ARRAY(p->arena, p->source->groups / 64 + 1, uint64_t);
    for (size_t i = 0; i < g->n; i++)
        words_set(bits, g->p[i]);
    node->groups = bits;
    return node;
}

/* People of the tail are looked at one by one. In a segment few rows are collected from
 * their companies; of many it is cheaper to ask, for each row that passed the other
 * filters, whether its company is wanted. */
static struct node *companies_node(const struct maker *p, const struct ints *docs,
                                   bool has_others) {
    enum { FEW = 256, FEW_ALONE = 8 }; /* one row in so many */
    const struct source *s = p->source;
    if (s->companies) {
        struct gather g = gather_new(p->arena, s->chunks);
        for (uint32_t row = 0; row < s->rows; row++)
            if (s->companies[row] && ints_have(docs, (int64_t) s->companies[row]))
                gather_row(&g, row);
        return rows_node(p, gather_done(&g));
    }
    struct groups wanted = wanted_groups(p, docs);
    if (wanted.rows == 0)
        return nothing(p);
    return wanted.rows < s->rows / (has_others ? FEW : FEW_ALONE) ? gathered_groups(p, &wanted)
                                                                  : groups_node(p, &wanted);
}

static struct node *range_node(const struct maker *p, const struct index_range *range) {
    struct node *node = new_node(p, NODE_RANGE, 0);
    ASSERT(p->source->values[range->value]); /* people have no ranges */
    node->values = p->source->values[range->value];
    /* Rows without the number hold the smallest one. */
    node->bounds[0] = range->min == INDEX_NO_VALUE ? range->min + 1 : range->min;
    node->bounds[1] = range->max;
    return node;
}

struct node *nodes_query(struct arena *arena, const struct source *source,
                        const struct index_query *query) {
    struct maker p = { arena, source };
    struct node *all = new_node(&p, NODE_AND, query->range_count + 2);
    all->children[all->n++] = nodes_expr(arena, source, query->where);
    for (size_t i = 0; i < query->range_count; i++)
        all->children[all->n++] = range_node(&p, &query->ranges[i]);
    if (query->companies && !is_nothing(all->children[0]))
        all->children[all->n++] = companies_node(&p, query->companies, !is_all(all->children[0]));
    return joined(&p, all);
}

uint32_t nodes_depth(const struct node *node) {
    uint32_t deepest = 0;
    for (uint32_t i = 0; i < node->n; i++) {
        uint32_t depth = nodes_depth(node->children[i]);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}
