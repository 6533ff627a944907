/* Checks of each lead against what is stored. Each asks the database once for all leads. */
#include "base/check.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/enums.h"
#include "sequence/add_leads_private.h"
#include "store/account_settings.h"
#include "store/contacts.h"
#include "store/exclusions.h"
#include "store/removals.h"
#include "store/sequence_leads.h"

static char present; /* value of maps that are sets */

struct keys {
    struct strs emails, profiles, domains;
    struct ints emails_of, profiles_of; /* whose they are */
};

static struct keys keys_of(const struct adding *a) {
    struct arena *arena = a->ctx->arena;
    struct keys keys = { 0 };
    struct map domains = map_in(arena);
    for (size_t i = 0; i < a->candidates.n; i++) {
        const struct candidate *c = candidate_at(a, i);
        if (c->repeated)
            continue;
        if (str_is_set(c->email)) {
            strs_add(arena, &keys.emails, c->email);
            ints_add(arena, &keys.emails_of, (int64_t) i);
        }
        if (str_is_set(c->linkedin_key)) {
            strs_add(arena, &keys.profiles, c->linkedin_key);
            ints_add(arena, &keys.profiles_of, (int64_t) i);
        }
        for (size_t k = 0; k < c->domains.n; k++)
            if (!map_put(&domains, c->domains.p[k], &present))
                strs_add(arena, &keys.domains, c->domains.p[k]);
    }
    return keys;
}

static void skip(struct adding *a, struct candidate *c, struct list *told) {
    *(struct lead_key *) list_add(a->ctx->arena, told, sizeof(struct lead_key))
        = (struct lead_key){ c->input->email, c->input->linkedin_url };
    c->skipped = true;
}

static bool overrides(const struct candidate *c, enum tri override) {
    return c->input->overrides && override == YES;
}
#define OVERRIDES(c, name) ((c)->input->overrides && overrides((c), (c)->input->overrides->name))

/* --- exclusion lists, and removals --- */

static struct map set_of(struct arena *arena, struct strs values) {
    struct map set = map_in(arena);
    for (size_t i = 0; i < values.n; i++)
        (void) map_put(&set, values.p[i], &present); /* a value may come twice */
    return set;
}

static bool is_excluded(const struct candidate *c, const struct map *emails,
                        const struct map *domains) {
    bool excluded = str_is_set(c->email) && map_get(emails, c->email);
    for (size_t i = 0; !excluded && i < c->domains.n; i++)
        excluded = map_get(domains, c->domains.p[i]) != NULL;
    return excluded;
}

static void mark(bool *gone, const struct ints *whose, const struct ints *at) {
    for (size_t i = 0; i < at->n; i++) {
        ASSERT(whose->p && (size_t) at->p[i] < whose->n);
        gone[whose->p[at->p[i]]] = true;
    }
}

/* Marks in `gone` who was removed for privacy. */
static enum rc find_removed(struct adding *a, const struct keys *keys, bool *gone) {
    struct ints at = { 0 };
    enum rc rc = removals_among(a->ctx, REMOVAL_EMAIL, keys->emails, &at);
    if (rc != OK)
        return rc;
    mark(gone, &keys->emails_of, &at);
    rc = removals_among(a->ctx, REMOVAL_LINKEDIN, keys->profiles, &at);
    if (rc == OK)
        mark(gone, &keys->profiles_of, &at);
    return rc;
}

static enum rc check_exclusions(struct adding *a, const struct keys *keys) {
    struct arena *arena = a->ctx->arena;
    struct strs emails = { 0 }, domains = { 0 };
    bool *gone = ARENA_ARRAY(arena, a->candidates.n + 1, bool);
    enum rc rc = exclusions_among(a->ctx, EXCLUDED_EMAIL, keys->emails, &emails);
    if (rc == OK)
        rc = exclusions_among(a->ctx, EXCLUDED_DOMAIN, keys->domains, &domains);
    if (rc == OK)
        rc = find_removed(a, keys, gone);
    if (rc != OK)
        return rc;
    struct map excluded_emails = set_of(arena, emails), excluded_domains = set_of(arena, domains);
    for (size_t i = 0; i < a->candidates.n; i++) {
        struct candidate *c = candidate_at(a, i);
        bool excluded = !OVERRIDES(c, ignore_exclusion_list)
                        && is_excluded(c, &excluded_emails, &excluded_domains);
        if (!c->repeated && (gone[i] || excluded))
            skip(a, c, &a->result.in_exclusion_list_and_skipped);
    }
    return OK;
}

/* --- contacts: who they are, and whether they were contacted recently --- */

static enum rc check_contacts(struct adding *a, const struct keys *keys) {
    struct account_settings settings;
    struct list contacts = { 0 };
    enum rc rc = account_settings_get(a->ctx, &settings);
    if (rc == OK)
        rc = contacts_among(a->ctx, keys->emails, keys->profiles, &contacts);
    if (rc != OK)
        return rc;
    int64_t since = ctx_now(a->ctx) - settings.recently_contacted_days.v * DAY_MS;
    struct contacts_by_key *by_key = contacts_by_key(a->ctx->arena, &contacts);
    for (size_t i = 0; i < a->candidates.n; i++) {
        struct candidate *c = candidate_at(a, i);
        c->contact = contact_find(by_key, c->email, c->linkedin_key);
        if (!c->repeated && c->contact && c->contact->last_contacted_at.set
            && c->contact->last_contacted_at.v > since && !OVERRIDES(c, ignore_recently_contacted))
            skip(a, c, &a->result.recently_contacted_and_skipped);
    }
    return OK;
}

/* --- in sequences --- */

/* Where somebody is: bits. */
enum { HERE = 1, IN_DRAFT = 2, IN_ACTIVE = 4 };

/* By the sequence's status; of one that is archived nothing counts. */
static const unsigned place_of_status[] = {
    [SEQUENCE_DRAFT] = IN_DRAFT,   [SEQUENCE_ACTIVE] = IN_ACTIVE,   [SEQUENCE_PAUSING] = IN_ACTIVE,
    [SEQUENCE_PAUSED] = IN_ACTIVE, [SEQUENCE_RESUMING] = IN_ACTIVE, [SEQUENCE_ARCHIVING] = 0,
    [SEQUENCE_ARCHIVED] = 0,
};

static unsigned bits_of(const struct adding *a, const struct lead_place *place) {
    if (str_eq(place->sequence_id, a->sequence.id))
        return HERE;
    int status = enum_index(&enum_sequence_statuses, place->sequence_status);
    return str_eq(place->status, STR("removed")) || status < 0 ? 0 : place_of_status[status];
}

static void add_bits(struct arena *arena, struct map *map, struct str key, unsigned bits) {
    unsigned *known = str_is_set(key) ? map_get(map, key) : NULL;
    if (!str_is_set(key) || !bits)
        return;
    if (!known) {
        known = ARENA_NEW(arena, unsigned);
        (void) map_put(map, key, known); /* it was not there */
    }
    *known |= bits;
}

static unsigned bits_at(const struct map *map, struct str key) {
    const unsigned *bits = str_is_set(key) ? map_get(map, key) : NULL;
    return bits ? *bits : 0;
}

static void judge_places(struct adding *a, struct candidate *c, unsigned bits) {
    if (bits & HERE)
        skip(a, c, &a->result.already_in_sequence_and_skipped);
    if (bits & IN_DRAFT && !OVERRIDES(c, ignore_duplicate_leads_in_other_draft_sequences))
        skip(a, c, &a->result.in_other_draft_sequences_and_skipped);
    if (bits & IN_ACTIVE && !OVERRIDES(c, ignore_duplicate_leads_in_other_active_sequences))
        skip(a, c, &a->result.in_other_active_sequences_and_skipped);
}

static enum rc check_places(struct adding *a, const struct keys *keys) {
    struct arena *arena = a->ctx->arena;
    struct list places = { 0 };
    struct map emails = map_in(arena), profiles = map_in(arena);
    enum rc rc = leads_among(a->ctx, keys->emails, keys->profiles, &places);
    const struct lead_place *place = places.p;
    for (size_t i = 0; rc == OK && i < places.n; i++) {
        add_bits(arena, &emails, place[i].email, bits_of(a, &place[i]));
        add_bits(arena, &profiles, place[i].linkedin_key, bits_of(a, &place[i]));
    }
    for (size_t i = 0; rc == OK && i < a->candidates.n; i++) {
        struct candidate *c = candidate_at(a, i);
        if (!c->repeated)
            judge_places(a, c, bits_at(&emails, c->email) | bits_at(&profiles, c->linkedin_key));
    }
    return rc;
}

enum rc candidates_check(struct adding *a) {
    struct keys keys = keys_of(a);
    enum rc rc = check_exclusions(a, &keys);
    if (rc == OK)
        rc = check_contacts(a, &keys);
    return rc == OK ? check_places(a, &keys) : rc;
}
