#include "store/dispositions.h"

#include "base/check.h"
#include "base/rand.h"
#include "db/db.h"
#include "store/queries.h"

static const struct str actions[] = { { "complete", 8 }, { "next_stage", 10 } };
const struct enum_values enum_disposition_actions
    = { "DispositionAction", actions, LENGTH(actions) };

#define T struct disposition
static const struct field disposition_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-76db-7505-8923-201bf75736eb",
         .doc = "Id of the disposition."),
    F_STR(T, name, .flags = FIELD_REQUIRED, .example = "No answer", .doc = "What people read."),
    F_STR(T, slug, .flags = FIELD_REQUIRED, .example = "no_answer", .doc = "What programs read."),
    F_ENUM(T, action, .flags = FIELD_REQUIRED, .values = &enum_disposition_actions,
           .example = "next_stage",
           .doc = "complete: the task and its lead are completed; next_stage: nothing happens."),
};
#undef T
const struct fields disposition_fields
    = FIELDS("Disposition", struct disposition, disposition_rows, .doc = "How a call ended.");

/* The slugs are those of the webhooks. */
static const struct disposition first_ones[] = {
    { { NULL, 0 }, { "No answer", 9 }, { "no_answer", 9 }, { "next_stage", 10 } },
    { { NULL, 0 }, { "No answer (voicemail)", 21 }, { "no_answer_voicemail", 19 },
      { "next_stage", 10 } },
    { { NULL, 0 }, { "Wrong number", 12 }, { "wrong_number", 12 }, { "next_stage", 10 } },
    { { NULL, 0 }, { "Busy", 4 }, { "busy", 4 }, { "next_stage", 10 } },
    { { NULL, 0 }, { "Not interested", 14 }, { "not_interested", 14 }, { "complete", 8 } },
    { { NULL, 0 }, { "Interested", 10 }, { "interested", 10 }, { "complete", 8 } },
};

#define LIVE                                                                        \
    "SELECT id, name, slug, action FROM dispositions WHERE account_id = $1 "        \
    "AND deleted_at IS NULL"
static const struct query all = { "dispositions_list", LIVE " ORDER BY id", NULL };
static const struct query get = { "disposition_get", LIVE " AND id = $2", NULL };
static const struct query count
    = { "dispositions_count",
        "SELECT count(*) FROM dispositions WHERE account_id = $1 AND deleted_at IS NULL", NULL };
static const struct query insert
    = { "disposition_insert",
        "INSERT INTO dispositions (account_id, id, name, slug, action, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        NULL };
static const struct query taken
    = { "disposition_taken",
        "SELECT count(*) FROM dispositions WHERE account_id = $1 AND slug = $2 AND id <> $3 "
        "AND deleted_at IS NULL",
        NULL };
static const struct query update
    = { "disposition_update",
        "UPDATE dispositions SET name = coalesce($3, name), slug = coalesce($4, slug), "
        "action = coalesce($5, action) WHERE account_id = $1 AND id = $2 AND deleted_at IS NULL",
        NULL };
static const struct query delete_one
    = { "disposition_delete",
        "UPDATE dispositions SET deleted_at = $3 WHERE account_id = $1 AND id = $2 "
        "AND deleted_at IS NULL",
        NULL };

static const struct query *const queries[]
    = { &all, &get, &count, &insert, &taken, &update, &delete_one };
const struct query_table disposition_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

enum rc dispositions_list(struct ctx *ctx, struct list *ret_dispositions) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &all, DB_ARGS(ACCOUNT), &disposition_fields, &found);
    if (rc == OK)
        *ret_dispositions = found;
    return rc;
}

enum rc disposition_get(struct ctx *ctx, struct str id, struct disposition *ret_disposition) {
    struct disposition found = { 0 };
    enum rc rc = db_get(ctx, &get, DB_ARGS(ACCOUNT, db_v_text(id)), &disposition_fields, &found);
    if (rc == OK)
        *ret_disposition = found;
    return rc;
}

static enum rc check_slug(struct ctx *ctx, struct str slug) {
    bool ok = slug.n > 0 && ascii_is_lower(slug.p[0]);
    for (size_t i = 0; ok && i < slug.n; i++)
        ok = ascii_is_lower(slug.p[i]) || ascii_is_digit(slug.p[i]) || slug.p[i] == '_';
    return ok ? OK
              : bad_field(ctx, STR("/slug"), "unsupported_value",
                          "Lower case letters, digits and underscores, a letter first.");
}

static enum rc is_taken(struct ctx *ctx) {
    return problem(ctx, E_CONFLICT, "conflict", "Another disposition has this slug.");
}

static enum rc insert_one(struct ctx *ctx, struct str id, const struct disposition *d,
                          int64_t *ret_inserted) {
    return db_exec(ctx, &insert,
                   DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(d->name), db_v_text(d->slug),
                           db_v_text(d->action), db_v_int(ctx_now(ctx))),
                   ret_inserted);
}

struct work {
    struct str id;
    const struct disposition *input;
};

static enum rc create_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    int64_t n = 0, inserted = 0;
    enum rc rc = db_get_int(ctx, &count, DB_ARGS(ACCOUNT), &n);
    if (rc == OK && n >= DISPOSITIONS_MAX)
        return problem(ctx, E_CONFLICT, "conflict", "An account has at most %d dispositions.",
                       DISPOSITIONS_MAX);
    if (rc == OK)
        rc = insert_one(ctx, w->id, w->input, &inserted);
    return rc == OK && !inserted ? is_taken(ctx) : rc;
}

enum rc disposition_create(struct ctx *ctx, const struct disposition *input,
                           struct disposition *ret_disposition) {
    struct work work = { uuid_new(ctx->arena, ctx_now(ctx)), input };
    enum rc rc = check_slug(ctx, input->slug);
    if (rc == OK)
        rc = db_transact(ctx, create_in_transaction, &work);
    return rc == OK ? disposition_get(ctx, work.id, ret_disposition) : rc;
}

static enum rc change_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    int64_t others = 0, changed = 0;
    enum rc rc = OK;
    if (str_is_set(w->input->slug))
        rc = db_get_int(ctx, &taken, DB_ARGS(ACCOUNT, db_v_text(w->input->slug), db_v_text(w->id)),
                        &others);
    if (rc == OK && others)
        return is_taken(ctx);
    if (rc == OK)
        rc = db_exec(ctx, &update,
                     DB_ARGS(ACCOUNT, db_v_text(w->id), db_v_text(w->input->name),
                             db_v_text(w->input->slug), db_v_text(w->input->action)),
                     &changed);
    return rc == OK && !changed ? E_NOT_FOUND : rc;
}

enum rc disposition_change(struct ctx *ctx, struct str id, const struct disposition *changes,
                           struct disposition *ret_disposition) {
    struct work work = { id, changes };
    enum rc rc = str_is_set(changes->slug) ? check_slug(ctx, changes->slug) : OK;
    if (rc == OK)
        rc = db_transact(ctx, change_in_transaction, &work);
    return rc == OK ? disposition_get(ctx, id, ret_disposition) : rc;
}

static enum rc delete_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    int64_t deleted = 0;
    enum rc rc = db_exec(ctx, &delete_one,
                         DB_ARGS(ACCOUNT, db_v_text(w->id), db_v_int(ctx_now(ctx))), &deleted);
    return rc == OK && !deleted ? E_NOT_FOUND : rc;
}

enum rc disposition_delete(struct ctx *ctx, struct str id) {
    struct work work = { id, NULL };
    return db_transact(ctx, delete_in_transaction, &work);
}

enum rc dispositions_begin(struct ctx *ctx) {
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < LENGTH(first_ones); i++) {
        struct str id = uuid_new(ctx->arena, ctx_now(ctx));
        rc = insert_one(ctx, id, &first_ones[i], NULL);
    }
    return rc;
}
