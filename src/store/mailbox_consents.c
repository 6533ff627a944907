#include "store/mailbox_consents.h"

#include "base/check.h"
#include "db/db.h"
#include "store/queries.h"
#include "store/secrets.h"
#include "store/services.h"

#define T struct mailbox_consent
static const struct field consent_rows[] = {
    F_ID(T, id), F_ID(T, mailbox_id), F_STR(T, setup), F_STR(T, verifier), F_TIME(T, expires_at),
};
#undef T
static const struct fields consent_fields
    = FIELDS("MailboxConsentRow", struct mailbox_consent, consent_rows);

static const struct query insert
    = { "mailbox_consent_insert",
        "INSERT INTO mailbox_consents (account_id, id, mailbox_id, setup, verifier, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        NULL };
/* Of all accounts: one that never comes back would keep its rows. */
static const struct query prune
    = { "mailbox_consents_prune", "DELETE FROM mailbox_consents WHERE expires_at <= $1", NULL };
static const struct query take
    = { "mailbox_consent_take",
        "DELETE FROM mailbox_consents WHERE account_id = $1 AND id = $2 "
        "RETURNING id, mailbox_id, setup, verifier, expires_at",
        NULL };

static const struct query *const queries[] = { &insert, &prune, &take };
const struct query_table mailbox_consent_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

static struct str place_of(struct ctx *ctx, struct str id) {
    return arena_printf(ctx->arena, "mailbox_consent:%.*s", STR_FMT(id));
}

static enum rc add_work(struct ctx *ctx, void *arg) {
    const struct mailbox_consent *c = arg;
    struct str sealed
        = secrets_seal(ctx->services->secrets, ctx->arena, place_of(ctx, c->id), c->verifier);
    enum rc rc = db_exec(ctx, &prune, DB_ARGS(db_v_int(ctx_now(ctx))), NULL);
    return rc == OK ? db_exec(ctx, &insert,
                              DB_ARGS(ACCOUNT, db_v_text(c->id), db_v_text(c->mailbox_id), db_v_text(c->setup),
                                      db_v_blob(sealed), db_v_opt(c->expires_at)),
                              NULL)
                    : rc;
}

enum rc mailbox_consent_add(struct ctx *ctx, const struct mailbox_consent *consent) {
    struct mailbox_consent copy = *consent;
    return db_transact(ctx, add_work, &copy);
}

static enum rc take_work(struct ctx *ctx, void *arg) {
    struct mailbox_consent *c = arg;
    return db_get(ctx, &take, DB_ARGS(ACCOUNT, db_v_text(c->id)), &consent_fields, c);
}

enum rc mailbox_consent_take(struct ctx *ctx, struct str id, struct mailbox_consent *ret_consent) {
    struct mailbox_consent taken = { .id = id };
    struct str sealed;
    enum rc rc = db_transact(ctx, take_work, &taken);
    if (rc == OK && taken.expires_at.v <= ctx_now(ctx))
        rc = E_NOT_FOUND;
    if (rc != OK)
        return rc;
    sealed = taken.verifier;
    rc = secrets_open(ctx->services->secrets, ctx->arena, place_of(ctx, id), sealed, &taken.verifier);
    if (rc != OK)
        return fail(ctx, E_DB, "the verifier of consent %.*s cannot be opened", STR_FMT(id));
    *ret_consent = taken;
    return OK;
}
