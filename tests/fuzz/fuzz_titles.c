/* Any bytes as a job title: always one of the levels, and as a wanted title its own words
 * come first. */
#include "base/check.h"
#include "base/utf8.h"
#include "data/enums.h"
#include "data/titles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    struct title title = title_classify(arena, text);
    struct str key = title_key(arena, text);
    ASSERT(utf8_is_valid(key));
    ASSERT((key.n > 0) == str_is_set(title.seniority));
    ASSERT(!key.n || enum_index(&enum_seniorities, title.seniority) >= 0);
    struct list keys;
    title_query_keys(arena, text, &keys);
    ASSERT((keys.n > 0) == (key.n > 0));
    if (keys.n)
        ASSERT(str_starts(key, ((const struct strs *) keys.p)[0].p[0]));
    arena_free(&arena);
    return 0;
}
