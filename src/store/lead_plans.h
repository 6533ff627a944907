/* Where each lead of a sequence stands and when something happens next: what the planner and
 * the lead's state machine read and write (sequence/planner.h, sequence/progress.h). A row is
 * read under a lock and written whole, inside one db_transact. */
#ifndef STORE_LEAD_PLANS_H
#define STORE_LEAD_PLANS_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/exclusions.h"

/* Position in enum_lead_statuses. */
enum lead_status {
    LEAD_PENDING, LEAD_ACTIVE, LEAD_WAITING_TASK, LEAD_PAUSED, LEAD_COMPLETED, LEAD_REPLIED,
    LEAD_BOUNCED, LEAD_UNSUBSCRIBED, LEAD_REMOVED, LEAD_ERRORED,
};
extern const struct enum_values enum_lead_statuses;

/* Position in enum_lead_waits: what a lead that has not come to an end waits for. */
enum lead_wait {
#define WAIT(id, name, words) WAIT_##id,
#include "store/lead_waits.def"
#undef WAIT
};
extern const struct enum_values enum_lead_waits;

struct lead_plan {
    struct str account_id, id, sequence_id, contact_id, user_id, mailbox_id, reply_id, email, linkedin_url;
    struct str data;         /* JSON object of texts */
    struct str time_zone;    /* the lead's own, else the contact's; not judged */
    struct opt_int created_at;
    /* what changes: */
    enum tri ignores_exclusions;
    struct str status, reason;
    struct str stage_id;      /* planned, or being done */
    struct opt_int due_at;    /* of that stage, by delays alone */
    struct str done_stage_id; /* the last one that came to an end */
    struct opt_int counts_from; /* what the delay of the next one counts from */
    struct opt_int next_at;   /* when the planner looks at it; absent: somebody else goes on */
    struct str waits_for;
    struct opt_int urgency;   /* of those that are due the lowest comes first */
    struct opt_int paused_until, ended_at;
};

enum lead_status lead_status_of(const struct lead_plan *lead);
/* False when it waits for nothing, because it has come to an end. */
bool lead_waits_for(const struct lead_plan *lead, enum lead_wait wait);
void lead_set_status(struct lead_plan *lead, enum lead_status status, struct str reason);
/* With the time when the planner looks again; absent: it does not. */
void lead_set_wait(struct lead_plan *lead, enum lead_wait wait, struct opt_int next_at);

enum { LEAD_URGENCY_MAX = 6 };

/* --- inside db_transact --- */

/* Up to `limit` of any account that are due at `now` with that urgency, the earliest first;
 * those that somebody else changes just now are left out. List of struct lead_plan. */
MUST_USE enum rc lead_plans_due(struct ctx *ctx, int64_t urgency, int64_t now, int64_t limit,
                                struct list *ret_leads);
/* Of the account; nobody else changes it until the transaction ends. E_NOT_FOUND. */
MUST_USE enum rc lead_plan_lock(struct ctx *ctx, struct str id, struct lead_plan *ret_lead);
/* The same of several; those that are not there are left out. List of struct lead_plan. */
MUST_USE enum rc lead_plans_lock(struct ctx *ctx, struct strs ids, struct list *ret_leads);
/* Writes what changes of each (list of struct lead_plan, of any account). */
MUST_USE enum rc lead_plans_write(struct ctx *ctx, const struct list *leads);
MUST_USE enum rc lead_plan_write(struct ctx *ctx, const struct lead_plan *lead);

/* The lead goes on behind the stage: the planner looks at it, unless it is paused. *ret_passed is
 * false, and nothing is written, when it does not stand there or has come to an end. */
struct lead_passing {
    struct str lead_id, stage_id;
    bool as_planned; /* the next delay counts from when the stage was due, else from now */
};
MUST_USE enum rc lead_plan_pass(struct ctx *ctx, const struct lead_passing *passing, bool *ret_passed);
/* The same for who need not know. */
MUST_USE enum rc lead_plan_pass_later(struct ctx *ctx, const struct lead_passing *passing);

/* The sequence has become active: the planner looks at those that waited for that. */
MUST_USE enum rc lead_plans_begin(struct ctx *ctx, struct str sequence_id);

/* The mailbox can send again: the planner looks at those that waited for that. */
MUST_USE enum rc lead_plans_begin_mailbox(struct ctx *ctx, struct str mailbox_id);

/* --- anywhere --- */

/* Ids of the account's leads with that address that have not come to an end, or have only
 * been completed. */
MUST_USE enum rc leads_of_address(struct ctx *ctx, struct str email, struct strs *ret_ids);

/* Ids of the sequence's leads at a company's domain (email_company_domain) that have not come to
 * an end, or have only been completed. */
MUST_USE enum rc leads_of_domain(struct ctx *ctx, struct str sequence_id, struct str domain,
                                 struct strs *ret_ids);

/* Ids of up to `limit` leads of the account that an exclusion ends: those at the addresses, or at
 * the domains and below them (normal form), that have not come to an end (or only errored), but
 * for those that were added in spite of exclusions. */
MUST_USE enum rc leads_of_excluded(struct ctx *ctx, enum exclusion_kind kind, struct strs values,
                                   int64_t limit, struct strs *ret_ids);

/* When the first lead of any account is due; INT64_MAX when none is. */
MUST_USE enum rc lead_plans_next_due(struct ctx *ctx, int64_t *ret_at);

#endif
