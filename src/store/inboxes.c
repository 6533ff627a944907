#include "store/inboxes.h"

#include "base/check.h"
#include "base/vec.h"
#include "db/sql.h"
#include "store/queries.h"

#define T struct inbox
static const struct field inbox_rows[] = { F_ID(T, account_id), F_ID(T, mailbox_id), F_INT(T, failures),
                                           F_STR(T, server) };
#undef T
static const struct fields inbox_fields
    = FIELDS("Inbox", struct inbox, inbox_rows, .doc = "A mailbox that is read.");

#define T struct folder_position
static const struct field position_rows[] = { F_INT(T, uid_validity), F_INT(T, uid_next) };
#undef T
static const struct fields position_fields
    = FIELDS("FolderPosition", struct folder_position, position_rows, .doc = "How far it is read.");

/* One that is being read is read once more when it is given back. */
static const struct query wake
    = { "inbox_wake",
        "INSERT INTO inboxes (account_id, mailbox_id, lease_until, wake_at, failures) "
        "VALUES ($1, $2, 0, 0, 0) ON CONFLICT (account_id, mailbox_id) DO UPDATE SET wake_at = 0, failures = 0",
        NULL };
static const struct query call
    = { "inbox_call",
        "UPDATE inboxes SET wake_at = 0 WHERE account_id = $1 AND mailbox_id = $2 AND owner IS NOT NULL", NULL };
/* Most often there are none: asked without a transaction. */
#define CALLED "owner = $1 AND wake_at <= $2"
static const struct query called
    = { "inboxes_called", "SELECT count(*) FROM inboxes WHERE " CALLED, NULL };
static const struct query answer
    = { "inboxes_answer",
        "UPDATE inboxes SET wake_at = 9223372036854775807 WHERE " CALLED " RETURNING mailbox_id", NULL };
/* On PostgreSQL a locked row is another's: passed over. */
#define TAKE(lock)                                                                             \
    "UPDATE inboxes SET owner = $1, lease_until = $2 + $3, wake_at = 9223372036854775807 "     \
    "WHERE (account_id, mailbox_id) IN (SELECT account_id, mailbox_id FROM inboxes "           \
    "WHERE wake_at <= $2 AND lease_until <= $2 OR owner IS NOT NULL AND lease_until <= $2 "    \
    "ORDER BY wake_at LIMIT 1" lock ") RETURNING account_id, mailbox_id, failures, "                     \
    "(SELECT imap_host || ':' || imap_port FROM mailboxes m WHERE m.account_id = inboxes.account_id " \
    "AND m.id = inboxes.mailbox_id) AS server"
static const struct query take = { "inbox_take", TAKE(""), TAKE(" FOR UPDATE SKIP LOCKED") };
#define HOLD "SELECT failures FROM inboxes WHERE account_id = $1 AND mailbox_id = $2 AND owner = $3"
static const struct query hold = { "inbox_hold", HOLD, HOLD " FOR UPDATE" };
#define RENEW(ids, lock)                                                                      \
    "UPDATE inboxes SET lease_until = $2 WHERE (account_id, mailbox_id) IN (SELECT account_id, " \
    "mailbox_id FROM inboxes WHERE owner = $1 AND mailbox_id IN (SELECT value FROM " ids ")" lock ")"
static const struct query renew
    = { "inboxes_renew", RENEW("json_each($3)", ""),
        RENEW("json_array_elements_text($3::json) AS w (value)", " FOR UPDATE SKIP LOCKED") };
/* Who is alone reads all, and nothing is counted. */
static const struct query share
    = { "inboxes_share",
        "SELECT CASE WHEN n <= 1 THEN 9223372036854775807 ELSE ((SELECT count(*) FROM inboxes "
        "WHERE owner IS NOT NULL OR wake_at <= $1) + n - 1) / n END "
        "FROM (SELECT count(*) AS n FROM inbox_readers WHERE seen_until > $1) r",
        NULL };
static const struct query come
    = { "inboxes_come",
        "INSERT INTO inbox_readers (owner, seen_until) VALUES ($1, $2) "
        "ON CONFLICT (owner) DO UPDATE SET seen_until = excluded.seen_until",
        NULL };
static const struct query go
    = { "inboxes_go", "DELETE FROM inbox_readers WHERE owner = $1 OR seen_until <= $2", NULL };
/* What woke it meanwhile counts. */
static const struct query give_back
    = { "inbox_give_back",
        "UPDATE inboxes SET owner = NULL, lease_until = 0, failures = $5, "
        "wake_at = CASE WHEN wake_at < $4 THEN wake_at ELSE $4 END "
        "WHERE account_id = $1 AND mailbox_id = $2 AND owner = $3",
        NULL };
static const struct query release
    = { "inboxes_release",
        "UPDATE inboxes SET owner = NULL, lease_until = 0, wake_at = 0 WHERE owner IS NOT NULL", NULL };
static const struct query forget_readers = { "inboxes_forget_readers", "DELETE FROM inbox_readers", NULL };
static const struct query position
    = { "folder_position_get",
        "SELECT uid_validity, uid_next FROM inbox_folders "
        "WHERE account_id = $1 AND mailbox_id = $2 AND folder = $3",
        NULL };
static const struct query set_position
    = { "folder_position_set",
        "INSERT INTO inbox_folders (account_id, mailbox_id, folder, uid_validity, uid_next) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, mailbox_id, folder) DO UPDATE SET "
        "uid_validity = excluded.uid_validity, uid_next = excluded.uid_next",
        NULL };

static const struct query *const queries[]
    = { &wake,  &call, &called, &answer, &take,    &hold,           &renew,    &give_back,
        &share, &come, &go,     &release, &forget_readers, &position, &set_position };
const struct query_table inbox_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

enum rc inbox_wake(struct ctx *ctx, struct str mailbox_id) {
    return db_exec(ctx, &wake, DB_ARGS(ACCOUNT, db_v_text(mailbox_id)), NULL);
}

enum rc inbox_call(struct ctx *ctx, struct str mailbox_id) {
    return db_exec(ctx, &call, DB_ARGS(ACCOUNT, db_v_text(mailbox_id)), NULL);
}

struct calls {
    const struct inbox_lease *lease;
    struct strs mailbox_ids;
};

static enum rc answer_work(struct ctx *ctx, void *arg) {
    struct calls *c = arg;
    struct db_rows *rows = NULL;
    c->mailbox_ids = (struct strs){ 0 };
    enum rc rc = db_query(ctx, &answer, DB_ARGS(db_v_text(c->lease->owner), db_v_int(c->lease->now_ms)), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        strs_add(ctx->arena, &c->mailbox_ids, arena_str(ctx->arena, db_text(rows, 0)));
    return db_rows_close(rows);
}

enum rc inboxes_called(struct ctx *ctx, const struct inbox_lease *lease, struct strs *ret_mailbox_ids) {
    struct calls calls = { lease, { 0 } };
    int64_t n = 0;
    enum rc rc = db_get_int(ctx, &called, DB_ARGS(db_v_text(lease->owner), db_v_int(lease->now_ms)), &n);
    if (rc == OK && n)
        rc = db_transact(ctx, answer_work, &calls);
    if (rc == OK)
        *ret_mailbox_ids = calls.mailbox_ids;
    return rc;
}

struct leasing {
    const struct inbox_lease *lease;
    struct inbox *inbox;
};

static enum rc take_work(struct ctx *ctx, void *arg) {
    struct leasing *l = arg;
    struct inbox found = { .account_id = STR_NONE };
    enum rc rc = db_get(ctx, &take,
                        DB_ARGS(db_v_text(l->lease->owner), db_v_int(l->lease->now_ms),
                                db_v_int(l->lease->lease_ms)),
                        &inbox_fields, &found);
    if (rc == OK)
        *l->inbox = found;
    return rc;
}

enum rc inbox_take(struct ctx *ctx, const struct inbox_lease *lease, struct inbox *ret_inbox) {
    struct leasing leasing = { lease, ret_inbox };
    return db_transact(ctx, take_work, &leasing);
}

enum rc inbox_hold(struct ctx *ctx, struct str mailbox_id, struct str owner) {
    int64_t failures = 0;
    enum rc rc = db_get_int(ctx, &hold, DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_text(owner)), &failures);
    return rc == E_NOT_FOUND ? E_CANCELED : rc;
}

struct renewing {
    const struct inbox_lease *lease;
    struct strs mailbox_ids;
};

static enum rc renew_work(struct ctx *ctx, void *arg) {
    const struct renewing *r = arg;
    struct db_value owner = db_v_text(r->lease->owner), until = db_v_int(r->lease->now_ms + r->lease->lease_ms);
    enum rc rc = db_exec(ctx, &come, DB_ARGS(owner, until), NULL);
    return rc == OK ? db_exec(ctx, &renew, DB_ARGS(owner, until, sql_texts(ctx->arena, r->mailbox_ids)), NULL) : rc;
}

enum rc inboxes_renew(struct ctx *ctx, const struct inbox_lease *lease, struct strs mailbox_ids) {
    struct renewing renewing = { lease, mailbox_ids };
    return db_transact(ctx, renew_work, &renewing);
}

struct giving {
    const struct inbox *inbox;
    struct str owner;
    int64_t wake_at;
};

static enum rc give_work(struct ctx *ctx, void *arg) {
    const struct giving *g = arg;
    return db_exec(ctx, &give_back,
                   DB_ARGS(db_v_text(g->inbox->account_id), db_v_text(g->inbox->mailbox_id),
                           db_v_text(g->owner), db_v_int(g->wake_at), db_v_int(g->inbox->failures.v)),
                   NULL);
}

enum rc inbox_give_back(struct ctx *ctx, const struct inbox *inbox, struct str owner, int64_t wake_at) {
    struct giving giving = { inbox, owner, wake_at };
    return db_transact(ctx, give_work, &giving);
}

enum rc inboxes_share(struct ctx *ctx, int64_t now_ms, int64_t *ret_share) {
    return db_get_int(ctx, &share, DB_ARGS(db_v_int(now_ms)), ret_share);
}

static enum rc leave_work(struct ctx *ctx, void *arg) {
    const struct inbox_lease *lease = arg;
    return db_exec(ctx, &go, DB_ARGS(db_v_text(lease->owner), db_v_int(lease->now_ms)), NULL);
}

enum rc inboxes_leave(struct ctx *ctx, const struct inbox_lease *lease) {
    struct inbox_lease leaving = *lease;
    return db_transact(ctx, leave_work, &leaving);
}

static enum rc release_work(struct ctx *ctx, void *arg) {
    (void) arg;
    enum rc rc = db_exec(ctx, &forget_readers, DB_NO_ARGS, NULL);
    return rc == OK ? db_exec(ctx, &release, DB_NO_ARGS, NULL) : rc;
}

enum rc inboxes_release(struct ctx *ctx) {
    return db_transact(ctx, release_work, NULL);
}

enum rc folder_position_get(struct ctx *ctx, struct str mailbox_id, struct str folder,
                            struct folder_position *ret_position) {
    struct folder_position found = { { 0 }, { 0 } };
    enum rc rc = db_get(ctx, &position, DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_text(folder)),
                        &position_fields, &found);
    if (rc == OK)
        *ret_position = found;
    return rc;
}

enum rc folder_position_set(struct ctx *ctx, struct str mailbox_id, struct str folder,
                            const struct folder_position *p) {
    return db_exec(ctx, &set_position,
                   DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_text(folder), db_v_int(p->uid_validity.v),
                           db_v_int(p->uid_next.v)),
                   NULL);
}
