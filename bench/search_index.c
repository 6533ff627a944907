/* The part of bench/search that is in C: writes the made-up rows and the 200 queries for the
 * other engines, builds the index and answers the queries with it.
 *
 * search_index FOLDER PEOPLE ROUNDS writes to FOLDER
 *   people, companies   a line for each row, tabs between: number, company or headcount, the
 *                       title's key, tags
 *   queries             a line for each query, JSON: what it asks in every engine's words,
 *                       and the index's total, page and best time
 *
 * Rows are numbered by their rank, so that in engines that know no rank the order of the
 * answer is that of the numbers, which costs them least. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "index_queries.h"
#include "json/writer.h"
#include "search/expr.h"
#include "search/index_build.h"

enum { BATCH = 1000, LINE_MAX_BYTES = 1 << 20 };

static void must(struct ctx *ctx, enum rc rc) {
    if (rc == OK)
        return;
    fprintf(stderr, "%s: %.*s\n", rc_name(rc), STR_FMT(ctx->err.text));
    exit(1);
}

static FILE *file_in(const char *folder, const char *name) {
    char path[512];
    (void) snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ASSERT(file);
    return file;
}

/* --- rows --- */

struct place {
    int64_t rank;
    uint32_t row;
};

static struct index_row row_of(const struct set *set, int which, uint32_t i, struct buf *out) {
    return which ? bench_company_row(i, out) : bench_person_row(i, set->companies, out);
}

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Rows in the order of the answer, and where each is in it (from 1). */
struct order {
    struct place *places;
    uint32_t *numbers;
};

static struct order order_of(const struct set *set, int which) {
    uint32_t n = which ? set->companies : set->people;
    struct order order = { mem_array(n, sizeof *order.places), mem_array(n, sizeof *order.numbers) };
    struct buf text = buf_on_heap(LINE_MAX_BYTES);
    for (uint32_t i = 0; i < n; i++)
        order.places[i] = (struct place){ row_of(set, which, i, &text).rank, i };
    qsort(order.places, n, sizeof *order.places, compare_places);
    for (uint32_t i = 0; i < n; i++)
        order.numbers[order.places[i].row] = i + 1;
    buf_done(&text);
    return order;
}

static struct str title_tag(struct str tags) {
    for (struct str tag; str_word(&tags, &tag);)
        if (str_starts(tag, STR("ht")))
            return tag;
    return STR("");
}

/* Builds the index and writes the rows. */
static void take_rows(struct set *set, int which, const struct order orders[2], const char *folder) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    struct index_options options = { set->folders[which], which ? INDEX_COMPANIES : INDEX_PEOPLE, 1, 0,
                                     false, NULL };
    struct index_builder *builder = NULL;
    struct buf text = buf_on_heap(LINE_MAX_BYTES);
    FILE *file = file_in(folder, which ? "companies" : "people");
    uint32_t n = which ? set->companies : set->people;
    must(&ctx, index_builder_new(&ctx, &options, &builder));
    for (uint32_t i = 0; i < n; i++) {
        struct index_row row = row_of(set, which, orders[which].places[i].row, &text);
        row.doc = i + 1;
        int64_t second = row.values[INDEX_HEADCOUNT];
        if (!which)
            second = row.company = orders[1].numbers[row.company - 1];
        must(&ctx, index_builder_add(&ctx, builder, &row, 1));
        struct str title = title_tag(row.tags);
        fprintf(file, "%u\t%lld\t%.*s\t%.*s\n", i + 1, (long long) second, STR_FMT(title), STR_FMT(row.tags));
    }
    must(&ctx, index_builder_finish(&ctx, &builder, 1));
    options.merges_itself = true; /* and reads ahead, as in a server */
    must(&ctx, index_open(&ctx, &options, &set->index[which]));
    ASSERT(fclose(file) == 0);
    buf_done(&text);
    arena_free(&ctx.arena);
}

/* --- queries --- */

static void write_expr(struct json_writer *w, const struct expr *expr) {
    static const char *const names[] = { [EXPR_TOKEN] = "token", [EXPR_PREFIX] = "prefix",
                                         [EXPR_AND] = "and", [EXPR_OR] = "or" };
    json_begin_array(w);
    json_str(w, str_of(names[expr->kind]));
    if (expr->kind == EXPR_TOKEN || expr->kind == EXPR_PREFIX)
        json_str(w, expr->token);
    for (const struct expr *child = expr->first; child; child = child->next)
        write_expr(w, child);
    json_end_array(w);
}

/* The condition as each engine takes it; null when there is none. */
static void write_where(struct json_writer *w, struct arena *arena, const char *name,
                        const struct expr *where) {
    json_key(w, str_of(name));
    if (!where) {
        json_write_null(w);
        return;
    }
    json_begin_object(w);
    json_key(w, STR("tree"));
    write_expr(w, where);
    json_key(w, STR("fts5"));
    json_str(w, expr_fts5(arena, where));
    json_key(w, STR("tsquery"));
    json_str(w, expr_tsquery(arena, where));
    json_end_object(w);
}

static void write_query(struct json_writer *w, struct arena *arena, const struct query *q) {
    const struct index_query *asked = q->of_companies ? &q->companies : &q->people;
    bool asks_companies = q->of_companies || q->joined;
    json_key(w, STR("class"));
    json_str(w, str_of(classes[q->class - 'A'].name));
    json_key(w, STR("of"));
    json_str(w, q->of_companies ? STR("companies") : STR("people"));
    write_where(w, arena, "people", q->of_companies ? NULL : q->people.where);
    write_where(w, arena, "companies", asks_companies ? q->companies.where : NULL);
    json_key(w, STR("headcount"));
    json_begin_array(w);
    for (size_t i = 0; asks_companies && i < q->companies.range_count; i++) {
        json_int(w, q->companies.ranges[i].min);
        json_int(w, q->companies.ranges[i].max);
    }
    json_end_array(w);
    json_key(w, STR("title"));
    json_str(w, asked->tier_count ? asked->tiers[0].where->token : STR_NONE);
    json_key(w, STR("offset"));
    json_int(w, asked->offset);
    json_key(w, STR("limit"));
    json_int(w, asked->limit);
}

static int64_t cpu_ns(void) {
    struct timespec now;
    ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static void write_answer(struct json_writer *w, const struct index_hits *hits, int64_t best_ns) {
    json_key(w, STR("total"));
    json_int(w, hits->total);
    json_key(w, STR("docs"));
    json_begin_array(w);
    for (size_t i = 0; i < hits->docs.n; i++)
        json_int(w, hits->docs.p[i]);
    json_end_array(w);
    json_key(w, STR("ns"));
    json_int(w, best_ns);
}

static void answer(const struct set *set, const struct query *queries, int rounds, FILE *file) {
    static int64_t best[QUERIES];
    struct arena *arena = arena_new();
    struct index_hits hits;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < QUERIES; i++) {
            int64_t at = cpu_ns();
            run(set, &queries[i], arena, &hits);
            int64_t ns = cpu_ns() - at;
            best[i] = round == 0 || ns < best[i] ? ns : best[i];
            arena_reset(arena);
        }
    }
    struct buf line = buf_on_heap(LINE_MAX_BYTES);
    for (int i = 0; i < QUERIES; i++) {
        struct json_writer w = json_writer(&line);
        buf_clear(&line);
        run(set, &queries[i], arena, &hits);
        json_begin_object(&w);
        write_query(&w, arena, &queries[i]);
        write_answer(&w, &hits, best[i]);
        json_end_object(&w);
        fprintf(file, "%.*s\n", STR_FMT(buf_text(&line)));
        arena_reset(arena);
    }
    buf_done(&line);
    arena_free(&arena);
}

int main(int argc, char **argv) {
    ASSERT(argc == 4);
    struct set set = { .people = (uint32_t) strtoul(argv[2], NULL, 10) };
    set.companies = set.people / PEOPLE_PER_COMPANY;
    for (int which = 0; which < 2; which++)
        (void) snprintf(set.folders[which], sizeof set.folders[which], "%s/index-%s", argv[1],
                        which ? "companies" : "people");
    struct order orders[] = { order_of(&set, 0), order_of(&set, 1) };
    for (int which = 1; which >= 0; which--)
        take_rows(&set, which, orders, argv[1]);
    struct arena *arena = arena_new();
    FILE *file = file_in(argv[1], "queries");
    answer(&set, make_queries(arena, &set), atoi(argv[3]), file);
    ASSERT(fclose(file) == 0);
    for (int which = 0; which < 2; which++) {
        index_close(&set.index[which]);
        mem_free(orders[which].places);
        mem_free(orders[which].numbers);
    }
    arena_free(&arena);
    return 0;
}
