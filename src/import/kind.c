/* Memory: a transaction loads few enough rows that merging and putting them fits beside
 * them. What is only compared is compared by fingerprint and leaves nothing behind. */
#include "import/kind.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/rand.h"
#include "base/vec.h"
#include "import/derive.h"
#include "import/merge.h"
#include "search/tags.h"
#include "store/put.h"

enum {
    LOAD_ROWS = 64, /* at once: what the check of the memory may come too late by */
    LOADED_MAX_BYTES = 14 * 1024 * 1024, /* a thousand ordinary rows are two thirds of this */
    PUT_MAX_BYTES = 48 * 1024 * 1024,
};
_Static_assert(LOADED_MAX_BYTES + LOAD_ROWS * 2 * STORED_ROW_MAX_BYTES < ARENA_BACKSTOP_BYTES / 2,
               "what is loaded before the check fits");
/* A loaded row is kept and its extra data are united, all before the check of what is put. */
_Static_assert(3 * LOADED_MAX_BYTES < PUT_MAX_BYTES && PUT_MAX_BYTES < ARENA_BACKSTOP_BYTES,
               "a transaction fits");

/* --- the two kinds --- */

static void forget_nothing(struct arena *arena, void *row) {
    (void) arena;
    (void) row;
}

static void forget_company(struct arena *arena, void *row) {
    forget_derived(arena, row);
}

static void derive_person_row(struct arena *arena, void *row) {
    derive_person(arena, row);
}

static void derive_company_row(struct arena *arena, void *row) {
    derive_company(arena, row);
}

static void index_person(struct arena *arena, void *row) {
    person_index(arena, row);
}

static void index_company(struct arena *arena, void *row) {
    company_index(arena, row);
}

const struct row_kind people_kind = {
    .fields = &person_fields,
    .id = FIELD_OFFSET(struct person, id, struct str),
    .doc = FIELD_OFFSET(struct person, doc, struct opt_int),
    .updated_at = FIELD_OFFSET(struct person, updated_at, struct opt_int),
    .by_ids = people_by_ids, .after = people_after, .put = people_put,
    .forget = forget_nothing, .derive = derive_person_row, .rows_are_derived = true,
    .index = index_person,
};

const struct row_kind companies_kind = {
    .fields = &company_fields,
    .id = FIELD_OFFSET(struct company, id, struct str),
    .doc = FIELD_OFFSET(struct company, doc, struct opt_int),
    .updated_at = FIELD_OFFSET(struct company, updated_at, struct opt_int),
    .by_ids = companies_by_ids, .after = companies_after, .put = companies_put,
    .forget = forget_company, .derive = derive_company_row,
    .index = index_company,
};

static struct str *id_of(const struct row_kind *kind, void *row) {
    return (struct str *) (void *) ((char *) row + kind->id);
}

/* --- loading --- */

static enum rc load_some(struct ctx *ctx, const struct row_kind *kind, struct strs ids,
                         struct map *by_id) {
    struct list found = { 0 };
    enum rc rc = kind->by_ids(ctx, ids, &found);
    for (size_t i = 0; rc == OK && i < found.n; i++) {
        void *row = (char *) found.p + i * kind->fields->size;
        map_put(by_id, *id_of(kind, row), row);
    }
    if (rc == OK && arena_used(ctx->arena) > LOADED_MAX_BYTES)
        rc = fail(ctx, E_TOO_LARGE, "the rows that these change take too much memory");
    return rc;
}

enum rc kind_load(struct ctx *ctx, const struct row_kind *kind, struct strs ids,
                  struct map *ret_by_id) {
    struct strs some = { 0 };
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < ids.n; i++) {
        if (str_is_set(ids.p[i]))
            strs_add(ctx->arena, &some, ids.p[i]);
        if (some.n < LOAD_ROWS && i + 1 < ids.n)
            continue;
        if (some.n)
            rc = load_some(ctx, kind, some, ret_by_id);
        some = (struct strs){ 0 };
    }
    return rc;
}

/* --- changing --- */

bool kind_is_too_long(const struct row_kind *kind, const void *row) {
    return fields_bytes(kind->fields, row) > STORED_ROW_MAX_BYTES;
}

struct changes changes_of(struct arena *arena, const struct row_kind *kind) {
    return (struct changes){ .kind = kind, .seen = map_in(arena) };
}

void changes_add(struct ctx *ctx, struct changes *changes, void *row) {
    if (!map_put(&changes->seen, *id_of(changes->kind, row), row))
        *(void **) list_add(ctx->arena, &changes->rows, sizeof row) = row;
}

static void merge_into(struct ctx *ctx, const struct row_kind *kind, void *to, const void *row) {
    kind->forget(ctx->arena, to);
    merge_row(ctx->arena, kind->fields, MERGE_REPLACE, to, row);
}

static enum row_result settle_new(struct ctx *ctx, const struct row_kind *kind, const void *row,
                                  void **ret_new) {
    void *new = arena_alloc(ctx->arena, kind->fields->size);
    merge_into(ctx, kind, new, row);
    *id_of(kind, new) = uuid_new(ctx->arena, ctx_now(ctx));
    if (!kind->rows_are_derived)
        kind->derive(ctx->arena, new);
    *ret_new = new;
    return kind_is_too_long(kind, new) ? ROW_REJECTED : ROW_NEW;
}

static enum row_result settle_stored(struct ctx *ctx, const struct row_kind *kind,
                                     const void *row, void *stored) {
    void *as_it_was = arena_alloc(ctx->arena, kind->fields->size);
    struct row_print before = row_print(kind->fields, stored);
    memcpy(as_it_was, stored, kind->fields->size);
    merge_into(ctx, kind, stored, row);
    kind->derive(ctx->arena, stored);
    struct row_print after = row_print(kind->fields, stored);
    if (row_print_eq(&before, &after))
        return ROW_UNCHANGED;
    if (!kind_is_too_long(kind, stored))
        return ROW_CHANGED;
    memcpy(stored, as_it_was, kind->fields->size);
    return ROW_REJECTED;
}

struct settled kind_settle(struct ctx *ctx, struct changes *changes, const void *row,
                           void *stored) {
    void *settled = stored;
    enum row_result result = stored ? settle_stored(ctx, changes->kind, row, stored)
                                    : settle_new(ctx, changes->kind, row, &settled);
    _Static_assert(STORED_ROW_MAX_BYTES / 1024 == 96, "as the reason says");
    if (result == ROW_REJECTED)
        return (struct settled){
            .result = result, .reason = STR("with what is known already it is longer than 96 KiB"),
        };
    if (result != ROW_UNCHANGED)
        changes_add(ctx, changes, settled);
    return (struct settled){ .result = result, .id = *id_of(changes->kind, settled) };
}

enum rc changes_put(struct ctx *ctx, const struct changes *changes) {
    const struct row_kind *kind = changes->kind;
    void *const *changed = changes->rows.p;
    struct list rows = { 0 };
    for (size_t i = 0; i < changes->rows.n; i++) {
        char *copy = list_add(ctx->arena, &rows, kind->fields->size);
        memcpy(copy, changed[i], kind->fields->size);
        *(struct opt_int *) (void *) (copy + kind->updated_at) = opt_int(ctx_now(ctx));
        kind->index(ctx->arena, copy);
        if (arena_used(ctx->arena) > PUT_MAX_BYTES)
            return fail(ctx, E_TOO_LARGE, "the rows that are put take too much memory");
    }
    return kind->put(ctx, rows);
}
