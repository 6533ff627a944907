/* What people do with tasks: write one down, end it, put it off, give it away. The end of a
 * lead's task is the end of its stage (sequence/progress.h). All transact themselves.
 * E_NOT_FOUND when the account has no such task. */
#ifndef SEQUENCE_TASK_ACTIONS_H
#define SEQUENCE_TASK_ACTIONS_H

#include "store/tasks.h"

struct task_input {
    struct str user_id, type, subject, notes, priority, contact_id;
    struct opt_int due_on;
};
extern const struct fields task_input_fields;

/* Schedules a task made by hand: type custom_task, due now and of priority normal unless it
 * says otherwise. E_INVALID with problems: the user or the contact is not the account's. */
MUST_USE enum rc task_make(struct ctx *ctx, const struct task_input *input,
                           struct task *ret_task);

struct task_end {
    enum tri set_lead_to_completed; /* the lead leaves its sequence as completed */
    struct str notes;               /* absent: those of the task stay */
};
extern const struct fields task_end_fields;

/* Completes it; one that is completed stays as it is, with its notes, and its lead is not
 * touched. E_INVALID with a problem when it is automatic or not scheduled. */
MUST_USE enum rc task_complete(struct ctx *ctx, struct str id, const struct task_end *end,
                               struct task *ret_task);

/* Skips it, by the same rules. What follows keeps its time, unless the task is overdue: then
 * the next stage's delay counts from now. */
MUST_USE enum rc task_skip(struct ctx *ctx, struct str id, struct task *ret_task);

struct task_changes {
    struct opt_int due_on;
    struct str user_id;
};
extern const struct fields task_changes_fields;

/* Puts it off, or gives it to another user of the account. E_INVALID with problems;
 * E_CONFLICT with a problem unless it is scheduled. */
MUST_USE enum rc task_alter(struct ctx *ctx, struct str id, const struct task_changes *changes,
                            struct task *ret_task);

/* As task_complete, inside db_transact: for a call that completes its task. OK, and nothing
 * happens, when the task has come to an end. The caller calls lead_wake_planner afterwards. */
MUST_USE enum rc task_complete_with(struct ctx *ctx, struct str id, const struct task_end *end);

#endif
