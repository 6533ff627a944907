/* A reply of one person may name another: a colleague who answers instead, somebody who is to be
 * asked, who got a copy. All of its words are forgotten then, because nobody can say which of them
 * are about whom; that there was one, and of which lead, stays. */
#include "store/reply_addresses.h"

#include "base/check.h"
#include "db/sql.h"
#include "store/forget.h"
#include "store/queries.h"
#include "store/replies.h"

static const struct query put
    = { "reply_addresses_store",
        "INSERT INTO reply_addresses (account_id, reply_id, address) "
        "SELECT $1, $2, value FROM json_each($3) WHERE 1 = 1 ON CONFLICT DO NOTHING",
        "INSERT INTO reply_addresses (account_id, reply_id, address) "
        "SELECT $1, $2, value FROM json_array_elements_text($3::json) AS w (value) ON CONFLICT DO NOTHING" };

/* $1 is the address, $2 the profile, whose addresses contacts and leads tell. */
#define OF_PROFILE(table)                                                                  \
    "SELECT a.account_id, a.reply_id FROM " table " x JOIN reply_addresses a ON a.address = x.email " \
    "WHERE x.linkedin_key = $2"
#define NAMING                                                                             \
    "SELECT account_id, reply_id FROM reply_addresses WHERE address = $1 UNION "           \
    OF_PROFILE("contacts") " UNION " OF_PROFILE("sequence_leads")
/* SQLite looks up pairs by an index only for a SELECT without UNION. */
#define IN_NAMING "IN (SELECT account_id, reply_id FROM (" NAMING ") n)"
/* A delivery has the event's id but for the last two digits (sql/0014_webhooks.sql). SQLite takes
 * what is joined crosswise in this order. */
#define FORGET_ANSWERS(events)                                                             \
    "UPDATE webhook_attempts SET response_head = NULL, response_body = NULL, error = NULL " \
    "WHERE (account_id, delivery_id) IN (SELECT d.account_id, d.id FROM (" events ") v "    \
    "CROSS JOIN webhook_deliveries d WHERE d.account_id = v.account_id "                   \
    "AND d.id >= substr(v.id, 1, 34) AND d.id < substr(v.id, 1, 34) || 'g')"
#define EVENTS_NAMING                                                                      \
    "SELECT e.account_id, e.id FROM (" NAMING ") n CROSS JOIN events e "                   \
    "WHERE e.account_id = n.account_id AND e.reply_id = n.reply_id"
#define EVENTS_OF(whose) "SELECT account_id, id FROM events WHERE " whose
static const struct query forget_answers
    = { "reply_addresses_forget_answers", FORGET_ANSWERS(EVENTS_NAMING), NULL };
static const struct query forget_contacts_answers
    = { "reply_addresses_forget_contacts_answers", FORGET_ANSWERS(EVENTS_OF(FORGET_CONTACTS)), NULL };
static const struct query forget_leads_answers
    = { "reply_addresses_forget_leads_answers", FORGET_ANSWERS(EVENTS_OF(FORGET_LEADS)), NULL };
static const struct query forget_events
    = { "reply_addresses_forget_events",
        "UPDATE events SET data = '{}', snapshot = NULL WHERE (account_id, id) IN (" EVENTS_NAMING ")", NULL };
static const struct query forget_runs
    = { "reply_addresses_forget_runs",
        "UPDATE workflow_runs SET input = NULL, actions = NULL WHERE (account_id, id) IN ("
        "SELECT w.account_id, w.id FROM (" NAMING ") n CROSS JOIN workflow_runs w "
        "WHERE w.account_id = n.account_id AND w.reply_id = n.reply_id)",
        NULL };
static const struct query forget_sources
    = { "reply_addresses_forget_sources",
        "DELETE FROM reply_sources WHERE (account_id, reply_id) " IN_NAMING, NULL };
static const struct query forget_words
    = { "reply_addresses_forget_words",
        "UPDATE replies SET to_addresses = NULL, cc_addresses = NULL, subject = NULL, snippet = NULL, "
        "last_message = NULL, body = NULL, evidence = NULL, referred = NULL, bounce = NULL "
        "WHERE (account_id, id) " IN_NAMING,
        NULL };
static const struct query forget_addresses
    = { "reply_addresses_forget",
        "DELETE FROM reply_addresses WHERE (account_id, reply_id) " IN_NAMING, NULL };
/* Of those about the person, which store/replies.h empties. */
#define OF_REPLIES(whose)                                                                  \
    "DELETE FROM reply_addresses WHERE (account_id, reply_id) IN "                         \
    "(SELECT account_id, id FROM replies WHERE " whose ")"
static const struct query forget_contacts
    = { "reply_addresses_forget_contacts", OF_REPLIES(FORGET_CONTACTS), NULL };
static const struct query forget_leads
    = { "reply_addresses_forget_leads", OF_REPLIES(FORGET_LEADS), NULL };

static const struct query headers
    = { "reply_addresses_headers",
        "SELECT account_id, id, header_id FROM replies WHERE (account_id, id) " IN_NAMING, NULL };

static const struct query *const queries[]
    = { &put,           &headers,
        &forget_answers, &forget_contacts_answers, &forget_leads_answers, &forget_events,
        &forget_runs,   &forget_sources, &forget_words,            &forget_addresses,     &forget_contacts,
        &forget_leads };
const struct query_table reply_address_queries = QUERY_TABLE(queries);

enum rc reply_addresses_store(struct ctx *ctx, struct str reply_id, struct strs addresses) {
    return db_exec(ctx, &put,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(reply_id), sql_texts(ctx->arena, addresses)),
                   NULL);
}

/* In their order: answers are found by events, all else by the addresses. The first two forget nothing. */
enum rc reply_addresses_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    struct db_args who = DB_ARGS(db_v_text(email), db_v_text(linkedin_key));
    enum rc rc = replies_hide_ids(ctx, &headers, who);
    for (size_t i = 2; rc == OK && i < LENGTH(queries); i++)
        rc = db_exec(ctx, queries[i], who, NULL);
    return rc;
}
