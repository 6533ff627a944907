/* Tasks of users: list, complete, skip. Making and moving them is the management API. */
#include "api/tables.h"
#include "http/request.h"
#include "sequence/task_actions.h"
#include "store/sequence_definition.h"

#define T struct task_filter
static const struct field filter_rows[] = {
    F_STR(T, user_id, .flags = FIELD_REQUIRED, .min = 1, .max = 100,
          .example = "0198f652-73a2-7d41-914e-e511382bb808", .doc = "Whose tasks."),
    F_BOOL(T, automatic, .example = "false", .doc = "Only those that are done without a person, or by one."),
    F_ENUM(T, type, .values = &enum_stage_types, .example = "phone_call",
           .doc = "Only tasks of this type."),
    F_ENUM(T, status, .values = &enum_task_statuses, .example = "scheduled",
           .doc = "Only tasks with this status."),
    F_INT(T, contact_local_time_from, .min = 0, .max = 23, .example = "9",
          .doc = "Only where the contact's clock now shows this hour or a later one."),
    F_INT(T, contact_local_time_to, .min = 0, .max = 23, .example = "17",
          .doc = "Only where it shows this hour or an earlier one; below the other, the time "
                 "between goes over midnight."),
    F_INT(T, message_opens, .min = 0, .max = 1000000, .example = "2",
          .doc = "Only where the lead has opened messages of the sequence at least so often."),
    F_STR(T, keyword, .max = 200, .example = "acme",
          .doc = "Only tasks with this in subject, notes, contact or name of the sequence."),
    F_STR(T, sequence_key, .max = 100, .example = "311d73f042157b352c724975970e4369dba30777",
          .doc = "Only tasks of this sequence."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("TaskFilter", struct task_filter, filter_rows, .doc = "Filters of the list.");

static const struct field tasks_rows[]
    = PAGE_ROWS("tasks", task_fields, "The tasks of this page, oldest first.");
static const struct fields tasks_fields
    = FIELDS("TasksResponse", struct page_answer, tasks_rows, .doc = "A page of tasks.");

struct values_answer {
    struct strs values;
};

#define VALUES_ROW(json, list, ...)                                                         \
    { .name = json, .type = FIELD_STRS, .flags = FIELD_REQUIRED,                            \
      .offset = FIELD_OFFSET(struct values_answer, values, struct strs), .values = &(list), \
      __VA_ARGS__ }
static const struct field statuses_rows[]
    = { VALUES_ROW("statuses", enum_task_statuses, .doc = "What the status of a task can be.") };
static const struct fields statuses_fields
    = FIELDS("TaskStatuses", struct values_answer, statuses_rows, .doc = "Statuses of tasks.");
static const struct field types_rows[]
    = { VALUES_ROW("types", enum_stage_types, .doc = "What the type of a task can be.") };
static const struct fields types_fields
    = FIELDS("TaskTypes", struct values_answer, types_rows, .doc = "Types of tasks.");

static enum rc get_tasks(struct request *r) {
    struct page_of page;
    enum rc rc = tasks_list(r->ctx, r->query, &r->page, &page);
    return rc == OK ? respond_items(r, &tasks_fields, &page) : rc;
}

static enum rc respond_values(struct request *r, const struct fields *fields,
                              const struct enum_values *values) {
    struct str *copy = ARENA_ARRAY(r->ctx->arena, values->n, struct str);
    memcpy(copy, values->values, values->n * sizeof *copy);
    return respond(r, 200, fields, &(struct values_answer){ { copy, values->n } });
}

static enum rc get_tasks_statuses(struct request *r) {
    return respond_values(r, &statuses_fields, &enum_task_statuses);
}

static enum rc get_tasks_types(struct request *r) {
    return respond_values(r, &types_fields, &enum_stage_types);
}

static enum rc post_task_complete(struct request *r) {
    struct task task;
    enum rc rc = task_complete(r->ctx, r->path_id, r->body, &task);
    return rc == OK ? respond(r, 200, &task_fields, &task) : rc;
}

static enum rc post_task_skip(struct request *r) {
    struct task task;
    enum rc rc = task_skip(r->ctx, r->path_id, &task);
    return rc == OK ? respond(r, 200, &task_fields, &task) : rc;
}

static const struct route_status one_statuses[] = { { 404, "no such task", NULL } };
#define COMMON .scope = SCOPE_API, .limit = LIMIT_DEFAULT, .tag = "Tasks"
#define ONE COMMON, .reply = &task_fields, .statuses = one_statuses, \
            .n_statuses = LENGTH(one_statuses)
static const struct route routes[] = {
    { GET, "/tasks", get_tasks, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &tasks_fields, .summary = "List tasks",
      .doc = "The tasks of one user; all filters hold together." },
    { GET, "/tasks/statuses", get_tasks_statuses, COMMON, .reply = &statuses_fields,
      .summary = "List task statuses", .doc = "An overdue task is one that is scheduled and whose day is over on the account's clock." },
    { GET, "/tasks/types", get_tasks_types, COMMON, .reply = &types_fields,
      .summary = "List task types", .doc = "Those of stages." },
    { POST, "/tasks/{id}/complete", post_task_complete, ONE,
      .flags = ROUTE_PATH_UUID | ROUTE_BODY_OPTIONAL, .body = &task_end_fields,
      .summary = "Complete task",
      .doc = "Of a task that is scheduled and not automatic; its lead goes on to the next stage. "
             "Completing a completed task changes nothing." },
    { POST, "/tasks/{id}/skip", post_task_skip, ONE, .flags = ROUTE_PATH_UUID,
      .summary = "Skip task",
      .doc = "Of a task that is scheduled and not automatic. The next stage keeps its time, but "
             "counts from now when the task was overdue. Skipping a skipped task changes nothing." },
};
const struct route_table task_routes = ROUTE_TABLE(routes);
