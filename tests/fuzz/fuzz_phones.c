/* Any text as a telephone number in a few countries: what is international must be read
 * again as the same number. */
#include "base/check.h"
#include "data/phones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct str countries[] = { STR("US"), STR("DE"), STR("IT"), STR("RU"), STR("") };
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    for (size_t i = 0; i < LENGTH(countries); i++) {
        struct phone phone, again;
        if (phone_parse(arena, text, countries[i], &phone) != OK || !phone.is_international)
            continue;
        ASSERT(phone_parse(arena, phone.number, STR_NONE, &again) == OK);
        ASSERT(str_eq(phone.number, again.number));
    }
    arena_free(&arena);
    return 0;
}
