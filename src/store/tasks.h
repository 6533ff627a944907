/* Tasks as rows: what is to be done for a lead's stage, or what a user wrote down. What the
 * end of a task means for its lead is sequence/task_end.h. Scoped to the account of ctx; what
 * writes is called inside db_transact and records the event that goes with it. */
#ifndef STORE_TASKS_H
#define STORE_TASKS_H

#include "base/ctx.h"
#include "store/pages.h"

/* Position in enum_task_statuses. The first two are open. */
enum task_status {
    TASK_SCHEDULED,
    TASK_IN_PROGRESS, /* an automatic one: somebody is at it */
    TASK_COMPLETED,
    TASK_SKIPPED,
    TASK_CANCELED, /* its lead left the sequence */
    TASK_FAILED,
};
extern const struct enum_values enum_task_statuses;

enum { TASK_SUBJECT_MAX = 1000, TASK_TEXT_MAX = 100 * 1024, TASK_NOTES_MAX = 10000 };

/* Who a task or a call is about. */
struct contact_ref {
    struct str id, name, email;
};
extern const struct fields contact_ref_fields;

struct task {
    struct str id, user_id, user_email, type, status, priority;
    enum tri automatic;
    struct opt_int due_on, finished_on, created_at, updated_at;
    struct str subject, text, notes;
    struct str lead_id, stage_id, contact_id;
    struct str sequence_key, sequence_name; /* key: the id */
    struct contact_ref *contact;
};
extern const struct fields task_fields;

struct new_task {
    struct str user_id; /* absent: the lead's */
    struct str type;    /* enum_stage_types (store/sequence_definition.h) */
    bool automatic;
    int64_t due_at;
    struct str priority; /* absent: normal */
    struct str subject, text, notes;
    struct str lead_id, sequence_id, stage_id; /* all absent: made by hand */
    struct str contact_id;                     /* absent: the lead's */
};

/* Schedules it. Of a lead's stage there is one open task: asked again, that one is given.
 * E_NOT_FOUND when the lead is not there. */
MUST_USE enum rc task_create(struct ctx *ctx, const struct new_task *task, struct str *ret_id);

/* Cancels the open tasks of the lead: it left the sequence. */
MUST_USE enum rc tasks_cancel_lead(struct ctx *ctx, struct str lead_id);
MUST_USE enum rc tasks_cancel_leads(struct ctx *ctx, struct strs lead_ids);
/* The same for all leads of a sequence, which is archived; without events, as they say no
 * more than the sequence's state. */
MUST_USE enum rc tasks_cancel_sequence(struct ctx *ctx, struct str sequence_id);

/* E_NOT_FOUND when the account has no such task. */
MUST_USE enum rc task_get(struct ctx *ctx, struct str id, struct task *ret_task);
/* The same; nobody else changes it until the transaction ends. */
MUST_USE enum rc task_lock(struct ctx *ctx, struct str id, struct task *ret_task);
/* Position of its status. */
enum task_status task_status_of(const struct task *task);

/* From one status to another: E_CONFLICT when it is not in `from`. `notes` replace the task's
 * unless they are absent. An end is recorded as an event, with the notes. */
struct task_change {
    enum task_status from, to;
    struct str notes;
};
MUST_USE enum rc task_set_status(struct ctx *ctx, const struct task *task,
                                 const struct task_change *change);

/* Moves the due time or gives the task to another user; E_CONFLICT unless it is scheduled.
 * The user is one of the account (not looked at here). */
MUST_USE enum rc task_snooze(struct ctx *ctx, const struct task *task, int64_t due_at);
MUST_USE enum rc task_reassign(struct ctx *ctx, const struct task *task, struct str user_id);

/* Filters of a list; an absent one does not filter. */
struct task_filter {
    struct str user_id, type, status, sequence_key;
    enum tri automatic;
    struct opt_int contact_local_time_from, contact_local_time_to; /* hours, both ends included */
    struct opt_int message_opens; /* at least so many by the lead */
    struct str keyword; /* in what it is about, its notes, its contact or its sequence's name */
    struct opt_int due_before, due_after; /* ms */
    struct str contact_id;
};

/* One page, oldest first; the cursor is the id. List of struct task. */
MUST_USE enum rc tasks_list(struct ctx *ctx, const struct task_filter *filter,
                            const struct page *page, struct page_of *ret_page);

/* Forgets, in all accounts, what tasks say about somebody with that address or profile, and
 * cancels the open ones. Before their contacts and leads are forgotten. */
MUST_USE enum rc tasks_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

#endif
