/* Messages of sequences, and what a person decides about those whose fate is not known. */
#include "base/rand.h"
#include "dash/tables.h"
#include "data/enums.h"
#include "http/request.h"
#include "sequence/delivery.h"
#include "sequence/progress.h"
#include "sequence/sender.h"
#include "store/messages.h"
#include "store/sequences.h"

static const struct field answer_rows[]
    = PAGE_ROWS("messages", message_fields, "Those of this page, oldest first.");
static const struct fields answer_fields
    = FIELDS("MessageList", struct page_answer, answer_rows, .doc = "A page of messages.");

#define T struct message_filter
static const struct field filter_rows[] = {
    F_STR(T, sequence_id, .max = 64, .doc = "Only those of this sequence."),
    F_STR(T, lead_id, .max = 64, .doc = "Only those to this lead."),
    F_STR(T, mailbox_id, .max = 64, .doc = "Only those from this mailbox."),
    F_ENUM(T, state, .values = &message_states, .example = "held", .doc = "Only those in this state."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("MessagesQuery", struct message_filter, filter_rows, .doc = "Which messages.");

static const struct str decisions[] = { [DECIDE_SENT] = { "sent", 4 }, [DECIDE_RESEND] = { "resend", 6 },
                                        [DECIDE_DROP] = { "drop", 4 } };
static const struct enum_values enum_decisions = { "MessageDecision", decisions, LENGTH(decisions) };
struct decision_input {
    struct str decision;
};
static const struct field decision_rows[] = {
    F_ENUM(struct decision_input, decision, .flags = FIELD_REQUIRED, .values = &enum_decisions, .example = "sent",
           .doc = "sent: it arrived; resend: it did not, send it again with the same Message-ID; drop: "
                  "let it be and go on with the next stage."),
};
static const struct fields decision_fields
    = FIELDS("MessageDecisionInput", struct decision_input, decision_rows, .doc = "What is true of it.");

static enum rc get_messages(struct request *r) {
    struct page_of page = { 0 };
    enum rc rc = messages_list(r->ctx, r->query, &r->page, &page);
    return rc == OK ? respond_items(r, &answer_fields, &page) : rc;
}

static enum rc get_message(struct request *r) {
    struct message message;
    enum rc rc = message_get(r->ctx, r->path_id, &message);
    return rc == OK ? respond(r, 200, &message_fields, &message) : rc;
}

static enum rc get_message_source(struct request *r) {
    struct str source;
    enum rc rc = message_source(r->ctx, r->path_id, &source);
    return rc == OK ? respond_text(r, 200, "message/rfc822", source) : rc;
}

static enum rc post_message_decision(struct request *r) {
    const struct decision_input *input = r->body;
    struct message message;
    enum rc rc = delivery_decide(r->ctx, r->path_id,
                                 (enum delivery_decision) enum_index(&enum_decisions, input->decision), &message);
    if (rc != OK)
        return rc;
    sender_wake();
    lead_wake_planner(r->ctx);
    return respond(r, 200, &message_fields, &message);
}

static const struct route_status statuses[] = { { 404, "no such message", NULL } };
static const struct route_status source_statuses[]
    = { { 404, "no such message, or its bytes are kept no more", NULL } };
static const struct route_status decision_statuses[]
    = { { 404, "no such message", NULL }, { 409, "its fate is known", NULL } };
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
static const struct route routes[] = {
    { GET, "/dashboard/api/messages", get_messages, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &answer_fields, .summary = "List messages of sequences",
      .doc = "With state `held`: those about which somebody has to decide." },
    { GET, "/dashboard/api/messages/{id}", get_message, COMMON, .flags = ROUTE_PATH_UUID,
      .reply = &message_fields, STATUSES(statuses), .summary = "Show a message",
      .doc = "Its state and why, with what the server said." },
    { GET, "/dashboard/api/messages/{id}/source", get_message_source, COMMON,
      .flags = ROUTE_PATH_UUID | ROUTE_TEXT, .media = "message/rfc822",
      STATUSES(source_statuses), .summary = "Show a message's bytes",
      .doc = "As they are sent, but for Date." },
    { POST, "/dashboard/api/messages/{id}/decision", post_message_decision, COMMON, .flags = ROUTE_PATH_UUID,
      .body = &decision_fields, .reply = &message_fields, STATUSES(decision_statuses),
      .summary = "Decide about a message",
      .doc = "For one that is uncertain or held: nobody knows whether the server took it, and it "
             "does not show what it took." },
};
const struct route_table dash_message_routes = ROUTE_TABLE(routes);
