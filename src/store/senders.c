#include "store/senders.h"

#include "base/check.h"
#include "base/vec.h"
#include "db/sql.h"
#include "store/mailbox_settings.h"
#include "store/queries.h"

struct sender_row {
    struct str user_id, user_email, first_name, last_name, user_status;
    struct str mailbox_id, mailbox_email, from_address, display_name, signature, signature_html, time_zone,
        mailbox_status;
    struct list working_hours;
};

#define T struct sender_row
static const struct field sender_rows[] = {
    F_ID(T, user_id),
    F_STR(T, user_email),
    F_STR(T, first_name),
    F_STR(T, last_name),
    F_STR(T, user_status),
    F_ID(T, mailbox_id),
    F_STR(T, mailbox_email),
    F_STR(T, from_address),
    F_STR(T, display_name),
    F_STR(T, signature),
    F_STR(T, signature_html),
    F_STR(T, time_zone),
    F_STR(T, mailbox_status),
    F_LIST(T, working_hours, .of = &working_hours_fields),
};
#undef T
static const struct fields row_fields
    = FIELDS("SenderRow", struct sender_row, sender_rows, .doc = "A user with a mailbox.");

#define SENDERS(join, where)                                                                  \
    "SELECT u.id AS user_id, u.email AS user_email, u.first_name, u.last_name, "              \
    "u.status AS user_status, m.id AS mailbox_id, m.email AS mailbox_email, m.from_address, " \
    "m.display_name, m.signature, m.signature_html, m.time_zone, m.status AS mailbox_status, m.working_hours " \
    "FROM users u " join " JOIN mailboxes m ON m.account_id = u.account_id "                  \
    "AND m.user_id = u.id AND m.reason <> 'deleted' WHERE u.account_id = $1 AND " where       \
    " ORDER BY u.id, m.id"
#define IN_SQLITE " IN (SELECT value FROM json_each($2))"
#define IN_PG " IN (SELECT json_array_elements_text($2::json))"
static const struct query of_users
    = { "senders_of_users", SENDERS("LEFT", "u.id" IN_SQLITE), SENDERS("LEFT", "u.id" IN_PG) };
static const struct query of_mailboxes
    = { "senders_of_mailboxes", SENDERS("", "m.email" IN_SQLITE), SENDERS("", "m.email" IN_PG) };

static const struct query *const queries[] = { &of_users, &of_mailboxes };
const struct query_table sender_queries = QUERY_TABLE(queries);

static struct sender user_of(const struct sender_row *row) {
    return (struct sender){ .user_id = row->user_id, .user_email = row->user_email,
                            .first_name = row->first_name, .last_name = row->last_name,
                            .is_user_active = str_eq(row->user_status, STR("active")) };
}

static struct sender mailbox_of(const struct sender_row *row) {
    struct sender s = user_of(row);
    s.mailbox_id = row->mailbox_id;
    s.mailbox_email = row->mailbox_email;
    s.from_address = str_is_set(row->from_address) ? row->from_address : row->mailbox_email;
    s.display_name = row->display_name;
    s.signature = row->signature;
    s.signature_html = row->signature_html;
    s.time_zone = row->time_zone;
    s.working_hours = row->working_hours;
    s.is_mailbox_active = str_eq(row->mailbox_status, STR("active"));
    return s;
}

enum rc senders_of_users(struct ctx *ctx, struct strs user_ids, struct list *ret_senders) {
    struct list rows = { 0 }, senders = { 0 };
    enum rc rc = db_list(ctx, &of_users,
                         DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, user_ids)),
                         &row_fields, &rows);
    const struct sender_row *row = rows.p;
    for (size_t i = 0; rc == OK && i < rows.n; i++) {
        if (i == 0 || !str_eq(row[i].user_id, row[i - 1].user_id))
            *(struct sender *) list_add(ctx->arena, &senders, sizeof(struct sender)) = user_of(&row[i]);
        if (str_is_set(row[i].mailbox_id))
            *(struct sender *) list_add(ctx->arena, &senders, sizeof(struct sender))
                = mailbox_of(&row[i]);
    }
    if (rc == OK)
        *ret_senders = senders;
    return rc;
}

enum rc senders_of_mailboxes(struct ctx *ctx, struct strs emails, struct list *ret_senders) {
    struct list rows = { 0 }, senders = { 0 };
    enum rc rc = db_list(ctx, &of_mailboxes,
                         DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, emails)),
                         &row_fields, &rows);
    const struct sender_row *row = rows.p;
    for (size_t i = 0; rc == OK && i < rows.n; i++)
        *(struct sender *) list_add(ctx->arena, &senders, sizeof(struct sender)) = mailbox_of(&row[i]);
    if (rc == OK)
        *ret_senders = senders;
    return rc;
}

const struct sender *sender_find(const struct list *senders, struct str user_id,
                                 struct str mailbox_id) {
    const struct sender *s = senders->p;
    for (size_t i = 0; i < senders->n; i++)
        if (str_eq(s[i].user_id, user_id)
            && str_is_set(s[i].mailbox_id) == str_is_set(mailbox_id)
            && str_eq(s[i].mailbox_id, mailbox_id))
            return &s[i];
    return NULL;
}
