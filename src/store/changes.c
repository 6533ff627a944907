/* On SQLite a position is the highest number seen: one connection writes at a time, so
 * numbers are in the order of commits. On PostgreSQL it is a snapshot as the server itself
 * describes it (xmin:xmax:xips), and what follows is what that snapshot did not see. */
#include "store/changes.h"

#include "base/clock.h"
#include "db/db.h"
#include "store/queries.h"

/* On PostgreSQL a copy of the tables into another database, another server, and a server
 * that went back in time or took over each make a new one. */
static const struct query origin
    = { "changes_origin", "SELECT origin FROM change_feed",
        "SELECT md5(concat_ws('/', origin, (SELECT system_identifier FROM pg_control_system()), "
        "(SELECT timeline_id FROM pg_control_checkpoint()), "
        "(SELECT oid FROM pg_database WHERE datname = current_database()), "
        "'changes'::regclass::oid)) FROM change_feed" };
static const struct query new_origin
    = { "changes_new_origin", "UPDATE change_feed SET origin = lower(hex(randomblob(8)))",
        "UPDATE change_feed SET origin = md5(gen_random_uuid()::text)" };

#define NEWEST "(SELECT coalesce((SELECT max(seq) FROM changes), 0))"
static const struct query now
    = { "changes_now", "SELECT " NEWEST ", NULL",
        "SELECT pg_snapshot_xmin(s)::text::bigint, s::text FROM (SELECT pg_current_snapshot() s) x" };

/* The newest first, and not all of them: see the header. */
static const struct query pending
    = { "changes_pending", "SELECT " NEWEST " > $1 OR $2 IS NOT NULL",
        "SELECT coalesce(max(CASE WHEN pg_visible_in_snapshot(tx, $2::text::pg_snapshot) THEN 0 "
        "ELSE 1 END), 0) FROM (SELECT tx FROM changes "
        "WHERE tx >= pg_snapshot_xmin($2::text::pg_snapshot) AND $1::bigint IS NOT NULL "
        "ORDER BY tx DESC, seq DESC LIMIT 1000) newest" };

/* The first row comes also when there is no change, with the new position and how far the
 * feed goes back, all from one snapshot. */
static const struct query after
    = { "changes_after",
        "SELECT kind, doc, newest, pruned, NULL "
        "FROM (SELECT " NEWEST " AS newest, pruned FROM change_feed WHERE $2 IS NULL) "
        "LEFT JOIN (SELECT DISTINCT kind, doc FROM changes WHERE seq > $1) ON 1 = 1 "
        "ORDER BY kind, doc",
        "SELECT kind, doc, pg_snapshot_xmin(s)::text::bigint, pruned, s::text "
        "FROM (SELECT pg_current_snapshot() AS s, pruned FROM change_feed "
        "WHERE $1::bigint IS NOT NULL LIMIT 1) feed "
        "LEFT JOIN (SELECT DISTINCT kind, doc FROM changes "
        "WHERE tx >= pg_snapshot_xmin($2::text::pg_snapshot) "
        "AND NOT pg_visible_in_snapshot(tx, $2::text::pg_snapshot)) unread ON true "
        "ORDER BY kind, doc" };

/* A position does not pass a transaction that is open, so on PostgreSQL nothing from there on
 * goes, however old: whoever stands there, or begins there, still needs it. */
#define IS_PASSED "tx < pg_snapshot_xmin(pg_current_snapshot())"
static const struct query old
    = { "changes_old",
        "SELECT count(*) FROM (SELECT at FROM changes ORDER BY seq LIMIT 1) WHERE at < $1",
        "SELECT count(*) FROM (SELECT at FROM changes WHERE " IS_PASSED
        " ORDER BY tx, seq LIMIT 1) x WHERE at < $1" };
/* The feed begins behind the highest that goes. The newest stays: its number must not be
 * given again. */
#define OLD_SQLITE                                                       \
    "(SELECT seq FROM (SELECT seq, at FROM changes ORDER BY seq LIMIT $2) " \
    "WHERE at < $1 AND seq < (SELECT max(seq) FROM changes))"
/* SQLite notes first what goes. A statement of PostgreSQL sees what was committed before it
 * began, so there the second one must note what it deletes itself; the first one only lets
 * processes prune one after another. */
static const struct query note_pruned
    = { "changes_note_pruned",
        "UPDATE change_feed SET pruned = max(pruned, coalesce((SELECT max(seq) FROM " OLD_SQLITE
        "), 0))",
        "UPDATE change_feed SET pruned = pruned WHERE $1::bigint IS NOT NULL "
        "AND $2::bigint IS NOT NULL" };
static const struct query prune
    = { "changes_prune", "DELETE FROM changes WHERE seq IN " OLD_SQLITE,
        "WITH gone AS (DELETE FROM changes WHERE (tx, seq) IN (SELECT tx, seq FROM "
        "(SELECT tx, seq, at FROM changes WHERE " IS_PASSED " ORDER BY tx, seq LIMIT $2) x "
        "WHERE at < $1) RETURNING tx::text::bigint AS number) "
        "UPDATE change_feed SET pruned = greatest(pruned, (SELECT max(number) FROM gone))" };

static const struct query *const queries[]
    = { &origin, &new_origin, &now, &pending, &after, &old, &note_pruned, &prune };
const struct query_table change_queries = QUERY_TABLE(queries);

enum rc changes_origin(struct ctx *ctx, struct str *ret_origin) {
    return db_get_text(ctx, &origin, DB_NO_ARGS, ret_origin);
}

static enum rc write_new_origin(struct ctx *ctx, void *arg) {
    (void) arg; /* there is nothing to say */
    return db_exec(ctx, &new_origin, DB_NO_ARGS, NULL);
}

enum rc changes_new_origin(struct ctx *ctx) {
    return db_transact(ctx, write_new_origin, NULL);
}

enum rc changes_now(struct ctx *ctx, struct change_position *ret_position) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &now, DB_NO_ARGS, &rows);
    if (rc != OK)
        return rc;
    struct change_position position = { 0 };
    if (db_next(rows))
        position = (struct change_position){
            .number = db_int(rows, 0),
            .snapshot = db_is_null(rows, 1) ? STR_NONE : db_text(rows, 1),
        };
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_position = position;
    return rc;
}

/* A position that is known by number only is the snapshot that saw nothing from there on. */
static struct db_value snapshot_value(struct ctx *ctx, struct change_position position) {
    if (db_engine(db_of(ctx->db)) == DB_SQLITE)
        return db_v_null(DB_KIND_TEXT);
    if (str_is_set(position.snapshot))
        return db_v_text(position.snapshot);
    long long xmin = position.number;
    return db_v_text(arena_printf(ctx->arena, "%lld:%lld:", xmin, xmin));
}

enum rc changes_pending(struct ctx *ctx, struct change_position position, bool *ret_pending) {
    int64_t found;
    enum rc rc = db_get_int(ctx, &pending,
                            DB_ARGS(db_v_int(position.number), snapshot_value(ctx, position)),
                            &found);
    if (rc == OK)
        *ret_pending = found;
    return rc;
}

/* The feed must go back to the position, and the position must not lie ahead of it, as
 * that of a database whose file was replaced by an older one does. */
static enum rc begin(struct changes_reader *reader, struct change_position from,
                     struct change_position *ret_position) {
    struct db_rows *rows = reader->rows;
    if (!db_next(rows))
        return db_rows_close(rows);
    struct change_position position = {
        .number = db_int(rows, 2),
        .snapshot = db_is_null(rows, 4) ? STR_NONE : db_text(rows, 4),
    };
    int64_t pruned = db_int(rows, 3);
    bool covered = str_is_set(position.snapshot) ? from.number > pruned : from.number >= pruned;
    if (!covered || from.number > position.number) {
        (void) db_rows_close(rows); /* they are not wanted */
        return E_NOT_FOUND;
    }
    reader->on_first = true;
    *ret_position = position;
    return OK;
}

enum rc changes_read(struct ctx *ctx, struct change_position position,
                     struct changes_reader *ret_reader, struct change_position *ret_position) {
    bool is_pg = db_engine(db_of(ctx->db)) == DB_POSTGRES;
    if (is_pg && position.number <= 0) /* no transaction has such a number */
        return E_NOT_FOUND;
    struct changes_reader reader = { 0 };
    enum rc rc = db_query(ctx, &after,
                          DB_ARGS(db_v_int(position.number), snapshot_value(ctx, position)),
                          &reader.rows);
    if (rc == OK)
        rc = begin(&reader, position, ret_position);
    if (rc == OK)
        *ret_reader = reader;
    return rc;
}

bool changes_next(struct changes_reader *reader, struct change *ret_change) {
    bool more = reader->on_first || db_next(reader->rows);
    reader->on_first = false;
    if (!more || db_is_null(reader->rows, 0))
        return false;
    *ret_change = (struct change){ (enum change_kind) db_int(reader->rows, 0),
                                   db_int(reader->rows, 1) };
    return true;
}

enum rc changes_close(struct changes_reader *reader) {
    return db_rows_close(reader->rows);
}

struct prune_work {
    int64_t before_s, limit;
};

static enum rc prune_in_transaction(struct ctx *ctx, void *arg) {
    const struct prune_work *w = arg;
    struct db_args args = DB_ARGS(db_v_int(w->before_s), db_v_int(w->limit));
    enum rc rc = db_exec(ctx, &note_pruned, args, NULL);
    return rc == OK ? db_exec(ctx, &prune, args, NULL) : rc;
}

enum rc changes_prune(struct ctx *ctx, int64_t before_ms, int64_t limit) {
    struct prune_work work = { before_ms / SECOND_MS, limit };
    int64_t found = 0;
    enum rc rc = db_get_int(ctx, &old, DB_ARGS(db_v_int(work.before_s)), &found);
    return rc == OK && found ? db_transact(ctx, prune_in_transaction, &work) : rc;
}
