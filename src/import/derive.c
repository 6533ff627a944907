#include "import/derive.h"

#include "base/check.h"
#include "data/bands.h"
#include "data/company_names.h"
#include "data/enums.h"
#include "data/industries.h"
#include "data/names.h"
#include "data/places.h"
#include "data/sizes.h"
#include "data/titles.h"

static void derive_name(struct arena *arena, struct person *p) {
    bool parts = str_is_set(p->first_name) || str_is_set(p->last_name);
    if (parts == str_is_set(p->name)) {
        p->name_key = str_is_set(p->name) ? name_key(arena, p->name) : STR_NONE;
        return; /* both are known, or neither */
    }
    struct person_name name = parts ? name_of_parts(arena, p->first_name, p->last_name)
                                    : name_parse(arena, p->name);
    if (!str_is_set(name.full))
        return;
    p->name = name.full;
    p->first_name = name.first;
    p->last_name = name.last;
    p->name_key = name_key(arena, p->name);
}

static void derive_title(struct arena *arena, struct person *p) {
    if (str_is_empty(p->title))
        return;
    struct title title = title_classify(arena, p->title);
    p->title_key = title_key(arena, p->title);
    p->seniority = title.seniority;
    p->departments = title.departments;
    p->job_functions = title.job_functions;
}

static struct str text_of_place(struct arena *arena, struct str city, struct str region,
                                struct str country) {
    struct place place = { city, region, country, country_name(country) };
    return place_text(arena, &place);
}

void derive_person(struct arena *arena, struct person *p) {
    derive_name(arena, p);
    derive_title(arena, p);
    if (!str_is_set(p->location))
        p->location = text_of_place(arena, p->city, p->region, p->country);
}

/* By the first code that is known. */
static struct str industry_of_codes(struct arena *arena, struct ints codes,
                                    struct str (*industry_of)(struct str code)) {
    struct str industry = STR_NONE;
    for (size_t i = 0; i < codes.n && !str_is_set(industry); i++) {
        long long code = (long long) codes.p[i];
        industry = industry_of(arena_printf(arena, "%lld", code));
        if (!str_is_set(industry) && code >= 100 && code <= 999) /* 0111, read as a number */
            industry = industry_of(arena_printf(arena, "0%lld", code));
    }
    return industry;
}

static void derive_industry(struct arena *arena, struct company *c) {
    if (!str_is_set(c->industry))
        c->industry = industry_of_codes(arena, c->sic_codes, industry_of_sic);
    if (!str_is_set(c->industry))
        c->industry = industry_of_codes(arena, c->naics_codes, industry_of_naics);
}

void derive_company(struct arena *arena, struct company *c) {
    if (!str_is_set(c->name) && str_is_set(c->domain))
        c->name = c->domain;
    if (str_is_set(c->name))
        c->name_key = company_name_key(arena, c->name);
    if (!str_is_set(c->website) && str_is_set(c->domain))
        c->website = arena_printf(arena, "https://%.*s", STR_FMT(c->domain));
    if (!str_is_set(c->size) && c->estimated_number_of_employees.set)
        c->size = company_size_of(c->estimated_number_of_employees.v);
    if (c->revenue.set && c->revenue.v >= 0)
        c->estimated_revenue = revenue_band(c->revenue.v);
    derive_industry(arena, c);
    if (!str_is_set(c->location))
        c->location = text_of_place(arena, c->city, c->region, c->country);
}

void forget_derived(struct arena *arena, struct company *c) {
    struct company again = *c;
    struct str *const known[] = { &c->name, &c->website, &c->size, &c->industry, &c->location };
    struct str *const derived[] = { &again.name, &again.website, &again.size, &again.industry,
                                    &again.location };
    for (size_t i = 0; i < LENGTH(derived); i++)
        *derived[i] = STR_NONE;
    derive_company(arena, &again);
    for (size_t i = 0; i < LENGTH(derived); i++)
        if (str_eq(*known[i], *derived[i]))
            *known[i] = STR_NONE;
}
