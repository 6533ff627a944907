/* What db.h costs: point reads, durable inserts and batches of 250 rows through it,
 * beside the same statements issued raw through sqlite3 and libpq, in turns within one
 * run. Prints a table; the ratio is db.h's rate by the raw one.
 *
 * Raw means what a careful program would do: statements prepared once; on SQLite WAL
 * and synchronous=FULL, one connection per reader, and one that writes, behind a mutex
 * that the threads share; on PostgreSQL one connection per thread. Both sides build
 * their values and read every column of every row; only db.h copies them.
 *
 * Run it with: make bench-store */
#include <endian.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/rand.h"
#include "db/db.h"

enum { ROWS = 100000, BATCH = 250, THREADS_MAX = 64, ROUNDS = 9, ROUND_MS = 1000 };

static const struct migration schema[] = {
    { 1, "bench",
      "CREATE TABLE items (id TEXT PRIMARY KEY, account_id TEXT NOT NULL, name TEXT NOT NULL,"
      " email TEXT NOT NULL, note TEXT, number INTEGER NOT NULL) STRICT;"
      "CREATE UNIQUE INDEX items_email ON items (account_id, email);",
      NULL },
};

#define INSERT_INTO "INSERT INTO items (id, account_id, name, email, note, number) "
#define BATCH_COLUMNS "value ->> 'id', value ->> 'account_id', value ->> 'name', " \
                      "value ->> 'email', value ->> 'note', "

static const struct query q_read = {
    "read", "SELECT id, account_id, name, email, note, number FROM items WHERE id = $1", NULL
};
static const struct query q_insert = {
    "insert", INSERT_INTO "VALUES ($1, $2, $3, $4, $5, $6)", NULL
};
static const struct query q_batch = {
    "batch", INSERT_INTO "SELECT " BATCH_COLUMNS "value ->> 'number' FROM json_each($1)",
    INSERT_INTO "SELECT " BATCH_COLUMNS "(value ->> 'number')::bigint"
                " FROM json_array_elements($1::json)"
};

struct item {
    struct str id, account_id, name, email, note;
    struct opt_int number;
};
static const struct field item_rows[] = {
    F_STR(struct item, id),    F_STR(struct item, account_id), F_STR(struct item, name),
    F_STR(struct item, email), F_STR(struct item, note),       F_INT(struct item, number),
};
static const struct fields item_fields = FIELDS("Item", struct item, item_rows);

/* One side of a comparison: what its threads share. */
struct side {
    struct db *db; /* NULL: raw */
    sqlite3 *writer;
    sqlite3_stmt *begin, *insert, *batch, *commit;
    pthread_mutex_t mutex;
    const char *folder, *url;
    _Atomic int64_t next; /* number of the next item to write */
};

/* One thread of a side. */
struct lane {
    struct side *side;
    struct ctx ctx;
    sqlite3 *reader;
    sqlite3_stmt *read;
    PGconn *connection;
    int64_t deadline_us, done, bytes;
    bool (*step)(struct lane *lane);
};

_Noreturn static void stop(const char *what, const char *message) {
    (void) fprintf(stderr, "bench/store: %s: %s\n", what, message);
    exit(1);
}

static void need(bool ok, const char *what, const char *message) {
    if (!ok)
        stop(what, message);
}

static void need_ok(struct ctx *ctx, enum rc rc, const char *what) {
    need(rc == OK, what, ctx->err.text.p ? ctx->err.text.p : rc_name(rc));
}

/* Values, the same for both sides. */

static struct str id_of(struct arena *arena, int64_t n) {
    return arena_printf(arena, "0198a3c4-7b1e-7000-8000-%012lld", (long long) n);
}

static struct item item_of(struct arena *arena, int64_t n) {
    return (struct item){
        .id = id_of(arena, n),
        .account_id = STR("0198a3c4-0000-7000-8000-000000000001"),
        .name = arena_printf(arena, "Person Number %lld", (long long) n),
        .email = arena_printf(arena, "person.number.%lld@example.com", (long long) n),
        .note = STR("Something of the length that a title and a headline have together."),
        .number = opt_int(n),
    };
}

static struct str batch_of(struct arena *arena, int64_t first) {
    struct buf json = buf_in(arena, 1000000);
    for (int64_t n = first; n < first + BATCH; n++) {
        struct item item = item_of(arena, n);
        buf_printf(&json,
                   "%c{\"id\":\"%.*s\",\"account_id\":\"%.*s\",\"name\":\"%.*s\","
                   "\"email\":\"%.*s\",\"note\":\"%.*s\",\"number\":%lld}",
                   n == first ? '[' : ',', STR_FMT(item.id), STR_FMT(item.account_id),
                   STR_FMT(item.name), STR_FMT(item.email), STR_FMT(item.note), (long long) n);
    }
    buf_char(&json, ']');
    return buf_text(&json);
}

static int64_t take_numbers(struct lane *lane, int64_t n) {
    return atomic_fetch_add(&lane->side->next, n);
}

static struct str random_id(struct lane *lane) {
    return id_of(lane->ctx.arena, rand_below(ROWS));
}

/* Through db.h. */

static bool our_read(struct lane *lane) {
    struct item item;
    struct db_args args = DB_ARGS(db_v_text(random_id(lane)));
    enum rc rc = db_get(&lane->ctx, &q_read, args, &item_fields, &item);
    lane->bytes += (int64_t) item.email.n;
    return rc == OK;
}

static enum rc insert_work(struct ctx *ctx, void *arg) {
    const struct item *item = arg;
    return db_exec(ctx, &q_insert,
                   DB_ARGS(db_v_text(item->id), db_v_text(item->account_id), db_v_text(item->name),
                           db_v_text(item->email), db_v_text(item->note), db_v_opt(item->number)),
                   NULL);
}

static bool our_insert(struct lane *lane) {
    struct item item = item_of(lane->ctx.arena, take_numbers(lane, 1));
    return db_transact(&lane->ctx, insert_work, &item) == OK;
}

static enum rc batch_work(struct ctx *ctx, void *arg) {
    return db_exec(ctx, &q_batch, DB_ARGS(db_v_text(*(const struct str *) arg)), NULL);
}

static bool our_batch(struct lane *lane) {
    struct str json = batch_of(lane->ctx.arena, take_numbers(lane, BATCH));
    return db_transact(&lane->ctx, batch_work, &json) == OK;
}

/* Raw SQLite. */

static bool bind_text(sqlite3_stmt *statement, int i, struct str text) {
    return sqlite3_bind_text(statement, i, text.p, (int) text.n, SQLITE_STATIC) == SQLITE_OK;
}

static bool sqlite_read(struct lane *lane) {
    bool ok = bind_text(lane->read, 1, random_id(lane)) && sqlite3_step(lane->read) == SQLITE_ROW;
    for (int i = 0; i < 5; i++) {
        lane->bytes += sqlite3_column_text(lane->read, i) ? 1 : 0;
        lane->bytes += sqlite3_column_bytes(lane->read, i);
    }
    lane->bytes += sqlite3_column_int64(lane->read, 5);
    return sqlite3_reset(lane->read) == SQLITE_OK && ok;
}

static bool run_once(sqlite3_stmt *statement) {
    bool ok = sqlite3_step(statement) == SQLITE_DONE;
    return sqlite3_reset(statement) == SQLITE_OK && ok;
}

static bool sqlite_write(struct side *side, sqlite3_stmt *statement) {
    return run_once(side->begin) && run_once(statement) && run_once(side->commit);
}

static bool sqlite_insert(struct lane *lane) {
    struct side *side = lane->side;
    struct item item = item_of(lane->ctx.arena, take_numbers(lane, 1));
    const struct str texts[] = { item.id, item.account_id, item.name, item.email, item.note };
    pthread_mutex_lock(&side->mutex);
    bool ok = sqlite3_bind_int64(side->insert, 6, item.number.v) == SQLITE_OK;
    for (int i = 0; i < 5; i++)
        ok = bind_text(side->insert, i + 1, texts[i]) && ok;
    ok = ok && sqlite_write(side, side->insert);
    pthread_mutex_unlock(&side->mutex);
    return ok;
}

static bool sqlite_batch(struct lane *lane) {
    struct side *side = lane->side;
    struct str json = batch_of(lane->ctx.arena, take_numbers(lane, BATCH));
    pthread_mutex_lock(&side->mutex);
    bool ok = bind_text(side->batch, 1, json) && sqlite_write(side, side->batch);
    pthread_mutex_unlock(&side->mutex);
    return ok;
}

/* Raw libpq. */

static bool pg_run(PGconn *connection, const char *statement, int n, const char *const *values,
                   const int *lengths) {
    static const int formats[] = { 1, 1, 1, 1, 1, 1 };
    PGresult *result = PQexecPrepared(connection, statement, n, values, lengths, formats, 0);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return ok;
}

static bool pg_command(PGconn *connection, const char *sql) {
    PGresult *result = PQexec(connection, sql);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return ok;
}

static bool pg_read(struct lane *lane) {
    struct str id = random_id(lane);
    PGresult *result = PQexecPrepared(lane->connection, "read", 1, &id.p, &(int){ (int) id.n },
                                      &(int){ 1 }, 0);
    bool ok = PQntuples(result) == 1;
    for (int i = 0; i < 6 && ok; i++)
        lane->bytes += PQgetlength(result, 0, i) + PQgetvalue(result, 0, i)[0];
    PQclear(result);
    return ok;
}

static bool pg_insert(struct lane *lane) {
    struct item item = item_of(lane->ctx.arena, take_numbers(lane, 1));
    uint64_t number = htobe64((uint64_t) item.number.v);
    const char *values[] = { item.id.p,    item.account_id.p, item.name.p,
                             item.email.p, item.note.p,       (const char *) &number };
    const int lengths[] = { (int) item.id.n,    (int) item.account_id.n, (int) item.name.n,
                            (int) item.email.n, (int) item.note.n,       sizeof number };
    return pg_command(lane->connection, "BEGIN")
           && pg_run(lane->connection, "insert", 6, values, lengths)
           && pg_command(lane->connection, "COMMIT");
}

static bool pg_batch(struct lane *lane) {
    struct str json = batch_of(lane->ctx.arena, take_numbers(lane, BATCH));
    return pg_command(lane->connection, "BEGIN")
           && pg_run(lane->connection, "batch", 1, &json.p, &(int){ (int) json.n })
           && pg_command(lane->connection, "COMMIT");
}

/* Opening and closing. */

static sqlite3 *sqlite_connect(const struct side *side, struct arena *arena) {
    sqlite3 *handle = NULL;
    const char *path = arena_printf(arena, "%s/outrider.db", side->folder).p;
    int code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(handle,
                            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                            "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 10000",
                            NULL, NULL, NULL);
    need(code == SQLITE_OK, path, sqlite3_errmsg(handle));
    return handle;
}

static sqlite3_stmt *sqlite_prepare(sqlite3 *handle, const char *sql) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    need(code == SQLITE_OK, sql, sqlite3_errmsg(handle));
    return statement;
}

static void pg_prepare(PGconn *connection, const struct query *query, int n) {
    static const Oid types[] = { 25, 25, 25, 25, 25, 20 };
    PGresult *result =
        PQprepare(connection, query->name, query->pg ? query->pg : query->sql, n, types);
    need(PQresultStatus(result) == PGRES_COMMAND_OK, query->name, PQerrorMessage(connection));
    PQclear(result);
}

static void lane_open(struct lane *lane, struct side *side) {
    *lane = (struct lane){ .side = side,
                           .ctx = { .arena = arena_new(), .clock = &clock_system } };
    if (side->db) {
        lane->ctx.db = db_session_open(side->db);
    } else if (side->url) {
        lane->connection = PQconnectdb(side->url);
        need(PQstatus(lane->connection) == CONNECTION_OK, "connect",
             PQerrorMessage(lane->connection));
        pg_prepare(lane->connection, &q_read, 1);
        pg_prepare(lane->connection, &q_insert, 6);
        pg_prepare(lane->connection, &q_batch, 1);
    } else {
        lane->reader = sqlite_connect(side, lane->ctx.arena);
        lane->read = sqlite_prepare(lane->reader, q_read.sql);
    }
}

static void lane_close(struct lane *lane) {
    db_session_close(&lane->ctx.db);
    PQfinish(lane->connection);
    sqlite3_finalize(lane->read);
    sqlite3_close(lane->reader);
    arena_free(&lane->ctx.arena);
}

/* The tables and their first rows; through db.h on either side. */
static void fill(struct side *side, const struct db_options *options) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    need_ok(&ctx, db_open(&ctx, options, &side->db), "open");
    ctx.db = db_session_open(side->db);
    int applied = 0;
    need_ok(&ctx, db_migrate(&ctx, schema, LENGTH(schema), false, &applied), "migrate");
    for (int64_t n = 0; n < ROWS; n += BATCH) {
        arena_reset(ctx.arena);
        struct str json = batch_of(ctx.arena, n);
        need_ok(&ctx, db_transact(&ctx, batch_work, &json), "fill");
    }
    db_session_close(&ctx.db);
    arena_free(&ctx.arena);
    side->next = ROWS;
}

static void side_open(struct side *side, const struct db_options *options, bool raw) {
    *side = (struct side){ .folder = options->data_dir, .url = options->url };
    pthread_mutex_init(&side->mutex, NULL);
    fill(side, options);
    if (!raw)
        return;
    db_close(&side->db);
    if (side->url)
        return;
    struct arena *arena = arena_new();
    side->writer = sqlite_connect(side, arena);
    side->begin = sqlite_prepare(side->writer, "BEGIN IMMEDIATE");
    side->insert = sqlite_prepare(side->writer, q_insert.sql);
    side->batch = sqlite_prepare(side->writer, q_batch.sql);
    side->commit = sqlite_prepare(side->writer, "COMMIT");
    arena_free(&arena);
}

static void side_close(struct side *side) {
    db_close(&side->db);
    sqlite3_finalize(side->begin);
    sqlite3_finalize(side->insert);
    sqlite3_finalize(side->batch);
    sqlite3_finalize(side->commit);
    sqlite3_close(side->writer);
    pthread_mutex_destroy(&side->mutex);
}

/* Measuring. */

static void *lane_main(void *arg) {
    struct lane *lane = arg;
    while (monotonic_us() < lane->deadline_us) {
        if (!lane->step(lane))
            stop("a step failed", lane->ctx.err.text.p ? lane->ctx.err.text.p : "raw");
        lane->done++;
        arena_reset(lane->ctx.arena);
    }
    return NULL;
}

/* Steps a second of `threads` threads together. */
static double rate(struct lane *lanes, int threads, bool (*step)(struct lane *lane)) {
    pthread_t ids[THREADS_MAX];
    int64_t began = monotonic_us();
    for (int i = 0; i < threads; i++) {
        lanes[i].step = step;
        lanes[i].done = 0;
        lanes[i].deadline_us = began + ROUND_MS * 1000;
        need(pthread_create(&ids[i], NULL, lane_main, &lanes[i]) == 0, "thread", "none left");
    }
    int64_t done = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        done += lanes[i].done;
    }
    return (double) done * 1e6 / (double) (monotonic_us() - began);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, ROUNDS, sizeof *values, compare_doubles);
    return values[ROUNDS / 2];
}

static const struct work {
    const char *what;
    int threads;
    bool (*ours)(struct lane *lane);
    bool (*raw[2])(struct lane *lane); /* by enum db_engine */
} works[] = {
    { "point read", 1, our_read, { sqlite_read, pg_read } },
    { "durable insert", 1, our_insert, { sqlite_insert, pg_insert } },
    { "durable insert", 64, our_insert, { sqlite_insert, pg_insert } },
    { "batch of 250 rows", 1, our_batch, { sqlite_batch, pg_batch } },
};

static void compare(enum db_engine engine, struct side *ours, struct side *raw) {
    static struct lane our_lanes[THREADS_MAX], raw_lanes[THREADS_MAX];
    for (int i = 0; i < THREADS_MAX; i++) {
        lane_open(&our_lanes[i], ours);
        lane_open(&raw_lanes[i], raw);
    }
    for (size_t w = 0; w < LENGTH(works); w++) {
        double a[ROUNDS], b[ROUNDS], ratios[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            a[round] = rate(our_lanes, works[w].threads, works[w].ours);
            b[round] = rate(raw_lanes, works[w].threads, works[w].raw[engine]);
            ratios[round] = a[round] / b[round];
        }
        double middle = median(ratios);
        (void) printf("| %s | %s | %d | %.0f | %.0f | %.2f | %.2f – %.2f |\n",
                      engine == DB_SQLITE ? "SQLite" : "PostgreSQL", works[w].what,
                      works[w].threads, median(a), median(b), middle, ratios[0],
                      ratios[ROUNDS - 1]);
        (void) fflush(stdout);
    }
    for (int i = 0; i < THREADS_MAX; i++) {
        lane_close(&our_lanes[i]);
        lane_close(&raw_lanes[i]);
    }
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void) info; /* whatever it is, it goes */
    (void) type;
    (void) at;
    return remove(path);
}

static void run_sqlite(void) {
    char folders[2][sizeof "/tmp/outrider-bench-XXXXXX"];
    struct side sides[2];
    for (int i = 0; i < 2; i++) {
        memcpy(folders[i], "/tmp/outrider-bench-XXXXXX", sizeof folders[i]);
        need(mkdtemp(folders[i]), "folder", "cannot be made");
        side_open(&sides[i], &(struct db_options){ .data_dir = folders[i] }, i == 1);
    }
    compare(DB_SQLITE, &sides[0], &sides[1]);
    for (int i = 0; i < 2; i++) {
        side_close(&sides[i]);
        need(nftw(folders[i], remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0, folders[i], "stays");
    }
}

/* A schema for each side, in the database of `url`. */
static void run_pg(const char *url) {
    struct arena *arena = arena_new();
    struct side sides[2];
    PGconn *admin = PQconnectdb(url);
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "raw" : "ours";
        need(pg_command(admin, arena_printf(arena, "CREATE SCHEMA %s", name).p), name,
             PQerrorMessage(admin));
        const char *own = arena_printf(arena, "%s&options=-csearch_path%%3D%s", url, name).p;
        side_open(&sides[i], &(struct db_options){ .url = own }, i == 1);
    }
    compare(DB_POSTGRES, &sides[0], &sides[1]);
    side_close(&sides[0]);
    side_close(&sides[1]);
    PQfinish(admin);
    arena_free(&arena);
}

/* With an engine's name only that one. */
int main(int argc, char **argv) {
    bool all = argc < 2;
    const char *url = getenv("OUTRIDER_TEST_PG");
    need(url, "OUTRIDER_TEST_PG is not set", "run this under `tests/pg exec --`");
    (void) printf("| engine | what | threads | db.h per second | raw per second | ratio | of rounds |\n"
                  "|---|---|---|---|---|---|---|\n");
    if (all || strcmp(argv[1], "sqlite") == 0)
        run_sqlite();
    if (all || strcmp(argv[1], "postgresql") == 0)
        run_pg(url);
    return 0;
}
