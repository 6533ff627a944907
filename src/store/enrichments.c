#include "store/enrichments.h"

#include "base/check.h"
#include "db/db.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/jobs.h"
#include "store/queries.h"
#include "store/services.h"

const char *const enrichment_jobs[] = { [ENRICH_PEOPLE] = "people_enrichment",
                                        [ENRICH_COMPANIES] = "companies_enrichment" };

static const char *const kind_names[] = { [ENRICH_PEOPLE] = "person",
                                          [ENRICH_COMPANIES] = "company" };

enum { ITEMS_MAX_BYTES = 60 * 1024 * 1024 };

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
        "SELECT $1, $2, key, value FROM json_each($3)",
        "INSERT INTO enrichment_items (account_id, enrichment_id, position, input) "
        "SELECT $1, $2, i - 1, value FROM json_array_elements_text($3::json) "
        "WITH ORDINALITY AS e (value, i)" };
static const struct query get
    = { "enrichment_get",
        "SELECT id, status, error_code, reveal_email, reveal_phone_numbers, total "
        "FROM enrichments WHERE account_id = $1 AND id = $2 AND kind = $3",
        NULL };
static const struct query pending
    = { "enrichment_pending",
        "SELECT position, input FROM enrichment_items WHERE account_id = $1 "
        "AND enrichment_id = $2 AND status IS NULL ORDER BY position LIMIT $3",
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
static const struct query items_done
    = { "enrichment_items_done",
        "UPDATE enrichment_items SET status = e.value ->> 'status', "
        "subject_id = e.value ->> 'subject_id' FROM json_each($3) AS e "
        "WHERE account_id = $1 AND enrichment_id = $2 AND position = e.value ->> 'position'",
        "UPDATE enrichment_items SET status = e.value ->> 'status', "
        "subject_id = e.value ->> 'subject_id' FROM json_array_elements($3::json) AS e (value) "
        "WHERE account_id = $1 AND enrichment_id = $2 "
        "AND position = (e.value ->> 'position')::bigint" };
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
        &items_after, &items_before };
const struct query_table enrichment_queries = QUERY_TABLE(queries);

static struct str id_text(struct ctx *ctx, int64_t id) {
    return arena_printf(ctx->arena, "%lld", (long long) id);
}

struct create_work {
    enum enrichment_kind kind;
    struct strs items;
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
                             db_v_int((int64_t) w->items.n), db_v_int(ctx_now(ctx))),
                     NULL);
    if (rc == OK)
        rc = db_exec(ctx, &insert_items,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_int(id),
                             sql_texts(ctx->arena, w->items)),
                     NULL);
    if (rc == OK)
        rc = job_enqueue(ctx, enrichment_jobs[w->kind], id_text(ctx, id), STR("{}"));
    e->id = opt_int(id);
    return rc;
}

enum rc enrichment_create(struct ctx *ctx, enum enrichment_kind kind, struct strs items,
                          const struct enrichment *options, struct enrichment *ret_enrichment) {
    struct enrichment e = *options;
    e.status = STR("queued");
    e.total = opt_int((int64_t) items.n);
    enum rc rc = db_transact(ctx, create, &(struct create_work){ kind, items, &e });
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

enum rc enrichment_pending(struct ctx *ctx, int64_t id, int limit, struct list *ret_items) {
    return db_list(ctx, &pending,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_int(id), db_v_int(limit)),
                   &enrichment_item_fields, ret_items);
}

enum rc enrichment_items_done(struct ctx *ctx, int64_t id, struct list items) {
    struct buf text = buf_in(ctx->arena, ITEMS_MAX_BYTES);
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
                   DB_ARGS(db_v_text(ctx->account_id), db_v_int(id), db_v_text(buf_text(&text))),
                   NULL);
}

enum rc enrichment_set_status(struct ctx *ctx, int64_t id, const char *status,
                              const char *error_code) {
    return db_exec(ctx, &set_status,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_int(id), db_v_text(str_of(status)),
                           db_v_text(str_of(error_code)), db_v_int(ctx_now(ctx))),
                   NULL);
}
