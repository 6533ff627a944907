/* What a workflow tells a webhook, in the members of store/events.def; webhook/payload.c makes the
 * documented body of it. */
#include "base/check.h"
#include "base/rand.h"
#include "data/labels.h"
#include "sequence/workflow_private.h"
#include "store/events.h"
#include "store/messages.h"
#include "store/webhook_deliveries.h"

enum { DATA_MAX_BYTES = 8 * 1024 * 1024 };

/* What an example tells of user, sequence and stage. */
static const char example_snapshot[]
    = "{\"email\":\"john.doe@acme.example\",\"linkedin_url\":null,\"dynamic_fields\":{\"first_name\":\"John\","
      "\"last_name\":\"Doe\",\"company_name\":\"Acme\",\"company_domain\":\"acme.example\"},"
      "\"user\":{\"first_name\":\"Jane\",\"last_name\":\"Roe\",\"email\":\"jane.roe@sender.example\"},"
      "\"sequence\":{\"id\":\"a3f8b29c7d15e4f6b8c9a2e5d7f1b3c8e6f9a4b2\",\"name\":\"An example\","
      "\"kind\":\"sequence\",\"start_at\":1728644220000},\"stage\":{\"index\":1,\"type\":\"email\",\"automatic\":1}}";

/* Somebody by five members whose names begin with `prefix`. */
static void put_somebody(struct acting *a, struct json_writer *w, const char *prefix, struct referred_person s) {
    const struct {
        const char *name;
        struct str value;
    } members[] = { { "email", s.email },
                    { "first_name", s.first_name },
                    { "last_name", s.last_name },
                    { "company_name", s.company_name },
                    { "company_domain", s.company_domain } };
    for (size_t i = 0; i < LENGTH(members); i++)
        json_put_str(w, arena_printf(a->ctx->arena, "%s%s", prefix, members[i].name).p, members[i].value);
}

static struct referred_person the_lead(const struct acting *a) {
    return (struct referred_person){ .email = a->lead.email,
                                     .first_name = acting_data(a, "first_name"),
                                     .last_name = acting_data(a, "last_name"),
                                     .company_name = acting_data(a, "company_name"),
                                     .company_domain = acting_data(a, "company_domain") };
}

static enum label_info info_of(const struct acting *a) {
    enum label label = label_of(a->reply->label);
    return label == LABEL_NONE ? LABEL_INFO_NOTHING : label_row(label)->info;
}

/* The originally contacted person is the third party; the lead is who is named instead. */
static void put_third_party(struct acting *a, struct json_writer *w) {
    bool is_named = a->reply->referred != NULL;
    json_key(w, STR("additional_info"));
    json_begin_object(w);
    put_somebody(a, w, "third_party_", is_named ? the_lead(a) : (struct referred_person){ .email = STR_NONE });
    json_end_object(w);
    if (!is_named)
        return;
    json_key(w, STR("lead"));
    json_begin_object(w);
    put_somebody(a, w, "", acting_referred(a));
    json_end_object(w);
}

static void put_info(struct acting *a, struct json_writer *w) {
    enum label_info info = info_of(a);
    if (info == LABEL_INFO_THIRD_PARTY)
        put_third_party(a, w);
    if (info != LABEL_INFO_RETURN_DATE && info != LABEL_INFO_FOLLOW_UP_DATE)
        return;
    bool returns = info == LABEL_INFO_RETURN_DATE;
    json_key(w, STR("additional_info"));
    json_begin_object(w);
    json_put_str(w, returns ? "return_date" : "follow_up_date", returns ? a->reply->return_on : a->reply->follow_up_on);
    json_end_object(w);
}

/* Of the message that was answered; null when it is forgotten. */
static enum rc put_sent_at(struct acting *a, struct json_writer *w) {
    struct message message = { .id = STR_NONE };
    enum rc rc = a->is_example ? E_NOT_FOUND : message_get(a->ctx, a->reply->message_id, &message);
    struct opt_int at = a->is_example ? a->reply->dated_at : message.sent_at;
    json_key(w, STR("sent_at"));
    if (at.set)
        json_int(w, at.v);
    else
        json_write_null(w);
    return rc == E_NOT_FOUND ? OK : rc;
}

static enum rc write_data(struct acting *a, struct buf *out) {
    const struct stored_reply *r = a->reply;
    struct json_writer w = json_writer(out);
    struct str label = r->label;
    json_begin_object(&w);
    json_put_str(&w, "reply_id", r->id);
    json_put_str(&w, "from", r->from_address);
    json_put_strs(&w, "to", r->to_addresses);
    json_put_strs(&w, "cc", r->cc_addresses);
    json_put_strs(&w, "bcc", (struct strs){ NULL, 0 });
    json_key(&w, STR("names"));
    json_begin_object(&w);
    if (!str_is_empty(r->from_name) && str_is_set(r->from_address)) {
        json_key(&w, r->from_address);
        json_str(&w, r->from_name);
    }
    json_end_object(&w);
    json_put_str(&w, "subject", r->subject);
    json_put_str(&w, "body", r->body);
    json_put_str(&w, "snippet", r->snippet);
    json_put_str(&w, "last_message", r->last_message);
    json_put_strs(&w, "labels", (struct strs){ &label, str_is_set(label) ? 1 : 0 });
    put_info(a, &w);
    enum rc rc = put_sent_at(a, &w);
    json_end_object(&w);
    return rc == OK ? buf_result(out) : rc;
}

enum rc workflow_push(struct acting *a, struct str webhook_id, struct str *ret_event_id) {
    struct buf data = buf_in(a->ctx->arena, DATA_MAX_BYTES);
    enum rc rc = webhook_is_enabled(a->ctx, webhook_id);
    if (rc == OK)
        rc = write_data(a, &data);
    if (rc != OK)
        return rc;
    const struct event event = { .kind = EVENT_WORKFLOW_PUSHED,
                                 .id = uuid_new(a->ctx->arena, ctx_now(a->ctx)),
                                 .at = a->reply->dated_at,
                                 .user_id = a->reply->user_id,
                                 .lead_id = a->reply->lead_id,
                                 .stage_id = a->reply->stage_id,
                                 .message_id = a->reply->message_id,
                                 .reply_id = a->reply->id,
                                 .data = buf_text(&data),
                                 .snapshot = a->is_example ? str_of(example_snapshot) : STR_NONE };
    rc = event_record(a->ctx, &event);
    if (rc == OK)
        rc = webhook_delivery_add(a->ctx, webhook_id, event.id);
    if (rc == OK)
        *ret_event_id = event.id;
    return rc;
}
