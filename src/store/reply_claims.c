#include "store/reply_claims.h"

#include "base/check.h"
#include "db/sql.h"
#include "store/queries.h"

static const struct str kind_words[]
    = { [CLAIM_LEAD] = { "lead", 4 },   [CLAIM_EMAIL] = { "email", 5 },
        [CLAIM_DOMAIN] = { "domain", 6 }, [CLAIM_ADDED_LEAD] = { "lead_added", 10 },
        [CLAIM_TASK] = { "task", 4 } };
static const struct str causes[] = { [CLAIM_BY_LABEL] = { "label", 5 }, [CLAIM_BY_WORKFLOW] = { "workflow", 8 } };

#define T struct reply_claim
static const struct field claim_rows[] = {
    F_STR(T, kind),   F_STR(T, subject), F_ID(T, reply_id),    F_STR(T, cause),      F_STR(T, status),
    F_STR(T, reason), F_TIME(T, until),  F_STR(T, was_status), F_STR(T, was_reason), F_TIME(T, was_until),
};
#undef T
static const struct fields claim_fields
    = FIELDS("ReplyClaim", struct reply_claim, claim_rows, .doc = "What holds because of a reply.");

/* --- queries --- */

#define SELECT                                                                            \
    "SELECT kind, subject, reply_id, cause, status, reason, until, was_status, was_reason, " \
    "was_until FROM reply_claims WHERE account_id = $1 AND "
#define ORDER " ORDER BY made_at, reply_id, cause"
#define ON SELECT "kind = $2 AND subject = $3" ORDER
static const struct query on = { "reply_claims_on", ON, ON " FOR UPDATE" };
static const struct query of = { "reply_claims_of", SELECT "reply_id = $2 ORDER BY kind DESC, subject, cause", NULL };
static const struct query put
    = { "reply_claim_put",
        "INSERT INTO reply_claims (account_id, kind, subject, reply_id, cause, status, reason, until, "
        "was_status, was_reason, was_until, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
        "ON CONFLICT (account_id, kind, subject, reply_id, cause) DO UPDATE SET status = excluded.status, "
        "reason = excluded.reason, until = excluded.until, made_at = excluded.made_at",
        NULL };
static const struct query delete
    = { "reply_claim_delete",
        "DELETE FROM reply_claims WHERE account_id = $1 AND kind = $2 AND subject = $3 AND reply_id = $4 "
        "AND cause = $5",
        NULL };
static const struct query drop
    = { "reply_claims_drop",
        "DELETE FROM reply_claims WHERE account_id = $1 AND kind IN ($2, $3) "
        "AND subject IN (SELECT value FROM json_each($4))",
        "WITH " SQL_SET_PG("e", "$4") " DELETE FROM reply_claims x USING e "
        "WHERE x.account_id = e.account_id AND x.kind IN ($2, $3) AND x.subject = e.v" };
#define FORGET(addresses) "DELETE FROM reply_claims WHERE kind = 'email' AND subject IN (" addresses ")"
static const struct query forget_email = { "reply_claims_forget_email", FORGET("$1"), NULL };
static const struct query forget_profile
    = { "reply_claims_forget_profile",
        FORGET("SELECT email FROM contacts WHERE linkedin_key = $1 UNION "
               "SELECT email FROM sequence_leads WHERE linkedin_key = $1"),
        NULL };

static const struct query *const queries[]
    = { &on, &of, &put, &delete, &drop, &forget_email, &forget_profile };
const struct query_table reply_claim_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

struct str claim_kind_word(enum claim_kind kind) {
    return kind_words[kind];
}

enum claim_kind claim_kind_of(struct str word) {
    size_t i = 0;
    while (i < CLAIM_KINDS && !str_eq(kind_words[i], word))
        i++;
    return (enum claim_kind) i;
}

struct str claim_cause_word(enum claim_cause cause) {
    return causes[cause];
}

/* --- reading --- */

static enum rc list(struct ctx *ctx, const struct query *query, struct db_args args, struct list *ret_claims) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, query, args, &claim_fields, &found);
    *ret_claims = rc == OK ? found : (struct list){ 0 };
    return rc;
}

enum rc reply_claims_on(struct ctx *ctx, enum claim_kind kind, struct str subject, struct list *ret_claims) {
    return list(ctx, &on, DB_ARGS(ACCOUNT, db_v_text(kind_words[kind]), db_v_text(subject)), ret_claims);
}

enum rc reply_claims_of(struct ctx *ctx, struct str reply_id, struct list *ret_claims) {
    return list(ctx, &of, DB_ARGS(ACCOUNT, db_v_text(reply_id)), ret_claims);
}

/* --- writing --- */

enum rc reply_claim_put(struct ctx *ctx, const struct reply_claim *c) {
    return db_exec(ctx, &put,
                   DB_ARGS(ACCOUNT, db_v_text(c->kind), db_v_text(c->subject), db_v_text(c->reply_id), db_v_text(c->cause),
                           db_v_text(c->status), db_v_text(c->reason), db_v_opt(c->until),
                           db_v_text(c->was_status), db_v_text(c->was_reason), db_v_opt(c->was_until),
                           db_v_int(ctx_now(ctx))),
                   NULL);
}

enum rc reply_claim_delete(struct ctx *ctx, const struct reply_claim *c, bool *ret_held) {
    int64_t deleted = 0;
    enum rc rc = db_exec(ctx, &delete,
                         DB_ARGS(ACCOUNT, db_v_text(c->kind), db_v_text(c->subject), db_v_text(c->reply_id),
                                 db_v_text(c->cause)),
                         &deleted);
    *ret_held = deleted > 0;
    return rc;
}

enum rc reply_claims_drop(struct ctx *ctx, enum claim_kind kind, struct strs subjects) {
    enum claim_kind with = kind == CLAIM_LEAD ? CLAIM_ADDED_LEAD : kind;
    return db_exec(ctx, &drop,
                   DB_ARGS(ACCOUNT, db_v_text(kind_words[kind]), db_v_text(kind_words[with]),
                           sql_texts(ctx->arena, subjects)),
                   NULL);
}

enum rc reply_claims_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    enum rc rc = str_is_set(email) ? db_exec(ctx, &forget_email, DB_ARGS(db_v_text(email)), NULL) : OK;
    return rc == OK && str_is_set(linkedin_key)
               ? db_exec(ctx, &forget_profile, DB_ARGS(db_v_text(linkedin_key)), NULL)
               : rc;
}
