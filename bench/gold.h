/* The replies of the gold set (tests/data/replies), for benchmarks. */
#ifndef BENCH_GOLD_H
#define BENCH_GOLD_H

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>

#include "base/check.h"
#include "base/vec.h"
#include "reply/classify.h"

#define GOLD_FOLDER "tests/data/replies"
enum { GOLD_LINE_MAX_BYTES = 65536 };

static inline void gold_read_file(struct arena *arena, const char *name, struct list *replies) {
    static char line[GOLD_LINE_MAX_BYTES];
    FILE *file = fopen(arena_printf(arena, GOLD_FOLDER "/%s", name).p, "r");
    ASSERT(file);
    while (fgets(line, sizeof line, file)) {
        json_t *row = json_loads(line, 0, NULL);
        ASSERT(row);
        struct reply *reply = list_add(arena, replies, sizeof *reply);
        *reply = (struct reply){
            .subject = arena_str(arena, str_of(json_string_value(json_object_get(row, "subject")))),
            .text = arena_str(arena, str_of(json_string_value(json_object_get(row, "text")))),
        };
        json_decref(row);
    }
    (void) fclose(file); /* was only read */
}

/* On the arena. List of struct reply: subject and text. */
static inline struct list gold_replies(struct arena *arena) {
    struct list replies = { 0 };
    DIR *folder = opendir(GOLD_FOLDER);
    ASSERT(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (str_ends(str_of(entry->d_name), STR(".jsonl")))
            gold_read_file(arena, entry->d_name, &replies);
    (void) closedir(folder); /* was only read */
    return replies;
}

#endif
