#include "store/verify_cache.h"

#include "base/check.h"
#include "db/db.h"
#include "json/writer.h"
#include "store/queries.h"

enum { BATCH_MAX_BYTES = 16 * 1024 * 1024 };

#define LOOK_UP(set, index, value)                                                           \
    "SELECT " index " AS i, c.value, c.expires_at FROM " set                                 \
    " JOIN verify_cache c ON c.kind = CAST(" value " ->> 0 AS BIGINT) AND c.key = " value    \
    " ->> 1 WHERE c.expires_at > $2"
static const struct query look_up
    = { "verify_cache_look_up", LOOK_UP("json_each($1) e", "e.key", "e.value"),
        LOOK_UP("json_array_elements($1::json) WITH ORDINALITY AS e (v, i)", "e.i - 1", "e.v") };
#define STORE(set, distinct)                                                                 \
    "INSERT INTO verify_cache (kind, key, value, expires_at) SELECT " distinct               \
    "CAST(value ->> 0 AS BIGINT), value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT) FROM " set
#define REPLACE                                                                              \
    " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
/* PostgreSQL refuses to touch a row twice in one statement; the order keeps two of them
 * from waiting for each other. */
static const struct query store
    = { "verify_cache_store", STORE("json_each($1) WHERE 1 = 1", "") REPLACE,
        STORE("json_array_elements($1::json) WITH ORDINALITY AS e (value, i)",
              "DISTINCT ON (1, 2) ") " ORDER BY 1, 2, i DESC" REPLACE };
static const struct query prune
    = { "verify_cache_prune",
        "DELETE FROM verify_cache WHERE (kind, key) IN (SELECT kind, key FROM verify_cache "
        "WHERE expires_at <= $1 LIMIT $2)",
        NULL };
static const struct query *const queries[] = { &look_up, &store, &prune };
const struct query_table verify_cache_queries = QUERY_TABLE(queries);

static struct db_value entries_json(struct arena *arena, const struct verify_memory *entries,
                                    size_t n) {
    struct buf text = buf_in(arena, BATCH_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < n; i++) {
        json_begin_array(&w);
        json_int(&w, entries[i].kind);
        json_str(&w, entries[i].key);
        json_str(&w, entries[i].value);
        json_int(&w, entries[i].expires_at);
        json_end_array(&w);
    }
    json_end_array(&w);
    return db_v_text(buf_text(&text));
}

enum rc verify_cache_look_up(struct ctx *ctx, struct verify_memory *entries, size_t n) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &look_up,
                          DB_ARGS(entries_json(ctx->arena, entries, n), db_v_int(ctx_now(ctx))),
                          &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows)) {
        size_t i = (size_t) db_int(rows, 0);
        ASSERT(i < n);
        entries[i].value = db_text(rows, 1);
        entries[i].expires_at = db_int(rows, 2);
    }
    return db_rows_close(rows);
}

struct store_work {
    const struct verify_memory *entries;
    size_t n;
};

static enum rc store_work(struct ctx *ctx, void *arg) {
    const struct store_work *w = arg;
    return db_exec(ctx, &store, DB_ARGS(entries_json(ctx->arena, w->entries, w->n)), NULL);
}

enum rc verify_cache_store(struct ctx *ctx, const struct verify_memory *entries, size_t n) {
    return db_transact(ctx, store_work, &(struct store_work){ entries, n });
}

static enum rc prune_work(struct ctx *ctx, void *arg) {
    const int64_t *limit = arg;
    return db_exec(ctx, &prune, DB_ARGS(db_v_int(ctx_now(ctx)), db_v_int(*limit)), NULL);
}

enum rc verify_cache_prune(struct ctx *ctx, int64_t limit) {
    return db_transact(ctx, prune_work, &limit);
}
