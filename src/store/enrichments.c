#include "store/enrichments.h"

#include "base/check.h"
#include "base/vec.h"
#include "db/db.h"
#include "json/writer.h"
#include "store/jobs.h"
#include "store/queries.h"
#include "store/services.h"

const char *const enrichment_jobs[] = { [ENRICH_PEOPLE] = "people_enrichment",
                                        [ENRICH_COMPANIES] = "companies_enrichment" };

static const char *const kind_names[] = { [ENRICH_PEOPLE] = "person",
                                          [ENRICH_COMPANIES] = "company" };

/* Items go into the database in parts of about this size. One item with its texts
 * escaped twice stays far below the second. */
enum { PART_BYTES = 1024 * 1024, PART_MAX_BYTES = 8 * 1024 * 1024 };

#define T struct enrichment
static const struct field enrichment_rows[] = {
    F_INT(T, id, .doc = "Id of the batch."),
    F_STR(T, status, .doc = "Where it is."),
    F_STR(T, error_code, .doc = "Why it ended with an error."),
    F_BOOL(T, reveal_email, .doc = "Whether emails are revealed."),
    F_BOOL(T, reveal_phone_numbers, .doc = "Whether phone numbers are revealed."),
    F_INT(T, total, .doc = "Number of items."),
};
#undef T
const struct fields enrichment_row_fields
    = FIELDS("EnrichmentRow", struct enrichment, enrichment_rows, .doc = "A batch.");

#define T struct enrichment_item
static const struct field item_rows[] = {
    F_INT(T, position, .doc = "Place in the request, from 0."),
    F_STR(T, cursor, .doc = "The same as text."),
    F_STR(T, input, .doc = "What was asked."),
    F_STR(T, status, .doc = "What came of it."),
    F_STR(T, subject_id, .doc = "Who or what was found."),
};
#undef T
const struct fields enrichment_item_fields
    = FIELDS("EnrichmentItemRow", struct enrichment_item, item_rows, .doc = "An item of a batch.");

static const struct query next_id
    = { "enrichment_next_id",
        "UPDATE counters SET value = value + 1 WHERE name = 'enrichment' RETURNING value", NULL };
static const struct query insert
    = { "enrichment_insert",
        "INSERT INTO enrichments (account_id, id, kind, status, reveal_email, "
        "reveal_phone_numbers, total, created_at) VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7)",
        NULL };
static const struct query insert_items
    = { "enrichment_insert_items",
        "INSERT INTO enrichment_items (account_id, enrichment_id, position, input) "
        "SELECT $1, $2, $3 + key, value FROM json_each($4)",
        "INSERT INTO enrichment_items (account_id, enrichment_id, position, input) "
        "SELECT $1, $2, $3 + i - 1, value FROM json_array_elements_text($4::json) "
        "WITH ORDINALITY AS e (value, i)" };
static const struct query get
    = { "enrichment_get",
        "SELECT id, status, error_code, reveal_email, reveal_phone_numbers, total "
        "FROM enrichments WHERE account_id = $1 AND id = $2 AND kind = $3",
        NULL };
static const struct query pending
    = { "enrichment_pending",
        "SELECT position, input FROM enrichment_items WHERE account_id = $1 "
        "AND enrichment_id = $2 AND position >= $3 AND status IS NULL "
        "ORDER BY position LIMIT $4",
        NULL };
#define ITEMS                                                                              \
    "SELECT position, CAST(position AS TEXT) AS cursor, status, subject_id "               \
    "FROM enrichment_items WHERE account_id = $3 AND enrichment_id = $4 "                  \
    "AND status IS NOT NULL AND position "
static const struct query items_after
    = { "enrichment_items_after",
        ITEMS "> CASE WHEN $1 = '' THEN -1 ELSE CAST($1 AS INTEGER) END "
              "ORDER BY position LIMIT $2",
        ITEMS "> CASE WHEN $1 = '' THEN -1 ELSE CAST($1 AS BIGINT) END "
              "ORDER BY position LIMIT $2" };
static const struct query items_before
    = { "enrichment_items_before",
        ITEMS "< CAST($1 AS INTEGER) ORDER BY position DESC LIMIT $2",
        ITEMS "< CAST($1 AS BIGINT) ORDER BY position DESC LIMIT $2" };
/* The whole key comes from a materialized set, so that both engines look up each of the
 * few items: with account and batch known apart, they read all of a batch for each step. */
#define DONE(position, set)                                                                  \
    "WITH e AS MATERIALIZED (SELECT $2 AS account, CAST($3 AS BIGINT) AS batch, "            \
    position " AS at, value ->> 'status' AS result, value ->> 'subject_id' AS found "        \
    "FROM " set ") "                                                                         \
    "UPDATE enrichment_items SET status = e.result, subject_id = e.found, input = '{}' "     \
    "FROM e "                                                                                \
    "WHERE account_id = e.account AND enrichment_id = e.batch AND position = e.at"
static const struct query items_done
    = { "enrichment_items_done",
        DONE("value ->> 'position'", "json_each($1)"),
        DONE("(value ->> 'position')::bigint", "json_array_elements($1::json)") };
static const struct query forget_pending
    = { "enrichment_forget_pending",
        "DELETE FROM enrichment_items "
        "WHERE account_id = $1 AND enrichment_id = $2 AND status IS NULL",
        NULL };
static const struct query running
    = { "enrichments_running",
        "SELECT account_id, id FROM enrichments WHERE status IN ('queued', 'processing') "
        "AND kind = $1 ORDER BY account_id, id",
        NULL };
static const struct query set_status
    = { "enrichment_set_status",
        "UPDATE enrichments SET status = $3, error_code = $4, "
        "finished_at = CASE WHEN $3 = 'processing' THEN NULL ELSE $5 END "
        "WHERE account_id = $1 AND id = $2 AND status IN ('queued', 'processing')",
        "UPDATE enrichments SET status = $3, error_code = $4, "
        "finished_at = CASE WHEN $3 = 'processing' THEN NULL ELSE $5::bigint END "
        "WHERE account_id = $1 AND id = $2 AND status IN ('queued', 'processing')" };

static const struct query *const queries[]
    = { &next_id, &insert, &insert_items, &get, &pending, &items_done, &set_status,
        &items_after, &items_before, &forget_pending, &running };
const struct query_table enrichment_queries = QUERY_TABLE(queries);

static struct str id_text(struct ctx *ctx, int64_t id) {
    return arena_printf(ctx->arena, "%lld", (long long) id);
}

/* Inserts items from number `from` on, as many as make a part, which is returned. The
 * memory is that of `ctx`, so the caller gives each part an arena of its own. */
static enum rc insert_part(struct ctx *ctx, int64_t id, const struct enrichment_inputs *inputs,
                           size_t *from) {
    struct buf part = buf_in(ctx->arena, PART_MAX_BYTES);
    struct buf item = buf_in(ctx->arena, PART_MAX_BYTES);
    struct json_writer w = json_writer(&part);
    size_t i = *from;
    json_begin_array(&w);
    for (; i < inputs->list.n && part.n < PART_BYTES; i++) {
        buf_clear(&item);
        struct json_writer inner = json_writer(&item);
        json_fields(&inner, inputs->fields,
                    (const char *) inputs->list.p + i * inputs->fields->size);
        json_str(&w, buf_text(&item));
    }
    json_end_array(&w);
    if (buf_result(&item) != OK || buf_result(&part) != OK)
        return fail(ctx, E_TOO_LARGE, "an item of an enrichment");
    enum rc rc = db_exec(ctx, &insert_items,
                         DB_ARGS(db_v_text(ctx->account_id), db_v_int(id),
                                 db_v_int((int64_t) *from), db_v_text(buf_text(&part))),
                         NULL);
    *from = i;
    return rc;
}

static enum rc insert_all(struct ctx *ctx, int64_t id, const struct enrichment_inputs *inputs) {
    enum rc rc = OK;
    for (size_t from = 0; rc == OK && from < inputs->list.n;) {
        struct ctx part = *ctx;
        part.arena = arena_new();
        rc = insert_part(&part, id, inputs, &from);
        if (rc != OK)
            (void) fail(ctx, rc, "%.*s", STR_FMT(part.err.text)); /* copies the text */
        arena_free(&part.arena);
    }
    return rc;
}

struct create_work {
    enum enrichment_kind kind;
    const struct enrichment_inputs *inputs;
    struct enrichment *enrichment;
};

static enum rc create(struct ctx *ctx, void *arg) {
    const struct create_work *w = arg;
    struct enrichment *e = w->enrichment;
    int64_t id;
    enum rc rc = db_get_int(ctx, &next_id, DB_NO_ARGS, &id);
    if (rc == OK)
        rc = db_exec(ctx, &insert,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_int(id),
                             db_v_text(str_of(kind_names[w->kind])),
                             db_v_int(e->reveal_email == YES),
                             db_v_int(e->reveal_phone_numbers == YES),
                             db_v_int((int64_t) w->inputs->list.n), db_v_int(ctx_now(ctx))),
                     NULL);
    if (rc == OK)
        rc = insert_all(ctx, id, w->inputs);
    if (rc == OK)
        rc = job_enqueue(ctx, enrichment_jobs[w->kind], id_text(ctx, id), STR("{}"));
    e->id = opt_int(id);
    return rc;
}

enum rc enrichment_create(struct ctx *ctx, enum enrichment_kind kind,
                          const struct enrichment_inputs *inputs,
                          const struct enrichment *options, struct enrichment *ret_enrichment) {
    struct enrichment e = *options;
    e.status = STR("queued");
    e.total = opt_int((int64_t) inputs->list.n);
    enum rc rc = db_transact(ctx, create, &(struct create_work){ kind, inputs, &e });
    if (rc != OK)
        return rc;
    if (ctx->services && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    *ret_enrichment = e;
    return OK;
}

enum rc enrichment_get(struct ctx *ctx, enum enrichment_kind kind, int64_t id,
                       struct enrichment *ret_enrichment) {
    return db_get(ctx, &get,
                  DB_ARGS(db_v_text(ctx->account_id), db_v_int(id),
                          db_v_text(str_of(kind_names[kind]))),
                  &enrichment_row_fields, ret_enrichment);
}

struct cancel_work {
    enum enrichment_kind kind;
    int64_t id;
};

static enum rc cancel(struct ctx *ctx, void *arg) {
    const struct cancel_work *w = arg;
    enum rc rc = enrichment_set_status(ctx, w->id, "canceled", NULL);
    return rc == OK ? job_cancel(ctx, enrichment_jobs[w->kind], id_text(ctx, w->id)) : rc;
}

enum rc enrichment_cancel(struct ctx *ctx, enum enrichment_kind kind, int64_t id,
                          struct enrichment *ret_enrichment) {
    struct enrichment e;
    enum rc rc = enrichment_get(ctx, kind, id, &e); /* only one's own, of this kind */
    if (rc == OK)
        rc = db_transact(ctx, cancel, &(struct cancel_work){ kind, id });
    return rc == OK ? enrichment_get(ctx, kind, id, ret_enrichment) : rc;
}

enum rc enrichment_items(struct ctx *ctx, int64_t id, const struct page *page,
                         struct page_of *ret_page) {
    static const struct page_queries pages
        = { &items_after, &items_before, &enrichment_item_fields,
            offsetof(struct enrichment_item, cursor) };
    return page_read(ctx, &pages, page, DB_ARGS(db_v_text(ctx->account_id), db_v_int(id)),
                     ret_page);
}

enum rc enrichment_pending(struct ctx *ctx, int64_t id, int64_t from, int limit,
                           struct list *ret_items) {
    return db_list(ctx, &pending,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_int(id), db_v_int(from),
                           db_v_int(limit)),
                   &enrichment_item_fields, ret_items);
}

enum rc enrichment_items_done(struct ctx *ctx, int64_t id, struct list items) {
    struct buf text = buf_in(ctx->arena, PART_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    const struct enrichment_item *item = items.p;
    json_begin_array(&w);
    for (size_t i = 0; i < items.n; i++) {
        json_begin_object(&w);
        json_key(&w, STR("position"));
        json_int(&w, item[i].position.v);
        json_key(&w, STR("status"));
        json_str(&w, item[i].status);
        json_key(&w, STR("subject_id"));
        json_str(&w, item[i].subject_id);
        json_end_object(&w);
    }
    json_end_array(&w);
    return db_exec(ctx, &items_done,
                   DB_ARGS(db_v_text(buf_text(&text)), db_v_text(ctx->account_id), db_v_int(id)),
                   NULL);
}

enum rc enrichments_running(struct ctx *ctx, enum enrichment_kind kind, struct list *ret_batches) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &running, DB_ARGS(db_v_text(str_of(kind_names[kind]))), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows)) {
        struct enrichment_ref *ref = list_add(ctx->arena, ret_batches, sizeof *ref);
        *ref = (struct enrichment_ref){ db_text(rows, 0), db_int(rows, 1) };
    }
    return db_rows_close(rows);
}

/* Whether the batch may still be worked on. */
static bool goes_on(const char *status) {
    return str_eq(str_of(status), STR("processing"));
}

enum rc enrichment_set_status(struct ctx *ctx, int64_t id, const char *status,
                              const char *error_code) {
    enum rc rc = db_exec(ctx, &set_status,
                         DB_ARGS(db_v_text(ctx->account_id), db_v_int(id),
                                 db_v_text(str_of(status)), db_v_text(str_of(error_code)),
                                 db_v_int(ctx_now(ctx))),
                         NULL);
    if (rc != OK || goes_on(status))
        return rc;
    return db_exec(ctx, &forget_pending, DB_ARGS(db_v_text(ctx->account_id), db_v_int(id)), NULL);
}
