#include "store/lead_states.h"

#include "base/check.h"
#include "base/vec.h"
#include "data/enums.h"
#include "data/text.h"
#include "store/queries.h"
#include "store/sequences.h"

static const char *const because[] = {
#define WAIT(id, name, words) words,
#include "store/lead_waits.def"
#undef WAIT
};

#define T struct lead_state
static const struct field state_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .doc = "Id of the lead."),
    F_ID(T, sequence_id, .flags = FIELD_REQUIRED, .doc = "Its sequence."),
    F_ID(T, contact_id, .doc = "Its contact; absent when the person was removed for privacy."),
    F_STR(T, email, .example = "lead@example.com", .doc = "Address."),
    F_STR(T, linkedin_url, .doc = "LinkedIn profile."),
    F_ID(T, user_id, .flags = FIELD_REQUIRED, .doc = "The user it belongs to."),
    F_ID(T, mailbox_id, .doc = "The mailbox that writes to it."),
    F_ID(T, reply_id, .doc = "In a reply sequence: the reply that it goes on from."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_lead_statuses, .example = "active",
           .doc = "Where it stands."),
    F_STR(T, reason, .example = "manual", .doc = "Why it is paused, or how it came to its end."),
    F_ID(T, stage_id, .doc = "The stage that is planned or being done, or where it stopped."),
    F_STR(T, stage_type, .example = "email", .doc = "Type of that stage."),
    F_INT(T, stage_number, .example = "2", .doc = "Its place, from 1."),
    F_INT(T, stages, .example = "5", .doc = "How many stages there are."),
    F_TIME(T, due_at, .doc = "When the stage is due by its delay alone."),
    F_TIME(T, next_at, .doc = "When something happens next; absent: when what it waits for does."),
    F_TIME(T, paused_until, .doc = "End of its pause; absent: when somebody resumes it."),
    F_TIME(T, ended_at, .doc = "When it came to its end."),
    F_ENUM(T, waits_for, .values = &enum_lead_waits, .example = "window",
           .doc = "Why nothing happens now; absent when it has come to an end."),
    F_STR(T, waits_because, .doc = "The same in words."),
    F_ID(T, message_id, .doc = "The stage's message, once it is written."),
    F_STR(T, message_state, .example = "queued", .doc = "Where that is."),
    F_TIME(T, created_at, .doc = "When it was added."),
    F_TIME(T, updated_at, .doc = "When it was changed last."),
    F_STR(T, sequence_status, .flags = FIELD_HIDDEN),
    F_STR(T, mailbox_status, .flags = FIELD_HIDDEN),
    F_STR(T, message_reason, .flags = FIELD_HIDDEN),
    F_BOOL(T, ignores_exclusions, .flags = FIELD_HIDDEN),
    F_TIME(T, message_next_at, .flags = FIELD_HIDDEN),
};
#undef T
const struct fields lead_state_fields
    = FIELDS("SequenceLeadState", struct lead_state, state_rows,
             .doc = "A lead of a sequence: where it stands, what comes next, and why nothing "
                    "happens now.");

#define STATE                                                                              \
    "SELECT l.id, l.sequence_id, l.contact_id, l.email, l.linkedin_url, l.user_id, "       \
    "l.mailbox_id, l.reply_id, l.status, l.reason, l.stage_id, g.type AS stage_type, "                 \
    "g.position + 1 AS stage_number, (SELECT count(*) FROM sequence_stages n "             \
    "WHERE n.account_id = l.account_id AND n.sequence_id = l.sequence_id) AS stages, "     \
    "l.due_at, l.next_at, l.paused_until, l.ended_at, l.waits_for, l.created_at, "         \
    "l.updated_at, s.status AS sequence_status, b.status AS mailbox_status, "              \
    "m.id AS message_id, m.state AS message_state, m.reason AS message_reason, "           \
    "m.next_at AS message_next_at, l.ignores_exclusions FROM sequence_leads l "                                  \
    "JOIN sequences s ON s.account_id = l.account_id AND s.id = l.sequence_id "            \
    "LEFT JOIN sequence_stages g ON g.account_id = l.account_id "                          \
    "AND g.sequence_id = l.sequence_id AND g.id = l.stage_id "                             \
    "LEFT JOIN mailboxes b ON b.account_id = l.account_id AND b.id = l.mailbox_id "        \
    "LEFT JOIN messages m ON m.account_id = l.account_id AND m.lead_id = l.id "            \
    "AND m.stage_id = l.stage_id WHERE l.account_id = "
#define OF_SEQUENCE(compare, order)                                                        \
    STATE "$3 AND l.sequence_id = $4 AND l.id " compare " $1 "                             \
    "AND (CAST($5 AS TEXT) IS NULL OR l.status = $5) "                                     \
    "AND (CAST($6 AS TEXT) IS NULL OR l.email = $6) ORDER BY l.id" order " LIMIT $2"
static const struct query list_after = { "lead_states_after", OF_SEQUENCE(">", ""), NULL };
static const struct query list_before = { "lead_states_before", OF_SEQUENCE("<", " DESC"), NULL };
static const struct query get = { "lead_state_get", STATE "$1 AND l.id = $2", NULL };
static const struct query count
    = { "lead_states_count",
        "SELECT status, count(*) FROM sequence_leads WHERE account_id = $1 AND sequence_id = $2 "
        "GROUP BY status ORDER BY status",
        NULL };

static const struct query *const queries[] = { &list_after, &list_before, &get, &count };
const struct query_table lead_state_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* States of a message that say more than that it is waited for. */
static const struct {
    const char *state;
    int block;
} message_blocks[] = { { "claimed", WAIT_SENDING },     { "sending", WAIT_SENDING },
                       { "retry_wait", WAIT_RETRY },    { "uncertain", WAIT_UNCERTAIN },
                       { "held", WAIT_HELD } };

static int message_block(const struct lead_state *lead) {
    for (size_t i = 0; i < LENGTH(message_blocks); i++)
        if (str_eq(lead->message_state, str_of(message_blocks[i].state)))
            return message_blocks[i].block;
    return str_eq(lead->mailbox_status, STR("active")) ? WAIT_MESSAGE : WAIT_MAILBOX;
}

/* The first thing that stands in the way; what is in doubt before all that would only delay
 * it, and a sequence at rest before what it keeps from going on. */
static int block_of(const struct lead_state *lead) {
    int stored = enum_index(&enum_lead_waits, lead->waits_for);
    int block = stored == WAIT_MESSAGE ? message_block(lead) : stored;
    bool rests = !str_eq(lead->sequence_status, STR("active"));
    return rests && block != WAIT_HELD && block != WAIT_UNCERTAIN && block != WAIT_SENDING
                   && block != WAIT_PAUSE && block != WAIT_TASK
               ? WAIT_SEQUENCE
               : block;
}

void lead_state_waits(struct lead_state *lead, enum lead_wait wait) {
    lead->waits_for = enum_lead_waits.values[wait];
    lead->waits_because = str_of(because[wait]);
}

static void explain(struct lead_state *lead) {
    if (!str_is_set(lead->waits_for))
        return;
    int block = block_of(lead);
    ASSERT(block >= 0); /* the table has a CHECK */
    lead_state_waits(lead, (enum lead_wait) block);
    if (!lead->next_at.set && (block == WAIT_MESSAGE || block == WAIT_RETRY))
        lead->next_at = lead->message_next_at;
    if (block == WAIT_SEQUENCE)
        lead->next_at = (struct opt_int){ 0 };
}

enum rc lead_states_list(struct ctx *ctx, struct str sequence_id, const struct lead_filter *filter,
                         const struct page *page, struct page_of *ret_page) {
    static const struct page_queries pages = { &list_after, &list_before, &lead_state_fields,
                                               offsetof(struct lead_state, id) };
    struct str email = str_is_set(filter->email) ? text_lower(ctx->arena, filter->email) : STR_NONE;
    enum rc rc = page_read(ctx, &pages, page,
                           DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_text(filter->status),
                                   db_v_text(email)),
                           ret_page);
    struct lead_state *lead = rc == OK ? ret_page->items.p : NULL;
    for (size_t i = 0; lead && i < ret_page->items.n; i++)
        explain(&lead[i]);
    return rc;
}

enum rc lead_state_get(struct ctx *ctx, struct str id, struct lead_state *ret_lead) {
    struct lead_state found = { .id = STR_NONE };
    enum rc rc = db_get(ctx, &get, DB_ARGS(ACCOUNT, db_v_text(id)), &lead_state_fields, &found);
    if (rc != OK)
        return rc;
    explain(&found);
    *ret_lead = found;
    return OK;
}

enum rc lead_states_count(struct ctx *ctx, struct str sequence_id, struct counts *ret_counts) {
    struct db_rows *rows;
    struct counts counts = { 0 };
    enum rc rc = db_query(ctx, &count, DB_ARGS(ACCOUNT, db_v_text(sequence_id)), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        counts_add(ctx->arena, &counts, db_text(rows, 0), db_int(rows, 1));
    *ret_counts = counts;
    return db_rows_close(rows);
}
