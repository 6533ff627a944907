/* Migrations: which have been applied is written down in the table `migrations`, in
 * the transaction that applied it. Forward only.
 *
 * A file is written once, in SQLite's words, and translated here by a table of words;
 * where that is not enough, PostgreSQL has a file of its own. */
#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "db/engine.h"

/* Any number that no other program takes for an advisory lock of the same database. */
#define MIGRATION_LOCK INT64_C(0x6f757472696465)

/* Long enough for any schema; what is longer is a mistake. */
#define MIGRATION_MAX_BYTES ((size_t) 4 * 1024 * 1024)

/* On SQLite the writer's lock file keeps other processes out already. */
static const struct query q_lock = {
    "migrate.lock", "SELECT $1", "SELECT 1 FROM pg_advisory_xact_lock($1)"
};
static const struct query q_table_exists = {
    "migrate.table_exists",
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'",
    "SELECT count(*) FROM pg_class WHERE oid = to_regclass('migrations')"
};
static const struct query q_create_table = {
    "migrate.create_table",
    "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " applied_at INTEGER NOT NULL) STRICT",
    "CREATE TABLE migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL,"
    " applied_at BIGINT NOT NULL)"
};
static const struct query q_newest = {
    "migrate.newest", "SELECT coalesce(max(number), 0) FROM migrations", NULL
};
static const struct query q_is_applied = {
    "migrate.is_applied", "SELECT count(*) FROM migrations WHERE number = $1", NULL
};
static const struct query q_note = {
    "migrate.note", "INSERT INTO migrations (number, name, applied_at) VALUES ($1, $2, $3)", NULL
};

/* Words of SQLite's schema language, and what they are called on PostgreSQL. */
static const struct {
    struct str word, pg;
} words[] = {
    { STR("INTEGER"), STR("BIGINT") },
    { STR("BLOB"), STR("BYTEA") },
    /* SQLite's order of texts: bytewise, whatever the database's own is. */
    { STR("TEXT"), STR("TEXT COLLATE \"C\"") },
    { STR("REAL"), STR("DOUBLE PRECISION") },
    { STR("STRICT"), STR("") },
};

static bool is_word_char(char c) {
    return ascii_is_alnum(c) || c == '_';
}

/* Length of the comment or quoted text that `sql` begins with; 0 when it does not. */
static size_t opaque_length(struct str sql) {
    if (str_starts(sql, STR("--")))
        return str_find(sql, '\n');
    if (sql.p[0] != '\'' && sql.p[0] != '"')
        return 0;
    size_t end = 1 + str_find(str_sub(sql, 1, sql.n), sql.p[0]);
    return end < sql.n ? end + 1 : sql.n;
}

static size_t word_length(struct str sql) {
    size_t n = 0;
    while (n < sql.n && is_word_char(sql.p[n]))
        n++;
    return n;
}

static struct str word_on_pg(struct str word) {
    for (size_t i = 0; i < LENGTH(words); i++)
        if (str_eq_nocase(word, words[i].word))
            return words[i].pg;
    return word;
}

static const char *text_on_pg(struct arena *arena, const char *text) {
    struct buf out = buf_in(arena, MIGRATION_MAX_BYTES);
    for (struct str rest = str_of(text); rest.n;) {
        size_t opaque = opaque_length(rest);
        size_t word = opaque ? 0 : word_length(rest);
        size_t n = opaque ? opaque : word ? word : 1;
        struct str piece = str_sub(rest, 0, n);
        buf_str(&out, word ? word_on_pg(piece) : piece);
        rest = str_sub(rest, n, rest.n);
    }
    ASSERT(buf_result(&out) == OK);
    return arena_cstr(arena, buf_text(&out));
}

static const char *text_for(struct ctx *ctx, const struct migration *m) {
    if (db_engine(db_of(ctx->db)) == DB_SQLITE)
        return m->sql;
    return m->pg ? m->pg : text_on_pg(ctx->arena, m->sql);
}

struct step {
    const struct migration *migration;
    int newest_known;
    bool dry_run;
    bool missing; /* was, or with dry_run is */
};

/* Refuses what a newer version has made: going on would damage it. */
static enum rc check_newest(struct ctx *ctx, int newest_known) {
    int64_t newest = 0;
    enum rc rc = db_get_int(ctx, &q_newest, DB_NO_ARGS, &newest);
    if (rc != OK || newest <= newest_known)
        return rc;
    return fail(ctx, E_UNSUPPORTED,
                "the database is of a newer version (migration %lld, this version knows %d)",
                (long long) newest, newest_known);
}

static enum rc is_missing(struct ctx *ctx, struct step *step) {
    int64_t tables = 0;
    enum rc rc = db_get_int(ctx, &q_table_exists, DB_NO_ARGS, &tables);
    if (rc != OK)
        return rc;
    step->missing = true;
    if (tables == 0)
        return step->dry_run ? OK : db_exec(ctx, &q_create_table, DB_NO_ARGS, NULL);
    rc = check_newest(ctx, step->newest_known);
    if (rc != OK)
        return rc;
    int64_t applied = 0;
    rc = db_get_int(ctx, &q_is_applied, DB_ARGS(db_v_int(step->migration->number)), &applied);
    step->missing = applied == 0;
    return rc;
}

static enum rc apply(struct ctx *ctx, void *arg) {
    struct step *step = arg;
    const struct migration *m = step->migration;
    int64_t locked;
    enum rc rc = db_get_int(ctx, &q_lock, DB_ARGS(db_v_int(MIGRATION_LOCK)), &locked);
    if (rc == OK)
        rc = is_missing(ctx, step);
    if (rc != OK || !step->missing)
        return rc;
    rc = db_script(ctx, m->name, text_for(ctx, m));
    if (rc != OK)
        return rc;
    return db_exec(ctx, &q_note,
                   DB_ARGS(db_v_int(m->number), db_v_text(str_of(m->name)),
                           db_v_int(ctx_now(ctx))),
                   NULL);
}

struct migrations {
    const struct migration *p;
    size_t n;
    int applied; /* or with dry_run missing */
};

static enum rc count_missing(struct ctx *ctx, struct migrations *list) {
    list->applied = 0;
    for (size_t i = 0; i < list->n; i++) {
        ASSERT(i == 0 || list->p[i].number > list->p[i - 1].number);
        struct step step = { &list->p[i], list->p[list->n - 1].number, true, false };
        enum rc rc = is_missing(ctx, &step);
        if (rc != OK)
            return rc;
        list->applied += step.missing;
    }
    return OK;
}

static enum rc apply_all(struct ctx *ctx, void *arg) {
    struct migrations *list = arg;
    list->applied = 0; /* the work may be run a second time */
    for (size_t i = 0; i < list->n; i++) {
        struct step step = { &list->p[i], list->p[list->n - 1].number, false, false };
        enum rc rc = db_transact(ctx, apply, &step);
        if (rc != OK)
            return rc;
        list->applied += step.missing;
    }
    return OK;
}

enum rc db_migrate(struct ctx *ctx, const struct migration *list, size_t n, bool dry_run,
                   int *ret_applied) {
    struct migrations all = { list, n, 0 };
    enum rc rc = count_missing(ctx, &all);
    if (rc == OK && !dry_run)
        rc = (size_t) all.applied == n ? db_transact(ctx, apply_all, &all) : apply_all(ctx, &all);
    if (rc == OK)
        *ret_applied = all.applied;
    return rc;
}
