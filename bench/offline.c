/* Addresses in a second of processor time through the stage of validation that needs no
 * network (form, lists, suggestion, verdict): offline FILE, an address a line. Called by
 * bench/validate, which makes the file and runs the peer. Prints one line:
 * addresses, rounds, median and best rate, and how many have which result. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "verify/offline.h"

enum { ROUNDS = 15, FILE_MAX_BYTES = 256 * 1024 * 1024, RESET_EVERY = 1000 };

static void run(const struct lists *lists, struct arena *arena, struct str text,
                int64_t counts[4]) {
    struct str line;
    for (size_t n = 1; str_cut(&text, '\n', &line); n++) {
        struct offline offline;
        if (!line.n)
            continue;
        verify_offline(lists, arena, line, &offline);
        struct findings findings = offline_findings(&offline);
        counts[verdict_of(&findings).result]++;
        if (n % RESET_EVERY == 0)
            arena_reset(arena);
    }
    arena_reset(arena);
}

/* Of this thread, so that other work on the machine does not count. */
static int64_t cpu_us(void) {
    struct timespec t;
    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* it is always there */
    return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int by_value(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static struct str read_all(const char *path) {
    char *p = mem_alloc(FILE_MAX_BYTES);
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(p, 1, FILE_MAX_BYTES, file) : 0;
    if (file)
        fclose(file);
    return (struct str){ p, n };
}

int main(int argc, char **argv) {
    struct arena *arena = arena_new();
    struct lists *lists = lists_new();
    struct str text = read_all(argc == 2 ? argv[1] : "");
    int64_t us[ROUNDS], counts[4] = { 0 }, n = 0;
    if (!text.n) {
        fprintf(stderr, "usage: offline FILE\n");
        return 2;
    }
    for (int round = 0; round < ROUNDS; round++) {
        memset(counts, 0, sizeof counts);
        int64_t began = cpu_us();
        run(lists, arena, text, counts);
        us[round] = cpu_us() - began;
    }
    for (size_t i = 0; i < LENGTH(counts); i++)
        n += counts[i];
    qsort(us, ROUNDS, sizeof us[0], by_value);
    printf("%lld %d %.0f %.0f", (long long) n, ROUNDS, (double) n * 1e6 / (double) us[ROUNDS / 2],
           (double) n * 1e6 / (double) us[0]);
    for (size_t i = 0; i < LENGTH(counts); i++)
        printf(" %lld", (long long) counts[i]);
    putchar('\n');
    lists_free(&lists);
    arena_free(&arena);
    return 0;
}
