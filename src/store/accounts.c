#include "store/accounts.h"

#include "base/rand.h"
#include "base/utf8.h"
#include "db/db.h"
#include "store/dispositions.h"
#include "store/queries.h"

#define T struct account
static const struct field account_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .doc = "Id of the account."),
    F_STR(T, name, .flags = FIELD_REQUIRED, .min = 1, .max = ACCOUNT_NAME_MAX,
          .doc = "Name of the account."),
    F_TIME(T, created_at, .doc = "When it was made."),
};
#undef T
const struct fields account_fields
    = FIELDS("Account", struct account, account_rows, .doc = "A tenant of the installation.");

static const struct query insert
    = { "account_create", "INSERT INTO accounts (id, name, created_at) VALUES ($1, $2, $3)", NULL };
static const struct query get
    = { "account_get", "SELECT id, name, created_at FROM accounts WHERE id = $1", NULL };
static const struct query first
    = { "account_only", "SELECT id, name, created_at FROM accounts ORDER BY id LIMIT 2", NULL };
static const struct query all
    = { "accounts_list", "SELECT id, name, created_at FROM accounts ORDER BY id", NULL };

static const struct query *const queries[] = { &insert, &get, &first, &all };
const struct query_table account_queries = QUERY_TABLE(queries);

static enum rc insert_account(struct ctx *ctx, void *arg) {
    const struct account *account = arg;
    struct ctx of_account = *ctx;
    of_account.account_id = account->id;
    enum rc rc = db_exec(ctx, &insert,
                         DB_ARGS(db_v_text(account->id), db_v_text(account->name),
                                 db_v_opt(account->created_at)),
                         NULL);
    return rc == OK ? dispositions_begin(&of_account) : rc;
}

enum rc account_create(struct ctx *ctx, struct str name, struct account *ret_account) {
    name = str_trim(name);
    if (str_is_empty(name) || utf8_count(name) > ACCOUNT_NAME_MAX)
        return fail(ctx, E_INVALID, "the name of an account has 1 to %d characters",
                    ACCOUNT_NAME_MAX);
    int64_t now = ctx_now(ctx);
    struct account account = { uuid_new(ctx->arena, now), name, opt_int(now) };
    enum rc rc = db_transact(ctx, insert_account, &account);
    if (rc == OK)
        *ret_account = account;
    return rc;
}

enum rc account_get(struct ctx *ctx, struct str id, struct account *ret_account) {
    return db_get(ctx, &get, DB_ARGS(db_v_text(id)), &account_fields, ret_account);
}

enum rc account_only(struct ctx *ctx, struct account *ret_account) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &first, DB_NO_ARGS, &account_fields, &found);
    if (rc != OK)
        return rc;
    if (found.n != 1)
        return found.n ? E_CONFLICT : E_NOT_FOUND;
    *ret_account = *(const struct account *) found.p;
    return OK;
}

enum rc accounts_list(struct ctx *ctx, struct list *ret_accounts) {
    return db_list(ctx, &all, DB_NO_ARGS, &account_fields, ret_accounts);
}
