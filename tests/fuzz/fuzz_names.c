/* Any bytes as text, as the name of a person and as that of a company. Half of the input
 * against the other half as two names. */
#include "base/check.h"
#include "base/utf8.h"
#include "data/company_names.h"
#include "data/names.h"
#include "data/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct arena *arena, struct str text) {
    struct str folded = text_fold(arena, text);
    ASSERT(utf8_is_valid(folded));
    ASSERT(str_eq(text_fold(arena, folded), folded));
    struct str clean = text_clean(arena, text);
    ASSERT(utf8_is_valid(clean));
    ASSERT(str_eq(text_clean(arena, clean), clean));
    ASSERT(utf8_is_valid(text_title_case(arena, text)));
    (void) text_case_of(text);
}

static void check_company(struct arena *arena, struct str text) {
    struct str key = company_name_key(arena, text);
    ASSERT(str_eq(company_name_key(arena, key), key));
    ASSERT((key.n == 0) == (text_fold(arena, text).n == 0 && !str_contains(text, STR("&"))
                            && !str_contains(text, STR("+"))));
}

static void check_person(struct arena *arena, struct str text) {
    struct person_name name = name_parse(arena, text);
    ASSERT(utf8_is_valid(name.full));
    ASSERT(str_is_set(name.full) == (name.first.n + name.last.n > 0));
    ASSERT(name.first.n + name.last.n <= name.full.n || !name.full.n);
    struct str first = str_sub(text, 0, text.n / 2);
    struct str second = str_sub(text, text.n / 2, text.n);
    struct person_name parts = name_of_parts(arena, first, second);
    ASSERT(utf8_is_valid(parts.full));
    ASSERT(names_match(first, second) == names_match(second, first));
    if (name.full.n)
        ASSERT(names_match(text, text) == NAME_SAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    check_text(arena, text);
    check_company(arena, text);
    check_person(arena, text);
    arena_free(&arena);
    return 0;
}
