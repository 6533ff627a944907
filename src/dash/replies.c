/* What came back from leads: what it says, what it was taken for, and what a person makes of it. */
#include "dash/tables.h"
#include "http/request.h"
#include "sequence/reply_label.h"

static const struct field answer_rows[]
    = PAGE_ROWS("replies", stored_reply_fields, "Those of this page, newest first.");
static const struct fields answer_fields
    = FIELDS("ReplyList", struct page_answer, answer_rows, .doc = "A page of replies.");

#define T struct reply_filter
static const struct field filter_rows[] = {
    F_STR(T, sequence_id, .max = 64, .doc = "Only those in this sequence."),
    F_STR(T, lead_id, .max = 64, .doc = "Only those of this lead."),
    F_STR(T, mailbox_id, .max = 64, .doc = "Only those to this mailbox."),
    F_STR(T, kind, .max = 64, .example = "person", .doc = "Only messages of this sort."),
    F_ENUM(T, label, .values = &enum_labels, .example = "interested", .doc = "Only those with this label."),
    F_BOOL(T, unlabeled, .example = "true",
           .doc = "Only what people wrote and has no label: somebody has to decide."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("RepliesQuery", struct reply_filter, filter_rows, .doc = "Which replies.");

#define T struct reply_relabel
static const struct field relabel_rows[] = {
    F_ENUM(T, label, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .values = &enum_labels, .example = "interested",
           .doc = "What it means; null: none of these."),
    F_DATE(T, return_on, .example = "2026-01-07", .doc = "The day when they are back."),
    F_DATE(T, follow_up_on, .example = "2026-04-01", .doc = "The day from which to write again."),
};
#undef T
static const struct fields relabel_fields
    = FIELDS("ReplyLabelInput", struct reply_relabel, relabel_rows, .doc = "What a person says of it.");

static enum rc get_replies(struct request *r) {
    struct page_of page = { 0 };
    enum rc rc = replies_list(r->ctx, r->query, &r->page, &page);
    return rc == OK ? respond_items(r, &answer_fields, &page) : rc;
}

static enum rc get_reply(struct request *r) {
    struct stored_reply reply;
    enum rc rc = reply_get(r->ctx, r->path_id, &reply);
    return rc == OK ? respond(r, 200, &stored_reply_fields, &reply) : rc;
}

static enum rc get_reply_source(struct request *r) {
    struct str source;
    enum rc rc = reply_source(r->ctx, r->path_id, &source);
    return rc == OK ? respond_text(r, 200, "message/rfc822", source) : rc;
}

static enum rc patch_reply(struct request *r) {
    struct stored_reply reply = { .id = STR_NONE };
    enum rc rc = reply_relabel(r->ctx, r->path_id, r->body, &reply);
    return rc == OK ? respond(r, 200, &stored_reply_fields, &reply) : rc;
}

static const struct route_status statuses[] = { { 404, "no such reply", NULL } };
static const struct route_status source_statuses[]
    = { { 404, "no such reply, or its bytes are kept no more", NULL } };
static const struct route_status label_statuses[]
    = { { 404, "no such reply", NULL }, { 409, "conflict: what it is has no label", NULL } };
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
static const struct route routes[] = {
    { GET, "/dashboard/api/replies", get_replies, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &answer_fields, .summary = "List replies",
      .doc = "What came back from leads and about messages to them, bounces and automatic answers included." },
    { GET, "/dashboard/api/replies/{id}", get_reply, COMMON, .flags = ROUTE_PATH_UUID,
      .reply = &stored_reply_fields, STATUSES(statuses), .summary = "Show a reply",
      .doc = "What it says, what it was taken for and why, and what followed." },
    { GET, "/dashboard/api/replies/{id}/source", get_reply_source, COMMON,
      .flags = ROUTE_PATH_UUID | ROUTE_TEXT, .media = "message/rfc822", STATUSES(source_statuses),
      .summary = "Show a reply's bytes", .doc = "As they came." },
    { PATCH, "/dashboard/api/replies/{id}", patch_reply, COMMON, .flags = ROUTE_PATH_UUID,
      .body = &relabel_fields, .reply = &stored_reply_fields, STATUSES(label_statuses),
      .summary = "Label a reply",
      .doc = "Takes back what followed from the old label and does what follows from the new one." },
};
const struct route_table dash_reply_routes = ROUTE_TABLE(routes);
