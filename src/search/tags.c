#include "search/tags.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/bands.h"
#include "data/enums.h"
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

struct str tag_number(struct arena *arena, const char *prefix, int number) {
    return arena_printf(arena, "%s%d", prefix, number);
}

/* Collects tokens, each once, on an arena of its own: they take many times the memory of
 * the text that they become, and an import keeps that of a thousand rows. */
struct collector {
    struct arena *arena;
    struct map seen;
    struct buf out;
};

static struct collector collector(void) {
    struct arena *arena = arena_new();
    return (struct collector){ arena, map_in(arena), buf_in(arena, TAGS_MAX_BYTES) };
}

static struct str collected(struct collector *c, struct arena *arena) {
    struct str tags = arena_str(arena, buf_text(&c->out));
    arena_free(&c->arena);
    return tags;
}

static void add(struct collector *c, struct str tag) {
    static char present;
    if (map_put(&c->seen, tag, &present))
        return;
    if (c->out.n)
        buf_char(&c->out, ' ');
    buf_str(&c->out, tag);
}

static void add_value(struct collector *c, const char *prefix, struct str value) {
    if (!str_is_empty(value))
        add(c, tag_text(c->arena, prefix, value));
}

static void add_key(struct collector *c, const char *prefix, struct str key) {
    if (!str_is_empty(key))
        add(c, tag_key(c->arena, prefix, key));
}

static void add_words(struct collector *c, const char *prefix, struct str text) {
    struct strs words = { 0 };
    if (!str_is_empty(text))
        text_words(c->arena, text, &words);
    for (size_t i = 0; i < words.n && i < TEXT_WORDS_MAX; i++)
        add(c, make_tag(c->arena, prefix, words.p[i]));
}

static void add_word_lists(struct collector *c, const char *prefix, struct strs texts) {
    for (size_t i = 0; i < texts.n; i++)
        add_words(c, prefix, texts.p[i]);
}

static void add_enum(struct collector *c, const char *prefix, const struct enum_values *list,
                     struct str value) {
    int number = str_is_set(value) ? enum_index(list, value) : -1;
    if (number >= 0)
        add(c, tag_number(c->arena, prefix, number));
}

static void add_enums(struct collector *c, const char *prefix, const struct enum_values *list,
                      struct strs values) {
    for (size_t i = 0; i < values.n; i++)
        add_enum(c, prefix, list, values.p[i]);
}

static void add_place(struct collector *c, struct str city, struct str region,
                      struct str country) {
    add_value(c, TAG_COUNTRY, country);
    add_value(c, TAG_REGION, region);
    add_value(c, TAG_CITY, city);
}

struct str person_tags(struct arena *arena, const struct person *person) {
    struct collector c = collector();
    add_words(&c, TAG_NAME, person->name);
    add_key(&c, TAG_NAME_KEY, person->name_key);
    add_words(&c, TAG_TITLE, person->title);
    add_words(&c, TAG_TITLE, person->title_key);
    add_key(&c, TAG_TITLE_KEY, person->title_key);
    add_enum(&c, TAG_SENIORITY, &enum_seniorities, person->seniority);
    add_enums(&c, TAG_DEPARTMENT, &enum_departments, person->departments);
    add_enums(&c, TAG_FUNCTION, &enum_job_functions, person->job_functions);
    add_place(&c, person->city, person->region, person->country);
    add_word_lists(&c, TAG_KEYWORD, person->keywords);
    add_words(&c, TAG_KEYWORD, person->title);
    add_words(&c, TAG_KEYWORD, person->headline);
    add_words(&c, TAG_KEYWORD, person->about);
    return collected(&c, arena);
}

struct str company_tags(struct arena *arena, const struct company *company) {
    struct collector c = collector();
    add_words(&c, TAG_COMPANY, company->name);
    add_words(&c, TAG_COMPANY, company->name_key);
    add_key(&c, TAG_COMPANY_KEY, company->name_key);
    if (!str_is_empty(company->domain))
        add(&c, tag_exact(c.arena, TAG_DOMAIN, company->domain));
    add_enum(&c, TAG_INDUSTRY, &enum_industries, company->industry);
    add_enum(&c, TAG_SIZE, &enum_company_sizes, company->size);
    add_enum(&c, TAG_TYPE, &enum_company_types, company->type);
    add_place(&c, company->city, company->region, company->country);
    if (company->is_b2b == YES)
        add_value(&c, TAG_FOCUS, STR("b2b"));
    if (company->is_b2c == YES)
        add_value(&c, TAG_FOCUS, STR("b2c"));
    add_enum(&c, TAG_REVENUE, &enum_revenue_bands, company->estimated_revenue);
    add_value(&c, TAG_STAGE, company->latest_funding_stage);
    for (size_t i = 0; i < company->technologies.n; i++)
        add_value(&c, TAG_TECHNOLOGY, company->technologies.p[i]);
    add_word_lists(&c, TAG_KEYWORD, company->keywords);
    add_words(&c, TAG_KEYWORD, company->industry);
    add_words(&c, TAG_KEYWORD, company->overview);
    return collected(&c, arena);
}

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
