/* Webhooks, their deliveries, and what a person does about those. */
#include "dash/tables.h"
#include "http/request.h"
#include "store/webhook_deliveries.h"
#include "store/webhooks.h"

/* --- webhooks --- */

struct webhooks_answer {
    struct list webhooks; /* of struct webhook */
};
static const struct field webhooks_rows[] = {
    F_LIST(struct webhooks_answer, webhooks, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &webhook_fields,
           .doc = "All of the account, oldest first."),
};
static const struct fields webhooks_fields
    = FIELDS("WebhookList", struct webhooks_answer, webhooks_rows, .doc = "The webhooks of an account.");

struct rotate_input {
    struct opt_int overlap_s;
};
static const struct field rotate_rows[] = {
    F_INT(struct rotate_input, overlap_s, .min = 0, .max = WEBHOOK_OVERLAP_MAX_S, .example = "86400",
          .doc = "Seconds for which the secret before signs as well; without it a day; 0: it ends now."),
};
static const struct fields rotate_fields
    = FIELDS("WebhookRotate", struct rotate_input, rotate_rows, .doc = "How a secret is replaced.");

static enum rc get_webhooks(struct request *r) {
    struct webhooks_answer answer = { { 0 } };
    enum rc rc = webhooks_list(r->ctx, &answer.webhooks);
    return rc == OK ? respond(r, 200, &webhooks_fields, &answer) : rc;
}

static enum rc get_webhook(struct request *r) {
    struct webhook webhook = { .id = STR_NONE };
    enum rc rc = webhook_get(r->ctx, r->path_id, &webhook);
    return rc == OK ? respond(r, 200, &webhook_fields, &webhook) : rc;
}

static enum rc post_webhooks(struct request *r) {
    struct webhook webhook = { .id = STR_NONE };
    enum rc rc = webhook_create(r->ctx, r->body, &webhook);
    if (rc != OK)
        return rc;
    response_header(r, "Location",
                    arena_printf(r->ctx->arena, "/dashboard/api/webhooks/%.*s", STR_FMT(webhook.id)));
    return respond(r, 201, &webhook_fields, &webhook);
}

static enum rc patch_webhook(struct request *r) {
    struct webhook webhook = { .id = STR_NONE };
    enum rc rc = webhook_change(r->ctx, r->path_id, r->body, &webhook);
    return rc == OK ? respond(r, 200, &webhook_fields, &webhook) : rc;
}

static enum rc delete_webhook(struct request *r) {
    enum rc rc = webhook_delete(r->ctx, r->path_id);
    return rc == OK ? respond_empty(r, 204) : rc;
}

static enum rc post_webhook_secret(struct request *r) {
    const struct rotate_input *input = r->body;
    struct webhook webhook = { .id = STR_NONE };
    int64_t overlap = input->overlap_s.set ? input->overlap_s.v : WEBHOOK_OVERLAP_S;
    enum rc rc = webhook_rotate(r->ctx, r->path_id, overlap, &webhook);
    return rc == OK ? respond(r, 200, &webhook_fields, &webhook) : rc;
}

static enum rc post_webhook_test(struct request *r) {
    struct webhook_delivery delivery = { .id = STR_NONE };
    enum rc rc = webhook_test(r->ctx, r->path_id, &delivery);
    return rc == OK ? respond(r, 202, &webhook_delivery_fields, &delivery) : rc;
}

/* --- deliveries --- */

struct deliveries_answer {
    struct list deliveries; /* of struct webhook_delivery */
    struct links *_links;
};
#define T struct deliveries_answer
static const struct field deliveries_rows[] = {
    F_LIST(T, deliveries, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &webhook_delivery_fields,
           .doc = "Those of this page, oldest first."),
    F_OBJECT(T, _links, struct links, .flags = FIELD_REQUIRED, .of = &links_fields,
             .doc = "Links to the pages around."),
};
#undef T
static const struct fields deliveries_fields
    = FIELDS("WebhookDeliveryList", struct deliveries_answer, deliveries_rows, .doc = "A page of deliveries.");

#define T struct webhook_delivery_filter
static const struct field filter_rows[] = {
    F_STR(T, webhook_id, .max = 64, .doc = "Only those to this webhook."),
    F_ENUM(T, state, .values = &webhook_states, .example = "failed", .doc = "Only those in this state."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("WebhookDeliveriesQuery", struct webhook_delivery_filter, filter_rows, .doc = "Which deliveries.");

struct replay_input {
    struct opt_int since;
};
static const struct field replay_rows[] = {
    F_TIME(struct replay_input, since, .flags = FIELD_REQUIRED, .example = "2026-02-26T09:30:00Z",
           .doc = "Those that were queued from then on."),
};
static const struct fields replay_fields
    = FIELDS("WebhookReplay", struct replay_input, replay_rows, .doc = "Which failed deliveries to repeat.");

struct replay_answer {
    struct opt_int replayed;
};
static const struct field replayed_rows[] = {
    F_INT(struct replay_answer, replayed, .flags = FIELD_REQUIRED, .example = "12", .doc = "How many wait again."),
};
static const struct fields replayed_fields
    = FIELDS("WebhookReplayed", struct replay_answer, replayed_rows, .doc = "What came of it.");

static enum rc get_deliveries(struct request *r) {
    struct page_of page = { 0 };
    enum rc rc = webhook_deliveries_list(r->ctx, r->query, &r->page, &page);
    if (rc != OK)
        return rc;
    const struct deliveries_answer answer = { page.items, page_of_links(r, &page) };
    return respond(r, 200, &deliveries_fields, &answer);
}

static enum rc get_delivery(struct request *r) {
    struct webhook_delivery delivery = { .id = STR_NONE };
    enum rc rc = webhook_delivery_get(r->ctx, r->path_id, &delivery);
    return rc == OK ? respond(r, 200, &webhook_delivery_fields, &delivery) : rc;
}

static enum rc post_delivery_replay(struct request *r) {
    struct webhook_delivery delivery = { .id = STR_NONE };
    enum rc rc = webhook_delivery_replay(r->ctx, r->path_id, &delivery);
    return rc == OK ? respond(r, 202, &webhook_delivery_fields, &delivery) : rc;
}

static enum rc post_webhook_replay(struct request *r) {
    const struct replay_input *input = r->body;
    struct replay_answer answer = { opt_int(0) };
    enum rc rc = webhook_deliveries_replay(r->ctx, r->path_id, input->since.v, &answer.replayed.v);
    return rc == OK ? respond(r, 200, &replayed_fields, &answer) : rc;
}

/* --- routes --- */

#define DISABLED "conflict: the webhook is disabled"
static const struct route_status create_statuses[]
    = { { 201, "The webhook, with its secret.", "Location" }, { 409, "conflict: there are too many", NULL } };
static const struct route_status one_statuses[] = { { 404, "no such webhook", NULL } };
static const struct route_status delete_statuses[] = {
    { 204, "Nothing more is told to it.", NULL },
    { 404, "no such webhook", NULL },
};
static const struct route_status rotate_statuses[]
    = { { 404, "no such webhook", NULL }, { 409, "conflict: too many secrets sign already", NULL } };
static const struct route_status test_statuses[] = {
    { 202, "The delivery, while it waits.", NULL },
    { 404, "no such webhook", NULL },
    { 409, DISABLED, NULL },
};
static const struct route_status delivery_statuses[] = { { 404, "no such delivery", NULL } };
static const struct route_status replay_statuses[] = {
    { 202, "The delivery, while it waits.", NULL },
    { 404, "no such delivery", NULL },
    { 409, DISABLED, NULL },
};
static const struct route_status replay_all_statuses[]
    = { { 404, "no such webhook", NULL }, { 409, DISABLED, NULL } };

#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
#define PATH "/dashboard/api/webhooks"
#define ONE COMMON, .flags = ROUTE_PATH_UUID
static const struct route routes[] = {
    { GET, PATH, get_webhooks, COMMON, .reply = &webhooks_fields, .summary = "List webhooks",
      .doc = "Without secrets and values of headers." },
    { POST, PATH, post_webhooks, COMMON, .flags = ROUTE_SECRET, .success = 201, .body = &webhook_create_fields,
      .reply = &webhook_fields, STATUSES(create_statuses), .summary = "Create a webhook",
      .doc = "The answer has the secret, which is not shown again." },
    { GET, PATH "/{id}", get_webhook, ONE, .reply = &webhook_fields, STATUSES(one_statuses),
      .summary = "Show a webhook", .doc = "Its settings, and how it does." },
    { PATCH, PATH "/{id}", patch_webhook, ONE, .body = &webhook_change_fields, .reply = &webhook_fields,
      STATUSES(one_statuses), .summary = "Change a webhook",
      .doc = "What is not given stays. What waits for one that is disabled has failed, and can be replayed." },
    { DELETE, PATH "/{id}", delete_webhook, ONE, .success = 204, STATUSES(delete_statuses),
      .summary = "Delete a webhook", .doc = "Its secrets are forgotten; the log of its deliveries stays for a while." },
    { POST, PATH "/{id}/rotate-secret", post_webhook_secret, COMMON,
      .flags = ROUTE_PATH_UUID | ROUTE_BODY_OPTIONAL | ROUTE_SECRET, .body = &rotate_fields, .reply = &webhook_fields,
      STATUSES(rotate_statuses), .summary = "Replace the secret of a webhook",
      .doc = "The answer has the new one. Until the overlap is over there are two signatures." },
    { POST, PATH "/{id}/test", post_webhook_test, ONE, .success = 202, .reply = &webhook_delivery_fields,
      STATUSES(test_statuses), .summary = "Test a webhook",
      .doc = "An example goes the way of all deliveries; the delivery tells what came of it." },
    { POST, PATH "/{id}/replay", post_webhook_replay, ONE, .body = &replay_fields, .reply = &replayed_fields,
      STATUSES(replay_all_statuses), .summary = "Replay the failed deliveries of a webhook",
      .doc = "They go out once more, from the first attempt on, with the same webhook-id." },
    { GET, PATH "/deliveries", get_deliveries, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &deliveries_fields, .summary = "List deliveries to webhooks",
      .doc = "Oldest first, as long as they are kept (webhook.keep_days)." },
    { GET, PATH "/deliveries/{id}", get_delivery, ONE, .reply = &webhook_delivery_fields,
      STATUSES(delivery_statuses), .summary = "Show a delivery", .doc = "With all attempts." },
    { POST, PATH "/deliveries/{id}/replay", post_delivery_replay, ONE, .success = 202,
      .reply = &webhook_delivery_fields, STATUSES(replay_statuses), .summary = "Replay a delivery",
      .doc = "Whether it had failed or not: it goes out once more, with the same webhook-id." },
};
const struct route_table dash_webhook_routes = ROUTE_TABLE(routes);
