#include "store/message_threads.h"

#include "base/check.h"
#include "db/sql.h"
#include "store/queries.h"

/* Of a state in the list that the caller ends. */
#define IN_STATE(table)                                                                            \
    "SELECT m.id, m.lead_id, m.sequence_id, m.stage_id, m.variant_id, m.contact_id, m.user_id, " \
    "m.mailbox_id, m.state, m.reason, m.recipient, m.subject, m.message_id, m.refers_to, "     \
    "m.priority, m.due_at, m.next_at, m.attempts, m.looks, m.dated_at, m.sent_at, m.created_at, " \
    "m.updated_at FROM " table " WHERE m.state IN ('sent', 'uncertain', 'held', 'sending'"
#define SENT(table) IN_STATE(table) ") "
/* Or that waits to be sent once more, or would have: whoever names one had it from an earlier try. */
#define BEGUN(table)                                                                           \
    IN_STATE(table) ", 'queued', 'retry_wait', 'claimed', 'canceled') "                        \
    "AND (m.dated_at IS NOT NULL OR m.state = 'sent') "
#define NEWEST "ORDER BY coalesce(m.sent_at, m.dated_at, m.updated_at) DESC LIMIT "
#define NAMED "AND m.account_id = $1 " NEWEST "1"
static const struct query named
    = { "message_named",
        BEGUN("json_each($2) w CROSS JOIN messages m ON m.message_id = w.value") NAMED,
        "WITH " SQL_SET_PG("w", "$2")
        " " BEGUN("w JOIN messages m ON m.message_id = w.v AND m.account_id = w.account_id") NAMED };
#define OF_MAILBOX(column)                                                            \
    SENT("messages m") "AND m.account_id = $1 AND m.mailbox_id = $2 AND m." column " = $3 " NEWEST "$4"
static const struct query to_address = { "messages_to", OF_MAILBOX("recipient"), NULL };
static const struct query to_domain = { "messages_to_domain", OF_MAILBOX("recipient_domain"), NULL };

static const struct query *const queries[] = { &named, &to_address, &to_domain };
const struct query_table message_thread_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

enum rc message_named(struct ctx *ctx, struct strs message_ids, struct message *ret_message) {
    struct message found = { 0 };
    if (message_ids.n == 0)
        return E_NOT_FOUND;
    enum rc rc = db_get(ctx, &named, DB_ARGS(ACCOUNT, sql_texts(ctx->arena, message_ids)),
                        &message_fields, &found);
    if (rc == OK)
        *ret_message = found;
    return rc;
}

static enum rc list(struct ctx *ctx, const struct query *query, struct str mailbox_id, struct str value,
                    struct list *ret_messages) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, query,
                         DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_text(value), db_v_int(THREAD_CANDIDATES)),
                         &message_fields, &found);
    if (rc == OK)
        *ret_messages = found;
    return rc;
}

enum rc messages_to(struct ctx *ctx, struct str mailbox_id, struct str address, struct list *ret_messages) {
    return list(ctx, &to_address, mailbox_id, address, ret_messages);
}

enum rc messages_to_domain(struct ctx *ctx, struct str mailbox_id, struct str domain,
                           struct list *ret_messages) {
    return list(ctx, &to_domain, mailbox_id, domain, ret_messages);
}
