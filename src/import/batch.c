/* The order inside a batch: removed people are refused; the companies that the rows
 * name are found, merged and put, so that each row knows its company's id; then the
 * people likewise. Each step is one statement for the whole batch. */
#include "import/batch.h"

#include "base/check.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "db/db.h"
#include "import/derive.h"
#include "import/merge.h"
#include "search/tags.h"
#include "store/put.h"
#include "store/removals.h"

static void reject(enum row_result *result, struct str *ret_reason, struct str reason) {
    *result = ROW_REJECTED;
    *ret_reason = reason;
}

/* --- companies --- */

static struct company_key key_of_company(const struct company *c) {
    return (struct company_key){ c->linkedin_key, c->domain, c->name_key };
}

/* Loads the rows of `ids` (absent ones are passed over) into a map by id. */
static enum rc load_companies(struct ctx *ctx, const struct str *ids, size_t n,
                              struct map *ret_by_id) {
    struct strs wanted = { 0 };
    for (size_t i = 0; i < n; i++)
        if (str_is_set(ids[i]))
            strs_add(ctx->arena, &wanted, ids[i]);
    struct list found = { 0 };
    enum rc rc = wanted.n ? companies_by_ids(ctx, wanted, &found) : OK;
    struct company *c = found.p;
    for (size_t i = 0; rc == OK && i < found.n; i++)
        map_put(ret_by_id, c[i].id, &c[i]);
    return rc;
}

/* Merges `row` into what is stored (`stored` may be NULL) and leaves the result, with
 * its id, in *row. */
static enum row_result settle_company(struct ctx *ctx, enum merge how,
                                      const struct company *stored, struct company *row) {
    struct company merged = stored ? *stored : (struct company){ 0 };
    struct str before = stored ? company_row_json(ctx->arena, stored) : STR_NONE;
    merge_row(ctx->arena, &company_fields, how, &merged, row);
    if (!stored)
        merged.id = uuid_new(ctx->arena, ctx_now(ctx));
    derive_company(ctx->arena, &merged);
    *row = merged;
    if (!stored)
        return ROW_NEW;
    bool same = str_eq(before, company_row_json(ctx->arena, &merged));
    return same ? ROW_UNCHANGED : ROW_CHANGED;
}

static void add_for_put(struct ctx *ctx, struct list *list, const struct company *company) {
    struct company *copy = list_add(ctx->arena, list, sizeof *copy);
    *copy = *company;
    copy->tags = company_tags(ctx->arena, copy);
    copy->rank = opt_int(company_rank(copy));
}

/* The id that entry i's keys found: the first key that found one. */
static struct str matched(const struct matches *matches, size_t i) {
    for (size_t k = 0; k < LENGTH(matches->by_key); k++)
        if (str_is_set(matches->by_key[k][i]))
            return matches->by_key[k][i];
    return STR_NONE;
}

/* Whether key `k` of entry i belongs to another row than the one that entry i is. */
static bool belongs_to_another(const struct matches *matches, size_t i, size_t k) {
    struct str id = matches->by_key[k][i];
    return str_is_set(id) && !str_eq(id, matched(matches, i));
}

struct companies_work {
    struct company_row *rows;
    size_t n;
};

static enum rc write_companies(struct ctx *ctx, void *arg) {
    struct companies_work *w = arg;
    struct company_key *keys = ARENA_ARRAY(ctx->arena, w->n, struct company_key);
    struct str *ids = ARENA_ARRAY(ctx->arena, w->n, struct str);
    for (size_t i = 0; i < w->n; i++) {
        derive_company(ctx->arena, &w->rows[i].company);
        keys[i] = key_of_company(&w->rows[i].company);
    }
    struct matches matches;
    enum rc rc = companies_match(ctx, keys, w->n, &matches);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < w->n; i++)
        ids[i] = matched(&matches, i);
    struct map stored = map_in(ctx->arena);
    rc = load_companies(ctx, ids, w->n, &stored);
    if (rc != OK)
        return rc;
    struct list changed = { 0 };
    for (size_t i = 0; i < w->n; i++) {
        struct company_row *row = &w->rows[i];
        if (belongs_to_another(&matches, i, 1)) {
            reject(&row->result, &row->reason,
                   STR("the domain belongs to another company of the database"));
            continue;
        }
        struct company result = row->company;
        row->result = settle_company(ctx, MERGE_REPLACE,
                                     str_is_set(ids[i]) ? map_get(&stored, ids[i]) : NULL, &result);
        if (row->result != ROW_UNCHANGED)
            add_for_put(ctx, &changed, &result);
    }
    return companies_put(ctx, changed);
}

enum rc import_companies(struct ctx *ctx, struct company_row *rows, size_t n) {
    return db_transact(ctx, write_companies, &(struct companies_work){ rows, n });
}

/* --- the companies that people rows name --- */

/* Distinct companies of a batch, merged from all rows that name them. */
struct groups {
    struct list companies; /* of struct company */
    struct map by_key;     /* "d:…", "l:…", "n:…" -> position + 1 */
};

static struct company *group_at(const struct groups *g, size_t i) {
    return (struct company *) g->companies.p + i;
}

static bool contradicts(struct str a, struct str b) {
    return str_is_set(a) && str_is_set(b) && !str_eq(a, b);
}

/* Keys of a company as keys of the map; absent parts give absent keys. */
static void group_keys(struct arena *arena, const struct company *c, struct str ret_keys[3]) {
    const struct str parts[3] = { c->linkedin_key, c->domain, c->name_key };
    for (size_t k = 0; k < 3; k++)
        ret_keys[k] = str_is_set(parts[k])
                          ? arena_printf(arena, "%zu:%.*s", k, STR_FMT(parts[k]))
                          : STR_NONE;
}

/* Position of the group that `c` belongs to; a new one when there is none. */
static size_t group_of(struct ctx *ctx, struct groups *g, const struct company *c) {
    struct str keys[3];
    group_keys(ctx->arena, c, keys);
    size_t position = SIZE_MAX;
    for (size_t k = 0; k < 3 && position == SIZE_MAX; k++) {
        uintptr_t found = str_is_set(keys[k]) ? (uintptr_t) map_get(&g->by_key, keys[k]) : 0;
        if (found && !contradicts(group_at(g, found - 1)->domain, c->domain)
            && !contradicts(group_at(g, found - 1)->linkedin_key, c->linkedin_key))
            position = found - 1;
    }
    if (position == SIZE_MAX) {
        position = g->companies.n;
        list_add(ctx->arena, &g->companies, sizeof(struct company));
    }
    merge_row(ctx->arena, &company_fields, MERGE_FILL, group_at(g, position), c);
    for (size_t k = 0; k < 3; k++)
        if (str_is_set(keys[k]) && !map_get(&g->by_key, keys[k]))
            map_put(&g->by_key, keys[k], (void *) (uintptr_t) (position + 1));
    return position;
}

/* Finds or makes the groups' rows. Afterwards every group has its id. */
static enum rc put_groups(struct ctx *ctx, struct groups *g) {
    size_t n = g->companies.n;
    struct company_key *keys = ARENA_ARRAY(ctx->arena, n, struct company_key);
    struct str *ids = ARENA_ARRAY(ctx->arena, n, struct str);
    for (size_t i = 0; i < n; i++)
        keys[i] = key_of_company(group_at(g, i));
    struct matches matches;
    enum rc rc = n ? companies_match(ctx, keys, n, &matches) : OK;
    if (rc != OK || n == 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        ids[i] = matched(&matches, i);
        if (belongs_to_another(&matches, i, 1))
            group_at(g, i)->domain = STR_NONE; /* known by LinkedIn URL; the domain is not its own */
    }
    struct map stored = map_in(ctx->arena);
    rc = load_companies(ctx, ids, n, &stored);
    if (rc != OK)
        return rc;
    struct list changed = { 0 };
    for (size_t i = 0; i < n; i++) {
        struct company *known = str_is_set(ids[i]) ? map_get(&stored, ids[i]) : NULL;
        if (settle_company(ctx, MERGE_FILL, known, group_at(g, i)) != ROW_UNCHANGED)
            add_for_put(ctx, &changed, group_at(g, i));
    }
    return companies_put(ctx, changed);
}

/* --- people --- */

struct people_work {
    struct person_row *rows;
    size_t n;
};

/* Refuses the rows of people who were removed for privacy, by any of their keys. */
static enum rc reject_removed(struct ctx *ctx, struct person_row *rows, size_t n) {
    static const enum removal_kind kinds[] = { REMOVAL_LINKEDIN, REMOVAL_EMAIL, REMOVAL_NAME };
    for (size_t k = 0; k < LENGTH(kinds); k++) {
        struct strs keys = { 0 };
        for (size_t i = 0; i < n; i++) {
            const struct person *p = &rows[i].person;
            struct str name = removal_name_key(ctx->arena, p->name, rows[i].company.name,
                                               rows[i].company.domain);
            const struct str by_kind[] = { p->linkedin_key, p->email_key, name };
            strs_add(ctx->arena, &keys, by_kind[k]);
        }
        struct ints removed = { 0 };
        enum rc rc = removals_among(ctx, kinds[k], keys, &removed);
        if (rc != OK)
            return rc;
        for (size_t i = 0; i < removed.n; i++) {
            struct person_row *row = &rows[removed.p[i]];
            reject(&row->result, &row->reason, STR("this person was removed for privacy reasons"));
        }
    }
    return OK;
}

static bool is_named(const struct company *c) {
    return str_is_set(c->name_key) || str_is_set(c->domain) || str_is_set(c->linkedin_key);
}

static enum rc settle_companies(struct ctx *ctx, struct people_work *w) {
    struct groups groups = { .by_key = map_in(ctx->arena) };
    size_t *position = ARENA_ARRAY(ctx->arena, w->n, size_t);
    for (size_t i = 0; i < w->n; i++) {
        position[i] = SIZE_MAX;
        if (w->rows[i].result != ROW_REJECTED && is_named(&w->rows[i].company))
            position[i] = group_of(ctx, &groups, &w->rows[i].company);
    }
    enum rc rc = put_groups(ctx, &groups);
    for (size_t i = 0; rc == OK && i < w->n; i++)
        if (position[i] != SIZE_MAX)
            w->rows[i].person.company_id = group_at(&groups, position[i])->id;
    return rc;
}

static enum rc match_rows(struct ctx *ctx, struct people_work *w, struct matches *ret_matches,
                          struct map *ret_stored) {
    struct person_key *keys = ARENA_ARRAY(ctx->arena, w->n, struct person_key);
    for (size_t i = 0; i < w->n; i++) {
        const struct person *p = &w->rows[i].person;
        if (w->rows[i].result != ROW_REJECTED)
            keys[i] = (struct person_key){ p->linkedin_key, p->email_key, p->name_key,
                                           p->company_id };
    }
    enum rc rc = people_match(ctx, keys, w->n, ret_matches);
    if (rc != OK)
        return rc;
    struct strs ids = { 0 };
    for (size_t i = 0; i < w->n; i++)
        if (str_is_set(matched(ret_matches, i)))
            strs_add(ctx->arena, &ids, matched(ret_matches, i));
    struct list found = { 0 };
    rc = ids.n ? people_by_ids(ctx, ids, &found) : OK;
    struct person *p = found.p;
    for (size_t i = 0; rc == OK && i < found.n; i++)
        map_put(ret_stored, p[i].id, &p[i]);
    return rc;
}

static enum row_result settle_person(struct ctx *ctx, const struct person *stored,
                                     struct person *row) {
    struct person merged = stored ? *stored : (struct person){ 0 };
    struct str before = stored ? person_row_json(ctx->arena, stored) : STR_NONE;
    merge_row(ctx->arena, &person_fields, MERGE_REPLACE, &merged, row);
    if (!stored)
        merged.id = uuid_new(ctx->arena, ctx_now(ctx));
    derive_person(ctx->arena, &merged);
    *row = merged;
    if (!stored)
        return ROW_NEW;
    bool same = str_eq(before, person_row_json(ctx->arena, &merged));
    return same ? ROW_UNCHANGED : ROW_CHANGED;
}

static void add_phones(struct ctx *ctx, struct list *all, const struct person_row *row) {
    const struct phone_number *phones = row->phones.p;
    for (size_t i = 0; i < row->phones.n; i++) {
        struct phone_number *copy = list_add(ctx->arena, all, sizeof *copy);
        *copy = phones[i];
        copy->id = uuid_new(ctx->arena, ctx_now(ctx));
        copy->person_id = row->person.id;
    }
}

static enum rc settle_people(struct ctx *ctx, struct people_work *w) {
    struct matches matches;
    struct map stored = map_in(ctx->arena);
    enum rc rc = match_rows(ctx, w, &matches, &stored);
    if (rc != OK)
        return rc;
    struct list changed = { 0 }, phones = { 0 };
    for (size_t i = 0; i < w->n; i++) {
        struct person_row *row = &w->rows[i];
        if (row->result == ROW_REJECTED)
            continue;
        if (belongs_to_another(&matches, i, 1)) {
            reject(&row->result, &row->reason,
                   STR("the email address belongs to another person of the database"));
            continue;
        }
        struct str id = matched(&matches, i);
        row->result = settle_person(ctx, str_is_set(id) ? map_get(&stored, id) : NULL,
                                    &row->person);
        add_phones(ctx, &phones, row);
        if (row->result == ROW_UNCHANGED)
            continue;
        struct person *copy = list_add(ctx->arena, &changed, sizeof *copy);
        *copy = row->person;
        copy->tags = person_tags(ctx->arena, copy);
        copy->rank = opt_int(person_rank(copy));
    }
    rc = people_put(ctx, changed);
    return rc == OK ? phone_numbers_put(ctx, phones) : rc;
}

/* `rows` is what came in; the work is done on copies, because it may be run again. */
static enum rc write_people(struct ctx *ctx, void *arg) {
    const struct people_work *in = arg;
    struct people_work w = { ARENA_ARRAY(ctx->arena, in->n, struct person_row), in->n };
    memcpy(w.rows, in->rows, in->n * sizeof *in->rows);
    for (size_t i = 0; i < w.n; i++) {
        derive_person(ctx->arena, &w.rows[i].person);
        derive_company(ctx->arena, &w.rows[i].company);
    }
    enum rc rc = reject_removed(ctx, w.rows, w.n);
    if (rc == OK)
        rc = settle_companies(ctx, &w);
    if (rc == OK)
        rc = settle_people(ctx, &w);
    for (size_t i = 0; rc == OK && i < w.n; i++) {
        in->rows[i].result = w.rows[i].result;
        in->rows[i].reason = w.rows[i].reason;
    }
    return rc;
}

enum rc import_people(struct ctx *ctx, struct person_row *rows, size_t n) {
    return db_transact(ctx, write_people, &(struct people_work){ rows, n });
}
