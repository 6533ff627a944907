#include "sequence/task_actions.h"

#include "base/check.h"
#include "base/clock.h"
#include "data/zones.h"
#include "sequence/progress.h"
#include "store/account_settings.h"
#include "store/contact_details.h"
#include "store/sequence_definition.h"
#include "store/users.h"

#define T struct task_input
static const struct field input_rows[] = {
    F_ID(T, user_id, .flags = FIELD_REQUIRED, .max = 100, .doc = "Whose task it is."),
    F_ENUM(T, type, .values = &enum_stage_types, .example = "custom_task",
           .doc = "What is to be done; absent: custom_task."),
    F_STR(T, subject, .flags = FIELD_REQUIRED, .min = 1, .max = TASK_SUBJECT_MAX,
          .example = "Congratulate on the new office", .doc = "What it is about."),
    F_STR(T, notes, .max = TASK_NOTES_MAX, .doc = "More about it."),
    F_ENUM(T, priority, .values = &enum_priorities, .example = "normal",
           .doc = "low, normal or high."),
    F_TIME(T, due_on, .example = "2026-02-26T09:53:28Z", .doc = "When it is due; absent: now."),
    F_ID(T, contact_id, .max = 100, .doc = "Whom it is about."),
};
#undef T
const struct fields task_input_fields
    = FIELDS("TaskCreate", struct task_input, input_rows, .doc = "A task made by hand.");

#define T struct task_end
static const struct field end_rows[] = {
    F_BOOL(T, set_lead_to_completed, .example = "false",
           .doc = "The lead leaves its sequence as completed, instead of going on."),
    F_STR(T, notes, .max = TASK_NOTES_MAX, .example = "Asked to be called in May",
          .doc = "What came of it."),
};
#undef T
const struct fields task_end_fields
    = FIELDS("TaskComplete", struct task_end, end_rows, .doc = "How a task ended.");

#define T struct task_changes
static const struct field change_rows[] = {
    F_TIME(T, due_on, .example = "2026-02-26T09:53:28Z", .doc = "When it is due from now on."),
    F_ID(T, user_id, .max = 100, .doc = "Whose task it is from now on."),
};
#undef T
const struct fields task_changes_fields
    = FIELDS("TaskUpdate", struct task_changes, change_rows, .doc = "What changes of a task.");

static enum rc check_user(struct ctx *ctx, struct str id) {
    struct user user;
    enum rc rc = user_get(ctx, id, &user);
    if (rc == E_NOT_FOUND || (rc == OK && !str_eq(user.status, STR("active"))))
        return bad_field(ctx, STR("/user_id"), "unsupported_value",
                         "The account has no such active user.");
    return rc;
}

static enum rc check_contact(struct ctx *ctx, struct str id) {
    struct contact_details contact;
    enum rc rc = contact_details(ctx, id, &contact);
    return rc == E_NOT_FOUND ? bad_field(ctx, STR("/contact_id"), "unsupported_value",
                                         "The account has no such contact.")
                             : rc;
}

/* --- by hand --- */

struct make_work {
    const struct task_input *input;
    struct str id;
};

static enum rc make_in_transaction(struct ctx *ctx, void *arg) {
    struct make_work *w = arg;
    const struct task_input *in = w->input;
    struct new_task task = { .user_id = in->user_id,
                             .type = str_is_set(in->type) ? in->type : STR("custom_task"),
                             .due_at = in->due_on.set ? in->due_on.v : ctx_now(ctx),
                             .priority = in->priority, .subject = in->subject,
                             .notes = in->notes, .contact_id = in->contact_id };
    return task_create(ctx, &task, &w->id);
}

enum rc task_make(struct ctx *ctx, const struct task_input *input, struct task *ret_task) {
    struct make_work work = { input, STR_NONE };
    enum rc user = check_user(ctx, input->user_id);
    enum rc contact = str_is_set(input->contact_id) ? check_contact(ctx, input->contact_id) : OK;
    enum rc rc = user != OK ? user : contact;
    if (rc == OK)
        rc = db_transact(ctx, make_in_transaction, &work);
    return rc == OK ? task_get(ctx, work.id, ret_task) : rc;
}

/* --- ends --- */

struct end_work {
    struct str id;
    enum task_status status;
    const struct task_end *end;
};

static enum rc refuse(struct ctx *ctx, const struct task *task, enum task_status end) {
    const char *what = end == TASK_COMPLETED ? "completed" : "skipped";
    if (task->automatic == YES)
        return problem(ctx, E_INVALID, "unsupported_value", "An automatic task cannot be %s.",
                       what);
    return problem(ctx, E_INVALID, "unsupported_value",
                   "Only a scheduled task can be %s; this one is %.*s.", what,
                   STR_FMT(task->status));
}

/* A task is for a day: it is overdue when that is over on the account's clock. */
static enum rc is_overdue(struct ctx *ctx, const struct task *task, bool *ret_is) {
    struct account_settings settings;
    struct zone *zone;
    enum rc rc = account_settings_get(ctx, &settings);
    if (rc == OK)
        rc = zone_open(settings.time_zone, &zone);
    if (rc != OK)
        return rc;
    *ret_is = zone_local_ms(zone, ctx_now(ctx)) / DAY_MS > zone_local_ms(zone, task->due_on.v) / DAY_MS;
    zone_close(&zone);
    return OK;
}

/* What its end means for the lead. */
static enum rc tell_lead(struct ctx *ctx, const struct task *task, const struct end_work *w) {
    bool overdue = false;
    if (!str_is_set(task->lead_id))
        return OK;
    if (w->end->set_lead_to_completed == YES)
        return lead_end(ctx, task->lead_id, LEAD_COMPLETED, STR_NONE);
    enum rc rc = is_overdue(ctx, task, &overdue);
    if (rc != OK)
        return rc;
    return lead_stage_finished(
        ctx, task->lead_id, task->stage_id,
        &(struct stage_outcome){ w->status == TASK_COMPLETED ? STAGE_DONE : STAGE_SKIPPED,
                                 overdue, STR_NONE });
}

static enum rc end_scheduled(struct ctx *ctx, const struct task *task, const struct end_work *w) {
    enum rc rc = task_set_status(
        ctx, task, &(struct task_change){ TASK_SCHEDULED, w->status, w->end->notes });
    return rc == OK ? tell_lead(ctx, task, w) : rc;
}

static enum rc end_in_transaction(struct ctx *ctx, void *arg) {
    const struct end_work *w = arg;
    struct task task;
    enum rc rc = task_lock(ctx, w->id, &task);
    if (rc != OK || task_status_of(&task) == w->status) /* done already: asking again is no mistake */
        return rc;
    if (task.automatic == YES || task_status_of(&task) != TASK_SCHEDULED)
        return refuse(ctx, &task, w->status);
    return end_scheduled(ctx, &task, w);
}

static enum rc end(struct ctx *ctx, const struct end_work *w, struct task *ret_task) {
    enum rc rc = db_transact(ctx, end_in_transaction, (void *) (uintptr_t) w);
    if (rc != OK)
        return rc;
    lead_wake_planner(ctx);
    return task_get(ctx, w->id, ret_task);
}

enum rc task_complete(struct ctx *ctx, struct str id, const struct task_end *how,
                      struct task *ret_task) {
    return end(ctx, &(struct end_work){ id, TASK_COMPLETED, how }, ret_task);
}

enum rc task_skip(struct ctx *ctx, struct str id, struct task *ret_task) {
    static const struct task_end as_it_is = { .set_lead_to_completed = UNSET };
    return end(ctx, &(struct end_work){ id, TASK_SKIPPED, &as_it_is }, ret_task);
}

enum rc task_complete_with(struct ctx *ctx, struct str id, const struct task_end *how) {
    struct end_work w = { id, TASK_COMPLETED, how };
    struct task task;
    enum rc rc = task_lock(ctx, id, &task);
    return rc == OK && task_status_of(&task) == TASK_SCHEDULED ? end_scheduled(ctx, &task, &w)
                                                               : rc;
}

/* --- changes --- */

struct alter_work {
    struct str id;
    const struct task_changes *changes;
};

static enum rc alter_in_transaction(struct ctx *ctx, void *arg) {
    const struct alter_work *w = arg;
    struct task task;
    enum rc rc = task_lock(ctx, w->id, &task);
    if (rc != OK)
        return rc;
    if (task_status_of(&task) != TASK_SCHEDULED)
        return problem(ctx, E_CONFLICT, "conflict", "Only a scheduled task can change; this one is %.*s.",
                       STR_FMT(task.status));
    if (w->changes->due_on.set)
        rc = task_snooze(ctx, &task, w->changes->due_on.v);
    if (rc == OK && str_is_set(w->changes->user_id))
        rc = task_reassign(ctx, &task, w->changes->user_id);
    return rc;
}

enum rc task_alter(struct ctx *ctx, struct str id, const struct task_changes *changes,
                   struct task *ret_task) {
    struct task task;
    struct alter_work work = { id, changes };
    enum rc rc = task_get(ctx, id, &task);
    if (rc == OK && str_is_set(changes->user_id))
        rc = check_user(ctx, changes->user_id);
    if (rc == OK)
        rc = db_transact(ctx, alter_in_transaction, &work);
    return rc == OK ? task_get(ctx, id, ret_task) : rc;
}
