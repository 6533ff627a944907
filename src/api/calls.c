/* Calls: log one, list them, how they can end, what was recorded. */
#include "api/tables.h"
#include "http/request.h"
#include "sequence/call_log.h"
#include "store/dispositions.h"

#define T struct call_filter
static const struct field filter_rows[] = {
    F_STR(T, user_id, .max = 100, .doc = "Only calls of this user."),
    F_STR(T, from, .max = CALL_NUMBER_MAX, .example = "+1 123456789",
          .doc = "Only calls from this number."),
    F_STR(T, to, .max = CALL_NUMBER_MAX, .example = "+1 123456789",
          .doc = "Only calls to this number."),
    F_TIME(T, start_date_from, .example = "2025-08-01T00:00:00Z",
           .doc = "Only calls that began at this time or later."),
    F_TIME(T, start_date_to, .example = "2025-08-31T23:59:59Z",
           .doc = "Only calls that began at this time or earlier."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("CallFilter", struct call_filter, filter_rows, .doc = "Filters of the list.");

static const struct field calls_rows[]
    = PAGE_ROWS("calls", call_fields, "The calls of this page, newest first.");
static const struct fields calls_fields
    = FIELDS("CallsResponse", struct page_answer, calls_rows, .doc = "A page of calls.");

struct dispositions_answer {
    struct list dispositions;
};

static const struct field dispositions_rows[] = {
    F_LIST(struct dispositions_answer, dispositions, .flags = FIELD_REQUIRED | FIELD_ALWAYS,
           .of = &disposition_fields, .doc = "All that the account has, oldest first."),
};
static const struct fields dispositions_fields
    = FIELDS("DispositionsResponse", struct dispositions_answer, dispositions_rows,
             .doc = "How calls can end.");

static enum rc post_calls(struct request *r) {
    struct call_log call;
    enum rc rc = call_log(r->ctx, r->body, &call);
    return rc == OK ? respond(r, 201, &call_fields, &call) : rc;
}

static enum rc get_calls(struct request *r) {
    struct page_of page;
    enum rc rc = calls_list(r->ctx, r->query, &r->page, &page);
    return rc == OK ? respond_items(r, &calls_fields, &page) : rc;
}

static enum rc get_calls_dispositions(struct request *r) {
    struct dispositions_answer answer = { 0 };
    enum rc rc = dispositions_list(r->ctx, &answer.dispositions);
    return rc == OK ? respond(r, 200, &dispositions_fields, &answer) : rc;
}

static enum rc get_call_recording(struct request *r) {
    struct call_log call;
    struct str content;
    enum rc rc = call_get(r->ctx, r->path_id, &call);
    if (rc == E_NOT_FOUND)
        return rc;
    if (rc == OK && str_eq(call.recording_error, STR("too large")))
        return problem(r->ctx, E_TOO_LARGE, "content_too_large",
                       "The recording has more than %d bytes.", RECORDING_MAX_BYTES);
    if (rc == OK && !str_is_set(call.recording_type))
        return problem(r->ctx, E_NOT_FOUND, "not_found", "The call has no recording%s%.*s.",
                       str_is_set(call.recording_error) ? ": " : "", STR_FMT(call.recording_error));
    if (rc == OK)
        rc = recording_read(r->ctx, call.id, &content);
    return rc == OK ? respond_text(r, 200, arena_cstr(r->ctx->arena, call.recording_type), content)
                    : rc;
}

static const struct route_status call_statuses[] = { { 201, "The call.", NULL } };
static const struct route_status recording_statuses[] = {
    { 404, "no such call, or it has no recording (yet)", NULL },
    { 413, "content_too_large: the recording was too large to be kept", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_API, .limit = LIMIT_DEFAULT, .tag = "Calls"
static const struct route routes[] = {
    { POST, "/calls", post_calls, COMMON, .success = 201, .body = &call_input_fields,
      .reply = &call_fields, STATUSES(call_statuses), .summary = "Log call",
      .doc = "Of a task. A disposition whose action is `complete` completes the task and its "
             "lead; with `next_stage` nothing happens by itself." },
    { GET, "/calls", get_calls, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &calls_fields, .summary = "List calls",
      .doc = "Newest first; all filters hold together." },
    { GET, "/calls/dispositions", get_calls_dispositions, COMMON, .reply = &dispositions_fields,
      .summary = "List dispositions", .doc = "How calls of the account can end." },
    { GET, "/calls/{id}/recording", get_call_recording, .scope = SCOPE_API,
      .limit = LIMIT_CALL_RECORDING, .tag = "Calls", .flags = ROUTE_PATH_UUID | ROUTE_TEXT, .media = "audio/*", STATUSES(recording_statuses),
      .summary = "Get call recording", .doc = "The audio as it was fetched from recording_url." },
};
const struct route_table call_routes = ROUTE_TABLE(routes);
