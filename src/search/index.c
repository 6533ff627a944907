/* First form: all rows in memory, every search looks at each. */
#include "search/index.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "search/index_build.h"

struct kept {
    struct index_row row;
    char *tags;
};

struct index {
    pthread_rwlock_t lock;
    struct index_options options;
    char *folder;
    struct kept *rows; /* by doc */
    size_t n, capacity;
    int64_t seq;
};

static size_t lower_bound(const struct index *index, int64_t doc) {
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (index->rows[middle].row.doc < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void put(struct index *index, const struct index_row *row) {
    size_t at = lower_bound(index, row->doc);
    if (at < index->n && index->rows[at].row.doc == row->doc) {
        mem_free(index->rows[at].tags);
    } else {
        if (index->n == index->capacity) {
            index->capacity = index->capacity ? index->capacity * 2 : 64;
            index->rows = mem_resize(index->rows, index->capacity * sizeof *index->rows);
        }
        memmove(index->rows + at + 1, index->rows + at, (index->n - at) * sizeof *index->rows);
        index->n++;
    }
    struct kept *kept = &index->rows[at];
    kept->row = *row;
    kept->tags = mem_alloc(row->tags.n + 1);
    memcpy(kept->tags, row->tags.p ? row->tags.p : "", row->tags.n);
    kept->row.tags = (struct str){ kept->tags, row->tags.n };
}

enum rc index_put(struct ctx *ctx, struct index *index, const struct index_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (rows[i].doc < 1 || rows[i].doc > INDEX_DOC_MAX || rows[i].rank < 0
            || rows[i].rank > INDEX_RANK_MAX)
            return fail(ctx, E_INVALID, "a row with doc %lld, rank %lld", (long long) rows[i].doc,
                        (long long) rows[i].rank);
    (void) pthread_rwlock_wrlock(&index->lock);
    for (size_t i = 0; i < n; i++)
        put(index, &rows[i]);
    (void) pthread_rwlock_unlock(&index->lock);
    return OK;
}

void index_remove(struct index *index, const int64_t *docs, size_t n) {
    (void) pthread_rwlock_wrlock(&index->lock);
    for (size_t i = 0; i < n; i++) {
        size_t at = lower_bound(index, docs[i]);
        if (at == index->n || index->rows[at].row.doc != docs[i])
            continue;
        mem_free(index->rows[at].tags);
        index->n--;
        memmove(index->rows + at, index->rows + at + 1, (index->n - at) * sizeof *index->rows);
    }
    (void) pthread_rwlock_unlock(&index->lock);
}

/* --- on disk --- */

struct head {
    int64_t seq;
    uint64_t identity, kind, n;
};

static struct str file_name(struct arena *arena, const char *folder, const char *name) {
    return arena_printf(arena, "%s/%s", folder, name);
}

enum rc index_checkpoint(struct ctx *ctx, struct index *index, int64_t seq) {
    struct str draft = file_name(ctx->arena, index->folder, "rows.new");
    FILE *f = fopen(draft.p, "wb");
    if (!f)
        return fail(ctx, E_IO, "cannot write %s", draft.p);
    struct head head = { seq, index->options.identity, index->options.kind, index->n };
    bool ok = fwrite(&head, sizeof head, 1, f) == 1;
    for (size_t i = 0; i < index->n; i++)
        ok = ok && fwrite(&index->rows[i].row, sizeof(struct index_row), 1, f) == 1
             && fwrite(index->rows[i].tags, 1, index->rows[i].row.tags.n, f) == index->rows[i].row.tags.n;
    ok = fclose(f) == 0 && ok;
    if (!ok || rename(draft.p, file_name(ctx->arena, index->folder, "rows").p) != 0)
        return fail(ctx, E_IO, "cannot write %s", draft.p);
    index->seq = seq;
    return OK;
}

static struct index *new_index(const struct index_options *options) {
    struct index *index = MEM_NEW(struct index);
    index->options = *options;
    index->folder = mem_strdup(options->folder);
    (void) pthread_rwlock_init(&index->lock, NULL);
    return index;
}

static enum rc load(struct ctx *ctx, struct index *index, FILE *f) {
    struct head head;
    if (fread(&head, sizeof head, 1, f) != 1)
        return fail(ctx, E_INVALID, "%s: damaged", index->folder);
    if (head.identity != index->options.identity || head.kind != index->options.kind)
        return fail(ctx, E_CONFLICT, "%s: of another database", index->folder);
    index->seq = head.seq;
    for (size_t i = 0; i < head.n; i++) {
        struct index_row row;
        if (fread(&row, sizeof row, 1, f) != 1)
            return fail(ctx, E_INVALID, "%s: damaged", index->folder);
        char *tags = mem_alloc(row.tags.n + 1);
        row.tags.p = tags;
        bool whole = fread(tags, 1, row.tags.n, f) == row.tags.n;
        put(index, &row);
        mem_free(tags);
        if (!whole)
            return fail(ctx, E_INVALID, "%s: damaged", index->folder);
    }
    return OK;
}

enum rc index_open(struct ctx *ctx, const struct index_options *options,
                   struct index **ret_index) {
    FILE *f = fopen(file_name(ctx->arena, options->folder, "rows").p, "rb");
    if (!f)
        return fail(ctx, E_NOT_FOUND, "%s: no index", options->folder);
    struct index *index = new_index(options);
    enum rc rc = load(ctx, index, f);
    (void) fclose(f);
    if (rc == OK)
        *ret_index = index;
    else
        index_close(&index);
    return rc;
}

void index_close(struct index **index) {
    if (!*index)
        return;
    for (size_t i = 0; i < (*index)->n; i++)
        mem_free((*index)->rows[i].tags);
    mem_free((*index)->rows);
    mem_free((*index)->folder);
    (void) pthread_rwlock_destroy(&(*index)->lock);
    mem_free(*index);
    *index = NULL;
}

enum rc index_merge(struct ctx *ctx, struct index *index) {
    (void) ctx;
    (void) index;
    return OK;
}

struct index_builder {
    struct index *index;
};

enum rc index_builder_new(struct ctx *ctx, const struct index_options *options,
                          struct index_builder **ret_builder) {
    (void) mkdir(options->folder, 0700);
    (void) unlink(file_name(ctx->arena, options->folder, "rows").p);
    *ret_builder = MEM_NEW(struct index_builder);
    (*ret_builder)->index = new_index(options);
    return OK;
}

enum rc index_builder_add(struct ctx *ctx, struct index_builder *builder,
                          const struct index_row *rows, size_t n) {
    return index_put(ctx, builder->index, rows, n);
}

enum rc index_builder_finish(struct ctx *ctx, struct index_builder **builder, int64_t seq) {
    enum rc rc = index_checkpoint(ctx, (*builder)->index, seq);
    index_builder_free(builder);
    return rc;
}

void index_builder_free(struct index_builder **builder) {
    if (!*builder)
        return;
    index_close(&(*builder)->index);
    mem_free(*builder);
    *builder = NULL;
}

/* --- searches --- */

struct found {
    const struct index_row *row;
    int tier;
};

static int compare_found(const void *a, const void *b) {
    const struct found *x = a, *y = b;
    if (x->tier != y->tier)
        return x->tier > y->tier ? -1 : 1;
    if (x->row->rank != y->row->rank)
        return x->row->rank > y->row->rank ? -1 : 1;
    return x->row->doc < y->row->doc ? -1 : x->row->doc > y->row->doc;
}

static bool row_matches(const struct index_query *query, const struct index_row *row,
                        struct strs tags) {
    if (!expr_matches(query->where, tags))
        return false;
    for (size_t i = 0; i < query->range_count; i++) {
        int64_t value = row->values[query->ranges[i].value];
        if (value == INDEX_NO_VALUE || value < query->ranges[i].min || value > query->ranges[i].max)
            return false;
    }
    for (size_t i = 0; query->companies && i < query->companies->n; i++)
        if (query->companies->p[i] == row->company)
            return true;
    return !query->companies;
}

static struct strs split(struct arena *arena, struct str tags) {
    struct strs words = { 0 };
    for (struct str word; str_word(&tags, &word);)
        strs_add(arena, &words, word);
    return words;
}

static size_t collect(const struct index *index, const struct index_query *query,
                      struct found *found) {
    size_t n = 0;
    for (size_t i = 0; i < index->n; i++) {
        struct arena *arena = arena_new();
        struct strs tags = split(arena, index->rows[i].row.tags);
        if (row_matches(query, &index->rows[i].row, tags)) {
            int tier = 0;
            for (size_t t = 0; t < query->tier_count; t++)
                if (expr_matches(query->tiers[t].where, tags))
                    tier += query->tiers[t].weight;
            found[n++] = (struct found){ &index->rows[i].row, tier };
        }
        arena_free(&arena);
    }
    return n;
}

void index_search(struct index *index, struct arena *arena, const struct index_query *query,
                  struct index_hits *ret_hits) {
    (void) pthread_rwlock_rdlock(&index->lock);
    struct found *found = mem_array(index->n + 1, sizeof *found);
    size_t n = collect(index, query, found);
    qsort(found, n, sizeof *found, compare_found);
    *ret_hits = (struct index_hits){ .total = (int64_t) n };
    for (int64_t i = query->offset; i < (int64_t) n && i < query->offset + query->limit; i++)
        ints_add(arena, &ret_hits->docs, found[i].row->doc);
    (void) pthread_rwlock_unlock(&index->lock);
    mem_free(found);
}

void index_docs(struct index *index, struct arena *arena, const struct index_query *query,
                struct ints *ret_docs) {
    (void) pthread_rwlock_rdlock(&index->lock);
    struct found *found = mem_array(index->n + 1, sizeof *found);
    size_t n = collect(index, query, found);
    *ret_docs = (struct ints){ 0 };
    for (size_t i = 0; i < n; i++) /* rows are kept by doc */
        ints_add(arena, ret_docs, found[i].row->doc);
    (void) pthread_rwlock_unlock(&index->lock);
    mem_free(found);
}

void index_count_by(struct index *index, struct arena *arena, const struct index_query *query,
                    struct strs tokens, int64_t *ret_counts) {
    (void) pthread_rwlock_rdlock(&index->lock);
    struct found *found = mem_array(index->n + 1, sizeof *found);
    size_t n = collect(index, query, found);
    memset(ret_counts, 0, tokens.n * sizeof *ret_counts);
    for (size_t i = 0; i < n; i++) {
        struct strs tags = split(arena, found[i].row->tags);
        for (size_t t = 0; t < tokens.n; t++)
            ret_counts[t] += strs_have(tags, tokens.p[t]);
    }
    (void) pthread_rwlock_unlock(&index->lock);
    mem_free(found);
}

void index_stats(struct index *index, struct index_stats *ret_stats) {
    (void) pthread_rwlock_rdlock(&index->lock);
    *ret_stats = (struct index_stats){ .rows = (int64_t) index->n, .seq = index->seq };
    (void) pthread_rwlock_unlock(&index->lock);
}
