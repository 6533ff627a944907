#include "search/tags.h"

#include <inttypes.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/bands.h"
#include "data/enums.h"
#include "data/technologies.h"
#include "data/text.h"

/* Words of a long text beyond these are not searched. */
enum { TEXT_WORDS_MAX = 400, TAG_MAX_BYTES = 256, TAGS_MAX_BYTES = 1024 * 1024 };

/* `folded` is folded already. Tags are many and short: none gets more memory than it has
 * characters. */
static struct str make_tag(struct arena *arena, const char *prefix, struct str folded) {
    static const char hex[] = "0123456789abcdef";
    char tag[TAG_MAX_BYTES + 8]; /* the prefix, and a character beyond the maximum */
    size_t n = strlen(prefix);
    memcpy(tag, prefix, n);
    for (size_t i = 0; i < folded.n && n < TAG_MAX_BYTES; i++) {
        char c = folded.p[i];
        if (ascii_is_lower(c) || ascii_is_digit(c)) {
            tag[n++] = c;
        } else {
            tag[n++] = '_';
            tag[n++] = hex[(unsigned char) c >> 4];
            tag[n++] = hex[(unsigned char) c & 15];
        }
    }
    return arena_str(arena, (struct str){ tag, n });
}

struct str tag_text(struct arena *arena, const char *prefix, struct str value) {
    return make_tag(arena, prefix, text_fold(arena, value));
}

struct str tag_exact(struct arena *arena, const char *prefix, struct str value) {
    return make_tag(arena, prefix, value);
}

struct str tag_key(struct arena *arena, const char *prefix, struct str key) {
    return arena_printf(arena, "%s%016" PRIx64, prefix, str_hash(key));
}

struct str tag_technology(struct arena *arena, struct str name) {
    return make_tag(arena, TAG_TECHNOLOGY, technology_key(arena, name));
}

struct str tag_number(struct arena *arena, const char *prefix, int number) {
    return arena_printf(arena, "%s%d", prefix, number);
}

/* --- where tags come from --- */

#define OFFSET(member, c_type) FIELD_OFFSET(T, member, c_type)
#define SOURCE(kind, how, member, c_type, field, list) \
    { kind, how, OFFSET(member, c_type), field, OFFSET(member, c_type), list }
#define TEXT_SOURCE(kind, how, member, field) SOURCE(kind, how, member, struct str, field, NULL)
#define LIST_SOURCE(kind, how, member, field) SOURCE(kind, how, member, struct strs, field, NULL)
/* A derived member, of which another is shown. */
#define DERIVED(kind, how, member, shown) \
    { kind, how, OFFSET(member, struct str), #shown, OFFSET(shown, struct str), NULL }

#define T struct person
static const struct tag_source person_rows[] = {
    TEXT_SOURCE(TAG_NAME, TAG_BY_WORDS, name, "name"),
    DERIVED(TAG_NAME_KEY, TAG_BY_KEY, name_key, name),
    TEXT_SOURCE(TAG_TITLE, TAG_BY_WORDS, title, "title"),
    DERIVED(TAG_TITLE, TAG_BY_WORDS, title_key, title),
    DERIVED(TAG_TITLE_KEY, TAG_BY_KEY, title_key, title),
    SOURCE(TAG_SENIORITY, TAG_BY_NUMBER, seniority, struct str, "seniority", &enum_seniorities),
    SOURCE(TAG_DEPARTMENT, TAG_BY_NUMBERS, departments, struct strs, "departments",
           &enum_departments),
    SOURCE(TAG_FUNCTION, TAG_BY_NUMBERS, job_functions, struct strs, "job_functions",
           &enum_job_functions),
    DERIVED(TAG_COUNTRY, TAG_BY_VALUE, country, location),
    DERIVED(TAG_REGION, TAG_BY_VALUE, region, location),
    DERIVED(TAG_CITY, TAG_BY_VALUE, city, location),
    LIST_SOURCE(TAG_KEYWORD, TAG_BY_WORDS_OF_EACH, keywords, "keywords"),
    TEXT_SOURCE(TAG_KEYWORD, TAG_BY_WORDS, title, "title"),
    TEXT_SOURCE(TAG_KEYWORD, TAG_BY_WORDS, headline, "headline"),
    TEXT_SOURCE(TAG_KEYWORD, TAG_BY_WORDS, about, "about"),
};
#undef T

#define T struct company
static const struct tag_source company_rows[] = {
    TEXT_SOURCE(TAG_COMPANY, TAG_BY_WORDS, name, "name"),
    DERIVED(TAG_COMPANY, TAG_BY_WORDS, name_key, name),
    DERIVED(TAG_COMPANY_KEY, TAG_BY_KEY, name_key, name),
    TEXT_SOURCE(TAG_DOMAIN, TAG_BY_EXACT_VALUE, domain, "domain"),
    SOURCE(TAG_INDUSTRY, TAG_BY_NUMBER, industry, struct str, "industry", &enum_industries),
    SOURCE(TAG_SIZE, TAG_BY_NUMBER, size, struct str, "size", &enum_company_sizes),
    SOURCE(TAG_TYPE, TAG_BY_NUMBER, type, struct str, "type", &enum_company_types),
    DERIVED(TAG_COUNTRY, TAG_BY_VALUE, country, location),
    DERIVED(TAG_REGION, TAG_BY_VALUE, region, location),
    DERIVED(TAG_CITY, TAG_BY_VALUE, city, location),
    SOURCE(TAG_FOCUS, TAG_BY_B2B, is_b2b, enum tri, "is_b2b", NULL),
    SOURCE(TAG_FOCUS, TAG_BY_B2C, is_b2c, enum tri, "is_b2c", NULL),
    SOURCE(TAG_REVENUE, TAG_BY_NUMBER, estimated_revenue, struct str, "estimated_revenue",
           &enum_revenue_bands),
    TEXT_SOURCE(TAG_STAGE, TAG_BY_VALUE, latest_funding_stage, "latest_funding_stage"),
    LIST_SOURCE(TAG_TECHNOLOGY, TAG_BY_EACH_TECHNOLOGY, technologies, "technologies"),
    LIST_SOURCE(TAG_KEYWORD, TAG_BY_WORDS_OF_EACH, keywords, "keywords"),
    TEXT_SOURCE(TAG_KEYWORD, TAG_BY_WORDS, industry, "industry"),
    TEXT_SOURCE(TAG_KEYWORD, TAG_BY_WORDS, overview, "overview"),
};
#undef T

const struct tag_sources person_tag_sources = { person_rows, LENGTH(person_rows) };
const struct tag_sources company_tag_sources = { company_rows, LENGTH(company_rows) };

/* --- how a value becomes tags --- */

static void add_words(struct arena *arena, const struct tag_source *source, struct str text,
                      struct strs *tags) {
    struct strs words = { 0 };
    if (!str_is_empty(text))
        text_words(arena, text, &words);
    for (size_t i = 0; i < words.n && i < TEXT_WORDS_MAX; i++)
        strs_add(arena, tags, make_tag(arena, source->kind, words.p[i]));
}

static void add_value(struct arena *arena, const struct tag_source *source, struct str value,
                      struct strs *tags) {
    if (!str_is_empty(value))
        strs_add(arena, tags, tag_text(arena, source->kind, value));
}

static void add_technology(struct arena *arena, const struct tag_source *source,
                           struct str value, struct strs *tags) {
    (void) source; /* there is one kind */
    if (!str_is_empty(value))
        strs_add(arena, tags, tag_technology(arena, value));
}

static void add_exact_value(struct arena *arena, const struct tag_source *source, struct str value,
                            struct strs *tags) {
    if (!str_is_empty(value))
        strs_add(arena, tags, tag_exact(arena, source->kind, value));
}

static void add_key(struct arena *arena, const struct tag_source *source, struct str key,
                    struct strs *tags) {
    if (!str_is_empty(key))
        strs_add(arena, tags, tag_key(arena, source->kind, key));
}

static void add_number(struct arena *arena, const struct tag_source *source, struct str value,
                       struct strs *tags) {
    int number = str_is_set(value) ? enum_index(source->list, value) : -1;
    if (number >= 0)
        strs_add(arena, tags, tag_number(arena, source->kind, number));
}

static const struct how_row {
    void (*add)(struct arena *arena, const struct tag_source *source, struct str value,
                struct strs *tags);
    bool is_list; /* the member is a struct strs */
} hows[] = {
    [TAG_BY_WORDS] = { add_words, false },
    [TAG_BY_WORDS_OF_EACH] = { add_words, true },
    [TAG_BY_VALUE] = { add_value, false },
    [TAG_BY_EACH_TECHNOLOGY] = { add_technology, true },
    [TAG_BY_EXACT_VALUE] = { add_exact_value, false },
    [TAG_BY_KEY] = { add_key, false },
    [TAG_BY_NUMBER] = { add_number, false },
    [TAG_BY_NUMBERS] = { add_number, true },
    [TAG_BY_B2B] = { add_value, false },
    [TAG_BY_B2C] = { add_value, false },
};

struct strs tag_source_values(struct arena *arena, const struct tag_source *source,
                              const void *row) {
    const void *member = (const char *) row + source->offset;
    struct str value = STR_NONE;
    if (hows[source->how].is_list)
        return *(const struct strs *) member;
    if (source->how != TAG_BY_B2B && source->how != TAG_BY_B2C)
        value = *(const struct str *) member;
    else if (*(const enum tri *) member == YES)
        value = source->how == TAG_BY_B2B ? STR("b2b") : STR("b2c");
    struct strs values = { 0 };
    if (str_is_set(value))
        strs_add(arena, &values, value);
    return values;
}

struct str tag_source_shown(const struct tag_source *source, const void *row) {
    if (source->shown == source->offset)
        return STR_NONE;
    return *(const struct str *) (const void *) ((const char *) row + source->shown);
}

void tag_source_tags(struct arena *arena, const struct tag_source *source, struct str value,
                     struct strs *tags) {
    hows[source->how].add(arena, source, value, tags);
}

/* Collected on an arena of their own: tokens take many times the memory of the text that
 * they become, and an import keeps that of a thousand rows. */
static struct str tags_of(struct arena *arena, const struct tag_sources *sources,
                          const void *row) {
    static char present;
    struct arena *scratch = arena_new();
    struct map seen = map_in(scratch);
    struct buf out = buf_in(scratch, TAGS_MAX_BYTES);
    struct strs tags = { 0 };
    for (size_t i = 0; i < sources->n; i++) {
        struct strs values = tag_source_values(scratch, &sources->p[i], row);
        for (size_t v = 0; v < values.n; v++)
            tag_source_tags(scratch, &sources->p[i], values.p[v], &tags);
    }
    for (size_t i = 0; i < tags.n; i++) {
        if (map_put(&seen, tags.p[i], &present))
            continue;
        if (out.n)
            buf_char(&out, ' ');
        buf_str(&out, tags.p[i]);
    }
    struct str joined = arena_str(arena, buf_text(&out));
    arena_free(&scratch);
    return joined;
}

struct str person_tags(struct arena *arena, const struct person *person) {
    return tags_of(arena, &person_tag_sources, person);
}

struct str company_tags(struct arena *arena, const struct company *company) {
    return tags_of(arena, &company_tag_sources, company);
}

/* --- rank --- */

static int64_t present(struct str value) {
    return str_is_empty(value) ? 0 : 1;
}

/* Each part counts more than all that follow it. Coarse, so that equally good rows stay in
 * the order of their numbers. */
enum { COMPLETENESS_STEPS = 16, FRESHNESS_STEPS = 4096 };

static int64_t rank_of(int64_t standing, int64_t completeness, struct opt_int updated_at) {
    int64_t step = updated_at.set ? updated_at.v / (30 * DAY_MS) : 0;
    int64_t fresh = step < 0 ? 0 : step < FRESHNESS_STEPS ? step : FRESHNESS_STEPS - 1;
    return (standing * COMPLETENESS_STEPS + completeness) * FRESHNESS_STEPS + fresh;
}

int64_t person_rank(const struct person *p) {
    int seniority = str_is_set(p->seniority) ? enum_index(&enum_seniorities, p->seniority) : -1;
    int64_t standing = seniority < 0 ? 0 : (int64_t) enum_seniorities.n - seniority;
    int64_t completeness = present(p->stored_email) * 3 + present(p->linkedin_url) * 2
                           + present(p->title) + present(p->location) + present(p->company_id);
    return rank_of(standing, completeness, p->updated_at);
}

int64_t company_rank(const struct company *c) {
    int size = str_is_set(c->size) ? enum_index(&enum_company_sizes, c->size) : -1;
    int64_t completeness = present(c->domain) * 3 + present(c->linkedin_url) * 2
                           + present(c->industry) + present(c->location) + present(c->overview);
    return rank_of(size + 1, completeness, c->updated_at);
}

void person_index(struct arena *arena, struct person *person) {
    person->tags = person_tags(arena, person);
    person->rank = opt_int(person_rank(person));
}

void company_index(struct arena *arena, struct company *company) {
    company->tags = company_tags(arena, company);
    company->rank = opt_int(company_rank(company));
}
