/* The search index alone: building, opening, 200 queries of six classes, changes while
 * searching. `make bench-index`, or build/bench/index [--explain] PEOPLE...; there are
 * a tenth as many companies. With --cold FOLDER PEOPLE... only starts are measured, on files
 * that stay in the folder. Times of queries are the best of ROUNDS for each query and
 * percentiles over queries, but where it says "each run". */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "index_queries.h"
#include "search/index_build.h"

enum { ROUNDS = 9, BATCH = 1000, CHANGE_SECONDS = 8 };

static struct index_options options_of(const struct set *set, int which, bool merges) {
    return (struct index_options){ set->folders[which], which ? INDEX_COMPANIES : INDEX_PEOPLE, 1,
                                   0, merges, NULL };
}

static void must(struct ctx *ctx, enum rc rc) {
    if (rc == OK)
        return;
    fprintf(stderr, "%s: %.*s\n", rc_name(rc), STR_FMT(ctx->err.text));
    exit(1);
}

static int64_t monotonic_ns(void) {
    struct timespec now;
    ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static double seconds(int64_t us) {
    return (double) us / 1e6;
}

static double cpu_seconds(void) {
    struct rusage use;
    ASSERT(getrusage(RUSAGE_SELF, &use) == 0);
    return (double) (use.ru_utime.tv_sec + use.ru_stime.tv_sec)
           + (double) (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/* A line of /proc/self/status, in MB. */
static double status_mb(const char *name) {
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    ASSERT(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtol(line + strlen(name) + 1, NULL, 10);
    fclose(f);
    return (double) kb / 1024;
}

/* --- building --- */

static struct index_row row_of(const struct set *set, int which, uint32_t i, struct buf *out) {
    return which ? bench_company_row(i, out) : bench_person_row(i, set->companies, out);
}

static void build(struct set *set, int which) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    struct index_options options = options_of(set, which, false);
    struct index_builder *builder = NULL;
    uint32_t n = which ? set->companies : set->people;
    struct index_row rows[BATCH];
    struct buf texts[BATCH];
    for (size_t i = 0; i < BATCH; i++)
        texts[i] = buf_on_heap(4096);
    must(&ctx, index_builder_new(&ctx, &options, &builder));
    int64_t us = 0, at;
    double cpu = 0, before;
    for (uint32_t i = 0; i < n;) {
        size_t some = 0;
        for (; some < BATCH && i < n; i++, some++)
            rows[some] = row_of(set, which, i, &texts[some]);
        at = monotonic_us();
        before = cpu_seconds();
        must(&ctx, index_builder_add(&ctx, builder, rows, some));
        us += monotonic_us() - at;
        cpu += cpu_seconds() - before;
    }
    at = monotonic_us();
    before = cpu_seconds();
    must(&ctx, index_builder_finish(&ctx, &builder, 1));
    us += monotonic_us() - at;
    cpu += cpu_seconds() - before;
    printf("- build of %u %s: %.1f s, %.1f s of processor time, %.0f rows a second and core; "
           "largest resident %.0f MB\n",
           n, which ? "companies" : "people", seconds(us), cpu, n / cpu, status_mb("VmHWM"));
    for (size_t i = 0; i < BATCH; i++)
        buf_done(&texts[i]);
    arena_free(&ctx.arena);
}

static void open_both(struct set *set, bool merges, const char *how) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    double anonymous = status_mb("RssAnon:");
    int64_t at = monotonic_us();
    for (int which = 0; which < 2; which++) {
        struct index_options options = options_of(set, which, merges);
        must(&ctx, index_open(&ctx, &options, &set->index[which]));
    }
    if (how)
        printf("- open, %s: %.2f s, memory beside the page cache %.1f MB\n", how,
               seconds(monotonic_us() - at), status_mb("RssAnon:") - anonymous);
    arena_free(&ctx.arena);
}

static void close_both(struct set *set) {
    for (int which = 0; which < 2; which++)
        index_close(&set->index[which]);
}

/* Takes the files out of the page cache; works for a file that nobody maps. */
static void make_cold(const struct set *set) {
    for (int which = 0; which < 2; which++) {
        DIR *dir = opendir(set->folders[which]);
        ASSERT(dir);
        for (struct dirent *entry; (entry = readdir(dir));) {
            int fd = openat(dirfd(dir), entry->d_name, O_RDONLY);
            if (fd < 0)
                continue;
            ASSERT(fdatasync(fd) == 0 || entry->d_name[0] == '.');
            (void) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
            close(fd);
        }
        closedir(dir);
    }
}

/* --- queries --- */

static double run_us(const struct set *set, const struct query *q, struct arena *arena,
                     int64_t *ret_total) {
    struct index_hits hits;
    int64_t at = monotonic_ns();
    run(set, q, arena, &hits);
    double us = (double) (monotonic_ns() - at) / 1000;
    *ret_total = hits.total;
    arena_reset(arena);
    return us;
}

/* --- percentiles --- */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return x < y ? -1 : x > y;
}

static double percentile(double *sorted, size_t n, double p) {
    size_t i = (size_t) (p * (double) n);
    return sorted[i < n ? i : n - 1];
}

static void print_times(const char *what, double *us, size_t n) {
    qsort(us, n, sizeof *us, compare_doubles);
    printf("| %s | %.3f | %.3f | %.3f | %.3f |\n", what, percentile(us, n, 0.5) / 1000,
           percentile(us, n, 0.95) / 1000, percentile(us, n, 0.99) / 1000, us[n - 1] / 1000);
}

static void measure_queries(const struct set *set, const struct query *queries, bool explain) {
    struct arena *arena = arena_new();
    static double best[QUERIES], each[QUERIES * ROUNDS];
    int64_t totals[QUERIES];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < QUERIES; i++) {
            double us = run_us(set, &queries[i], arena, &totals[i]);
            each[round * QUERIES + i] = us;
            best[i] = round == 0 || us < best[i] ? us : best[i];
        }
    }
    for (int i = 0; i < QUERIES && explain; i++)
        fprintf(stderr, "%c %d: %.1f us, total %lld\n", queries[i].class, i, best[i],
                (long long) totals[i]);
    printf("\n| class | p50, ms | p95 | p99 | worst |\n|---|---|---|---|---|\n");
    int at = 0;
    for (size_t c = 0; c < LENGTH(classes); at += classes[c++].n) {
        double some[QUERIES];
        memcpy(some, best + at, (size_t) classes[c].n * sizeof *some);
        print_times(classes[c].name, some, (size_t) classes[c].n);
    }
    print_times("all", best, QUERIES);
    print_times("all, each run", each, LENGTH(each));
    arena_free(&arena);
}

/* Each start is one after which nothing of the files is in memory; the queries come one after
 * the other, from another one on each time. */
enum { STARTS = 20, SOON = 10 };
struct cold {
    double open[STARTS], first[STARTS], soon[STARTS * SOON], each[STARTS * QUERIES];
};

static void start_cold(struct set *set, const struct query *queries, int start, struct cold *cold) {
    struct arena *arena = arena_new();
    int64_t total, at;
    close_both(set);
    make_cold(set);
    at = monotonic_us();
    open_both(set, true, NULL);
    cold->open[start] = (double) (monotonic_us() - at);
    for (int i = 0; i < QUERIES; i++) {
        double us = run_us(set, &queries[(start * QUERIES / STARTS + i * 7) % QUERIES], arena, &total);
        cold->each[start * QUERIES + i] = us;
        if (i < SOON)
            cold->soon[start * SOON + i] = us;
        if (i == 0)
            cold->first[start] = us;
    }
    arena_free(&arena);
}

static void measure_cold(struct set *set, const struct query *queries) {
    static struct cold cold;
    for (int i = 0; i < STARTS; i++)
        start_cold(set, queries, i, &cold);
    printf("| files not in memory, %d starts | p50, ms | p95 | p99 | worst |\n|---|---|---|---|---|\n",
           STARTS);
    print_times("open", cold.open, LENGTH(cold.open));
    print_times("the first query", cold.first, LENGTH(cold.first));
    print_times("the first ten", cold.soon, LENGTH(cold.soon));
    print_times("each of the 200", cold.each, LENGTH(cold.each));
}

/* --- changes while searching --- */

struct writer {
    const struct set *set;
    size_t at_once;
    int64_t pause_us; /* between puts */
    atomic_bool stop;
    int64_t rows;
    double put_cpu; /* processor time in index_put and index_checkpoint */
};

static double thread_seconds(void) {
    struct timespec now;
    ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void *write_rows(void *arg) {
    struct writer *w = arg;
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    struct dice dice = { 99 };
    struct index_row rows[BATCH];
    struct buf texts[BATCH];
    for (size_t i = 0; i < BATCH; i++)
        texts[i] = buf_on_heap(4096);
    for (int64_t next = monotonic_us(); !atomic_load(&w->stop);) {
        enum { STRIDE = 7919 }; /* a document is told once at a time */
        uint32_t first = dice_below(&dice, w->set->people);
        for (size_t i = 0; i < w->at_once; i++) {
            uint32_t person = (uint32_t) ((first + i * STRIDE) % w->set->people);
            rows[i] = row_of(w->set, 0, person, &texts[i]);
            rows[i].rank += 4096;
        }
        double before = thread_seconds();
        must(&ctx, index_put(&ctx, w->set->index[0], rows, w->at_once));
        w->rows += (int64_t) w->at_once;
        if (w->rows % 20000 == 0)
            must(&ctx, index_checkpoint(&ctx, w->set->index[0], 1 + w->rows));
        w->put_cpu += thread_seconds() - before;
        arena_reset(ctx.arena);
        next += w->pause_us;
        int64_t left = next - monotonic_us();
        struct timespec pause = { 0, left * 1000 };
        if (w->pause_us && left > 0)
            (void) nanosleep(&pause, NULL);
    }
    for (size_t i = 0; i < BATCH; i++)
        buf_done(&texts[i]);
    arena_free(&ctx.arena);
    return NULL;
}

/* Searches for CHANGE_SECONDS, each run counted. */
static void search_for_a_while(const struct set *set, const struct query *queries,
                               const char *what) {
    struct arena *arena = arena_new();
    size_t room = 1 << 20, n = 0;
    double *us = mem_array(room, sizeof *us);
    int64_t total, end = monotonic_us() + CHANGE_SECONDS * INT64_C(1000000);
    while (monotonic_us() < end && n < room) {
        us[n] = run_us(set, &queries[n % QUERIES], arena, &total);
        n++;
    }
    print_times(what, us, n);
    mem_free(us);
    arena_free(&arena);
}

static void measure_changes(const struct set *set, const struct query *queries) {
    printf("\n| each run | p50, ms | p95 | p99 | worst |\n|---|---|---|---|---|\n");
    search_for_a_while(set, queries, "nobody writes");
    struct writer writers[] = { { .set = set, .at_once = 1, .pause_us = 500 },
                                { .set = set, .at_once = BATCH, .pause_us = 33333 },
                                { .set = set, .at_once = BATCH } };
    const char *names[] = { "2,000 single rows a second", "30,000 rows a second in batches",
                            "batches as fast as they go" };
    for (size_t i = 0; i < LENGTH(writers); i++) {
        pthread_t thread;
        ASSERT(pthread_create(&thread, NULL, write_rows, &writers[i]) == 0);
        search_for_a_while(set, queries, names[i]);
        atomic_store(&writers[i].stop, true);
        ASSERT(pthread_join(thread, NULL) == 0);
    }
    printf("\n");
    for (size_t i = 0; i < LENGTH(writers); i++)
        printf("- %s: %lld rows a second; %.0f rows a second of the writer's processor time\n",
               names[i], (long long) (writers[i].rows / CHANGE_SECONDS),
               (double) writers[i].rows / writers[i].put_cpu);
    struct index_stats stats;
    index_stats(set->index[0], &stats);
    printf("- then: %lld rows, %lld segments, %lld dead rows, %lld in the tail, %lld merges\n",
           (long long) stats.rows, (long long) stats.segments, (long long) stats.dead_rows,
           (long long) stats.tail_rows, (long long) stats.merges);
}

static void print_files(const struct set *set) {
    struct index_stats stats, companies;
    index_stats(set->index[0], &stats);
    index_stats(set->index[1], &companies);
    printf("- files: people %.0f MB, companies %.0f MB; %.1f bytes a person, %.1f with the "
           "companies\n",
           (double) stats.bytes / 1e6, (double) companies.bytes / 1e6,
           (double) stats.bytes / set->people,
           (double) (stats.bytes + companies.bytes) / set->people);
}

struct wanted {
    bool explain, cold; /* the queries' times on stderr; only starts, with files that are kept */
    const char *folder; /* where the files are */
};

static void measure_warm(struct set *set, const struct query *queries, bool explain) {
    build(set, 1);
    build(set, 0);
    open_both(set, true, "files in memory");
    print_files(set);
    measure_queries(set, queries, explain);
    printf("\n");
}

/* Files of an earlier run are good. */
static void open_kept(struct set *set) {
    struct stat info;
    for (int which = 0; which < 2; which++)
        if (stat(set->folders[which], &info) != 0)
            build(set, which);
    open_both(set, false, "files in memory");
    print_files(set);
}

static void bench(const struct wanted *wanted, uint32_t people) {
    struct set set = { .people = people, .companies = people / PEOPLE_PER_COMPANY };
    for (int which = 0; which < 2; which++)
        (void) snprintf(set.folders[which], sizeof set.folders[which], "%s/%u-%s", wanted->folder,
                        people, which ? "companies" : "people");
    printf("\n### %u people, %u companies\n\n", set.people, set.companies);
    struct arena *arena = arena_new();
    struct query *queries = make_queries(arena, &set);
    if (wanted->cold)
        open_kept(&set);
    else
        measure_warm(&set, queries, wanted->explain);
    measure_cold(&set, queries);
    close_both(&set);
    if (!wanted->cold) {
        open_both(&set, true, NULL);
        measure_changes(&set, queries);
        printf("- memory beside the page cache at the end: %.1f MB\n", status_mb("RssAnon:"));
        close_both(&set);
    }
    arena_free(&arena);
    fflush(stdout);
}

static int bench_all(const struct wanted *wanted, char **sizes, int n) {
    if (mkdir(wanted->folder, 0700) != 0 && !wanted->cold)
        return 1;
    for (int i = 0; i < n; i++)
        bench(wanted, (uint32_t) strtoul(sizes[i], NULL, 10));
    for (uint32_t people = 100000; n == 0 && people <= 2000000; people *= 20)
        bench(wanted, people);
    return 0;
}

int main(int argc, char **argv) {
    char folder[128], command[160];
    (void) snprintf(folder, sizeof folder, "/tmp/bench_index.%d", (int) getpid());
    struct wanted wanted = { .folder = folder };
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "--explain") == 0) {
        wanted.explain = true;
        first = 2;
    } else if (argc > 2 && strcmp(argv[1], "--cold") == 0) {
        wanted.cold = true;
        wanted.folder = argv[2];
        first = 3;
    }
    int failed = bench_all(&wanted, argv + first, argc - first);
    (void) snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || failed;
}
