/* Simplified while it is made: what matches nothing in this source is left out of an OR
 * and empties an AND, so that a token that a source has never seen costs no more than the
 * look-up. */
#include "search/nodes.h"

#include "base/check.h"
#include "search/gather.h"

/* An OR of more tokens than this is made into one set beforehand: looking at each of them
 * in every chunk would take longer than the evaluation. */
enum { TOKENS_MAX = 64 };

struct node_prefix {
    struct node_prefix *next;
    struct str beginning;
    struct node *node;
};

static struct node *new_node(const struct nodes *p, enum node_kind kind, size_t children) {
    struct node *node = ARENA_NEW(p->arena, struct node);
    node->kind = kind;
    if (children)
        node->children = ARENA_ARRAY(p->arena, children, struct node *);
    return node;
}

static struct node *nothing(const struct nodes *p) {
    return new_node(p, NODE_OR, 0);
}

static bool is_nothing(const struct node *node) {
    return node->kind == NODE_OR && node->n == 0;
}

static bool is_all(const struct node *node) {
    return node->kind == NODE_ALL;
}

static bool is_full(const struct nodes *p) {
    return arena_used(p->arena) > p->memory_max;
}

static struct node *rows_node(const struct nodes *p, struct postings postings) {
    struct node *node = new_node(p, NODE_ROWS, 0);
    node->postings = postings;
    return node;
}

static struct node *token_node(const struct nodes *p, struct str token) {
    struct postings postings = { 0 };
    return p->source->calls->find(p->source, token, &postings) ? rows_node(p, postings)
                                                               : nothing(p);
}

/* One node may stand at several places: what it holds of a chunk is the same at all. */
static struct node *prefix_node(struct nodes *p, struct str beginning) {
    for (const struct node_prefix *known = p->prefixes; known; known = known->next)
        if (str_eq(known->beginning, beginning))
            return known->node;
    struct gather g = gather_new(p->arena, p->source->chunks);
    p->source->calls->prefix(p->source, beginning, gather_postings, &g);
    struct node_prefix *made = ARENA_NEW(p->arena, struct node_prefix);
    *made = (struct node_prefix){ p->prefixes, beginning, rows_node(p, gather_done(&g)) };
    p->prefixes = made;
    return made->node;
}

static struct node *gathered_node(const struct nodes *p, const struct node *tokens) {
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

/* AND and OR mirror each other: one kind of child decides for all of them, the other kind
 * leaves them alone. */
static struct node *joined(const struct nodes *p, struct node *all) {
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
        return is_and ? new_node(p, NODE_ALL, 0) : nothing(p);
    if (kept == 1)
        return all->children[0];
    return !is_and && kept > TOKENS_MAX ? gathered_node(p, all) : all;
}

static struct node *make_joined(struct nodes *p, const struct expr *expr) {
    size_t n = 0;
    for (const struct expr *child = expr->first; child; child = child->next)
        n++;
    struct node *all = new_node(p, expr->kind == EXPR_AND ? NODE_AND : NODE_OR, n);
    for (const struct expr *child = expr->first; child && !is_full(p); child = child->next)
        all->children[all->n++] = nodes_expr(p, child);
    return joined(p, all);
}

struct node *nodes_expr(struct nodes *p, const struct expr *expr) {
    if (is_full(p))
        return nothing(p);
    if (!expr)
        return new_node(p, NODE_ALL, 0);
    switch (expr->kind) {
    case EXPR_TOKEN: return token_node(p, expr->token);
    case EXPR_PREFIX: return prefix_node(p, expr->token);
    case EXPR_AND:
    case EXPR_OR: break;
    }
    return make_joined(p, expr);
}

/* --- companies --- */

/* Companies of the source, by their group. */
struct groups {
    uint64_t *bits;
    size_t words;
    uint64_t rows; /* of all of them */
};

/* Looking for companies in a source. */
struct finder {
    const struct source *source;
    bool is_read; /* the arrays as a whole: they need not be asked for each time */
    struct groups found;
};

/* The last of all where it cannot be read. */
static uint64_t group_doc(const struct finder *f, uint64_t group) {
    const uint64_t *doc = &f->source->group_docs[group];
    return f->is_read || source_holds(f->source, doc, sizeof *doc) ? *doc : UINT64_MAX;
}

/* Index of the first group at `from` or after it that is not before `doc`. Documents
 * ascend by one at least, so it is not behind the guess; mostly it is there or a little before. */
static uint32_t group_find(const struct finder *f, uint32_t from, uint64_t doc) {
    uint32_t groups = f->source->groups;
    uint64_t first = from < groups ? group_doc(f, from) : UINT64_MAX;
    if (from == groups || first >= doc)
        return from;
    uint64_t guess = from + (doc - first), low = from + 1;
    if (guess < groups && group_doc(f, guess) == doc)
        return (uint32_t) guess;
    uint64_t high = guess < groups ? guess : groups;
    for (uint64_t step = 1; high > low + step; step *= 2) {
        if (group_doc(f, high - step) < doc) {
            low = high - step + 1;
            break;
        }
        high -= step;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (group_doc(f, middle) < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t) low;
}

struct span {
    uint32_t from, end;
};

/* Where the rows of a company begin and end; nowhere where it cannot be read. */
static struct span span_of(const struct finder *f, uint32_t group) {
    const uint32_t *starts = &f->source->group_starts[group];
    if ((!f->is_read && !source_holds(f->source, starts, 2 * sizeof *starts))
        || starts[0] > starts[1] || starts[1] > f->source->grouped)
        return (struct span){ 0, 0 };
    return (struct span){ starts[0], starts[1] };
}

static void want_group(struct finder *f, uint32_t group) {
    struct span span = span_of(f, group);
    f->found.bits[group / 64] |= (uint64_t) 1 << group % 64;
    f->found.rows += span.end - span.from;
}

static void find_each_here(struct finder *f, const struct doc_set *docs) {
    for (uint32_t group = 0; group < f->source->groups; group++)
        if (doc_set_has(docs, group_doc(f, group)))
            want_group(f, group);
}

/* The documents of one word of a set, from group `at` on. Returns where the next may be. */
static uint32_t find_word(struct finder *f, uint64_t word, uint64_t first, uint32_t at) {
    for (; word && at < f->source->groups; word &= word - 1) {
        uint64_t doc = first + (uint64_t) __builtin_ctzll(word);
        at = group_find(f, at, doc);
        if (at < f->source->groups && group_doc(f, at) == doc)
            want_group(f, at);
    }
    return at;
}

static void find_each_wanted(struct finder *f, const struct doc_set *docs) {
    uint32_t at = 0;
    for (uint64_t page = 0; page < docs->page_count; page++)
        for (uint64_t i = 0; docs->pages[page] && i < CHUNK_WORDS; i++)
            at = find_word(f, docs->pages[page][i], page * CHUNK_ROWS + i * 64, at);
}

/* By whichever are fewer: the companies that are wanted, or those that are here. */
static struct finder wanted_groups(const struct nodes *p, const struct doc_set *docs) {
    enum { MANY = 8 }; /* of so many each would be waited for */
    const struct source *s = p->source;
    struct finder f = { .source = s, .found.words = s->groups / 64 + 1 }; /* one for none */
    f.found.bits = ARENA_ARRAY(p->arena, f.found.words, uint64_t);
    f.is_read = docs->n >= MANY
                && source_holds(s, s->group_docs, s->groups * sizeof *s->group_docs)
                && source_holds(s, s->group_starts, ((size_t) s->groups + 1) * sizeof *s->group_starts);
    if (docs->n > s->groups)
        find_each_here(&f, docs);
    else
        find_each_wanted(&f, docs);
    return f;
}

static void gather_group(const struct finder *f, uint32_t group, struct gather *rows) {
    const struct source *s = f->source;
    struct span span = span_of(f, group);
    const uint32_t *from = s->group_rows + span.from, *end = s->group_rows + span.end;
    if (!source_holds(s, from, (size_t) (end - from) * sizeof *from))
        return;
    for (const uint32_t *row = from; row < end; row++)
        if (*row < s->rows)
            gather_row(rows, *row);
}

static void ask_for_group(const struct finder *f, uint32_t group, struct gather *rows) {
    struct span span = span_of(f, group);
    (void) rows; /* nothing is gathered yet */
    source_ask_for(f->source, f->source->group_rows + span.from,
                   (size_t) (span.end - span.from) * sizeof *f->source->group_rows);
}

static void each_group(const struct finder *f, struct gather *rows,
                       void (*visit)(const struct finder *f, uint32_t group, struct gather *rows)) {
    const struct groups *g = &f->found;
    for (size_t i = 0; i < g->words; i++)
        for (uint64_t word = g->bits[i]; word; word &= word - 1)
            visit(f, (uint32_t) (i * 64) + (uint32_t) __builtin_ctzll(word), rows);
}

static struct node *gathered_groups(const struct nodes *p, const struct finder *f) {
    struct gather rows = gather_new(p->arena, p->source->chunks);
    if (source_may_wait(p->source))
        each_group(f, NULL, ask_for_group);
    each_group(f, &rows, gather_group);
    return rows_node(p, gather_done(&rows));
}

static struct node *groups_node(const struct nodes *p, const struct groups *g) {
    struct node *node = new_node(p, NODE_GROUPS, 0);
    node->groups = g->bits;
    return node;
}

static struct node *companies_of_tail(const struct nodes *p, const struct doc_set *docs) {
    const struct source *s = p->source;
    struct gather g = gather_new(p->arena, s->chunks);
    for (uint32_t row = 0; row < s->rows; row++)
        if (s->companies[row] && doc_set_has(docs, s->companies[row]))
            gather_row(&g, row);
    return rows_node(p, gather_done(&g));
}

/* People of the tail are looked at one by one. In a segment few rows are collected from
 * their companies; of many it is cheaper to ask, for each row that passed the other
 * filters, whether its company is wanted. */
static struct node *companies_node(const struct nodes *p, const struct doc_set *docs,
                                   bool has_others) {
    enum { FEW = 256, FEW_ALONE = 8 }; /* one row in so many */
    const struct source *s = p->source;
    if (s->companies)
        return companies_of_tail(p, docs);
    struct finder wanted = wanted_groups(p, docs);
    if (wanted.found.rows == 0)
        return nothing(p);
    return wanted.found.rows < s->rows / (has_others ? FEW : FEW_ALONE)
               ? gathered_groups(p, &wanted)
               : groups_node(p, &wanted.found);
}

static struct node *range_node(const struct nodes *p, const struct index_range *range) {
    struct node *node = new_node(p, NODE_RANGE, 0);
    ASSERT(p->source->values[range->value]); /* people have no ranges */
    node->values = p->source->values[range->value];
    /* Rows without the number hold the smallest one. */
    node->bounds[0] = range->min == INDEX_NO_VALUE ? range->min + 1 : range->min;
    node->bounds[1] = range->max;
    return node;
}

struct node *nodes_query(struct nodes *p, const struct index_query *query) {
    struct node *all = new_node(p, NODE_AND, query->range_count + 2);
    all->children[all->n++] = nodes_expr(p, query->where);
    for (size_t i = 0; i < query->range_count; i++)
        all->children[all->n++] = range_node(p, &query->ranges[i]);
    if (query->companies && !is_nothing(all->children[0]))
        all->children[all->n++] = companies_node(p, query->companies, !is_all(all->children[0]));
    return joined(p, all);
}
