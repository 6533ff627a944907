/* People and companies for bench/index.c, the same for every run: row i is a function of i
 * alone. Skewed as real ones are: names, keywords and technologies after Zipf-Mandelbrot,
 * companies' sizes after Pareto, titles with free tails, half of the people in the city of
 * their company. */
#ifndef BENCH_INDEX_DATA_H
#define BENCH_INDEX_DATA_H

#include <math.h>

#include "base/buf.h"
#include "search/index.h"

enum {
    FIRST_NAMES = 20000,
    LAST_NAMES = 300000,
    COUNTRIES = 60,
    REGIONS = 12, /* of a country */
    CITIES = 6,   /* of a region */
    INDUSTRIES = 434,
    FUNCTIONS = 196,
    DEPARTMENTS = 14,
    SENIORITIES = 12,
    TECHNOLOGIES = 3000,
    KEYWORDS = 30000,
    LEVELS = 12,
    TITLE_WORDS = 900,
    SIZES = 8,
    REVENUES = 10,
    STAGES = 9,
    PEOPLE_PER_COMPANY = 10
};

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *d) {
    uint64_t x = d->state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static inline uint32_t dice_below(struct dice *d, uint32_t n) {
    return (uint32_t) ((dice_roll(d) >> 32) * n >> 32);
}

/* P(k) ~ 1 / (k + q) for k below n. */
static inline uint32_t dice_zipf(struct dice *d, uint32_t n, double q) {
    double u = (double) (dice_roll(d) >> 11) / 9007199254740992.0;
    double k = q * pow((n + q) / q, u) - q;
    return k >= n ? n - 1 : (uint32_t) k;
}

struct bench_company {
    uint32_t name[2], industry, size, country, region, city, revenue, stage; /* stage 0: none */
    uint32_t technologies[16], n_technologies, keywords[6];
    int64_t headcount;
};

struct bench_person {
    uint32_t first, last, level, words[2], tail, seniority, department, function; /* tail 0: none */
    uint32_t country, region, city, keywords[2], company;
    bool has_email;
};

static inline struct bench_company bench_company(uint32_t i) {
    struct dice d = { UINT64_C(0xC0) << 32 | i };
    struct bench_company c = { .name = { dice_zipf(&d, 200000, 50), dice_zipf(&d, 2000, 20) } };
    c.industry = dice_zipf(&d, INDUSTRIES, 20);
    double u = (double) (dice_roll(&d) >> 11) / 9007199254740992.0;
    c.headcount = (int64_t) (3 / pow(1 - u * 0.99999, 0.9));
    for (int64_t limit = 10; c.size + 1 < SIZES && c.headcount > limit; limit *= 4)
        c.size++;
    c.country = dice_zipf(&d, COUNTRIES, 3);
    c.region = dice_zipf(&d, REGIONS, 3);
    c.city = dice_zipf(&d, CITIES, 2);
    c.revenue = c.size + dice_below(&d, 3);
    c.stage = dice_below(&d, 100) < 18 ? 1 + dice_zipf(&d, STAGES - 1, 3) : 0;
    c.n_technologies = dice_below(&d, 16);
    for (uint32_t t = 0; t < c.n_technologies; t++)
        c.technologies[t] = dice_zipf(&d, TECHNOLOGIES, 15);
    for (uint32_t k = 0; k < 6; k++)
        c.keywords[k] = dice_zipf(&d, KEYWORDS, 30);
    return c;
}

static inline struct bench_person bench_person(uint32_t i, uint32_t companies) {
    struct dice d = { UINT64_C(0x9E) << 32 | i };
    struct bench_person p = { .first = dice_zipf(&d, FIRST_NAMES, 30),
                              .last = dice_zipf(&d, LAST_NAMES, 100) };
    p.level = dice_zipf(&d, LEVELS, 3);
    p.words[0] = dice_zipf(&d, TITLE_WORDS, 8);
    p.words[1] = dice_zipf(&d, TITLE_WORDS, 8);
    p.tail = dice_below(&d, 5) ? 0 : 1 + dice_zipf(&d, KEYWORDS, 30);
    p.seniority = p.level % SENIORITIES;
    p.department = p.words[0] % DEPARTMENTS;
    p.function = p.words[0] % FUNCTIONS;
    double u = (double) (dice_roll(&d) >> 11) / 9007199254740992.0;
    p.company = (uint32_t) (u * u * companies);
    struct bench_company c = bench_company(p.company);
    bool at_company = dice_below(&d, 2) == 0;
    p.country = at_company ? c.country : dice_zipf(&d, COUNTRIES, 3);
    p.region = at_company ? c.region : dice_zipf(&d, REGIONS, 3);
    p.city = at_company ? c.city : dice_zipf(&d, CITIES, 2);
    p.keywords[0] = dice_zipf(&d, KEYWORDS, 30);
    p.keywords[1] = dice_zipf(&d, KEYWORDS, 30);
    p.has_email = dice_below(&d, 10) < 7;
    return p;
}

/* A word for a number: syllables, so that words share beginnings. */
static inline struct str bench_word(uint32_t number, char *room) {
    static const char consonants[] = "bdfgjklmnprstvwz", vowels[] = "aeiou";
    size_t n = 0;
    do {
        room[n++] = consonants[number % 16];
        room[n++] = vowels[number / 16 % 5];
        number /= 80;
    } while (number);
    return (struct str){ room, n };
}

static inline void bench_tag(struct buf *out, const char *kind, uint32_t number) {
    if (out->n)
        buf_char(out, ' ');
    buf_printf(out, "%s%u", kind, number);
}

static inline void bench_word_tag(struct buf *out, const char *kind, uint32_t number) {
    char room[16];
    if (out->n)
        buf_char(out, ' ');
    buf_str(out, str_of(kind));
    buf_str(out, bench_word(number, room));
}

/* As the hash of a whole key. */
static inline void bench_key_tag(struct buf *out, const char *kind, uint64_t key) {
    struct dice d = { key };
    buf_printf(out, " %s%016llx", kind, (unsigned long long) dice_roll(&d));
}

static inline uint64_t bench_title_key(const struct bench_person *p) {
    return ((uint64_t) p->tail << 20 | p->words[0]) << 20 | (uint64_t) p->words[1] << 4 | p->level;
}

static inline void bench_place_tags(struct buf *out, uint32_t country, uint32_t region,
                                    uint32_t city) {
    bench_tag(out, "lc", country);
    bench_tag(out, "lr", country * REGIONS + region);
    bench_tag(out, "ly", (country * REGIONS + region) * CITIES + city);
}

static inline struct index_row bench_person_row(uint32_t i, uint32_t companies, struct buf *out) {
    struct bench_person p = bench_person(i, companies);
    struct bench_company c = bench_company(p.company);
    buf_clear(out);
    bench_word_tag(out, "n", p.first);
    bench_word_tag(out, "n", FIRST_NAMES + p.last);
    bench_key_tag(out, "hn", (uint64_t) p.first << 32 | p.last);
    bench_word_tag(out, "t", p.level);
    bench_word_tag(out, "t", LEVELS + p.words[0]);
    if (p.words[1] != p.words[0])
        bench_word_tag(out, "t", LEVELS + p.words[1]);
    if (p.tail)
        bench_word_tag(out, "t", LEVELS + TITLE_WORDS + p.tail);
    bench_key_tag(out, "ht", bench_title_key(&p));
    bench_tag(out, "s", p.seniority);
    bench_tag(out, "d", p.department);
    bench_tag(out, "f", p.function);
    bench_place_tags(out, p.country, p.region, p.city);
    bench_word_tag(out, "k", p.keywords[0]);
    bench_word_tag(out, "k", p.keywords[1]);
    bench_tag(out, "ci", c.industry);
    bench_tag(out, "cz", c.size);
    bench_tag(out, "clc", c.country);
    bench_tag(out, "cr", c.revenue);
    if (c.stage)
        bench_tag(out, "cg", c.stage);
    return (struct index_row){ .doc = (int64_t) i + 1,
                               .rank = ((SENIORITIES - (int64_t) p.seniority) * 16
                                        + 3 * p.has_email + p.company % 5) * 4096 + i % 40,
                               .company = (int64_t) p.company + 1,
                               .tags = buf_text(out) };
}

static inline struct index_row bench_company_row(uint32_t i, struct buf *out) {
    struct bench_company c = bench_company(i);
    buf_clear(out);
    bench_word_tag(out, "w", c.name[0]);
    bench_word_tag(out, "w", 200000 + c.name[1]);
    bench_key_tag(out, "hw", (uint64_t) c.name[0] << 32 | c.name[1]);
    bench_tag(out, "o", i); /* the domain */
    bench_tag(out, "i", c.industry);
    bench_tag(out, "z", c.size);
    bench_tag(out, "r", c.revenue);
    if (c.stage)
        bench_tag(out, "g", c.stage);
    bench_place_tags(out, c.country, c.region, c.city);
    for (uint32_t t = 0; t < c.n_technologies; t++)
        bench_tag(out, "x", c.technologies[t]);
    for (uint32_t k = 0; k < 6; k++)
        bench_word_tag(out, "k", c.keywords[k]);
    return (struct index_row){ .doc = (int64_t) i + 1,
                               .rank = ((int64_t) c.size + 1) * 65536 + i % 40,
                               .values = { c.headcount, c.headcount * 100000,
                                           c.stage ? (int64_t) c.stage * 2000000 : INDEX_NO_VALUE,
                                           1950 + i % 75, INDEX_NO_VALUE },
                               .tags = buf_text(out) };
}

#endif
