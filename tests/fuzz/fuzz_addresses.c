/* Any bytes as a text with addresses in it. */
#include "base/check.h"
#include "reply/addresses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { MAX = 20 };
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    struct strs found = { 0 };
    struct email email;
    addresses_add(arena, text, MAX, &found);
    ASSERT(found.n <= MAX);
    for (size_t i = 0; i < found.n; i++) {
        ASSERT(email_parse(arena, found.p[i], &email) == OK);
        ASSERT(str_eq(email.address, found.p[i]));
    }
    arena_free(&arena);
    return 0;
}
