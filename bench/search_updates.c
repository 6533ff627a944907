/* Searches while people change: how long they take when nothing is written, beside 2,000
 * durable edits of one row a second, and beside 30,000 a second in transactions of 1,000; and
 * how fast the index follows. Another process writes, as an import does.
 *
 * `make bench-search_updates`, or build/bench/search_updates [PEOPLE [SECONDS]], on the
 * engine that OUTRIDER_BENCH_DATABASE names (a URL of an empty PostgreSQL database), else on
 * SQLite. One thread searches for pages of 30 with a pause of a millisecond in between; what it
 * takes counts from LEAD_SECONDS after the writer began on. */
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "db/db.h"
#include "index_data.h"
#include "json/writer.h"
#include "search/follow.h"
#include "store/migrations.h"
#include "store/shown.h"

enum { FILL_ROWS = 500, WRITERS = 16, BATCH = 1000, PAGE = 30, LATENCIES_MAX = 1 << 20, AT_ONCE = 90000, LEAD_SECONDS = 5 };

static struct ctx ctx_of(struct db *db) {
    return (struct ctx){ .arena = arena_new(), .clock = &clock_system,
                         .db = db ? db_session_open(db) : NULL };
}

static void must(struct ctx *ctx, enum rc rc) {
    if (rc == OK)
        return;
    fprintf(stderr, "%s: %.*s\n", rc_name(rc), STR_FMT(ctx->err.text));
    exit(1);
}

static double now_s(void) {
    struct timespec now;
    ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void sleep_until(double at) {
    struct timespec until = { .tv_sec = (time_t) at };
    until.tv_nsec = (long) ((at - (double) until.tv_sec) * 1e9);
    (void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL); /* shorter is fine */
}

static struct db *open_database(struct ctx *ctx, const char *folder) {
    struct db *db;
    struct db_options options = { .url = getenv("OUTRIDER_BENCH_DATABASE"), .data_dir = folder };
    must(ctx, db_open(ctx, &options, &db));
    return db;
}

/* --- filling --- */

#define INTO_PEOPLE "INSERT INTO people (doc, id, name, name_key, company_id, tags, rank, " \
                    "created_at, updated_at) SELECT "
#define INTO_COMPANIES "INSERT INTO companies (doc, id, name, name_key, tags, rank, created_at, " \
                       "updated_at) SELECT "
#define FROM_SQLITE " FROM json_each($1) WHERE true"
#define FROM_PG " FROM json_array_elements($1::json)"
static const struct query fill_people
    = { "fill_people",
        INTO_PEOPLE "value ->> 0, 'p' || (value ->> 0), 'N', 'n', 'c' || (value ->> 1), value ->> 3, "
        "value ->> 2, 0, 0" FROM_SQLITE,
        INTO_PEOPLE "(value ->> 0)::bigint, 'p' || (value ->> 0), 'N', 'n', 'c' || (value ->> 1), "
        "value ->> 3, (value ->> 2)::bigint, 0, 0" FROM_PG };
static const struct query fill_companies
    = { "fill_companies",
        INTO_COMPANIES "value ->> 0, 'c' || (value ->> 0), 'C' || (value ->> 0), 'c' || (value ->> 0), "
        "value ->> 3, value ->> 2, 0, 0" FROM_SQLITE,
        INTO_COMPANIES "(value ->> 0)::bigint, 'c' || (value ->> 0), 'C' || (value ->> 0), "
        "'c' || (value ->> 0), value ->> 3, (value ->> 2)::bigint, 0, 0" FROM_PG };

struct fill {
    bool people;
    uint32_t from, to, companies;
};

/* Without what the index adds itself. */
static void add_own_tags(struct buf *out, struct str tags) {
    const char *gap = "";
    for (struct str tag; str_word(&tags, &tag);) {
        if (tag.p[0] == 'c')
            continue;
        buf_printf(out, "%s%.*s", gap, STR_FMT(tag));
        gap = " ";
    }
}

static enum rc fill_some(struct ctx *ctx, void *arg) {
    const struct fill *f = arg;
    struct buf rows = buf_on_heap(16 << 20), tags = buf_on_heap(1 << 16);
    for (uint32_t i = f->from; i < f->to; i++) {
        struct index_row row = f->people ? bench_person_row(i, f->companies, &tags)
                                         : bench_company_row(i, &tags);
        buf_printf(&rows, "%s[%lld,%lld,%lld,\"", rows.n ? "," : "[", (long long) row.doc,
                   (long long) row.company, (long long) row.rank);
        add_own_tags(&rows, row.tags);
        buf_printf(&rows, "\"]");
    }
    buf_char(&rows, ']');
    enum rc rc = db_exec(ctx, f->people ? &fill_people : &fill_companies,
                         DB_ARGS(db_v_text(buf_text(&rows))), NULL);
    buf_done(&rows);
    buf_done(&tags);
    return rc;
}

static void fill(struct ctx *ctx, uint32_t people) {
    uint32_t companies = people / PEOPLE_PER_COMPANY;
    for (int pass = 0; pass < 2; pass++) {
        uint32_t n = pass ? people : companies;
        for (uint32_t from = 0; from < n; from += FILL_ROWS) {
            struct fill f = { pass, from, from + FILL_ROWS < n ? from + FILL_ROWS : n, companies };
            must(ctx, db_transact(ctx, fill_some, &f));
            arena_reset(ctx->arena);
        }
    }
}

/* --- writing, in a process of its own --- */

static const struct query edit
    = { "edit", "UPDATE people SET rank = rank + 1, tags = tags || $2 WHERE doc = $1", NULL };
static const struct query touch
    = { "touch", "UPDATE people SET updated_at = updated_at + 1 WHERE doc > $1 AND doc <= $2", NULL };

struct writer {
    struct db *db;
    uint32_t people, rows; /* of one transaction */
    double rate, until;    /* transactions a second */
    struct dice dice;
    int64_t written;
};

static enum rc write_one(struct ctx *ctx, void *arg) {
    struct writer *w = arg;
    int64_t doc = dice_below(&w->dice, w->people - w->rows);
    if (w->rows > 1)
        return db_exec(ctx, &touch, DB_ARGS(db_v_int(doc), db_v_int(doc + w->rows)), NULL);
    struct str tag = arena_printf(ctx->arena, " k%u", dice_below(&w->dice, 1000));
    return db_exec(ctx, &edit, DB_ARGS(db_v_int(doc + 1), db_v_text(tag)), NULL);
}

static void *write_all_the_time(void *arg) {
    struct writer *w = arg;
    struct ctx ctx = ctx_of(w->db);
    double next = now_s();
    for (; next < w->until; next += 1 / w->rate) {
        sleep_until(next);
        if (now_s() >= w->until)
            break;
        must(&ctx, db_transact(&ctx, write_one, w));
        w->written += w->rows;
        arena_reset(ctx.arena);
    }
    db_session_close(&ctx.db);
    arena_free(&ctx.arena);
    return NULL;
}

/* search_updates --write FOLDER PEOPLE ROWS RATE SECONDS: prints how many rows it wrote. */
static int write_main(char **words) {
    struct ctx ctx = ctx_of(NULL);
    struct db *db = open_database(&ctx, words[0]);
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    uint32_t rows = (uint32_t) strtoul(words[2], NULL, 10);
    int n = rows == 1 ? WRITERS : 1;
    double seconds = strtod(words[4], NULL);
    int64_t written = 0;
    for (int i = 0; i < n; i++) {
        writers[i] = (struct writer){ .db = db, .people = (uint32_t) strtoul(words[1], NULL, 10),
                                      .rows = rows, .rate = strtod(words[3], NULL) / n,
                                      .until = now_s() + seconds, .dice = { (uint64_t) i } };
        ASSERT(pthread_create(&threads[i], NULL, write_all_the_time, &writers[i]) == 0);
    }
    for (int i = 0; i < n; i++) {
        ASSERT(pthread_join(threads[i], NULL) == 0);
        written += writers[i].written;
    }
    printf("%.0f\n", (double) written / seconds);
    db_close(&db);
    arena_free(&ctx.arena);
    return 0;
}

/* --- searching --- */

struct searcher {
    struct db *db;
    struct follower *follower;
    uint32_t people;
    struct dice dice;
    double *latencies;
    size_t n, elsewhere; /* not answered by the index */
    double counts_from;
    atomic_bool stop;
};

static struct expr *number(struct arena *arena, const char *kind, uint32_t n) {
    return expr_token(arena, arena_printf(arena, "%s%u", kind, n));
}

/* What a random person has: two of five filters. */
static struct plan random_plan(struct arena *arena, struct searcher *s) {
    uint32_t companies = s->people / PEOPLE_PER_COMPANY;
    struct bench_person p = bench_person(dice_below(&s->dice, s->people), companies);
    char room[16];
    struct expr *const filters[] = {
        number(arena, "s", p.seniority),
        number(arena, "d", p.department),
        number(arena, "lc", p.country),
        expr_token(arena, arena_printf(arena, "t%.*s", STR_FMT(bench_word(LEVELS + p.words[0], room)))),
        expr_token(arena, arena_printf(arena, "k%.*s", STR_FMT(bench_word(p.keywords[0], room)))),
    };
    struct expr *all = expr_and(arena);
    uint32_t first = dice_below(&s->dice, 5);
    expr_add(all, filters[first]);
    expr_add(all, filters[(first + 1 + dice_below(&s->dice, 4)) % 5]);
    return (struct plan){ .rows = PLAN_PEOPLE, .people = all, .companies = expr_and(arena),
                          .offset = PAGE * (int64_t) dice_below(&s->dice, 3), .limit = PAGE };
}

static enum rc search_once(struct ctx *ctx, struct searcher *s, bool strict) {
    struct plan plan = random_plan(ctx->arena, s);
    struct hits hits = { .had_gaps = strict };
    struct shown_page page;
    enum rc rc = follower_search(ctx, s->follower, &plan, &hits);
    if (rc == OK)
        must(ctx, people_shown(ctx, hits.shown, hits.docs, &page));
    return rc;
}

static void *search_all_the_time(void *arg) {
    struct searcher *s = arg;
    struct ctx ctx = ctx_of(s->db);
    while (!atomic_load(&s->stop) && s->n < LATENCIES_MAX) {
        double began = now_s();
        bool is_elsewhere = search_once(&ctx, s, false) != OK;
        if (began >= s->counts_from) {
            s->elsewhere += is_elsewhere;
            s->latencies[s->n++] = (now_s() - began) * 1000;
        }
        arena_reset(ctx.arena);
        sleep_until(now_s() + 0.001);
    }
    db_session_close(&ctx.db);
    arena_free(&ctx.arena);
    return NULL;
}

/* Until everything that was written is found: seconds. */
static double drain(struct searcher *s) {
    struct ctx ctx = ctx_of(s->db);
    double began = now_s();
    while (search_once(&ctx, s, true) != OK)
        arena_reset(ctx.arena);
    db_session_close(&ctx.db);
    arena_free(&ctx.arena);
    return now_s() - began;
}

/* --- measuring --- */

static int compare(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static FILE *start_writer(const char *folder, uint32_t people, const char *rows_rate_seconds,
                          pid_t *ret_pid) {
    static char of[5][32];
    char count[32];
    (void) snprintf(count, sizeof count, "%u", people);
    (void) sscanf(rows_rate_seconds, "%31s %31s %31s", of[0], of[1], of[2]);
    char *words[] = { "search_updates", "--write", (char *) (uintptr_t) folder, count,
                      of[0], of[1], of[2], NULL };
    int ends[2];
    posix_spawn_file_actions_t actions;
    extern char **environ;
    ASSERT(pipe(ends) == 0);
    ASSERT(posix_spawn_file_actions_init(&actions) == 0);
    ASSERT(posix_spawn_file_actions_adddup2(&actions, ends[1], 1) == 0);
    ASSERT(posix_spawn(ret_pid, "/proc/self/exe", &actions, NULL, words, environ) == 0);
    (void) posix_spawn_file_actions_destroy(&actions);
    (void) close(ends[1]);
    return fdopen(ends[0], "r");
}

static double run_writer(const char *folder, uint32_t people, uint32_t rows, double rate,
                         double seconds) {
    char text[96];
    pid_t pid;
    double written = 0;
    (void) snprintf(text, sizeof text, "%u %.3f %.3f", rows, rate, seconds);
    FILE *told = start_writer(folder, people, text, &pid);
    ASSERT(fscanf(told, "%lf", &written) == 1);
    (void) fclose(told);
    ASSERT(waitpid(pid, NULL, 0) == pid);
    return written;
}

/* One line: the writer runs with `rows` a transaction, or not at all with 0. */
static void measure(struct searcher *s, const char *folder, const char *what, uint32_t rows,
                    double rate, double seconds) {
    pthread_t thread;
    double written = 0;
    s->n = s->elsewhere = 0;
    s->counts_from = now_s() + LEAD_SECONDS;
    seconds += LEAD_SECONDS;
    atomic_store(&s->stop, false);
    ASSERT(pthread_create(&thread, NULL, search_all_the_time, s) == 0);
    if (rows)
        written = run_writer(folder, s->people, rows, rate, seconds);
    else
        sleep_until(now_s() + seconds);
    double drained = rows ? drain(s) : 0;
    atomic_store(&s->stop, true);
    ASSERT(pthread_join(thread, NULL) == 0);
    qsort(s->latencies, s->n, sizeof *s->latencies, compare);
    printf("| %s | %.0f | %zu | %.2f | %.2f | %.2f | %zu | %.0f |\n", what, written, s->n,
           s->latencies[s->n / 2], s->latencies[s->n * 99 / 100], s->latencies[s->n - 1],
           s->elsewhere, drained * 1000);
    (void) fflush(stdout);
}

static double cpu_s(void) {
    struct rusage use;
    ASSERT(getrusage(RUSAGE_SELF, &use) == 0);
    return (double) (use.ru_utime.tv_sec + use.ru_stime.tv_sec)
           + (double) (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void measure_rate(struct searcher *s) {
    struct ctx ctx = ctx_of(s->db);
    struct writer w = { .people = s->people, .rows = s->people < AT_ONCE ? s->people - 1 : AT_ONCE };
    must(&ctx, db_transact(&ctx, write_one, &w));
    double cpu = cpu_s(), took = drain(s);
    cpu = cpu_s() - cpu;
    printf("\nOne transaction of %u rows is in the index after %.2f s (%.2f s of processor time): "
           "%.0f rows a second.\n", w.rows, took, cpu, w.rows / took);
    db_session_close(&ctx.db);
    arena_free(&ctx.arena);
}

int main(int argc, char **argv) {
    if (argc == 7 && strcmp(argv[1], "--write") == 0)
        return write_main(argv + 2);
    uint32_t people = argc > 1 ? (uint32_t) strtoul(argv[1], NULL, 10) : 200000;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 10;
    char folder[] = "/tmp/search-updates-XXXXXX", command[96], search[64];
    ASSERT(people > BATCH && mkdtemp(folder));
    (void) snprintf(search, sizeof search, "%s/search", folder);
    struct ctx ctx = ctx_of(NULL);
    struct db *db = open_database(&ctx, folder);
    ctx.db = db_session_open(db);
    int applied;
    must(&ctx, db_migrate(&ctx, migrations, migrations_count, false, &applied));
    fill(&ctx, people);
    struct searcher s = { .db = db, .people = people, .dice = { 7 },
                          .latencies = mem_array(LATENCIES_MAX, sizeof(double)) };
    must(&ctx, follower_start(&ctx, db, search, &s.follower));
    (void) drain(&s); /* until it is built */
    printf("%u people, %s\n\n| beside | rows written/s | searches | p50 ms | p99 ms | worst ms | "
           "not by the index | caught up after ms |\n|---|---|---|---|---|---|---|---|\n",
           people, db_engine(db) == DB_SQLITE ? "SQLite" : "PostgreSQL");
    measure(&s, folder, "nothing", 0, 0, seconds);
    measure(&s, folder, "2,000 edits a second", 1, 2000, seconds);
    measure(&s, folder, "30,000 a second, 1,000 a transaction", BATCH, 30, seconds);
    measure_rate(&s);
    follower_stop(&s.follower);
    db_session_close(&ctx.db);
    db_close(&db);
    arena_free(&ctx.arena);
    mem_free(s.latencies);
    (void) snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}
