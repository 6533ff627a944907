#include "enrich/address_guess.h"

#include "base/vec.h"
#include "data/local_parts.h"
#include "data/names.h"
#include "data/urls.h"
#include "store/address_searches.h"
#include "store/removals.h"

static struct person_name name_of(struct arena *arena, struct str full, struct str first,
                                  struct str last) {
    struct person_name parsed = name_parse(arena, full);
    if (str_is_empty(first) || str_is_empty(last))
        return parsed;
    struct person_name split = name_of_parts(arena, first, last);
    split.full = parsed.full; /* with the middle name */
    return split;
}

static enum rc learn(struct ctx *ctx, const struct person *person, struct local_habit *habit) {
    struct list known = { 0 };
    enum rc rc = known_addresses(ctx, person->company_id, person->company->domain, &known);
    const struct known_address *k = known.p;
    for (size_t i = 0; rc == OK && i < known.n; i++) {
        struct person_name name
            = name_of(ctx->arena, k[i].name, k[i].first_name, k[i].last_name);
        struct str local = str_sub(k[i].email_key, 0, str_find_last(k[i].email_key, '@'));
        (void) local_habit_learn(habit, &name, local); /* many say nothing */
    }
    return rc;
}

/* Many who are begun together are of one company. */
static enum rc habit_of(struct ctx *ctx, struct map *habits, const struct person *person,
                        const struct local_habit **ret_habit) {
    struct str key = arena_printf(ctx->arena, "%.*s %.*s", STR_FMT(person->company_id),
                                  STR_FMT(person->company->domain));
    struct local_habit *habit = map_get(habits, key);
    enum rc rc = OK;
    if (!habit) {
        habit = ARENA_NEW(ctx->arena, struct local_habit);
        rc = learn(ctx, person, habit);
        if (rc == OK)
            map_put(habits, key, habit);
    }
    *ret_habit = habit;
    return rc;
}

/* Those that nobody else has. None when one of them was removed for privacy: then this person
 * is likely the one. */
static enum rc keep_free(struct ctx *ctx, struct strs emails, struct strs *ret_free) {
    struct strs taken = { 0 };
    struct ints removed = { 0 };
    enum rc rc = removals_among(ctx, REMOVAL_EMAIL, emails, &removed);
    if (rc == OK && removed.n == 0)
        rc = addresses_taken(ctx, emails, &taken);
    for (size_t i = 0; rc == OK && removed.n == 0 && i < emails.n; i++)
        if (!strs_have(taken, emails.p[i]))
            strs_add(ctx->arena, ret_free, emails.p[i]);
    return rc;
}

/* Where anybody gets a mailbox, a name's mailbox may be anybody's. */
static bool is_own_domain(struct arena *arena, struct str name) {
    struct domain domain;
    return domain_parse(arena, name, &domain) == OK && !domain_is_free_mail(&domain);
}

static struct strs emails_of(struct arena *arena, const struct local_habit *habit,
                             const struct person *person) {
    struct strs emails = { 0 };
    struct person_name name = name_of(arena, person->name, person->first_name, person->last_name);
    struct strs locals = local_guesses(arena, habit, &name);
    for (size_t i = 0; i < locals.n; i++)
        strs_add(arena, &emails, arena_printf(arena, "%.*s@%.*s", STR_FMT(locals.p[i]),
                                              STR_FMT(person->company->domain)));
    return emails;
}

enum rc address_guess(struct ctx *ctx, struct map *habits, const struct person *person,
                      struct address_guesses *ret_guesses) {
    struct address_guesses guesses = { 0 };
    const struct local_habit *habit;
    bool has_namesake = false;
    *ret_guesses = guesses;
    if (!is_own_domain(ctx->arena, person->company->domain))
        return OK;
    enum rc rc = namesake_exists(ctx, person, &has_namesake);
    if (rc != OK || has_namesake)
        return rc;
    rc = habit_of(ctx, habits, person, &habit);
    if (rc != OK)
        return rc;
    guesses.domain_is_known = habit->known > 0;
    struct strs emails = emails_of(ctx->arena, habit, person);
    if (emails.n)
        rc = keep_free(ctx, emails, &guesses.emails);
    if (rc == OK)
        *ret_guesses = guesses;
    return rc;
}
