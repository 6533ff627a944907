#include "data/industries.h"

#include <pthread.h>

#include "base/check.h"
#include "base/map.h"
#include "data/enums.h"
#include "data/text.h"

#define CODE_DIGITS_MIN 2
#define CODE_DIGITS_MAX 6 /* of NAICS; SIC has four */

struct code_row {
    struct str code, industry;
};

#define NO_ROW(a, b)
#define ROW(a, b) { STR(a), STR(b) },
#define INDUSTRY NO_ROW
#define SIC ROW
#define NAICS NO_ROW
static const struct code_row sic_rows[] = {
#include "data/industries.def"
};
#undef SIC
#undef NAICS
#define SIC NO_ROW
#define NAICS ROW
static const struct code_row naics_rows[] = {
#include "data/industries.def"
};
#undef INDUSTRY
#undef NAICS
#define INDUSTRY ROW
#define NAICS NO_ROW
static const struct {
    struct str industry, names; /* names: '|' between them */
} name_rows[] = {
#include "data/industries.def"
};
#undef INDUSTRY
#undef SIC
#undef NAICS

/* industry_key of a name -> the text in enum_industries. Built at first use, then immutable; lives
 * as long as the process. */
static struct {
    struct arena *arena;
    struct map names;
} tables;

/* "Health and Wellness" and "Health & Wellness" are one: the fold drops the sign, so the
 * word for it is dropped as well. */
static struct str industry_key(struct arena *arena, struct str name) {
    struct str result = STR(""), rest = text_fold(arena, name);
    for (struct str word; str_word(&rest, &word);)
        if (!str_eq(word, STR("and")))
            result = arena_printf(arena, "%.*s%s%.*s", STR_FMT(result), result.n ? " " : "",
                                  STR_FMT(word));
    return result;
}

/* The first that claims a name keeps it, so the API's own names come first. */
static void add_name(struct str name, const struct str *industry) {
    struct str key = industry_key(tables.arena, name);
    if (!map_get(&tables.names, key))
        (void) map_put(&tables.names, key, (void *) (uintptr_t) industry);
}

static const struct str *in_enum(struct str industry) {
    int index = enum_index(&enum_industries, industry);
    ASSERT(index >= 0); /* a row of industries.def that is not in enums.def */
    return &enum_industries.values[index];
}

static void build(void) {
    tables.arena = arena_new();
    tables.names = map_in(tables.arena);
    for (size_t i = 0; i < enum_industries.n; i++)
        add_name(enum_industries.values[i], &enum_industries.values[i]);
    for (size_t i = 0; i < LENGTH(name_rows); i++) {
        struct str names = name_rows[i].names;
        const struct str *industry = in_enum(name_rows[i].industry);
        for (struct str name; str_cut(&names, '|', &name);)
            add_name(name, industry);
    }
}

struct str industry_parse(struct arena *arena, struct str text) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ASSERT(pthread_once(&once, build) == 0);
    const struct str *industry = map_get(&tables.names, industry_key(arena, text));
    for (struct str rest = text, part; !industry && str_cut(&rest, ';', &part);)
        industry = map_get(&tables.names, industry_key(arena, part));
    return industry ? *industry : STR_NONE;
}

/* The digits at the beginning, behind a word like "SIC". */
static struct str digits_of(struct str text) {
    size_t from = 0, to;
    while (from < text.n && !ascii_is_digit(text.p[from]))
        from++;
    for (to = from; to < text.n && ascii_is_digit(text.p[to]); to++)
        ;
    return str_sub(text, from, to);
}

static struct str find_code(const struct code_row *rows, size_t n, struct str text) {
    struct str code = digits_of(text), found = STR_NONE;
    size_t longest = 0;
    if (code.n < CODE_DIGITS_MIN || code.n > CODE_DIGITS_MAX)
        return STR_NONE;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].code.n <= longest || !str_starts(code, rows[i].code))
            continue;
        found = rows[i].industry;
        longest = rows[i].code.n;
    }
    return found;
}

struct str industry_of_sic(struct str code) {
    return find_code(sic_rows, LENGTH(sic_rows), code);
}

struct str industry_of_naics(struct str code) {
    return find_code(naics_rows, LENGTH(naics_rows), code);
}
