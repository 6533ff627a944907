/* The order inside a batch: removed people are refused; the companies that the rows
 * name are found, merged and put, so that each row knows its company's id; then the
 * people likewise. Each step is one statement for the whole batch. */
#include "import/batch.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "db/db.h"
#include "import/derive.h"
#include "import/kind.h"
#include "import/merge.h"
#include "store/put.h"
#include "store/removals.h"

/* The reason is static: the row outlives the arena of its transaction. */
static void reject(enum row_result *result, struct str *ret_reason, struct str reason) {
    *result = ROW_REJECTED;
    *ret_reason = reason;
}

/* --- companies --- */

static struct company_key key_of_company(const struct company *c) {
    return (struct company_key){ c->linkedin_key, c->domain, c->name_key };
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

/* Loads what the entries' keys found. */
static enum rc load_matched(struct ctx *ctx, const struct row_kind *kind,
                            const struct matches *matches, size_t n, struct map *ret_stored) {
    struct strs ids = { 0 };
    for (size_t i = 0; i < n; i++)
        strs_add(ctx->arena, &ids, matched(matches, i));
    return kind_load(ctx, kind, ids, ret_stored);
}

/* The stored row of entry i; NULL: there is none. */
static void *stored_row(const struct map *stored, const struct matches *matches, size_t i) {
    struct str id = matched(matches, i);
    return str_is_set(id) ? map_get(stored, id) : NULL;
}

struct companies_work {
    struct company_row *rows;
    size_t n;
};

static enum rc write_companies(struct ctx *ctx, void *arg) {
    struct companies_work *w = arg;
    struct company_key *keys = ARENA_ARRAY(ctx->arena, w->n, struct company_key);
    for (size_t i = 0; i < w->n; i++)
        keys[i] = key_of_company(&w->rows[i].company);
    struct matches matches;
    struct map stored = map_in(ctx->arena);
    enum rc rc = companies_match(ctx, keys, w->n, &matches);
    if (rc == OK)
        rc = load_matched(ctx, &companies_kind, &matches, w->n, &stored);
    if (rc != OK)
        return rc;
    struct changes changes = changes_of(ctx->arena, &companies_kind);
    for (size_t i = 0; i < w->n; i++) {
        struct company_row *row = &w->rows[i];
        if (belongs_to_another(&matches, i, 1)) {
            reject(&row->result, &row->reason,
                   STR("the domain belongs to another company of the database"));
            continue;
        }
        struct settled settled = kind_settle(ctx, &changes, &row->company,
                                             stored_row(&stored, &matches, i));
        row->result = settled.result;
        row->reason = settled.reason;
    }
    return changes_put(ctx, &changes);
}

/* --- the companies that people rows name --- */

/* One of them: filled up by all rows that name it. */
struct named {
    struct company company;
    bool is_stored;
    struct row_print before; /* of what is stored */
};

struct named_companies {
    struct list all;   /* of struct named * */
    struct map by_id;  /* those that are stored */
    struct map by_key; /* keys of `company` (named_keys) -> the first that has it */
};

_Static_assert(STORED_ROW_MAX_BYTES / 1024 == 96, "as the reason says");

static void reject_for_company(struct person_row *row) {
    reject(&row->result, &row->reason,
           STR("the company is longer than 96 KiB with what is known already"));
}

static bool contradicts(struct str a, struct str b) {
    return str_is_set(a) && str_is_set(b) && !str_eq(a, b);
}

enum { BY_LINKEDIN, BY_DOMAIN, BY_NAME, NAMED_KEYS };

/* Keys of a company as keys of the map; absent parts give absent keys. */
static void named_keys(struct arena *arena, const struct company *c,
                       struct str ret_keys[NAMED_KEYS]) {
    const struct str parts[] = { c->linkedin_key, c->domain, c->name_key };
    for (size_t k = 0; k < NAMED_KEYS; k++)
        ret_keys[k] = str_is_set(parts[k])
                          ? arena_printf(arena, "%zu:%.*s", k, STR_FMT(parts[k]))
                          : STR_NONE;
}

static struct named *with_key(const struct named_companies *all, struct str key) {
    return str_is_set(key) ? map_get(&all->by_key, key) : NULL;
}

static void note_keys(struct arena *arena, struct named_companies *all, struct named *named) {
    struct str keys[NAMED_KEYS];
    named_keys(arena, &named->company, keys);
    for (size_t k = 0; k < NAMED_KEYS; k++)
        if (str_is_set(keys[k]) && !with_key(all, keys[k]))
            map_put(&all->by_key, keys[k], named);
}

static struct named *add_named(struct ctx *ctx, struct named_companies *all) {
    struct named *named = ARENA_NEW(ctx->arena, struct named);
    *(struct named **) list_add(ctx->arena, &all->all, sizeof named) = named;
    return named;
}

static enum rc load_named(struct ctx *ctx, const struct matches *matches, size_t n,
                          struct named_companies *all) {
    struct map stored = map_in(ctx->arena);
    enum rc rc = load_matched(ctx, &companies_kind, matches, n, &stored);
    for (size_t i = 0; rc == OK && i < n; i++) {
        const struct company *c = stored_row(&stored, matches, i);
        if (!c || map_get(&all->by_id, c->id))
            continue;
        struct named *named = add_named(ctx, all);
        named->company = *c;
        named->is_stored = true;
        named->before = row_print(&company_fields, c);
        forget_derived(ctx->arena, &named->company);
        map_put(&all->by_id, c->id, named);
        note_keys(ctx->arena, all, named);
    }
    return rc;
}

/* The company that `row` names: the stored one of this id, else one that the batch makes.
 * Keys that another company of the batch has are taken from *row. */
static struct named *name_company(struct ctx *ctx, struct named_companies *all, struct str id,
                                  struct company *row) {
    struct str keys[NAMED_KEYS];
    named_keys(ctx->arena, row, keys);
    struct named *named = str_is_set(id) ? map_get(&all->by_id, id) : NULL;
    for (size_t k = BY_LINKEDIN; k <= BY_DOMAIN && !named; k++)
        named = with_key(all, keys[k]);
    if (!named) {
        named = with_key(all, keys[BY_NAME]);
        if (named && (contradicts(named->company.domain, row->domain)
                      || contradicts(named->company.linkedin_key, row->linkedin_key)))
            named = NULL;
    }
    if (!named) {
        named = add_named(ctx, all);
        named->company.id = uuid_new(ctx->arena, ctx_now(ctx));
    }
    struct named *of_page = with_key(all, keys[BY_LINKEDIN]);
    struct named *of_domain = with_key(all, keys[BY_DOMAIN]);
    if (of_page && of_page != named)
        row->linkedin_key = row->linkedin_url = STR_NONE;
    if (of_domain && of_domain != named)
        row->domain = STR_NONE;
    return named;
}

/* False, with nothing changed, when both together are too long to be kept. */
static bool fill_named(struct ctx *ctx, struct named_companies *all, struct named *named,
                       const struct company *row) {
    struct company as_it_was = named->company;
    merge_row(ctx->arena, &company_fields, MERGE_FILL, &named->company, row);
    if (kind_is_too_long(&companies_kind, &named->company)) {
        named->company = as_it_was;
        return false;
    }
    note_keys(ctx->arena, all, named);
    return true;
}

static enum rc put_named(struct ctx *ctx, const struct named_companies *all) {
    struct changes changes = changes_of(ctx->arena, &companies_kind);
    struct named *const *named = all->all.p;
    for (size_t i = 0; i < all->all.n; i++) {
        struct company *company = &named[i]->company;
        derive_company(ctx->arena, company);
        struct row_print now = row_print(&company_fields, company);
        if (!named[i]->is_stored || !row_print_eq(&named[i]->before, &now))
            changes_add(ctx, &changes, company);
    }
    return changes_put(ctx, &changes);
}

/* --- people --- */

struct people_work {
    struct person_row *rows;
    size_t n;
};

static struct str removal_key(struct arena *arena, const struct person_row *row,
                              enum removal_kind kind) {
    const struct person *p = &row->person;
    return kind == REMOVAL_LINKEDIN ? p->linkedin_key
           : kind == REMOVAL_EMAIL  ? p->email_key
                                    : removal_name_key(arena, p->name, row->company.name,
                                                       row->company.domain);
}

/* Refuses the rows of people who were removed for privacy, by any of their keys. */
static enum rc reject_removed(struct ctx *ctx, struct person_row *rows, size_t n) {
    static const enum removal_kind kinds[] = { REMOVAL_LINKEDIN, REMOVAL_EMAIL, REMOVAL_NAME };
    for (size_t k = 0; k < LENGTH(kinds); k++) {
        struct strs keys = { 0 };
        for (size_t i = 0; i < n; i++)
            strs_add(ctx->arena, &keys, removal_key(ctx->arena, &rows[i], kinds[k]));
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
    struct named_companies all = { .by_id = map_in(ctx->arena), .by_key = map_in(ctx->arena) };
    struct company_key *keys = ARENA_ARRAY(ctx->arena, w->n, struct company_key);
    for (size_t i = 0; i < w->n; i++)
        if (w->rows[i].result != ROW_REJECTED)
            keys[i] = key_of_company(&w->rows[i].company);
    struct matches matches;
    enum rc rc = companies_match(ctx, keys, w->n, &matches);
    if (rc == OK)
        rc = load_named(ctx, &matches, w->n, &all);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < w->n; i++) {
        struct company *row = &w->rows[i].company;
        if (w->rows[i].result == ROW_REJECTED || !is_named(row))
            continue;
        if (kind_is_too_long(&companies_kind, row)) {
            reject_for_company(&w->rows[i]);
            continue;
        }
        if (belongs_to_another(&matches, i, 1))
            row->domain = STR_NONE; /* known by LinkedIn URL; the domain is not its own */
        struct named *named = name_company(ctx, &all, matched(&matches, i), row);
        if (!fill_named(ctx, &all, named, row))
            reject_for_company(&w->rows[i]);
        w->rows[i].person.company_id = named->company.id;
    }
    return put_named(ctx, &all);
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
    return rc == OK ? load_matched(ctx, &people_kind, ret_matches, w->n, ret_stored) : rc;
}

static void add_phones(struct ctx *ctx, struct list *all, const struct person_row *row,
                       struct str person_id) {
    const struct phone_number *phones = row->phones.p;
    for (size_t i = 0; i < row->phones.n; i++) {
        struct phone_number *copy = list_add(ctx->arena, all, sizeof *copy);
        *copy = phones[i];
        copy->id = uuid_new(ctx->arena, ctx_now(ctx));
        copy->person_id = person_id;
    }
}

static enum rc settle_people(struct ctx *ctx, struct people_work *w) {
    struct matches matches;
    struct map stored = map_in(ctx->arena);
    enum rc rc = match_rows(ctx, w, &matches, &stored);
    if (rc != OK)
        return rc;
    struct changes changes = changes_of(ctx->arena, &people_kind);
    struct list phones = { 0 };
    for (size_t i = 0; i < w->n; i++) {
        struct person_row *row = &w->rows[i];
        if (row->result == ROW_REJECTED)
            continue;
        if (belongs_to_another(&matches, i, 1)) {
            reject(&row->result, &row->reason,
                   STR("the email address belongs to another person of the database"));
            continue;
        }
        struct settled settled = kind_settle(ctx, &changes, &row->person,
                                             stored_row(&stored, &matches, i));
        row->result = settled.result;
        row->reason = settled.reason;
        if (row->result != ROW_REJECTED)
            add_phones(ctx, &phones, row, settled.id);
    }
    rc = changes_put(ctx, &changes);
    return rc == OK ? phone_numbers_put(ctx, phones) : rc;
}

/* `rows` is what came in; the work is done on copies, because it may be run again. */
static enum rc write_people(struct ctx *ctx, void *arg) {
    const struct people_work *in = arg;
    struct people_work w = { ARENA_ARRAY(ctx->arena, in->n, struct person_row), in->n };
    memcpy(w.rows, in->rows, in->n * sizeof *in->rows);
    enum rc rc = removals_hold(ctx);
    if (rc == OK)
        rc = reject_removed(ctx, w.rows, w.n);
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

/* --- transactions --- */

static enum rc run_people(struct ctx *ctx, void *rows, size_t n) {
    return db_transact(ctx, write_people, &(struct people_work){ rows, n });
}

static enum rc run_companies(struct ctx *ctx, void *rows, size_t n) {
    return db_transact(ctx, write_companies, &(struct companies_work){ rows, n });
}

/* `run` works on an arena of its own. When the rows of the database that it changes are too
 * many and too long for that, in two halves. */
static enum rc in_parts(struct ctx *ctx, enum rc (*run)(struct ctx *ctx, void *rows, size_t n),
                        char *rows, size_t n, size_t row_size) {
    struct ctx part = *ctx;
    part.arena = arena_new();
    enum rc rc = run(&part, rows, n);
    bool halve = rc == E_TOO_LARGE && n > 1;
    if (rc != OK && !halve)
        rc = fail(ctx, rc, "%.*s", STR_FMT(part.err.text));
    arena_free(&part.arena);
    if (!halve)
        return rc;
    rc = in_parts(ctx, run, rows, n / 2, row_size);
    return rc == OK ? in_parts(ctx, run, rows + n / 2 * row_size, n - n / 2, row_size) : rc;
}

enum rc import_people(struct ctx *ctx, struct person_row *rows, size_t n) {
    return in_parts(ctx, run_people, (char *) rows, n, sizeof *rows);
}

enum rc import_companies(struct ctx *ctx, struct company_row *rows, size_t n) {
    return in_parts(ctx, run_companies, (char *) rows, n, sizeof *rows);
}
