/* Events: one append-only table of all that happened to contacts, leads, messages, tasks and
 * calls. A contact's activity, the statistics of a sequence and the webhooks read from it;
 * whoever changes something records it in the same transaction. Scoped to the account of
 * ctx. */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include "base/ctx.h"
#include "base/field.h"

enum event_kind {
#define EVENT(id, name, flags, doc) EVENT_##id,
#include "store/events.def"
    EVENT_KINDS
};

/* "email_sent" */
struct str event_kind_name(enum event_kind kind);

struct event {
    enum event_kind kind;
    struct str id;   /* absent: a new one */
    struct str type; /* of a stage or task: what it is, for webhooks */
    struct opt_int at; /* absent: now */
    /* What it is about. Of a lead, its user, mailbox, contact and sequence need not be said:
     * absent ones are taken from its row. */
    struct str user_id, mailbox_id, contact_id, lead_id, sequence_id, stage_id;
    struct str message_id, task_id, call_id, reply_id;
    struct str data; /* JSON object, as events.def says; absent: {} */
    struct str snapshot; /* of what has no lead; absent: made where the kind has one */
};

/* Appends it, with a snapshot and the contact's last_contacted_at where its kind has them
 * (events.def), and queues it for the webhooks that want it. Inside db_transact. */
MUST_USE enum rc event_record(struct ctx *ctx, const struct event *event);

/* The same of several leads, each as it is in its row, where all have the kind and the data in
 * common: a kind with neither a snapshot nor a webhook. One statement; at most EVENT_LEADS_MAX. */
enum { EVENT_LEADS_MAX = 1000 };
MUST_USE enum rc events_record_leads(struct ctx *ctx, enum event_kind kind, struct strs lead_ids,
                                     struct str data);

/* A snapshot is a JSON object with the members
 *   email, linkedin_url   of the lead, else of the contact
 *   dynamic_fields        object of texts: the lead's data
 *   user                  {id, first_name, last_name, email}
 *   sequence              {id, name, kind, start_at, end_at}: in ms, when the lead came in, and
 *                         when it came to its end
 *   stage                 {id, index, type, automatic}: index from 1; automatic 0 or 1
 * each null, or made of nulls, where there is no such thing. */

struct recorded_event {
    struct str id, kind, user_id, contact_id, lead_id, sequence_id, stage_id;
    struct str message_id, task_id, call_id;
    struct opt_int at;
    struct str data, snapshot; /* JSON; the snapshot may be absent */
};
extern const struct fields recorded_event_fields;

/* Those of the lead, oldest first; list of struct recorded_event. */
MUST_USE enum rc events_of_lead(struct ctx *ctx, struct str lead_id, struct list *ret_events);

/* What a contact's history shows of an event. */
struct activity {
    struct str contact_id;
    struct opt_int event_at;
    struct str event_type, sequence_id, sequence_name, sequence_type, description, notes;
};
extern const struct fields activity_fields;

/* The newest `limit` of each of these contacts, newest first within a contact. List of
 * struct activity. One query. */
MUST_USE enum rc events_recent(struct ctx *ctx, struct strs contact_ids, int limit,
                               struct list *ret_activities);

struct event_count {
    struct str kind, stage_id; /* stage absent: of none */
    struct opt_int events;
    struct opt_int leads; /* different ones */
};

/* How many events of each kind every stage of the sequence has. List of struct event_count. */
MUST_USE enum rc events_count(struct ctx *ctx, struct str sequence_id, struct list *ret_counts);

/* Empties, in all accounts, the events about somebody with that address or profile (absent:
 * of nobody): what happened is still counted, to whom is forgotten. Before their contacts and
 * leads are forgotten (store/contacts.h), inside db_transact. */
MUST_USE enum rc events_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

#endif
