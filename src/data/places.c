/* A text is cut into segments, every way of assigning the segments to levels is resolved
 * against the tables (places_resolve.c), and the one with the most points wins. */
#include "data/places.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/vec.h"
#include "data/places_index.h"
#include "data/places_resolve.h"
#include "data/text.h"

#define SEGMENTS_MAX 8
/* Longer texts are no places; bounds the work. */
#define TEXT_MAX_BYTES ((size_t) 300)
/* The unusual order has to be clearly better. */
#define REVERSED_COST 3
/* More than a country and a region at the wrong end reach ("Canada, Ontario": 11). */
#define SURE_POINTS 14

struct segments {
    struct str p[SEGMENTS_MAX];
    size_t n;
};

static bool says_nowhere(struct arena *arena, struct str text) {
    static const struct str words[] = {
        STR("none"), STR("n a"), STR("na"), STR("null"), STR("unknown"), STR("remote"),
        STR("worldwide"), STR("global"), STR("anywhere"), STR("not specified"),
        STR("not available"), STR("undisclosed"), STR("other"), STR("earth"), STR("world"),
    };
    struct str folded = text_fold(arena, text);
    for (size_t i = 0; i < LENGTH(words); i++)
        if (str_eq(folded, words[i]))
            return true;
    return folded.n == 0;
}

/* Without "[2]" (footnotes of encyclopedias) and "(Remote)". */
static struct str without_brackets(struct arena *arena, struct str text) {
    struct buf out = buf_in(arena, text.n + 1);
    int depth = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool closes = (c == ')' || c == ']') && depth > 0;
        depth += c == '(' || c == '[';
        if (depth == 0)
            buf_char(&out, c);
        depth -= closes;
    }
    return depth == 0 ? buf_text(&out) : text;
}

static bool is_postcode(struct str word) {
    size_t digits = 0;
    for (size_t i = 0; i < word.n; i++) {
        if (!ascii_is_digit(word.p[i]) && word.p[i] != '-')
            return false;
        digits += ascii_is_digit(word.p[i]);
    }
    return digits >= 4;
}

/* "75001 Paris", "IL 62701": without the postcode. */
static struct str without_postcode(struct str segment) {
    struct str rest = segment, word;
    if (str_word(&rest, &word) && is_postcode(word))
        segment = str_trim(rest);
    size_t space = str_find_last(segment, ' ');
    if (space < segment.n && is_postcode(str_sub(segment, space + 1, segment.n)))
        segment = str_trim(str_sub(segment, 0, space));
    return is_postcode(segment) ? STR_NONE : segment;
}

static void add_segment(struct arena *arena, struct segments *s, struct str part) {
    part = without_postcode(str_trim(part));
    if (part.n && s->n < SEGMENTS_MAX && !says_nowhere(arena, part))
        s->p[s->n++] = part;
}

/* At commas, or where there is none at " - ", " / ", " | " and the like. */
static struct segments cut_segments(struct arena *arena, struct str text) {
    struct segments s = { 0 };
    if (str_find(text, ',') < text.n) {
        for (struct str part; str_cut(&text, ',', &part);)
            add_segment(arena, &s, part);
        return s;
    }
    static const struct str marks[] = { STR(" - "), STR(" / "), STR(" | "), STR(" \xE2\x80\x93 "),
                                        STR(" \xC2\xB7 "), STR(" \xE2\x80\xA2 ") };
    for (size_t i = 0; i < LENGTH(marks); i++) {
        size_t at = str_find_str(text, marks[i]);
        if (at == text.n)
            continue;
        add_segment(arena, &s, str_sub(text, 0, at));
        add_segment(arena, &s, str_sub(text, at + marks[i].n, text.n));
        return s;
    }
    add_segment(arena, &s, text);
    return s;
}

static bool has_digit(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (ascii_is_digit(s.p[i]))
            return true;
    return false;
}

/* "1 Main Street, Springfield, Illinois": the street is no place. */
static void drop_street(struct arena *arena, struct segments *s) {
    if (s->n < 3 || !has_digit(s->p[0]) || cities_by_name(text_fold(arena, s->p[0])))
        return;
    for (size_t i = 1; i < s->n; i++)
        s->p[i - 1] = s->p[i];
    s->n--;
}

struct best {
    struct place place;
    int points;
};

static void try_parts(struct arena *arena, struct best *best, struct place_parts parts, int cost) {
    struct place place;
    int points = place_resolve(arena, &parts, &place) - cost;
    if (points > best->points)
        *best = (struct best){ place, points };
}

/* Two levels and more; the last segment is the largest. */
static void try_order(struct arena *arena, struct best *best, const struct segments *s, int cost) {
    struct str first = s->p[0], last = s->p[s->n - 1];
    struct str middle = s->n >= 3 ? s->p[s->n - 2] : STR_NONE;
    try_parts(arena, best, (struct place_parts){ first, middle, last }, cost);
    try_parts(arena, best, (struct place_parts){ first, last, STR_NONE }, cost);
    if (s->n == 2)
        try_parts(arena, best, (struct place_parts){ STR_NONE, first, last }, cost);
}

static bool is_known_city(struct arena *arena, struct str name) {
    return cities_by_name(text_fold(arena, place_core_name(arena, name))) != NULL;
}

static void try_many(struct arena *arena, struct best *best, const struct segments *s) {
    try_order(arena, best, s, 0);
    if (best->points >= SURE_POINTS)
        return;
    struct segments reversed = { .n = s->n };
    for (size_t i = 0; i < s->n; i++)
        reversed.p[i] = s->p[s->n - 1 - i];
    try_order(arena, best, &reversed, REVERSED_COST);
    if (best->points <= 0 && !is_known_city(arena, s->p[0])) /* "Whitefield, Bengaluru" */
        try_parts(arena, best, (struct place_parts){ .city = s->p[s->n - 1] }, 0);
}

static bool is_capitals(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_upper(s.p[i]))
            return false;
    return true;
}

/* Two letters alone are a code only in capitals, and only when they are one kind of code:
 * "CA" is California and Canada. */
static bool is_doubtful_code(struct arena *arena, struct str text) {
    struct str folded = text_fold(arena, text);
    if (folded.n != 2)
        return false;
    bool is_region = false;
    for (const struct place_match *m = regions_by_name(folded); m; m = m->next)
        is_region |= m->is_code && str_eq(((const struct region_row *) m->row)->country, STR("US"));
    bool is_country = country_by_alpha2(folded) != NULL;
    if (country_by_name(folded) && is_capitals(text)) /* "UK" */
        return false;
    return !is_capitals(text) || (is_region && is_country);
}

static void try_one(struct arena *arena, struct best *best, struct str text) {
    if (is_doubtful_code(arena, text))
        return;
    try_parts(arena, best, (struct place_parts){ .country = text }, 0);
    try_parts(arena, best, (struct place_parts){ .city = text }, 0);
    /* that a region implies its country says nothing about which level is meant */
    try_parts(arena, best, (struct place_parts){ .region = text }, best->points > 0 ? 5 : 0);
}

/* What stays as it came: "Springfield", "Foo, Bar". */
static struct place unknown_place(struct arena *arena, const struct segments *s) {
    struct place place = { 0 };
    if (s->n >= 1)
        place.city = text_clean(arena, s->p[0]);
    if (s->n >= 2)
        place.region = text_clean(arena, s->p[s->n - 1]);
    return place;
}

/* "Hong Kong, China": a country of its own by ISO 3166, named with the one around it. */
static void prefer_inner_country(struct arena *arena, const struct segments *s,
                                 struct place *place) {
    if (s->n != 2 || str_is_set(place->region) || is_known_city(arena, s->p[0]))
        return;
    const struct country_row *inner = country_by_name(text_fold(arena, s->p[0]));
    if (inner && str_is_set(place->country) && !str_eq(inner->alpha2, place->country))
        *place = (struct place){ .country = inner->alpha2, .country_name = inner->name };
}

static struct str first_alternative(struct str text) {
    return str_trim(str_sub(text, 0, str_find(text, ';')));
}

void place_parse(struct arena *arena, struct str text, struct place *ret_place) {
    struct best best = { 0 };
    text = str_sub(text_clean(arena, text), 0, TEXT_MAX_BYTES);
    text = first_alternative(without_brackets(arena, text_clean(arena, text)));
    struct segments s = cut_segments(arena, text);
    drop_street(arena, &s);
    if (s.n >= 2)
        try_many(arena, &best, &s);
    if (s.n >= 1 && best.points < SURE_POINTS)
        try_one(arena, &best, s.n == 1 ? s.p[0] : text); /* "Korea, Republic of" */
    *ret_place = best.points > 0 ? best.place : unknown_place(arena, &s);
    if (best.points > 0)
        prefer_inner_country(arena, &s, ret_place);
}

static struct str cell(struct arena *arena, struct str text) {
    struct str clean = text_clean(arena, str_sub(text, 0, TEXT_MAX_BYTES));
    clean = str_trim(without_brackets(arena, clean));
    return says_nowhere(arena, clean) ? STR_NONE : clean;
}

void place_parse_cells(struct arena *arena, struct str city, struct str region,
                       struct str country, struct place *ret_place) {
    struct place_parts parts = { cell(arena, city), cell(arena, region), cell(arena, country) };
    size_t filled = (size_t) (parts.city.n > 0) + (parts.region.n > 0) + (parts.country.n > 0);
    struct str only = parts.city.n ? parts.city : parts.region.n ? parts.region : parts.country;
    if (filled <= 1 && str_find(only, ',') < only.n) {
        place_parse(arena, only, ret_place);
        return;
    }
    (void) place_resolve(arena, &parts, ret_place); /* the columns say the levels */
    if (str_is_set(ret_place->country) || parts.country.n)
        return;
    if (str_is_set(country_code(arena, parts.region))) /* a country among the states */
        (void) place_resolve(arena, &(struct place_parts){ parts.city, STR_NONE, parts.region },
                             ret_place);
}

struct str place_text(struct arena *arena, const struct place *place) {
    struct buf out = buf_in(arena, TEXT_MAX_BYTES * 4);
    const struct str levels[] = { place->city, place->region, place->country_name };
    for (size_t i = 0; i < LENGTH(levels); i++) {
        if (!levels[i].n)
            continue;
        buf_str(&out, out.n ? STR(", ") : STR(""));
        buf_str(&out, levels[i]);
    }
    return out.n ? buf_text(&out) : STR_NONE;
}

struct str country_name(struct str alpha2) {
    if (alpha2.n != 2)
        return STR_NONE;
    char folded[2] = { ascii_lower(alpha2.p[0]), ascii_lower(alpha2.p[1]) };
    const struct country_row *row = country_by_alpha2((struct str){ folded, 2 });
    return row && str_eq(row->alpha2, alpha2) ? row->name : STR_NONE;
}

struct str country_code(struct arena *arena, struct str text) {
    struct str folded = text_fold(arena, text);
    const struct country_row *row = country_by_name(folded);
    if (!row)
        row = country_by_alpha2(folded);
    return row ? row->alpha2 : STR_NONE;
}
