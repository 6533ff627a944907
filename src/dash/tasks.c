/* Tasks of all users, and what the public API does not do with them. */
#include "dash/tables.h"
#include "http/request.h"
#include "sequence/task_actions.h"
#include "store/sequence_definition.h"

#define T struct task_filter
static const struct field filter_rows[] = {
    F_STR(T, user_id, .max = 100, .doc = "Only the tasks of this user."),
    F_BOOL(T, automatic, .doc = "Only those that are done without a person, or by one."),
    F_ENUM(T, type, .values = &enum_stage_types, .doc = "Only tasks of this type."),
    F_ENUM(T, status, .values = &enum_task_statuses, .doc = "Only tasks with this status."),
    F_STR(T, keyword, .max = 200,
          .doc = "Only tasks with this in subject, notes, contact or name of the sequence."),
    F_STR(T, sequence_key, .max = 100, .doc = "Only tasks of this sequence."),
    F_STR(T, contact_id, .max = 100, .doc = "Only tasks about this contact."),
    F_TIME(T, due_before, .doc = "Only tasks that are due before this time."),
    F_TIME(T, due_after, .doc = "Only tasks that are due at this time or later."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("TaskListFilter", struct task_filter, filter_rows, .doc = "Filters of the list.");

static const struct field list_rows[]
    = PAGE_ROWS("tasks", task_fields, "The tasks of this page, oldest first.");
static const struct fields list_fields
    = FIELDS("TaskList", struct page_answer, list_rows, .doc = "A page of tasks.");

static enum rc get_tasks(struct request *r) {
    struct page_of page;
    enum rc rc = tasks_list(r->ctx, r->query, &r->page, &page);
    return rc == OK ? respond_items(r, &list_fields, &page) : rc;
}

static enum rc post_tasks(struct request *r) {
    struct task task;
    enum rc rc = task_make(r->ctx, r->body, &task);
    if (rc != OK)
        return rc;
    response_header(r, "Location",
                    arena_printf(r->ctx->arena, "/dashboard/api/tasks/%.*s", STR_FMT(task.id)));
    return respond(r, 201, &task_fields, &task);
}

static enum rc get_task(struct request *r) {
    struct task task;
    enum rc rc = task_get(r->ctx, r->path_id, &task);
    return rc == OK ? respond(r, 200, &task_fields, &task) : rc;
}

static enum rc patch_task(struct request *r) {
    struct task task;
    enum rc rc = task_alter(r->ctx, r->path_id, r->body, &task);
    return rc == OK ? respond(r, 200, &task_fields, &task) : rc;
}

static const struct route_status make_statuses[] = { { 201, "The task, scheduled.", "Location" } };
static const struct route_status one_statuses[] = { { 404, "no such task", NULL } };
static const struct route_status patch_statuses[] = {
    { 404, "no such task", NULL },
    { 409, "conflict: it is not scheduled", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
#define PATH "/dashboard/api/tasks"
static const struct route routes[] = {
    { GET, PATH, get_tasks, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &list_fields, .summary = "List tasks of all users",
      .doc = "All filters hold together. Overdue are those with status=scheduled and a due_before of the "
             "beginning of the day." },
    { POST, PATH, post_tasks, COMMON, .success = 201, .body = &task_input_fields,
      .reply = &task_fields, STATUSES(make_statuses), .summary = "Create a task",
      .doc = "For a user to do by hand; it belongs to no sequence." },
    { GET, PATH "/{id}", get_task, COMMON, .flags = ROUTE_PATH_UUID, .reply = &task_fields,
      STATUSES(one_statuses), .summary = "Show a task", .doc = "With what is to be said or sent." },
    { PATCH, PATH "/{id}", patch_task, COMMON, .flags = ROUTE_PATH_UUID,
      .body = &task_changes_fields, .reply = &task_fields, STATUSES(patch_statuses),
      .summary = "Put a task off, or give it to another user", .doc = "What is not given stays." },
};
const struct route_table dash_task_routes = ROUTE_TABLE(routes);
