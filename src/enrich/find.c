/* By name, candidates are the people of the companies meant who share a word of the
 * name; then names are compared as people would (nick names, initials, one typo) and
 * titles must not contradict. The better kind of fit wins; two equally good fits are
 * "not found", because a wrong person costs the caller more than none. */
#include "enrich/find.h"

#include "base/check.h"
#include "base/vec.h"
#include "data/company_names.h"
#include "data/names.h"
#include "data/text.h"
#include "data/titles.h"
#include "data/urls.h"
#include "search/match.h"
#include "search/tags.h"
#include "store/removals.h"

/* People of one name at one company: more than this is no identification anyway. */
enum { CANDIDATES_MAX = 500 };

static enum rc found_or_removed(struct ctx *ctx, enum rc rc, enum removal_kind kind,
                                struct str key) {
    if (rc != E_NOT_FOUND)
        return rc;
    bool removed;
    rc = removal_exists(ctx, kind, key, &removed);
    if (rc != OK)
        return rc;
    return removed ? E_REMOVED : E_NOT_FOUND;
}

static enum rc by_linkedin(struct ctx *ctx, struct str url, struct person *ret_person) {
    struct linkedin parsed;
    if (linkedin_parse(ctx->arena, url, &parsed) != OK || parsed.kind != LINKEDIN_PERSON)
        return E_NOT_FOUND;
    return found_or_removed(ctx, person_by_linkedin(ctx, parsed.key, ret_person),
                            REMOVAL_LINKEDIN, parsed.key);
}

static enum rc by_email(struct ctx *ctx, struct str email, struct person *ret_person) {
    struct email parsed;
    if (email_parse(ctx->arena, email, &parsed) != OK)
        return E_NOT_FOUND;
    return found_or_removed(ctx, person_by_email(ctx, parsed.address, ret_person), REMOVAL_EMAIL,
                            parsed.address);
}

/* Ids of the companies that the query can mean: one by domain, or all of the name. */
static enum rc company_ids(struct ctx *ctx, struct str name, struct str domain,
                           struct strs *ret_ids) {
    struct strs ids = { 0 };
    struct str registrable = str_is_set(domain) ? domain_key(ctx->arena, domain)
                                                : STR_NONE;
    if (str_is_set(registrable)) {
        struct company company;
        enum rc rc = company_by_domain(ctx, registrable, &company);
        if (rc == OK)
            strs_add(ctx->arena, &ids, company.id);
        if (rc != E_NOT_FOUND) {
            *ret_ids = ids;
            return rc;
        }
    }
    if (str_is_empty(name))
        return E_NOT_FOUND;
    return company_ids_by_name(ctx, company_name_key(ctx->arena, name), ret_ids);
}

/* People of `companies` with at least one word of `name` in theirs; list of struct person
 * with what decides whether somebody is meant, the rest of the row is read of one only. */
static enum rc candidates(struct ctx *ctx, struct str name, struct strs companies,
                          struct list *ret_people) {
    struct strs words = { 0 };
    text_words(ctx->arena, name, &words);
    struct expr *any = expr_or(ctx->arena);
    for (size_t i = 0; i < words.n; i++)
        expr_add(any, expr_token(ctx->arena, tag_text(ctx->arena, TAG_NAME, words.p[i])));
    if (expr_is_false(any))
        return E_NOT_FOUND;
    return people_of_companies(ctx, companies, match_text(ctx, any), CANDIDATES_MAX, ret_people);
}

/* Whether all of `words` are in `text`. */
static bool are_in(struct strs words, struct strs text) {
    for (size_t i = 0; i < words.n; i++)
        if (!strs_have(text, words.p[i]))
            return false;
    return true;
}

/* Whether one of the two titles says all that the other does ("Senator" and "Senator for
 * MN"), or both mean the same level in the same department. */
static bool titles_agree(struct arena *arena, struct str wanted, struct str actual) {
    struct strs asked = { 0 }, held = { 0 };
    text_words(arena, title_key(arena, wanted), &asked);
    text_words(arena, title_key(arena, actual), &held);
    if (are_in(asked, held) || are_in(held, asked))
        return true;
    struct list keys = { 0 }; /* of struct strs: what else the wanted title stands for */
    title_query_keys(arena, wanted, &keys);
    const struct strs *key = keys.p;
    for (size_t i = 0; i < keys.n; i++)
        if (are_in(key[i], held))
            return true;
    struct title a = title_classify(arena, wanted), b = title_classify(arena, actual);
    return str_eq(a.seniority, b.seniority) && a.departments.n && b.departments.n
           && are_in(b.departments, a.departments);
}

/* How well a candidate fits; 0: not at all. */
static int fit(struct arena *arena, const struct person_query *query,
               const struct person *person) {
    static const int by_name[] = { [NAME_SAME] = 20, [NAME_ALIKE] = 10, [NAME_DIFFERENT] = 0 };
    int score = by_name[names_match(query->name, person->name)];
    if (score == 0 || str_is_empty(query->title))
        return score;
    if (str_is_empty(person->title))
        return score; /* nothing contradicts */
    return titles_agree(arena, query->title, person->title) ? score + 1 : 0;
}

static enum rc person_by_doc(struct ctx *ctx, int64_t doc, struct person *ret_person) {
    struct list people = { 0 };
    enum rc rc = people_by_docs(ctx, (struct ints){ &doc, 1 }, &people);
    if (rc == OK && people.n == 0)
        return E_NOT_FOUND; /* removed since */
    if (rc == OK)
        *ret_person = *(const struct person *) people.p;
    return rc;
}

static enum rc by_name(struct ctx *ctx, const struct person_query *query,
                       struct person *ret_person) {
    struct strs companies = { 0 };
    enum rc rc = company_ids(ctx, query->company_name, query->company_domain, &companies);
    if (rc != OK)
        return rc;
    struct list people = { 0 };
    rc = companies.n ? candidates(ctx, query->name, companies, &people) : E_NOT_FOUND;
    if (rc != OK)
        return rc;
    const struct person *best = NULL;
    int best_score = 0;
    bool tie = false;
    const struct person *p = people.p;
    for (size_t i = 0; i < people.n; i++) {
        int score = fit(ctx->arena, query, &p[i]);
        if (score > best_score) {
            best = &p[i];
            best_score = score;
            tie = false;
        } else if (score > 0 && score == best_score) {
            tie = true;
        }
    }
    return best && !tie ? person_by_doc(ctx, best->doc.v, ret_person) : E_NOT_FOUND;
}

/* People of `companies` with the title, under any of its keys; list of struct person. */
static enum rc holders(struct ctx *ctx, struct str title, struct strs companies,
                       struct list *ret_people) {
    struct list keys = { 0 }; /* of struct strs */
    title_query_keys(ctx->arena, title, &keys);
    const struct strs *words = keys.p;
    struct expr *any = expr_or(ctx->arena);
    for (size_t i = 0; i < keys.n; i++) {
        struct expr *all = expr_and(ctx->arena);
        for (size_t k = 0; k < words[i].n; k++)
            expr_add(all, expr_token(ctx->arena, tag_text(ctx->arena, TAG_TITLE, words[i].p[k])));
        expr_add(any, all);
    }
    if (expr_is_false(any))
        return E_NOT_FOUND;
    return people_of_companies(ctx, companies, match_text(ctx, any), CANDIDATES_MAX, ret_people);
}

enum rc find_person_with_title(struct ctx *ctx, const struct person_query *query,
                               struct person *ret_person) {
    struct strs companies = { 0 };
    struct list people = { 0 };
    if (str_is_empty(query->title)
        || (str_is_empty(query->company_name) && str_is_empty(query->company_domain)))
        return E_INVALID;
    enum rc rc = company_ids(ctx, query->company_name, query->company_domain, &companies);
    if (rc == OK)
        rc = companies.n ? holders(ctx, query->title, companies, &people) : E_NOT_FOUND;
    if (rc != OK)
        return rc;
    const struct person *p = people.p, *best = p;
    struct str wanted = title_key(ctx->arena, query->title);
    for (size_t i = 0; i < people.n; i++)
        if (str_eq(title_key(ctx->arena, p[i].title), wanted)) {
            best = &p[i];
            break;
        }
    return people.n ? person_by_doc(ctx, best->doc.v, ret_person) : E_NOT_FOUND;
}

enum rc find_person(struct ctx *ctx, const struct person_query *query,
                    struct person *ret_person) {
    if (str_is_set(query->linkedin_url))
        return by_linkedin(ctx, query->linkedin_url, ret_person);
    if (str_is_set(query->email))
        return by_email(ctx, query->email, ret_person);
    if (str_is_empty(query->name)
        || (str_is_empty(query->company_name) && str_is_empty(query->company_domain)))
        return E_INVALID;
    struct str domain = str_is_set(query->company_domain)
                            ? domain_key(ctx->arena, query->company_domain)
                            : STR_NONE;
    struct str key = removal_name_key(ctx->arena, query->name, query->company_name, domain);
    return found_or_removed(ctx, by_name(ctx, query, ret_person), REMOVAL_NAME, key);
}

enum rc find_company(struct ctx *ctx, const struct company_query *query,
                     struct company *ret_company) {
    if (str_is_set(query->linkedin_url)) {
        struct linkedin parsed;
        if (linkedin_parse(ctx->arena, query->linkedin_url, &parsed) != OK
            || parsed.kind != LINKEDIN_COMPANY)
            return E_NOT_FOUND;
        return company_by_linkedin(ctx, parsed.key, ret_company);
    }
    if (str_is_set(query->domain)) {
        struct str domain = domain_key(ctx->arena, query->domain);
        return str_is_set(domain) ? company_by_domain(ctx, domain, ret_company) : E_NOT_FOUND;
    }
    if (str_is_empty(query->name))
        return E_INVALID;
    struct strs ids = { 0 };
    enum rc rc = company_ids_by_name(ctx, company_name_key(ctx->arena, query->name), &ids);
    if (rc != OK)
        return rc;
    return ids.n == 1 ? company_get(ctx, ids.p[0], ret_company) : E_NOT_FOUND;
}
