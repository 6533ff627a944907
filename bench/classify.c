/* How many replies a second one core classifies: those of the gold set, over and over.
 * `make bench-classify`. */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/vec.h"
#include "reply/classify.h"

#define FOLDER "tests/data/replies"

enum { ROUNDS = 5, TIMES = 20, LINE_MAX_BYTES = 65536 };

struct replies {
    struct reply *p;
    size_t n, bytes;
};

static void read_file(struct arena *arena, const char *name, struct replies *replies) {
    static char line[LINE_MAX_BYTES];
    FILE *file = fopen(arena_printf(arena, FOLDER "/%s", name).p, "r");
    ASSERT(file);
    while (fgets(line, sizeof line, file)) {
        json_t *row = json_loads(line, 0, NULL);
        ASSERT(row);
        struct str subject = str_of(json_string_value(json_object_get(row, "subject")));
        struct str text = str_of(json_string_value(json_object_get(row, "text")));
        replies->p = vec_grow(arena, replies->p, replies->n, sizeof *replies->p);
        replies->p[replies->n++] = (struct reply){ .subject = arena_str(arena, subject),
                                                   .text = arena_str(arena, text) };
        replies->bytes += text.n;
        json_decref(row);
    }
    (void) fclose(file); /* was only read */
}

static size_t run(struct arena *arena, const struct replies *replies) {
    size_t labelled = 0;
    for (size_t i = 0; i < replies->n * TIMES; i++) {
        labelled += reply_class_of(arena, &replies->p[i % replies->n]).label != LABEL_NONE;
        arena_reset(arena);
    }
    return labelled;
}

int main(void) {
    struct arena *kept = arena_new(), *arena = arena_new();
    struct replies replies = { 0 };
    DIR *folder = opendir(FOLDER);
    ASSERT(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (str_ends(str_of(entry->d_name), STR(".jsonl")))
            read_file(kept, entry->d_name, &replies);
    (void) closedir(folder); /* was only read */
    int64_t best = INT64_MAX;
    size_t labelled = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = monotonic_us();
        labelled = run(arena, &replies);
        int64_t took = monotonic_us() - start;
        best = took < best ? took : best;
    }
    double each = (double) best / (double) (replies.n * TIMES);
    printf("%zu replies of %zu bytes on average, %zu %% labelled: %.1f us each, %.0f a second on one core\n",
           replies.n, replies.bytes / replies.n, 100 * labelled / (replies.n * TIMES), each, 1e6 / each);
    arena_free(&arena);
    arena_free(&kept);
    return 0;
}
