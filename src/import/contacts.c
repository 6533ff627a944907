#include "import/contacts.h"

#include "base/check.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "db/db.h"
#include "store/contact_details.h"
#include "store/removals.h"
#include "store/users.h"

struct contacts_work {
    struct contact_row *rows;
    size_t n;
};

/* What a row can change of a contact; the keys come last, they are judged first. */
#define MEMBER(name) offsetof(struct contact, name)
static const size_t members[] = { MEMBER(first_name),   MEMBER(last_name),      MEMBER(title),
                                  MEMBER(location),     MEMBER(time_zone),      MEMBER(company_name),
                                  MEMBER(company_domain), MEMBER(owner),        MEMBER(email),
                                  MEMBER(linkedin_url), MEMBER(linkedin_key) };

static struct str *member_of(struct contact *contact, size_t offset) {
    return (struct str *) (void *) ((char *) contact + offset);
}

static void reject(struct contact_row *row, struct str reason) {
    row->result = ROW_REJECTED;
    row->reason = reason;
}

/* Rejects the rows of the people who were removed. */
static enum rc reject_removed(struct ctx *ctx, const struct contacts_work *w,
                              enum removal_kind kind, struct strs keys) {
    struct ints removed = { 0 };
    enum rc rc = removals_among(ctx, kind, keys, &removed);
    for (size_t i = 0; rc == OK && i < removed.n; i++)
        reject(&w->rows[removed.p[i]], STR("removed for privacy"));
    return rc;
}

/* The row's values where it has some; false when that changes nothing. */
static bool merge(struct contact *into, struct contact *from) {
    bool changed = false;
    for (size_t i = 0; i < LENGTH(members); i++) {
        struct str *to = member_of(into, members[i]), *value = member_of(from, members[i]);
        if (str_is_empty(*value) || str_eq(*to, *value))
            continue;
        *to = *value;
        changed = true;
    }
    return changed;
}

/* Both keys of a row are of one contact, or one is of nobody. */
static bool is_of_two(const struct contacts_by_key *known, const struct contact *c) {
    const struct contact *by_email = contact_find(known, c->email, STR_NONE);
    const struct contact *by_profile = contact_find(known, STR_NONE, c->linkedin_key);
    return by_email && by_profile && by_email != by_profile;
}

struct sorted {
    struct list fresh, changed; /* of struct contact */
    struct map at;              /* by id: which of `changed`, counted from 1 */
};

/* Two rows may be of one contact, one by its address and one by its profile. */
static void note_changed(struct ctx *ctx, struct sorted *sorted, const struct contact *whole) {
    size_t at = (size_t) (uintptr_t) map_get(&sorted->at, whole->id);
    if (!at) {
        (void) list_add(ctx->arena, &sorted->changed, sizeof *whole); /* filled below */
        at = sorted->changed.n;
        (void) map_put(&sorted->at, whole->id, (void *) (uintptr_t) at); /* was not there */
    }
    ((struct contact *) sorted->changed.p)[at - 1] = *whole;
}

static void sort_row(struct ctx *ctx, struct contact_row *row,
                     const struct contacts_by_key *known, const struct map *stored,
                     struct sorted *sorted) {
    const struct contact *match = contact_find(known, row->contact.email, row->contact.linkedin_key);
    if (!match) {
        row->result = ROW_NEW;
        row->contact.id = uuid_new(ctx->arena, ctx_now(ctx));
        *(struct contact *) list_add(ctx->arena, &sorted->fresh, sizeof row->contact) = row->contact;
        return;
    }
    struct contact *whole = map_get(stored, match->id);
    bool changed = merge(whole, &row->contact);
    row->contact.id = match->id;
    row->result = changed ? ROW_CHANGED : ROW_UNCHANGED;
    if (changed)
        note_changed(ctx, sorted, whole);
}

static enum rc is_user(struct ctx *ctx, struct str email, bool *ret_is) {
    struct page_of found;
    enum rc rc = users_list(ctx, &(struct user_filter){ .email = email },
                            &(struct page){ .size = 1 }, &found);
    if (rc == OK)
        *ret_is = found.items.n > 0;
    return rc;
}

/* Nobody of the account owns nothing. A file has few owners. */
static enum rc leave_out_strangers(struct ctx *ctx, const struct contacts_work *w) {
    static char yes, no;
    struct map owners = map_in(ctx->arena);
    for (size_t i = 0; i < w->n; i++) {
        struct str *owner = &w->rows[i].contact.owner;
        bool is = false;
        if (!str_is_set(*owner))
            continue;
        const char *known = map_get(&owners, *owner);
        enum rc rc = known ? OK : is_user(ctx, *owner, &is);
        if (rc != OK)
            return rc;
        if (!known) {
            known = is ? &yes : &no;
            (void) map_put(&owners, *owner, is ? &yes : &no); /* was not there */
        }
        if (known == &no)
            *owner = STR_NONE;
    }
    return OK;
}

static enum rc load(struct ctx *ctx, const struct list *known, struct map *ret_stored) {
    const struct contact *k = known->p;
    struct strs ids = { 0 };
    struct list whole = { 0 };
    for (size_t i = 0; i < known->n; i++)
        strs_add(ctx->arena, &ids, k[i].id);
    enum rc rc = ids.n ? contacts_by_ids(ctx, ids, &whole) : OK;
    struct contact *c = whole.p;
    for (size_t i = 0; rc == OK && i < whole.n; i++)
        (void) map_put(ret_stored, c[i].id, &c[i]); /* ids are unique */
    return rc;
}

static enum rc add_phones(struct ctx *ctx, struct contact_row *row) {
    const struct phone_number *number = row->phones.p;
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < row->phones.n; i++) {
        bool is_new = false;
        rc = contact_phone_add(ctx, row->contact.id, &number[i], &is_new);
        if (is_new && row->result == ROW_UNCHANGED)
            row->result = ROW_CHANGED;
    }
    return rc;
}

static enum rc write_sorted(struct ctx *ctx, const struct contacts_work *w,
                            const struct sorted *sorted) {
    int64_t inserted;
    enum rc rc = sorted->fresh.n ? contacts_insert(ctx, &sorted->fresh, &inserted) : OK;
    if (rc == OK && sorted->changed.n)
        rc = contacts_update(ctx, &sorted->changed);
    for (size_t i = 0; rc == OK && i < w->n; i++)
        if (w->rows[i].result != ROW_REJECTED)
            rc = add_phones(ctx, &w->rows[i]);
    return rc;
}

static enum rc write_contacts(struct ctx *ctx, void *arg) {
    const struct contacts_work *w = arg;
    struct strs emails = { 0 }, profiles = { 0 };
    struct map stored = map_in(ctx->arena);
    struct sorted sorted = { .at = map_in(ctx->arena) };
    struct list known = { 0 };
    for (size_t i = 0; i < w->n; i++) {
        w->rows[i].result = ROW_UNCHANGED;
        strs_add(ctx->arena, &emails, w->rows[i].contact.email);
        strs_add(ctx->arena, &profiles, w->rows[i].contact.linkedin_key);
    }
    enum rc rc = removals_hold(ctx);
    if (rc == OK)
        rc = reject_removed(ctx, w, REMOVAL_EMAIL, emails);
    if (rc == OK)
        rc = reject_removed(ctx, w, REMOVAL_LINKEDIN, profiles);
    if (rc == OK)
        rc = contacts_among(ctx, emails, profiles, &known);
    if (rc == OK)
        rc = load(ctx, &known, &stored);
    if (rc == OK)
        rc = leave_out_strangers(ctx, w);
    if (rc != OK)
        return rc;
    const struct contacts_by_key *by_key = contacts_by_key(ctx->arena, &known);
    for (size_t i = 0; i < w->n; i++) {
        struct contact_row *row = &w->rows[i];
        if (row->result != ROW_REJECTED && is_of_two(by_key, &row->contact))
            reject(row, STR("its address and its profile are of two contacts"));
        if (row->result != ROW_REJECTED)
            sort_row(ctx, row, by_key, &stored, &sorted);
    }
    return write_sorted(ctx, w, &sorted);
}

enum rc import_contacts(struct ctx *ctx, struct contact_row *rows, size_t n) {
    return db_transact(ctx, write_contacts, &(struct contacts_work){ rows, n });
}
