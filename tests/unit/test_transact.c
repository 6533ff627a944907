#include "things.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static enum rc write_two(struct ctx *ctx, void *arg) {
    enum rc *second = arg;
    enum rc rc = db_exec(ctx, &q_increment, DB_ARGS(db_v_text(STR("a"))), NULL);
    if (rc != OK)
        return rc;
    *second = db_exec(ctx, &q_add_number,
                      DB_ARGS(db_v_int(1), db_v_null(DB_KIND_TEXT), db_v_null(DB_KIND_INT)), NULL);
    int64_t value;
    /* After a failure nothing runs any more, not even a query. */
    enum rc third = db_get_int(ctx, &q_value, DB_ARGS(db_v_text(STR("a"))), &value);
    return third == *second ? OK : E_PROTO;
}

static void test_failure_ends_transaction(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    enum rc second = OK;
    assert_ok(ctx, db_transact(ctx, write_two, &second));
    assert_int_equal(second, OK);
    assert_rc(ctx, db_transact(ctx, write_two, &second), E_CONFLICT);
    assert_int_equal(second, E_CONFLICT);
    assert_int_equal(value_of(ctx, "a"), 1);
}

/* --- statements that nobody waits for --- */

enum { LATER_MANY = 200, FIRST = 101 };

struct later {
    int n;             /* numbers that are added, from FIRST */
    int more;          /* this one as well; 0: none */
    bool asks, reads;  /* reads what was added, in one piece, or row by row */
    bool swallows;     /* says that all is well, whatever it was told */
    enum rc result;
    bool told_inside;
};

static enum rc add_later(struct ctx *ctx, int64_t n) {
    return db_exec_later(ctx, &q_add_number,
                         DB_ARGS(db_v_int(n), db_v_null(DB_KIND_TEXT), db_v_null(DB_KIND_INT)));
}

/* Rows are open before and read on afterwards. */
static enum rc read_around(struct ctx *ctx, int64_t from, int64_t count) {
    struct db_rows *rows = NULL;
    enum rc rc = db_query(ctx, &q_series, DB_ARGS(db_v_int(count), db_v_int(2)), &rows);
    if (rc == OK && db_next(rows))
        rc = add_later(ctx, from);
    int64_t last = 0;
    while (rc == OK && db_next(rows))
        last = db_int(rows, 0);
    return rc == OK && last != count ? E_PROTO : rc;
}

static enum rc later_work(struct ctx *ctx, void *arg) {
    struct later *l = arg;
    enum rc rc = OK;
    int64_t count = l->n;
    for (int64_t i = 0; rc == OK && i < l->n; i++)
        rc = add_later(ctx, FIRST + i);
    if (rc == OK && l->more)
        rc = add_later(ctx, l->more);
    if (rc == OK && l->asks)
        rc = db_get_int(ctx, &q_count_numbers, DB_ARGS(db_v_int(FIRST), db_v_int(FIRST + l->n - 1)), &count);
    if (rc == OK && l->reads)
        rc = read_around(ctx, FIRST + l->n, 3);
    l->told_inside = rc != OK;
    if (rc == OK && count != l->n)
        return E_PROTO;
    return l->swallows ? OK : rc;
}

static void test_later(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    static const struct query clear = { "clear", "DELETE FROM numbers", NULL };
    static const struct later cases[] = {
        { .n = 1, .result = OK },
        { .n = 1, .asks = true, .result = OK },
        { .n = 3, .reads = true, .result = OK },
        { .n = LATER_MANY, .asks = true, .reads = true, .result = OK },
        { .n = LATER_MANY, .result = OK },
        { .n = 3, .more = FIRST + 1, .result = E_CONFLICT },
        { .n = 3, .more = FIRST + 1, .swallows = true, .result = E_CONFLICT },
        { .n = 3, .more = FIRST + 1, .asks = true, .result = E_CONFLICT },
        { .n = 3, .more = FIRST + 1, .asks = true, .swallows = true, .result = E_CONFLICT },
        { .n = 3, .more = FIRST + 1, .reads = true, .swallows = true, .result = E_CONFLICT },
        { .n = 3, .more = 13, .result = E_DB }, /* a CHECK */
        { .n = 2, .asks = true, .result = OK }, /* goes on as if nothing had been */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct later l = cases[i];
        assert_ok(ctx, write_one(ctx, &clear, DB_NO_ARGS));
        enum rc rc = db_transact(ctx, later_work, &l);
        if (rc != l.result || (rc != OK && (l.asks || l.reads) && !l.told_inside))
            fail_case("case %zu: %s, %d", i, rc_name(rc), l.told_inside);
        assert_int_equal(numbers_between(ctx, 0, 2 * LATER_MANY), rc == OK ? l.n + l.reads : 0);
        ctx_clear_error(ctx);
    }
    assert_rc(ctx, add_later(ctx, 1), E_DB); /* outside of a transaction */
    ctx_clear_error(ctx);
}

struct nested {
    enum rc inner, outer;
    bool same_session;
    struct db_session *caller;
};

static enum rc inner_work(struct ctx *ctx, void *arg) {
    const struct nested *n = arg;
    enum rc rc = db_exec(ctx, &q_increment, DB_ARGS(db_v_text(STR("b"))), NULL);
    return rc != OK ? rc : n->inner;
}

static enum rc outer_work(struct ctx *ctx, void *arg) {
    struct nested *n = arg;
    n->same_session = ctx->db == n->caller;
    enum rc rc = db_exec(ctx, &q_increment, DB_ARGS(db_v_text(STR("a"))), NULL);
    if (rc != OK)
        return rc;
    int64_t value = value_of(ctx, "a"); /* what was written is seen inside */
    rc = db_transact(ctx, inner_work, n);
    if (rc != OK)
        return rc;
    return value_of(ctx, "a") == value ? n->outer : E_PROTO;
}

static void test_nested(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    static const struct {
        enum rc inner, outer, result;
        int64_t a, b;
    } cases[] = {
        { OK, OK, OK, 1, 1 },
        { OK, E_DENIED, E_DENIED, 1, 1 },
        { E_CREDITS, OK, E_CREDITS, 1, 1 },
        { OK, OK, OK, 2, 2 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct nested n = { .inner = cases[i].inner, .outer = cases[i].outer, .caller = ctx->db };
        struct db_session *before = ctx->db;
        assert_rc(ctx, db_transact(ctx, outer_work, &n), cases[i].result);
        assert_ptr_equal(ctx->db, before);
        assert_int_equal(n.same_session, test_db_is_pg(t));
        assert_int_equal(value_of(ctx, "a"), cases[i].a);
        assert_int_equal(value_of(ctx, "b"), cases[i].b);
    }
}

/* Threads. */

enum { THREADS = 16, ROUNDS = 25 };

struct worker {
    struct db *db;
    int number;
    int failures;
    int written;
};

static enum rc increment(struct ctx *ctx, void *arg) {
    (void) arg;
    return db_exec(ctx, &q_increment, DB_ARGS(db_v_text(STR("a"))), NULL);
}

static void *increment_often(void *arg) {
    struct worker *w = arg;
    struct ctx ctx = test_db_ctx(w->db);
    for (int i = 0; i < ROUNDS; i++) {
        w->failures += db_transact(&ctx, increment, NULL) != OK;
        int64_t value = 0; /* what was committed is there at once, for every session */
        w->failures += db_get_int(&ctx, &q_value, DB_ARGS(db_v_text(STR("a"))), &value) != OK;
        w->failures += value < i + 1;
        arena_reset(ctx.arena);
    }
    test_db_ctx_done(&ctx);
    return NULL;
}

static int written_by_threads;

/* Runs `function` in all threads; returns the sum of their failures. */
static int run_threads(struct db *db, void *(*function)(void *arg)) {
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    int failures = 0;
    written_by_threads = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ db, i, 0, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, function, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        failures += workers[i].failures;
        written_by_threads += workers[i].written;
    }
    return failures;
}

static void test_threads(void **state) {
    struct test_db *t = *state;
    struct db_stats before, after;
    db_stats(t->db, &before);
    assert_int_equal(run_threads(t->db, increment_often), 0);
    assert_int_equal(value_of(&t->ctx, "a"), THREADS * ROUNDS);
    db_stats(t->db, &after);
    assert_int_equal(after.writes - before.writes, THREADS * ROUNDS);
    assert_int_equal(after.failures, before.failures);
    assert_int_equal(after.writer_queue, 0);
    int64_t commits = after.commits - before.commits;
    assert_true(test_db_is_pg(t) ? commits == THREADS * ROUNDS : commits < THREADS * ROUNDS);
}

/* Of a group, every second fails after it has written. */
static enum rc write_or_fail(struct ctx *ctx, void *arg) {
    const struct worker *w = arg;
    enum rc rc = db_exec(ctx, &q_increment, DB_ARGS(db_v_text(STR("b"))), NULL);
    if (rc == OK && w->number % 4 == 1) /* a statement that fails */
        return db_exec(ctx, &q_add_number,
                       DB_ARGS(db_v_int(13), db_v_null(DB_KIND_TEXT), db_v_null(DB_KIND_INT)), NULL);
    return rc == OK && w->number % 4 == 3 ? E_DENIED : rc; /* a decision */
}

static void *fail_often(void *arg) {
    static const enum rc expected[] = { OK, E_DB, OK, E_DENIED };
    struct worker *w = arg;
    struct ctx ctx = test_db_ctx(w->db);
    for (int i = 0; i < ROUNDS; i++)
        w->failures += db_transact(&ctx, write_or_fail, w) != expected[w->number % 4];
    test_db_ctx_done(&ctx);
    return NULL;
}

static void test_threads_that_fail(void **state) {
    struct test_db *t = *state;
    assert_int_equal(run_threads(t->db, fail_often), 0);
    assert_int_equal(value_of(&t->ctx, "b"), THREADS * ROUNDS / 2);
}

/* --- a large work among others --- */

/* Rows of 4 KB that a work changes, one after another in a group: more than stays in memory. */
enum { LARGE_ROWS = 6000 };
static const struct query add_large
    = { "add_large", "INSERT INTO things (i, b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < $1) SELECT i, zeroblob(4000) FROM n", NULL };
static const struct query change_large = { "change_large", "UPDATE things SET b = randomblob(4000)", NULL };
static const struct query count_changed
    = { "count_changed", "SELECT count(*) FROM things WHERE b <> zeroblob(4000)", NULL };

struct large {
    struct db *db;
    enum rc (*work)(struct ctx *ctx, void *arg);
    enum rc wanted, result;
};

static void wait_for_queue(struct db *db, int64_t n) {
    struct db_stats stats = { 0 };
    for (db_stats(db, &stats); stats.writer_queue < n; db_stats(db, &stats))
        (void) usleep(1000);
}

static enum rc wait_for_two(struct ctx *ctx, void *arg) {
    const struct large *l = arg;
    wait_for_queue(l->db, 3); /* itself and them */
    return increment(ctx, NULL);
}

static enum rc change_many(struct ctx *ctx, void *arg) {
    const struct large *l = arg;
    enum rc rc = db_exec(ctx, &change_large, DB_NO_ARGS, NULL);
    return rc == OK ? l->wanted : rc;
}

static void *work_once(void *arg) {
    struct large *l = arg;
    struct ctx ctx = test_db_ctx(l->db);
    l->result = db_transact(&ctx, l->work, l);
    test_db_ctx_done(&ctx);
    return NULL;
}

/* Kept or taken back alone, while what was before it in the group stays. */
static void test_a_large_work_in_a_group(void **state) {
    struct test_db *t = *state;
    assert_ok(&t->ctx, write_one(&t->ctx, &add_large, DB_ARGS(db_v_int(LARGE_ROWS))));
    static const enum rc wanted[] = { E_DENIED, OK };
    for (size_t i = 0; i < LENGTH(wanted); i++) {
        struct large works[] = { { t->db, wait_for_two, OK, E_DB },
                                 { t->db, change_many, wanted[i], E_DB },
                                 { t->db, change_many, wanted[i], E_DB } };
        pthread_t threads[LENGTH(works)];
        for (size_t n = 0; n < LENGTH(works); n++) {
            assert_int_equal(pthread_create(&threads[n], NULL, work_once, &works[n]), 0);
            wait_for_queue(t->db, 1);
        }
        for (size_t n = 0; n < LENGTH(works); n++) {
            pthread_join(threads[n], NULL);
            assert_int_equal(works[n].result, works[n].wanted);
        }
        int64_t changed = -1;
        assert_ok(&t->ctx, db_get_int(&t->ctx, &count_changed, DB_NO_ARGS, &changed));
        assert_int_equal(changed, wanted[i] == OK ? LARGE_ROWS : 0);
        assert_int_equal(value_of(&t->ctx, "a"), i + 1);
    }
}

/* Processes: this program again, with the database's place as argument. */

static enum rc add_thing(struct ctx *ctx, int64_t i) {
    return write_one(ctx, &q_insert,
                     DB_ARGS(db_v_int(i), db_v_null(DB_KIND_TEXT), db_v_null(DB_KIND_BLOB),
                             db_v_null(DB_KIND_REAL)));
}

static int child_main(const char *what, const char *url, const char *folder) {
    static const struct query next = { "next", "SELECT coalesce(max(i), 0) + 1 FROM things", NULL };
    struct test_db t = { .options = { .url = *url ? url : NULL, .data_dir = folder } };
    if (test_db_open(&t) != 0)
        return 1;
    bool endless = strcmp(what, "insert") == 0;
    int64_t n = 0;
    enum rc rc = db_get_int(&t.ctx, &next, DB_NO_ARGS, &n);
    for (int64_t last = n + 200; rc == OK && (endless || n < last); n++) {
        rc = endless ? add_thing(&t.ctx, n) : db_transact(&t.ctx, increment, NULL);
        if (rc == OK && write(STDOUT_FILENO, &n, sizeof n) < 0)
            return 1;
    }
    if (rc != OK)
        print_error("child: %.*s\n", STR_FMT(t.ctx.err.text));
    test_db_ctx_done(&t.ctx);
    db_close(&t.db);
    return rc == OK ? 0 : 1;
}

static pid_t start_child(const struct test_db *t, const char *what, int *ret_output) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void) dup2(ends[1], STDOUT_FILENO);
        (void) close(ends[0]);
        (void) close(ends[1]);
        const char *url = t->options.url ? t->options.url : "";
        const char *folder = t->options.data_dir ? t->options.data_dir : "";
        (void) execl("/proc/self/exe", "test_transact", "--child", what, url, folder, (char *) NULL);
        _exit(127);
    }
    (void) close(ends[1]);
    *ret_output = ends[0];
    return child;
}

static int status_of(pid_t child) {
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_two_processes(void **state) {
    struct test_db *t = *state;
    int output;
    pid_t child = start_child(t, "increment", &output);
    int64_t acknowledged;
    assert_int_equal(read(output, &acknowledged, sizeof acknowledged), sizeof acknowledged);
    for (int i = 0; i < 200; i++)
        assert_ok(&t->ctx, db_transact(&t->ctx, increment, NULL));
    while (read(output, &acknowledged, sizeof acknowledged) > 0)
        ;
    (void) close(output);
    assert_int_equal(status_of(child), 0);
    assert_int_equal(value_of(&t->ctx, "a"), 400);
}

static void close_all(struct test_db *t) {
    test_db_ctx_done(&t->ctx);
    db_close(&t->db);
}

/* What was acknowledged to somebody else survives the process that wrote it; both when
 * others have the database open and when the next to open it has to recover it. */
static void test_kill(void **state) {
    struct test_db *t = *state;
    for (int round = 0; round < 6; round++) {
        int output;
        bool alone = round % 2;
        if (alone)
            close_all(t);
        pid_t child = start_child(t, "insert", &output);
        int64_t first = 0, last = 0;
        for (int i = 0; i < 3 + 7 * round; i++) {
            assert_int_equal(read(output, &last, sizeof last), sizeof last);
            first = i ? first : last;
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(output, &last, sizeof last) == sizeof last)
            ;
        (void) close(output);
        assert_int_equal(WTERMSIG(status_of(child)), SIGKILL);
        if (alone)
            assert_int_equal(test_db_open(t), 0);
        int64_t kept = -1;
        struct db_args range = DB_ARGS(db_v_int(first), db_v_int(last));
        assert_ok(&t->ctx, db_get_int(&t->ctx, &q_count_things, range, &kept));
        assert_int_equal(kept, last - first + 1);
        assert_ok(&t->ctx, add_thing(&t->ctx, 0)); /* no lock was left behind */
    }
}

static int64_t file_size(const struct test_db *t, const char *name) {
    struct stat info;
    const char *path = arena_printf(t->arena, "%s/%s", t->options.data_dir, name).p;
    return stat(path, &info) == 0 ? info.st_size : -1;
}

static void test_write_ahead_log(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    struct str text = { arena_alloc(ctx->arena, 1000000), 1000000 };
    memset((char *) text.p, 'x', text.n);
    for (int i = 0; i < 100; i++)
        assert_ok(ctx, write_one(ctx, &q_insert, DB_ARGS(db_v_int(i), db_v_text(text),
                                                         db_v_null(DB_KIND_BLOB), db_v_real(0))));
    /* 100 MB went through it; it was begun anew in between. */
    assert_in_range(file_size(t, "outrider.db-wal"), 1, 36000000);
    close_all(t);
    assert_in_range(file_size(t, "outrider.db-wal") + 1, 0, 1);
    assert_int_equal(test_db_open(t), 0);
    int64_t rows;
    static const struct query count = { "count", "SELECT count(*) FROM things", NULL };
    assert_ok(&t->ctx, db_get_int(&t->ctx, &count, DB_NO_ARGS, &rows));
    assert_int_equal(rows, 100);
}

/* A disk that is full, as far as this process is concerned: whatever fails is not
 * there afterwards, whatever was acknowledged is, and the database goes on. */
static void *fill(void *arg) {
    struct worker *w = arg;
    struct ctx ctx = test_db_ctx(w->db);
    struct str text = { arena_alloc(ctx.arena, 100000), 100000 };
    memset((char *) text.p, 'x', text.n);
    enum rc rc = OK;
    for (int i = 0; rc == OK && i < 1000; i++) {
        rc = write_one(&ctx, &q_insert, DB_ARGS(db_v_int(i), db_v_text(text),
                                                db_v_null(DB_KIND_BLOB), db_v_real(0)));
        w->written += rc == OK;
    }
    w->failures = rc != E_DB;
    test_db_ctx_done(&ctx);
    return NULL;
}

static void test_full_disk(void **state) {
    struct test_db *t = *state;
    static const struct query count = { "count", "SELECT count(*) FROM things", NULL };
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = { 20000000, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int failures = run_threads(t->db, fill);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void) signal(SIGXFSZ, handler);
    assert_int_equal(failures, 0);
    int64_t rows = -1;
    assert_ok(&t->ctx, db_get_int(&t->ctx, &count, DB_NO_ARGS, &rows));
    assert_int_equal(rows, written_by_threads);
    assert_true(rows > 0);
    assert_ok(&t->ctx, add_thing(&t->ctx, 1));
    close_all(t);
    assert_int_equal(test_db_open(t), 0);
    assert_ok(&t->ctx, db_get_int(&t->ctx, &count, DB_NO_ARGS, &rows));
    assert_int_equal(rows, written_by_threads + 1);
}

static enum rc increment_later(struct ctx *ctx, void *arg) {
    (void) arg;
    return db_exec_later(ctx, &q_increment, DB_ARGS(db_v_text(STR("a"))));
}

/* Whatever comes first on it: a query, a transaction, one that waits for nothing but its end. */
static void test_idle_connection_dies(void **state) {
    struct test_db *t = *state;
    static const struct query pid = { "pid", "SELECT pg_backend_pid()", NULL };
    static const struct query end = { "end", "SELECT pg_terminate_backend($1::integer, 5000)", NULL };
    struct ctx other = test_db_ctx(t->db);
    int64_t backend, ended;
    for (int i = 0; i < 3; i++) {
        assert_ok(&t->ctx, db_get_int(&t->ctx, &pid, DB_NO_ARGS, &backend));
        assert_ok(&other, db_get_int(&other, &end, DB_ARGS(db_v_int(backend)), &ended));
        assert_int_equal(ended, 1);
        if (i == 0)
            assert_int_equal(value_of(&t->ctx, "a"), 0);
        else
            assert_ok(&t->ctx, db_transact(&t->ctx, i == 1 ? increment : increment_later, NULL));
        assert_int_equal(t->ctx.err.rc, OK);
    }
    assert_int_equal(value_of(&t->ctx, "a"), 2);
    test_db_ctx_done(&other);
}

static enum rc die_inside(struct ctx *ctx, void *arg) {
    int *runs = arg;
    ++*runs;
    static const struct query suicide = { "suicide", "SELECT pg_terminate_backend(pg_backend_pid())", NULL };
    enum rc rc = increment(ctx, NULL);
    int64_t ended;
    if (rc == OK && *runs == 1)
        rc = db_get_int(ctx, &suicide, DB_NO_ARGS, &ended);
    return rc == OK ? E_PROTO : increment(ctx, NULL);
}

static void test_connection_dies_inside(void **state) {
    struct test_db *t = *state;
    int runs = 0;
    assert_rc(&t->ctx, db_transact(&t->ctx, die_inside, &runs), E_DB);
    assert_int_equal(runs, 1); /* not repeated: half of it may have been done elsewhere */
    ctx_clear_error(&t->ctx);
    assert_int_equal(value_of(&t->ctx, "a"), 0);
}

/* Two transactions that take the same two rows in opposite order. */
struct crossing {
    struct db *db;
    pthread_barrier_t *both_hold_one;
    const char *names[2];
    int runs;
    enum rc rc;
    bool error_left;
    bool later; /* nobody waits for the second */
};

static enum rc cross(struct ctx *ctx, void *arg) {
    struct crossing *c = arg;
    enum rc rc = db_exec(ctx, &q_increment, DB_ARGS(db_v_text(str_of(c->names[0]))), NULL);
    if (rc != OK)
        return rc;
    if (c->runs++ == 0)
        pthread_barrier_wait(c->both_hold_one);
    struct db_args second = DB_ARGS(db_v_text(str_of(c->names[1])));
    return c->later ? db_exec_later(ctx, &q_increment, second) : db_exec(ctx, &q_increment, second, NULL);
}

static void *cross_main(void *arg) {
    struct crossing *c = arg;
    struct ctx ctx = test_db_ctx(c->db);
    c->rc = db_transact(&ctx, cross, c);
    c->error_left = ctx.err.rc != OK;
    test_db_ctx_done(&ctx);
    return NULL;
}

static void meet(struct test_db *t, bool later) {
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    struct crossing c[2] = { { t->db, &barrier, { "a", "b" }, 0, OK, false, later },
                             { t->db, &barrier, { "b", "a" }, 0, OK, false, later } };
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, cross_main, &c[i]), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(c[i].rc, OK);
        assert_false(c[i].error_left);
    }
    assert_true(c[0].runs + c[1].runs > 2);
    pthread_barrier_destroy(&barrier);
}

static void test_deadlock_is_repeated(void **state) {
    struct test_db *t = *state;
    for (int i = 1; i <= 2; i++) {
        meet(t, i == 2);
        assert_int_equal(value_of(&t->ctx, "a"), 2 * i);
        assert_int_equal(value_of(&t->ctx, "b"), 2 * i);
    }
}

/* What others commit meanwhile is not seen before the moment is over, whatever fails in it. */
static enum rc read_twice(struct ctx *ctx, void *arg) {
    struct test_db *t = arg;
    int64_t before = value_of(ctx, "a");
    struct ctx other = test_db_ctx(t->db);
    struct nested n = { .caller = NULL };
    assert_ok(&other, db_transact(&other, outer_work, &n));
    int64_t others = value_of(&other, "a");
    test_db_ctx_done(&other);
    if (others != before + 1 || value_of(ctx, "a") != before)
        return E_PROTO;
    return before == 1 ? db_exec(ctx, &q_increment, DB_ARGS(db_v_text(STR("a"))), NULL) : OK;
}

static void test_one_moment(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    assert_ok(ctx, db_at_one_moment(ctx, read_twice, t));
    assert_int_equal(value_of(ctx, "a"), 1);
    assert_rc(ctx, db_at_one_moment(ctx, read_twice, t), E_DB); /* which writes */
    ctx_clear_error(ctx);
    assert_int_equal(value_of(ctx, "a"), 2);
    assert_ok(ctx, db_at_one_moment(ctx, read_twice, t));
    assert_int_equal(value_of(ctx, "a"), 3);
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "--child") == 0)
        return child_main(argv[2], argv[3], argv[4]);
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_failure_ends_transaction),
        ON_BOTH(test_later),
        ON_BOTH(test_nested),
        ON_BOTH(test_one_moment),
        ON_BOTH(test_threads),
        ON_BOTH(test_threads_that_fail),
        ON_BOTH(test_two_processes),
        ON_BOTH(test_kill),
        ON_SQLITE(test_write_ahead_log),
        ON_SQLITE(test_full_disk),
        ON_SQLITE(test_a_large_work_in_a_group),
        ON_PG(test_idle_connection_dies),
        ON_PG(test_connection_dies_inside),
        ON_PG(test_deadlock_is_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
