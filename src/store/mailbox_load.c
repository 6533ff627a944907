#include "store/mailbox_load.h"

#include "store/queries.h"

#define T struct mailbox_load
static const struct field load_rows[] = {
    F_INT(T, messages),
    F_INT(T, first),
};
#undef T
static const struct fields load_fields
    = FIELDS("MailboxLoad", struct mailbox_load, load_rows, .doc = "What a mailbox has to do.");

/* What waits is not counted: its place in the day was given back, or it never had one. One that was
 * in doubt keeps its own, and counts twice until it is sent again. */
#define OF_MAILBOX "SELECT is_first FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND "
static const struct query since
    = { "mailbox_load_since",
        "SELECT count(*) AS messages, coalesce(sum(is_first), 0) AS first FROM (" OF_MAILBOX
        "counted_at >= $3 AND counted_at IS NOT NULL UNION ALL " OF_MAILBOX
        "state IN ('queued', 'retry_wait')) m",
        NULL };

static const struct query *const queries[] = { &since };
const struct query_table mailbox_load_queries = QUERY_TABLE(queries);

enum rc mailbox_load_since(struct ctx *ctx, struct str mailbox_id, int64_t from_ms,
                           struct mailbox_load *ret_load) {
    struct mailbox_load load = { { 0 }, { 0 } };
    enum rc rc = db_get(ctx, &since,
                        DB_ARGS(db_v_text(ctx->account_id), db_v_text(mailbox_id), db_v_int(from_ms)),
                        &load_fields, &load);
    *ret_load = load;
    return rc;
}
