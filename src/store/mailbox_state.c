/* The status is what the API shows; the reason says how it came about and what can follow. */
#include "store/mailbox_state.h"

#include "base/check.h"
#include "base/clock.h"
#include "json/writer.h"
#include "store/inboxes.h"
#include "store/lead_plans.h"
#include "store/mailbox_queues.h"
#include "store/mailbox_rows.h"
#include "store/queries.h"
#include "store/services.h"

enum { REFUSALS_MAX = 3, CHECKS_MAX_BYTES = 64 * 1024 };
#define REFUSED_FOR_MS  (10 * MINUTE_MS)
#define SAME_REFUSAL_MS (MINUTE_MS)

/* `from`: the reasons in which the event says something, separated by spaces; NULL: all. */
static const struct rule {
    enum mailbox_event event;
    const char *from;
    const char *status, *reason;
} rules[] = {
    { MAILBOX_CONNECTED, NULL, "inactive", "connecting" },
    { MAILBOX_TAKEN, NULL, "active", "unchecked" },
    { MAILBOX_TEST_PASSED, "connecting check_failed unchecked login_refused", "active", "ready" },
    { MAILBOX_TEST_FAILED, "connecting check_failed", "inactive", "check_failed" },
    { MAILBOX_PAUSED, "ready unchecked", "inactive", "paused" },
    { MAILBOX_RESUMED, "paused", "active", "ready" },
    { MAILBOX_DELETED, NULL, "inactive", "deleted" },
    { MAILBOX_REFUSED, "ready unchecked", "needs_reconnection", "login_refused" },
    { MAILBOX_TOKEN_REVOKED, "ready unchecked connecting check_failed paused", "needs_reconnection",
      "token_revoked" },
};

static bool names(const char *list, struct str word) {
    struct str rest = str_of(list), one;
    while (str_word(&rest, &one))
        if (str_eq(one, word))
            return true;
    return false;
}

bool mailbox_state_next(struct mailbox_state from, enum mailbox_event event,
                        struct mailbox_state *ret_next) {
    for (size_t i = 0; i < LENGTH(rules); i++) {
        const struct rule *rule = &rules[i];
        if (rule->event != event || (rule->from && !names(rule->from, from.reason)))
            continue;
        *ret_next = (struct mailbox_state){ str_of(rule->status), str_of(rule->reason) };
        return true;
    }
    return false;
}

/* The ramp begins with the first day on which it can send. */
static const struct query set_state
    = { "mailbox_set_state",
        "UPDATE mailboxes SET status = $3, reason = $4, detail = $5, updated_at = $6, "
        "ramp_since = CASE WHEN $4 = 'deleted' THEN NULL "
        "WHEN ramp_since IS NULL AND $3 = 'active' THEN $6 ELSE ramp_since END, "
        "secret = CASE WHEN $4 = 'deleted' THEN NULL ELSE secret END "
        "WHERE account_id = $1 AND id = $2",
        "UPDATE mailboxes SET status = $3, reason = $4, detail = $5, updated_at = $6, "
        "ramp_since = CASE WHEN $4 = 'deleted' THEN NULL "
        "WHEN ramp_since IS NULL AND $3 = 'active' THEN CAST($6 AS BIGINT) "
        "ELSE ramp_since END, secret = CASE WHEN $4 = 'deleted' THEN NULL ELSE secret END "
        "WHERE account_id = $1 AND id = $2" };
static const struct query note_refusal
    = { "mailbox_note_refusal",
        "UPDATE mailboxes SET auth_failures = $3, auth_failed_since = $4, auth_failed_at = $5, "
        "detail = $6, auth_failed_by = COALESCE(auth_failed_by, $7) WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query note_login
    = { "mailbox_note_login",
        "UPDATE mailboxes SET auth_failures = 0, auth_failed_since = NULL, auth_failed_at = NULL, "
        "auth_failed_by = NULL, detail = NULL "
        "WHERE account_id = $1 AND id = $2 AND auth_failures > 0 AND COALESCE(auth_failed_by, $3) = $3",
        NULL };
static const struct query throttle
    = { "mailbox_throttle",
        "UPDATE mailboxes SET throttled_until = $3, detail = $4 WHERE account_id = $1 AND id = $2", NULL };
static const struct query set_checks
    = { "mailbox_set_checks",
        "UPDATE mailboxes SET checks = $3, checked_at = $4 WHERE account_id = $1 AND id = $2", NULL };
static const struct query claim
    = { "mailbox_refresh_claim",
        "UPDATE mailboxes SET refresh_lease_until = $5 WHERE account_id = $1 AND id = $2 "
        "AND secret_version = $3 AND refresh_lease_until <= $4",
        NULL };
static const struct query release
    = { "mailbox_refresh_release",
        "UPDATE mailboxes SET refresh_lease_until = 0 WHERE account_id = $1 AND id = $2 "
        "AND secret_version = $3",
        NULL };
static const struct query set_tokens
    = { "mailbox_set_tokens",
        "UPDATE mailboxes SET secret = $4, token_expires_at = $5, "
        "secret_version = secret_version + 1, refresh_lease_until = 0 "
        "WHERE account_id = $1 AND id = $2 AND secret_version = $3",
        NULL };

static const struct query health
    = { "mailboxes_health",
        "SELECT COUNT(*) AS total, COUNT(CASE WHEN status = 'needs_reconnection' THEN 1 END) AS ailing, "
        "MIN(CASE WHEN status = 'needs_reconnection' THEN email END) AS one "
        "FROM mailboxes WHERE reason <> 'deleted'",
        NULL };

#define STATUS "SELECT status FROM mailboxes WHERE account_id = $1 AND id = $2"
static const struct query status_shared
    = { "mailbox_status_shared", STATUS, STATUS " FOR SHARE SKIP LOCKED" };

static const struct query *const queries[] = { &set_state, &status_shared, &note_refusal, &note_login, &throttle, &set_checks,
                                               &claim, &release, &set_tokens, &health };
const struct query_table mailbox_state_queries = QUERY_TABLE(queries);

static enum rc write_state(struct ctx *ctx, struct str id, struct mailbox_state state,
                           struct str detail) {
    return db_exec(ctx, &set_state,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(id), db_v_text(state.status),
                           db_v_text(state.reason), db_v_text(detail), db_v_int(ctx_now(ctx))),
                   NULL);
}

/* Leads and messages that could not go out, if any, and what has come in. */
static enum rc go_on(struct ctx *ctx, struct str id) {
    enum rc rc = lead_plans_begin_mailbox(ctx, id);
    if (rc == OK)
        rc = inbox_wake(ctx, id);
    return rc == OK ? mailbox_queue_wake(ctx, id, ctx_now(ctx)) : rc;
}

enum rc mailbox_state_set(struct ctx *ctx, struct str id, enum mailbox_event event) {
    struct mailbox_state next;
    bool can = mailbox_state_next((struct mailbox_state){ 0 }, event, &next);
    ASSERT(can);
    enum rc rc = write_state(ctx, id, next, STR_NONE);
    if (rc != OK)
        return rc;
    return str_eq(next.status, STR("active")) ? go_on(ctx, id) : inbox_call(ctx, id);
}

enum rc mailbox_status_shared(struct ctx *ctx, struct str id, struct str *ret_status) {
    return db_get_text(ctx, &status_shared, DB_ARGS(db_v_text(ctx->account_id), db_v_text(id)), ret_status);
}

struct happened {
    struct str id;
    enum mailbox_event event;
    struct str detail;
    struct str server; /* of a login */
};

static enum rc event_work(struct ctx *ctx, void *arg) {
    const struct happened *h = arg;
    struct mailbox mailbox;
    struct mailbox_state next;
    enum rc rc = mailbox_get_to_change(ctx, h->id, &mailbox);
    if (rc != OK)
        return rc;
    if (mailbox_state_next((struct mailbox_state){ mailbox.status, mailbox.reason }, h->event, &next)) {
        rc = write_state(ctx, h->id, next, h->detail);
        bool works_again = !str_eq(mailbox.status, next.status) && str_eq(next.status, STR("active"));
        if (rc == OK && !works_again)
            rc = inbox_call(ctx, h->id);
        return rc == OK && works_again ? go_on(ctx, h->id) : rc;
    }
    if (h->event == MAILBOX_RESUMED && !str_eq(mailbox.status, STR("active")))
        return problem(ctx, E_CONFLICT, "conflict",
                       "The mailbox is not paused but %.*s: test it or connect it again",
                       STR_FMT(mailbox.reason));
    return OK;
}

enum rc mailbox_event(struct ctx *ctx, struct str id, enum mailbox_event event, struct str detail) {
    struct happened happened = { .id = id, .event = event, .detail = detail };
    enum rc rc = db_transact(ctx, event_work, &happened);
    if (rc == OK && ctx->services && ctx->services->wake_sequences)
        ctx->services->wake_sequences();
    return rc;
}

static enum rc refused_work(struct ctx *ctx, void *arg) {
    const struct happened *h = arg;
    struct mailbox mailbox;
    enum rc rc = mailbox_get_to_change(ctx, h->id, &mailbox);
    if (rc != OK)
        return rc;
    int64_t now = ctx_now(ctx);
    bool is_another = !mailbox.auth_failed_at.set || now - mailbox.auth_failed_at.v >= SAME_REFUSAL_MS;
    int64_t count = mailbox.auth_failures.v + is_another;
    int64_t at = is_another ? now : mailbox.auth_failed_at.v;
    int64_t since = mailbox.auth_failed_since.set ? mailbox.auth_failed_since.v : now;
    rc = db_exec(ctx, &note_refusal,
                 DB_ARGS(db_v_text(ctx->account_id), db_v_text(h->id), db_v_int(count), db_v_int(since),
                         db_v_int(at), db_v_text(h->detail), db_v_text(h->server)),
                 NULL);
    if (rc != OK || count < REFUSALS_MAX || now - since < REFUSED_FOR_MS)
        return rc;
    struct happened refused = { .id = h->id, .event = MAILBOX_REFUSED, .detail = h->detail };
    return event_work(ctx, &refused);
}

enum rc mailbox_login_refused(struct ctx *ctx, struct str id, struct str server, struct str detail) {
    struct happened happened = { .id = id, .detail = detail, .server = server };
    return db_transact(ctx, refused_work, &happened);
}

static enum rc login_work(struct ctx *ctx, void *arg) {
    const struct happened *h = arg;
    return db_exec(ctx, &note_login,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(h->id), db_v_text(h->server)), NULL);
}

enum rc mailbox_login_worked(struct ctx *ctx, struct str id, struct str server) {
    struct happened happened = { .id = id, .server = server };
    return db_transact(ctx, login_work, &happened);
}

struct throttling {
    struct str id, detail;
    int64_t until_ms;
};

static enum rc throttle_work(struct ctx *ctx, void *arg) {
    const struct throttling *t = arg;
    return db_exec(ctx, &throttle,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(t->id), db_v_int(t->until_ms),
                           db_v_text(t->detail)),
                   NULL);
}

enum rc mailbox_throttle(struct ctx *ctx, struct str id, int64_t until_ms, struct str detail) {
    struct throttling throttling = { id, detail, until_ms };
    return db_transact(ctx, throttle_work, &throttling);
}

enum rc mailbox_checks_store(struct ctx *ctx, struct str id, struct list checks) {
    struct mailbox found = { .checks = checks };
    struct buf b = buf_in(ctx->arena, CHECKS_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_field_value(&w, &mailbox_checks_fields.rows[0], &found);
    return db_exec(ctx, &set_checks,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(id), db_v_text(buf_text(&b)),
                           db_v_int(ctx_now(ctx))),
                   NULL);
}

#define T struct mailbox_health
static const struct field health_rows[] = { F_INT(T, total), F_INT(T, ailing), F_STR(T, one) };
#undef T
static const struct fields health_fields = FIELDS("MailboxHealth", struct mailbox_health, health_rows);

enum rc mailboxes_health(struct ctx *ctx, struct mailbox_health *ret_health) {
    struct mailbox_health found = { 0 };
    enum rc rc = db_get(ctx, &health, DB_NO_ARGS, &health_fields, &found);
    if (rc == OK)
        *ret_health = found;
    return rc;
}

/* --- OAuth --- */

struct tokens {
    const struct mailbox *mailbox;
    const struct mailbox_secret *secret;
    struct opt_int expires_at;
    int64_t lease_ms, changes;
};

static enum rc claim_work(struct ctx *ctx, void *arg) {
    struct tokens *t = arg;
    int64_t now = ctx_now(ctx);
    return db_exec(ctx, &claim,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(t->mailbox->id),
                           db_v_int(t->mailbox->secret_version.v), db_v_int(now),
                           db_v_int(now + t->lease_ms)),
                   &t->changes);
}

enum rc mailbox_refresh_claim(struct ctx *ctx, const struct mailbox *mailbox, int64_t lease_ms,
                              bool *ret_mine) {
    struct tokens tokens = { .mailbox = mailbox, .lease_ms = lease_ms };
    enum rc rc = db_transact(ctx, claim_work, &tokens);
    if (rc == OK)
        *ret_mine = tokens.changes > 0;
    return rc;
}

static enum rc release_work(struct ctx *ctx, void *arg) {
    const struct mailbox *mailbox = arg;
    return db_exec(ctx, &release,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(mailbox->id),
                           db_v_int(mailbox->secret_version.v)),
                   NULL);
}

enum rc mailbox_refresh_release(struct ctx *ctx, const struct mailbox *mailbox) {
    struct mailbox copy = *mailbox;
    return db_transact(ctx, release_work, &copy);
}

static enum rc tokens_work(struct ctx *ctx, void *arg) {
    struct tokens *t = arg;
    struct str sealed = mailbox_secret_seal(ctx, t->mailbox->id, t->secret);
    return db_exec(ctx, &set_tokens,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(t->mailbox->id),
                           db_v_int(t->mailbox->secret_version.v), db_v_blob(sealed),
                           db_v_opt(t->expires_at)),
                   &t->changes);
}

enum rc mailbox_tokens_store(struct ctx *ctx, const struct mailbox *mailbox,
                             const struct mailbox_secret *secret, struct opt_int expires_at) {
    struct tokens tokens = { .mailbox = mailbox, .secret = secret, .expires_at = expires_at };
    enum rc rc = db_transact(ctx, tokens_work, &tokens);
    return rc == OK && tokens.changes == 0 ? E_CONFLICT : rc;
}
