/* Webhooks: where an account wants to be told what happens (docs/webhooks.md). Settings and
 * secrets; what is delivered is store/webhook_deliveries.h. Scoped to the account of ctx. */
#ifndef STORE_WEBHOOKS_H
#define STORE_WEBHOOKS_H

#include "base/ctx.h"
#include "base/field.h"

enum {
    WEBHOOKS_MAX = 256, /* of an account: a slot has two digits */
    WEBHOOK_URL_MAX = 2048,
    WEBHOOK_HEADERS_MAX = 20,
    WEBHOOK_HEADER_VALUE_MAX = 2048,
    WEBHOOK_SECRETS_MAX = 5, /* that sign at a time, while they are rotated */
    WEBHOOK_CONCURRENCY_MAX = 100,
};
/* How long the secret before still signs, unless a rotation says otherwise; and at most. */
#define WEBHOOK_OVERLAP_S     (24 * 60 * 60)
#define WEBHOOK_OVERLAP_MAX_S (30 * 24 * 60 * 60)

/* What can be told: a bit each, in this order. */
enum webhook_activity {
    ACTIVITY_EMAIL_SENT,
    ACTIVITY_LINKEDIN,
    ACTIVITY_CALL,
    ACTIVITY_TASK,
    ACTIVITY_EMAIL_REPLY,
    ACTIVITY_LINKEDIN_REPLY,
    ACTIVITY_REPLY_SEQUENCE_EMAIL,
    ACTIVITY_REPLY_SEQUENCE_REPLY,
    WEBHOOK_ACTIVITIES,
};
extern const struct enum_values webhook_activities; /* in this order */

struct webhook_header {
    struct str name, value;
};
extern const struct fields webhook_header_fields;

struct webhook {
    struct str id, url, description, slot, disabled_reason;
    struct strs activities;
    enum tri replied_only, enabled;
    struct opt_int concurrency, per_second, disabled_at, created_at, updated_at;
    struct strs header_names;
    struct opt_int failing_since, failures, delivered_at; /* of its queue */
    struct str secret; /* once, after it was made */
    struct opt_int activity_bits, version;
};
extern const struct fields webhook_fields;

/* What can be set; for a change, what is absent stays. */
struct webhook_settings {
    struct str url, description;
    struct strs activities;
    enum tri replied_only, enabled;
    struct opt_int concurrency, per_second; /* 0: none of its own */
    struct list headers;                    /* struct webhook_header; absent: stay */
    struct str secret;                      /* to bring one's own; absent: made */
};
extern const struct fields webhook_create_fields, webhook_change_fields;

/* What is wrong with the settings is in the problems; E_CONFLICT when there are too many.
 * The answer has the secret. Transacts itself. */
MUST_USE enum rc webhook_create(struct ctx *ctx, const struct webhook_settings *settings,
                                struct webhook *ret_webhook);
/* E_NOT_FOUND. One that is disabled gives up what waits (store/webhook_deliveries.h). */
MUST_USE enum rc webhook_change(struct ctx *ctx, struct str id,
                                const struct webhook_settings *changes, struct webhook *ret_webhook);
MUST_USE enum rc webhook_get(struct ctx *ctx, struct str id, struct webhook *ret_webhook);
/* All, oldest first; list of struct webhook. */
MUST_USE enum rc webhooks_list(struct ctx *ctx, struct list *ret_webhooks);
/* Its secrets are forgotten at once, its deliveries stay as long as all. Transacts itself. */
MUST_USE enum rc webhook_delete(struct ctx *ctx, struct str id);

/* A new secret, in the answer; the one before signs beside it for `overlap_s` more. Transacts
 * itself. E_CONFLICT when too many still sign. */
MUST_USE enum rc webhook_rotate(struct ctx *ctx, struct str id, int64_t overlap_s,
                                struct webhook *ret_webhook);

/* The job that tells admins of one that is disabled because it failed. */
#define WEBHOOK_NOTICE_JOB "webhook_notice"
enum webhook_disabled { WEBHOOK_BY_USER, WEBHOOK_GONE, WEBHOOK_FAILING, WEBHOOK_DELETED };
/* Nothing more is delivered to it, and what waits has failed. Inside db_transact. */
MUST_USE enum rc webhook_disable(struct ctx *ctx, struct str id, enum webhook_disabled why);

/* What delivering needs. */
struct webhook_secret {
    struct str secret;   /* "whsec_…" */
    struct opt_int until; /* ms; absent: as long as it is */
};
struct webhook_access {
    struct list secrets; /* struct webhook_secret, the newest first */
    struct list headers; /* struct webhook_header */
};
/* E_NOT_FOUND when it was deleted. */
MUST_USE enum rc webhook_access(struct ctx *ctx, struct str id, struct webhook_access *ret_access);

#endif
