/* What the files of sequence/workflow*.c share; private to them. */
#ifndef SEQUENCE_WORKFLOW_PRIVATE_H
#define SEQUENCE_WORKFLOW_PRIVATE_H

#include "json/writer.h"
#include "sequence/add_leads.h"
#include "sequence/workflows.h"
#include "store/sequence_leads.h"

/* Members of an action beside its type, a bit each. */
enum workflow_member {
    WF_SEQUENCE = 1, WF_LEAD_LIST = 2, WF_WHOM = 4, WF_UNTIL = 8, WF_DAYS = 16, WF_REASON = 32,
    WF_USER = 64, WF_TASK_TYPE = 128, WF_SUBJECT = 256, WF_NOTES = 512, WF_PRIORITY = 1024, WF_WEBHOOK = 2048,
};

/* A run while it acts. */
struct acting {
    struct ctx *ctx;
    const struct workflow *workflow;
    const struct stored_reply *reply;
    struct sequence_lead lead;
    struct list data; /* of struct json_member: the lead's */
    bool is_example;
    /* of the action that is at it: */
    const struct workflow_action *action;
    struct json_writer input, output;
    struct str value;         /* what is excluded */
    struct lead_input person; /* who is added */
    struct opt_int at;        /* till when, or when it is due */
    struct str error;         /* why it failed, where no problem says so */
};

/* What an action is. `prepare` finds out what it works with, from the reply and its lead alone,
 * and writes that to `input`; `perform` does it and writes to `output`. Both say why they fail:
 * by a problem, or in `error` with E_UNSUPPORTED. Failures of the database come through. */
struct workflow_kind {
    unsigned members, needed; /* of enum workflow_member */
    bool is_really_tried;     /* performed also for an example */
    enum rc (*prepare)(struct acting *a);
    enum rc (*perform)(struct acting *a);
};
/* Whom the reply names (there is one); of a colleague the company is the lead's. */
struct referred_person acting_referred(const struct acting *a);
/* The lead's own words; absent without them. */
struct str acting_data(const struct acting *a, const char *name);
/* What a webhook is told (store/events.def, WORKFLOW_PUSHED): records the event and queues it.
 * *ret_event_id on the arena. E_NOT_FOUND without the webhook; E_CONFLICT with a problem when it
 * is disabled. */
MUST_USE enum rc workflow_push(struct acting *a, struct str webhook_id, struct str *ret_event_id);

/* Of a type that there is. */
const struct workflow_kind *workflow_kind(enum workflow_action_type type);

#endif
