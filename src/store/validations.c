#include "store/validations.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/rand.h"
#include "db/db.h"
#include "json/writer.h"
#include "store/credits.h"
#include "store/queries.h"
#include "store/services.h"

/* A block is what one process takes at a time: small enough to be shared among processes
 * and to come to an end, large enough that blocks cost nothing. */
enum { BLOCK_EMAILS = 500 };

/* Blocks go into the database in parts of about this size; one of the longest addresses, all of
 * them control characters, has a megabyte. */
enum { PART_BYTES = 2 * 1024 * 1024, PART_MAX_BYTES = 8 * 1024 * 1024 };

#define T struct validation
static const struct field validation_rows[] = {
    F_ID(T, id, .doc = "Id of the validation."),
    F_STR(T, status, .doc = "Where it is."),
    F_STR(T, error_code, .doc = "Why it ended with an error."),
    F_INT(T, total, .doc = "Number of addresses."),
    F_TIME(T, created_at, .doc = "When it was started."),
    F_TIME(T, finished_at, .doc = "When it ended."),
};
#undef T
const struct fields validation_row_fields
    = FIELDS("EmailValidationRow", struct validation, validation_rows, .doc = "A validation.");

#define T struct validation_result
static const struct field result_rows[] = {
    F_STR(T, cursor, .doc = "The address's key, for pages."),
    F_STR(T, email, .doc = "The address."),
    F_STR(T, result, .doc = "Whether it can be delivered to."),
    F_BOOL(T, catch_all, .doc = "Whether its domain takes every name."),
    F_STR(T, reason, .doc = "Why."),
    F_STR(T, detail, .doc = "Why, in finer words."),
    F_STR(T, provider, .doc = "Who runs the mail servers."),
    F_TIME(T, checked_at, .doc = "When the servers were asked."),
};
#undef T
const struct fields validation_result_row_fields
    = FIELDS("EmailValidationResultRow", struct validation_result, result_rows,
             .doc = "What was found out about an address.");

static const struct query insert
    = { "validation_insert",
        "INSERT INTO validations (account_id, id, status, total, single, lead_list_id, created_at) "
        "VALUES ($1, $2, 'queued', $3, $4, $5, $6)",
        NULL };
/* PostgreSQL would read each member's row again for every operator. */
static const struct query insert_blocks
    = { "validation_insert_blocks",
        "INSERT INTO validation_blocks (account_id, validation_id, block, size, is_counted, "
        "lease_until) SELECT $1, $2, value ->> 'block', value ->> 'size', 0, 0 FROM json_each($3)",
        "INSERT INTO validation_blocks (account_id, validation_id, block, size, is_counted, "
        "lease_until) SELECT $1, $2, block, size, 0, 0 "
        "FROM json_to_recordset($3::json) AS b (block BIGINT, size BIGINT)" };
#define EMAILS "INSERT INTO validation_block_emails (account_id, validation_id, block, first_key, " \
               "last_key, emails) SELECT $1, $2, "
static const struct query insert_emails
    = { "validation_insert_emails",
        EMAILS "value ->> 'block', value ->> 'first_key', value ->> 'last_key', "
               "value ->> 'emails' FROM json_each($3)",
        EMAILS "block, first_key, last_key, emails FROM json_to_recordset($3::json) "
               "AS b (block BIGINT, first_key TEXT, last_key TEXT, emails TEXT)" };

#define COLUMNS "SELECT id, status, error_code, total, created_at, finished_at FROM validations "
static const struct query get
    = { "validation_get", COLUMNS "WHERE account_id = $1 AND id = $2", NULL };
static const struct query get_single
    = { "validation_get_single", COLUMNS "WHERE account_id = $1 AND single = $2", NULL };
static const struct query lock_account
    = { "validation_lock_account", "SELECT 1 FROM accounts WHERE id = $1",
        "SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE" };
static const struct query left
    = { "validation_left",
        "SELECT coalesce(sum(size), 0) FROM validation_blocks "
        "WHERE account_id = $1 AND validation_id = $2",
        "SELECT coalesce(sum(size), 0)::bigint FROM validation_blocks "
        "WHERE account_id = $1 AND validation_id = $2" };
static const struct query set_canceled
    = { "validation_set_canceled",
        "UPDATE validations SET status = 'canceled', finished_at = $3 "
        "WHERE account_id = $1 AND id = $2 AND status IN ('queued', 'processing')",
        NULL };
static const struct query delete_blocks
    = { "validation_delete_blocks",
        "DELETE FROM validation_blocks WHERE account_id = $1 AND validation_id = $2", NULL };
static const struct query delete_block_emails
    = { "validation_delete_block_emails",
        "DELETE FROM validation_block_emails WHERE account_id = $1 AND validation_id = $2", NULL };
static const struct query delete_emails
    = { "validation_delete_emails",
        "DELETE FROM validation_emails WHERE account_id = $1 AND validation_id = $2", NULL };
static const struct query delete_row
    = { "validation_delete", "DELETE FROM validations WHERE account_id = $1 AND id = $2", NULL };

static const struct query forget_email
    = { "validation_forget_email",
        "DELETE FROM validation_emails WHERE key = $1 AND ($2 = '' OR account_id = $2)", NULL };
/* From the blocks as well, whose bounds are addresses, too. */
#define IN_BOUNDS                                                        \
    "(first_key = '' OR (first_key <= $1 AND last_key >= $1)) "          \
    "AND ($2 = '' OR account_id = $2) "
static const struct query cut
    = { "validation_cut",
        "UPDATE validation_block_emails SET first_key = '', last_key = '', emails = ("
        "SELECT json_group_array(value) FROM json_each(emails) WHERE lower(value) <> $1) "
        "WHERE " IN_BOUNDS "AND EXISTS (SELECT 1 FROM json_each(emails) WHERE lower(value) = $1)",
        "UPDATE validation_block_emails SET first_key = '', last_key = '', emails = coalesce(("
        "SELECT json_agg(value)::text FROM json_array_elements_text(emails::json) j(value) "
        "WHERE lower(value COLLATE \"C\") <> $1), '[]') "
        "WHERE " IN_BOUNDS "AND EXISTS (SELECT 1 FROM json_array_elements_text(emails::json) j(value) "
        "WHERE lower(value COLLATE \"C\") = $1)" };
static const struct query forget_single
    = { "validation_forget_single",
        "UPDATE validations SET single = NULL WHERE single = $1 AND ($2 = '' OR account_id = $2)",
        NULL };

static const struct query forget_bounced
    = { "validation_forget_bounced",
        "DELETE FROM bounced_addresses WHERE key = $1 AND ($2 = '' OR account_id = $2)", NULL };

static const struct query list_after
    = { "validations_after",
        COLUMNS "WHERE account_id = $3 AND lead_list_id IS NULL AND ($1 = '' OR id < $1) "
                "ORDER BY id DESC LIMIT $2",
        NULL };
static const struct query list_before
    = { "validations_before",
        COLUMNS "WHERE account_id = $3 AND lead_list_id IS NULL AND id > $1 ORDER BY id LIMIT $2",
        NULL };
#define RESULTS                                                                              \
    "SELECT key AS cursor, email, result, catch_all, reason, detail, provider, checked_at "  \
    "FROM validation_emails WHERE account_id = $3 AND validation_id = $4 AND key "
static const struct query results_after
    = { "validation_results_after", RESULTS "> $1 ORDER BY key LIMIT $2", NULL };
static const struct query results_before
    = { "validation_results_before", RESULTS "< $1 ORDER BY key DESC LIMIT $2", NULL };

static const struct query *const queries[]
    = { &insert,       &insert_emails, &insert_blocks, &get,         &get_single,
        &lock_account, &left,          &set_canceled,  &delete_blocks, &delete_block_emails,
        &delete_emails, &delete_row,   &forget_email,  &cut,         &forget_single, &forget_bounced,
        &list_after,   &list_before,   &results_after, &results_before };
const struct query_table validation_queries = QUERY_TABLE(queries);

struct str validation_key(struct arena *arena, struct str email) {
    struct str trimmed = str_trim(email);
    char *text = arena_alloc(arena, trimmed.n + 1);
    for (size_t i = 0; i < trimmed.n; i++)
        text[i] = ascii_lower(trimmed.p[i]);
    text[trimmed.n] = 0;
    return (struct str){ text, trimmed.n };
}

/* --- starting one --- */

struct address {
    struct str key, email;
    size_t at;
};

static int by_key(const void *a, const void *b) {
    const struct address *x = a, *y = b;
    int order = str_compare(x->key, y->key);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* In the order of the keys, each once, as it was spelled first. */
static struct list unique_addresses(struct arena *arena, struct strs emails) {
    struct address *all = arena_array(arena, emails.n ? emails.n : 1, sizeof *all);
    for (size_t i = 0; i < emails.n; i++)
        all[i] = (struct address){ validation_key(arena, emails.p[i]), str_trim(emails.p[i]), i };
    qsort(all, emails.n, sizeof *all, by_key);
    size_t n = 0;
    for (size_t i = 0; i < emails.n; i++)
        if (n == 0 || !str_eq(all[n - 1].key, all[i].key))
            all[n++] = all[i];
    return (struct list){ all, n };
}

struct create_work {
    struct list addresses; /* of struct address */
    struct str single;
    struct str lead_list_id; /* pays as far as the credits go */
    int64_t since;
    struct validation *validation;
};

/* Addresses that become a block. */
struct piece {
    const struct address *address;
    size_t n;
    int64_t block;
};

static void write_block(struct json_writer *w, const struct piece *piece) {
    json_begin_object(w);
    json_key(w, STR("block"));
    json_int(w, piece->block);
    json_key(w, STR("size"));
    json_int(w, (int64_t) piece->n);
    json_end_object(w);
}

static void write_emails(struct json_writer *w, const struct piece *piece) {
    json_begin_object(w);
    json_key(w, STR("block"));
    json_int(w, piece->block);
    json_key(w, STR("first_key"));
    json_str(w, piece->address[0].key);
    json_key(w, STR("last_key"));
    json_str(w, piece->address[piece->n - 1].key);
    json_key(w, STR("emails"));
    json_begin_array(w);
    for (size_t i = 0; i < piece->n; i++)
        json_str(w, piece->address[i].email);
    json_end_array(w);
    json_end_object(w);
}

/* Writes blocks from address `from` on, as many as make a part; `from` is moved. */
static void write_part(const struct create_work *w, size_t *from, struct buf *blocks,
                       struct buf *emails) {
    struct json_writer b = json_writer(blocks), e = json_writer(emails);
    json_begin_array(&b);
    json_begin_array(&e);
    while (*from < w->addresses.n && emails->n < PART_BYTES) {
        size_t rest = w->addresses.n - *from;
        struct piece piece = { (const struct address *) w->addresses.p + *from,
                               rest < BLOCK_EMAILS ? rest : BLOCK_EMAILS,
                               (int64_t) (*from / BLOCK_EMAILS) };
        write_block(&b, &piece);
        write_emails(&e, &piece);
        *from += piece.n;
    }
    json_end_array(&b);
    json_end_array(&e);
}

static enum rc insert_part(struct ctx *ctx, const struct create_work *w, size_t *from) {
    struct buf blocks = buf_in(ctx->arena, PART_MAX_BYTES), emails = buf_in(ctx->arena, PART_MAX_BYTES);
    struct db_value account = db_v_text(ctx->account_id), id = db_v_text(w->validation->id);
    write_part(w, from, &blocks, &emails);
    if (buf_result(&emails) != OK || buf_result(&blocks) != OK)
        return fail(ctx, E_TOO_LARGE, "addresses of a validation");
    enum rc rc = db_exec(ctx, &insert_blocks, DB_ARGS(account, id, db_v_text(buf_text(&blocks))), NULL);
    return rc == OK ? db_exec(ctx, &insert_emails, DB_ARGS(account, id, db_v_text(buf_text(&emails))), NULL)
                    : rc;
}

/* Each part's text on memory that is given back. */
static enum rc insert_blocks_of(struct ctx *ctx, const struct create_work *w) {
    enum rc rc = OK;
    for (size_t from = 0; rc == OK && from < w->addresses.n;) {
        struct ctx part = *ctx;
        part.arena = arena_new();
        rc = insert_part(&part, w, &from);
        if (rc != OK)
            (void) fail(ctx, rc, "%.*s", STR_FMT(part.err.text)); /* copies the text */
        arena_free(&part.arena);
    }
    return rc;
}

static enum rc check_funds(struct ctx *ctx, size_t addresses) {
    struct credits credits;
    enum rc rc = credits_balance(ctx, &credits);
    if (rc == OK && credits.halves[CREDIT_EMAIL] < (int64_t) addresses * CREDIT_HALVES)
        return E_CREDITS;
    return rc;
}

static enum rc create(struct ctx *ctx, void *arg) {
    const struct create_work *w = arg;
    struct validation *v = w->validation;
    enum rc rc = str_is_set(w->lead_list_id) ? OK : check_funds(ctx, w->addresses.n);
    if (rc != OK)
        return rc;
    int64_t now = ctx_now(ctx);
    *v = (struct validation){ .id = uuid_new(ctx->arena, now), .status = STR("queued"),
                              .total = opt_int((int64_t) w->addresses.n),
                              .created_at = opt_int(now) };
    rc = db_exec(ctx, &insert,
                 DB_ARGS(db_v_text(ctx->account_id), db_v_text(v->id), db_v_opt(v->total),
                         db_v_text(w->single), db_v_text(w->lead_list_id), db_v_int(now)),
                 NULL);
    return rc == OK ? insert_blocks_of(ctx, w) : rc;
}

static void wake(const struct ctx *ctx) {
    if (ctx->services && ctx->services->wake_validations)
        ctx->services->wake_validations();
}

enum rc validation_create(struct ctx *ctx, struct strs emails,
                          struct validation *ret_validation) {
    struct create_work work = { .addresses = unique_addresses(ctx->arena, emails),
                                .single = STR_NONE, .validation = ret_validation };
    enum rc rc = db_transact(ctx, create, &work);
    if (rc == OK)
        wake(ctx);
    return rc;
}

enum rc validation_create_for(struct ctx *ctx, struct str lead_list_id, struct strs emails,
                              struct validation *ret_validation) {
    struct create_work work = { .addresses = unique_addresses(ctx->arena, emails),
                                .single = STR_NONE, .lead_list_id = lead_list_id,
                                .validation = ret_validation };
    return db_transact(ctx, create, &work);
}

/* --- ending one --- */

static enum rc delete_all(struct ctx *ctx, void *arg) {
    const struct str *id = arg;
    static const struct query *const deletes[]
        = { &delete_row, &delete_blocks, &delete_block_emails, &delete_emails };
    enum rc rc = OK; /* the row first: who stores results holds it, and then finds none */
    for (size_t i = 0; rc == OK && i < LENGTH(deletes); i++)
        rc = db_exec(ctx, deletes[i], DB_ARGS(db_v_text(ctx->account_id), db_v_text(*id)), NULL);
    return rc;
}

enum rc validations_forget(struct ctx *ctx, struct str account_id, struct str email) {
    static const struct query *const changes[] = { &forget_email, &cut, &forget_single, &forget_bounced };
    struct str account = str_is_set(account_id) ? account_id : STR("");
    struct db_args key = DB_ARGS(db_v_text(validation_key(ctx->arena, email)), db_v_text(account));
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < LENGTH(changes); i++)
        rc = db_exec(ctx, changes[i], key, NULL);
    return rc;
}

enum rc validation_delete(struct ctx *ctx, struct str id) {
    struct validation v;
    enum rc rc = validation_get(ctx, id, &v);
    return rc == OK ? db_transact(ctx, delete_all, &id) : rc;
}

static enum rc cancel(struct ctx *ctx, void *arg) {
    const struct str *id = arg;
    struct db_value account = db_v_text(ctx->account_id);
    enum rc rc = db_exec(ctx, &set_canceled,
                         DB_ARGS(account, db_v_text(*id), db_v_int(ctx_now(ctx))), NULL);
    if (rc == OK)
        rc = db_exec(ctx, &delete_blocks, DB_ARGS(account, db_v_text(*id)), NULL);
    return rc == OK ? db_exec(ctx, &delete_block_emails, DB_ARGS(account, db_v_text(*id)), NULL) : rc;
}

enum rc validation_cancel(struct ctx *ctx, struct str id, struct validation *ret_validation) {
    enum rc rc = validation_get(ctx, id, ret_validation);
    if (rc == OK && !batch_has_ended(ret_validation->status))
        rc = db_transact(ctx, cancel, &id);
    return rc == OK ? validation_get(ctx, id, ret_validation) : rc;
}

/* --- one address --- */

static bool is_good(const struct validation *v, int64_t since) {
    bool completed = str_eq(v->status, STR("completed"));
    return !batch_has_ended(v->status) || (completed && v->finished_at.v >= since);
}

enum rc validation_single_get(struct ctx *ctx, struct str email,
                              struct validation *ret_validation) {
    return db_get(ctx, &get_single,
                  DB_ARGS(db_v_text(ctx->account_id),
                          db_v_text(validation_key(ctx->arena, email))),
                  &validation_row_fields, ret_validation);
}

/* The account's row is locked, so that of two requests at once one makes the validation
 * and the other finds it. */
static enum rc find_or_create(struct ctx *ctx, void *arg) {
    const struct create_work *w = arg;
    int64_t one;
    enum rc rc = db_get_int(ctx, &lock_account, DB_ARGS(db_v_text(ctx->account_id)), &one);
    if (rc == OK)
        rc = validation_single_get(ctx, w->single, w->validation);
    if (rc == OK && is_good(w->validation, w->since))
        return OK;
    if (rc == OK)
        rc = delete_all(ctx, &w->validation->id);
    return rc == OK || rc == E_NOT_FOUND ? create(ctx, arg) : rc;
}

enum rc validation_single(struct ctx *ctx, struct str email, int64_t since,
                          struct validation *ret_validation) {
    struct create_work work = { .addresses = unique_addresses(ctx->arena, (struct strs){ &email, 1 }),
                                .single = validation_key(ctx->arena, email),
                                .since = since, .validation = ret_validation };
    enum rc rc = db_transact(ctx, find_or_create, &work);
    if (rc == OK)
        wake(ctx);
    return rc;
}

/* --- reading --- */

enum rc validation_get(struct ctx *ctx, struct str id, struct validation *ret_validation) {
    return db_get(ctx, &get, DB_ARGS(db_v_text(ctx->account_id), db_v_text(id)),
                  &validation_row_fields, ret_validation);
}

enum rc validation_left(struct ctx *ctx, struct str id, int64_t *ret_left) {
    return db_get_int(ctx, &left, DB_ARGS(db_v_text(ctx->account_id), db_v_text(id)), ret_left);
}

enum rc validations_list(struct ctx *ctx, const struct page *page, struct page_of *ret_page) {
    static const struct page_queries pages = { &list_after, &list_before, &validation_row_fields,
                                               offsetof(struct validation, id) };
    return page_read(ctx, &pages, page, DB_ARGS(db_v_text(ctx->account_id)), ret_page);
}

/* A cursor may be an address as it was sent: the order is that of the keys. */
enum rc validation_results(struct ctx *ctx, struct str id, const struct page *page,
                           struct page_of *ret_page) {
    static const struct page_queries pages
        = { &results_after, &results_before, &validation_result_row_fields,
            offsetof(struct validation_result, cursor) };
    struct page by_key_page = *page;
    struct str *cursors[] = { &by_key_page.after, &by_key_page.before };
    for (size_t i = 0; i < LENGTH(cursors); i++)
        if (str_is_set(*cursors[i]))
            *cursors[i] = validation_key(ctx->arena, *cursors[i]);
    return page_read(ctx, &pages, &by_key_page,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_text(id)), ret_page);
}
