#include "store/webhooks.h"

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "db/sql.h"
#include "json/reader.h"
#include "json/writer.h"
#include "net/web_url.h"
#include "store/queries.h"
#include "store/secrets.h"
#include "store/services.h"
#include "store/webhook_deliveries.h"
#include "store/webhook_secrets.h"

enum { SEALED_MAX_BYTES = 128 * 1024, SECRET_TEXT_MAX = 100 };

#define V(text) { text, sizeof text - 1 }
static const struct str activity_values[] = {
    [ACTIVITY_EMAIL_SENT] = V("email_sent"),
    [ACTIVITY_LINKEDIN] = V("linkedin"),
    [ACTIVITY_CALL] = V("call"),
    [ACTIVITY_TASK] = V("task"),
    [ACTIVITY_EMAIL_REPLY] = V("email_reply"),
    [ACTIVITY_LINKEDIN_REPLY] = V("linkedin_reply"),
    [ACTIVITY_REPLY_SEQUENCE_EMAIL] = V("reply_sequence_email"),
    [ACTIVITY_REPLY_SEQUENCE_REPLY] = V("reply_sequence_reply"),
};
const struct enum_values webhook_activities
    = { "WebhookActivity", activity_values, LENGTH(activity_values) };
static const struct str reasons[] = { V("user"), V("gone"), V("failing"), V("deleted") };
static const struct enum_values reason_values = { "WebhookDisabledReason", reasons, LENGTH(reasons) };

#define T struct webhook_header
static const struct field header_rows[] = {
    F_STR(T, name, .flags = FIELD_REQUIRED, .min = 1, .max = 100, .example = "X-Tenant",
          .doc = "Name of the header."),
    F_STR(T, value, .flags = FIELD_REQUIRED, .max = WEBHOOK_HEADER_VALUE_MAX, .example = "acme",
          .doc = "Its value; never shown again."),
};
#undef T
const struct fields webhook_header_fields
    = FIELDS("WebhookHeader", struct webhook_header, header_rows, .doc = "A header of every request.");

#define URL_EXAMPLE "https://hooks.example.com/outrider"
#define T struct webhook
static const struct field webhook_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "Id of the webhook."),
    F_STR(T, url, .flags = FIELD_REQUIRED, .example = URL_EXAMPLE, .doc = "Where it is told."),
    F_STR(T, description, .flags = FIELD_NULLABLE, .example = "CRM", .doc = "For people."),
    F_STRS(T, activities, .flags = FIELD_ALWAYS, .values = &webhook_activities,
           .example = "[\"email_sent\"]", .doc = "What it is told."),
    F_BOOL(T, replied_only, .flags = FIELD_REQUIRED, .example = "false",
           .doc = "Only about contacts that have replied."),
    F_BOOL(T, enabled, .flags = FIELD_REQUIRED, .example = "true", .doc = "Whether it is told anything."),
    F_ENUM(T, disabled_reason, .flags = FIELD_NULLABLE, .values = &reason_values,
           .doc = "Why not: user, gone (it answered 410), failing (for days)."),
    F_TIME(T, disabled_at, .flags = FIELD_NULLABLE, .doc = "Since when not."),
    F_TIME(T, failing_since, .flags = FIELD_NULLABLE,
           .doc = "Since when it hardly takes anything; absent when all is well."),
    F_INT(T, failures, .flags = FIELD_REQUIRED, .example = "0", .doc = "Failed requests since then."),
    F_TIME(T, delivered_at, .flags = FIELD_NULLABLE, .doc = "When it last took something."),
    F_INT(T, concurrency, .flags = FIELD_NULLABLE, .doc = "Requests at a time; null: webhook.concurrency."),
    F_INT(T, per_second, .flags = FIELD_NULLABLE, .doc = "Requests a second; null: no limit."),
    F_STRS(T, header_names, .flags = FIELD_ALWAYS, .example = "[\"X-Tenant\"]",
           .doc = "Headers of its own that every request has."),
    F_STR(T, secret, .example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
          .doc = "Signs what is delivered; shown when it is made and never again."),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was made."),
    F_TIME(T, updated_at, .flags = FIELD_REQUIRED, .doc = "When it last changed."),
    F_INT(T, activity_bits, .flags = FIELD_HIDDEN),
    F_STR(T, slot, .flags = FIELD_HIDDEN),
    F_INT(T, version, .flags = FIELD_HIDDEN),
};
#undef T
const struct fields webhook_fields
    = FIELDS("Webhook", struct webhook, webhook_rows, .doc = "Where an account is told what happens.");

#define T struct webhook_settings
#define SETTING_ROWS(required)                                                                  \
    F_STR(T, url, .flags = (required), .min = 1, .max = WEBHOOK_URL_MAX, .example = URL_EXAMPLE, \
          .doc = "Where to: http or https, a public address, without user and password."),      \
    F_STR(T, description, .max = 200, .example = "CRM", .doc = "For people."),                  \
    F_STRS(T, activities, .values = &webhook_activities, .min = 0, .max = WEBHOOK_ACTIVITIES,   \
           .example = "[\"email_sent\",\"email_reply\"]",                                       \
           .doc = "What to tell; without it all, and nothing when it is empty."),               \
    F_BOOL(T, replied_only, .example = "false", .doc = "Only about contacts that have replied."), \
    F_BOOL(T, enabled, .example = "true", .doc = "Whether to tell anything."),                  \
    F_INT(T, concurrency, .min = 0, .max = WEBHOOK_CONCURRENCY_MAX, .example = "5",             \
          .doc = "Requests at a time; 0: webhook.concurrency."),                                \
    F_INT(T, per_second, .min = 0, .max = 100000, .example = "50",                              \
          .doc = "Requests a second; 0: no limit."),                                            \
    F_LIST(T, headers, .max = WEBHOOK_HEADERS_MAX, .of = &webhook_header_fields,                \
           .doc = "Headers of its own, in the place of those it has.")
static const struct field create_rows[] = {
    SETTING_ROWS(FIELD_REQUIRED),
    F_STR(T, secret, .max = SECRET_TEXT_MAX, .example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
          .doc = "A secret to bring along: 24 to 64 bytes in base64; else one is made."),
};
static const struct field change_rows[] = { SETTING_ROWS(0) };
#undef T
const struct fields webhook_create_fields
    = FIELDS("WebhookCreate", struct webhook_settings, create_rows, .doc = "A new webhook.");
const struct fields webhook_change_fields
    = FIELDS("WebhookChange", struct webhook_settings, change_rows, .doc = "What changes of one.");

#define T struct webhook_secret
static const struct field secret_rows[] = { F_STR(T, secret), F_INT(T, until) };
#undef T
static const struct fields secret_fields = FIELDS("WebhookSecret", struct webhook_secret, secret_rows);
#define T struct webhook_access
static const struct field access_rows[] = {
    F_LIST(T, secrets, .of = &secret_fields),
    F_LIST(T, headers, .of = &webhook_header_fields),
};
#undef T
static const struct fields access_fields = FIELDS("WebhookAccess", struct webhook_access, access_rows);

#define SELECT                                                                                \
    "SELECT w.id, w.slot, w.url, w.description, w.activity_bits, w.replied_only, w.enabled, " \
    "w.disabled_reason, w.disabled_at, w.concurrency, w.per_second, w.header_names, "         \
    "w.version, w.created_at, w.updated_at, q.failing_since, q.failures, q.delivered_at "     \
    "FROM webhooks w JOIN webhook_queues q ON q.account_id = w.account_id "                   \
    "AND q.endpoint_id = w.id WHERE w.account_id = $1 AND w.sealed IS NOT NULL"
static const struct query all = { "webhooks_list", SELECT " ORDER BY w.id", NULL };
static const struct query get = { "webhook_get", SELECT " AND w.id = $2", NULL };
static const struct query get_to_change
    = { "webhook_get_to_change", SELECT " AND w.id = $2", SELECT " AND w.id = $2 FOR UPDATE OF w" };
static const struct query lock_account
    = { "webhook_lock_account", "SELECT 1 FROM accounts WHERE id = $1",
        "SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE" };
static const struct query slots
    = { "webhook_slots", "SELECT slot FROM webhooks WHERE account_id = $1 AND sealed IS NOT NULL", NULL };
#define SETTINGS                                                                          \
    "url, description, activity_bits, replied_only, concurrency, per_second, sealed, "    \
    "header_names, updated_at"
static const struct query insert
    = { "webhook_insert",
        "INSERT INTO webhooks (account_id, id, " SETTINGS ", slot, enabled, disabled_reason, "
        "disabled_at, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
        "$12, $13, CASE WHEN CAST($13 AS BIGINT) = 0 THEN 'user' END, "
        "CASE WHEN CAST($13 AS BIGINT) = 0 THEN CAST($11 AS BIGINT) END, 0, $11)",
        NULL };
static const struct query insert_queue
    = { "webhook_insert_queue",
        "INSERT INTO webhook_queues (account_id, endpoint_id, fence, lease_until, failures, successes) "
        "VALUES ($1, $2, 0, 0, 0, 0)",
        NULL };
static const struct query update
    = { "webhook_update",
        "UPDATE webhooks SET url = $3, description = $4, activity_bits = $5, replied_only = $6, "
        "concurrency = $7, per_second = $8, sealed = $9, header_names = $10, updated_at = $11, "
        "version = version + 1 WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query enable
    = { "webhook_enable",
        "UPDATE webhooks SET enabled = 1, disabled_reason = NULL, disabled_at = NULL, "
        "version = version + 1 WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query enable_queue
    = { "webhook_enable_queue",
        "UPDATE webhook_queues SET owner = NULL, lease_until = 0, failing_since = NULL, failures = 0, "
        "successes = 0 WHERE account_id = $1 AND endpoint_id = $2",
        NULL };
static const struct query disable
    = { "webhook_disable",
        "UPDATE webhooks SET enabled = 0, disabled_reason = $3, disabled_at = $4, "
        "sealed = CASE WHEN CAST($3 AS TEXT) = 'deleted' THEN NULL ELSE sealed END, "
        "version = version + 1 WHERE account_id = $1 AND id = $2 AND sealed IS NOT NULL "
        "AND (enabled = 1 OR CAST($3 AS TEXT) = 'deleted')",
        NULL };
static const struct query sealed_of
    = { "webhook_sealed", "SELECT sealed FROM webhooks WHERE account_id = $1 AND id = $2", NULL };

static const struct query *const queries[]
    = { &all,    &get,    &get_to_change, &lock_account, &slots,     &insert, &insert_queue,
        &update, &enable, &enable_queue,  &disable,      &sealed_of };
const struct query_table webhook_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* --- reading --- */

static void name_activities(struct ctx *ctx, struct webhook *w) {
    w->activities = (struct strs){ ARENA_ARRAY(ctx->arena, WEBHOOK_ACTIVITIES, struct str), 0 };
    for (size_t i = 0; i < WEBHOOK_ACTIVITIES; i++)
        if (w->activity_bits.v & INT64_C(1) << i)
            w->activities.p[w->activities.n++] = activity_values[i];
}

static enum rc read_one(struct ctx *ctx, const struct query *query, struct str id, struct webhook *ret_webhook) {
    struct webhook found = { 0 };
    enum rc rc = db_get(ctx, query, DB_ARGS(ACCOUNT, db_v_text(id)), &webhook_fields, &found);
    if (rc != OK)
        return rc;
    name_activities(ctx, &found);
    *ret_webhook = found;
    return OK;
}

enum rc webhook_get(struct ctx *ctx, struct str id, struct webhook *ret_webhook) {
    return read_one(ctx, &get, id, ret_webhook);
}

enum rc webhooks_list(struct ctx *ctx, struct list *ret_webhooks) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &all, DB_ARGS(ACCOUNT), &webhook_fields, &found);
    if (rc != OK)
        return rc;
    struct webhook *w = found.p;
    for (size_t i = 0; i < found.n; i++)
        name_activities(ctx, &w[i]);
    *ret_webhooks = found;
    return OK;
}

/* --- what is sealed --- */

static struct str place_of(struct ctx *ctx, struct str id) {
    return arena_printf(ctx->arena, "webhook:%.*s", STR_FMT(id));
}

static struct str seal(struct ctx *ctx, struct str id, const struct webhook_access *access) {
    struct buf b = buf_in(ctx->arena, SEALED_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_fields(&w, &access_fields, access);
    return secrets_seal(ctx->services->secrets, ctx->arena, place_of(ctx, id), buf_text(&b));
}

enum rc webhook_access(struct ctx *ctx, struct str id, struct webhook_access *ret_access) {
    struct str sealed = STR_NONE, plain = STR_NONE;
    json_t *root;
    struct json_position at;
    enum rc rc = db_get_text(ctx, &sealed_of, DB_ARGS(ACCOUNT, db_v_text(id)), &sealed);
    if (rc == OK && !str_is_set(sealed))
        rc = E_NOT_FOUND;
    if (rc != OK)
        return rc;
    rc = secrets_open(ctx->services->secrets, ctx->arena, place_of(ctx, id), sealed, &plain);
    if (rc == OK)
        rc = json_parse(ctx->arena, plain, &root, &at);
    if (rc != OK)
        return fail(ctx, rc, "the secrets of webhook %.*s cannot be opened", STR_FMT(id));
    return json_read_fields(ctx, &access_fields, root, STR(""), ret_access);
}

/* --- judging --- */

static enum rc check_url(struct ctx *ctx, struct str text, struct str *ret_url) {
    struct str reason = STR_NONE;
    if (web_url_read(ctx->arena, text, &ctx->services->webhooks.addresses, ret_url, &reason) == OK)
        return OK;
    return bad_field(ctx, STR("/url"), "unsupported_value", "url %.*s", STR_FMT(reason));
}

/* RFC 9110, section 5.6.2. */
static bool is_token(struct str text) {
    bool fine = text.n > 0;
    for (size_t i = 0; fine && i < text.n; i++)
        fine = ascii_is_alnum(text.p[i]) || strchr("!#$%&'*+-.^_`|~", text.p[i]);
    return fine;
}

static bool is_printable(struct str text) {
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < ' ' || text.p[i] > '~')
            return false;
    return true;
}

/* What is ours to say, or belongs to the connection. */
static bool is_reserved(struct str name) {
    static const struct str names[]
        = { V("host"), V("content-type"), V("content-length"), V("content-encoding"), V("transfer-encoding"),
            V("connection"), V("keep-alive"), V("upgrade"), V("te"), V("trailer"), V("expect"),
            V("user-agent"), V("accept") };
    bool found = str_starts_nocase(name, STR("webhook-")) || str_starts_nocase(name, STR("proxy-"));
    for (size_t i = 0; !found && i < LENGTH(names); i++)
        found = str_eq_nocase(name, names[i]);
    return found;
}

static enum rc check_headers(struct ctx *ctx, const struct list *headers) {
    const struct webhook_header *h = headers->p;
    enum rc rc = OK;
    for (size_t i = 0; i < headers->n; i++) {
        struct str at = arena_printf(ctx->arena, "/headers/%zu", i);
        if (!is_token(h[i].name) || is_reserved(h[i].name))
            rc = bad_field(ctx, at, "unsupported_value", "%.*s cannot be set", STR_FMT(h[i].name));
        else if (!is_printable(h[i].value))
            rc = bad_field(ctx, at, "unsupported_value", "a value is printable ASCII");
    }
    return rc;
}

static int64_t bits_of(struct strs activities) {
    int64_t bits = 0;
    for (size_t i = 0; i < WEBHOOK_ACTIVITIES; i++)
        if (strs_have(activities, activity_values[i]))
            bits |= INT64_C(1) << i;
    return bits;
}

static struct opt_int unless_zero(struct opt_int value) {
    value.set = value.set && value.v != 0;
    return value;
}

/* What is asked for into what is there. */
static enum rc merge(struct ctx *ctx, const struct webhook_settings *s, struct webhook *w,
                     struct webhook_access *access) {
    enum rc url = str_is_set(s->url) ? check_url(ctx, s->url, &w->url) : OK;
    enum rc headers = check_headers(ctx, &s->headers);
    if (url != OK || headers != OK)
        return E_INVALID;
    if (str_is_set(s->description))
        w->description = s->description;
    if (s->activities.p)
        w->activity_bits = opt_int(bits_of(s->activities));
    if (s->replied_only != UNSET)
        w->replied_only = s->replied_only;
    if (s->concurrency.set)
        w->concurrency = unless_zero(s->concurrency);
    if (s->per_second.set)
        w->per_second = unless_zero(s->per_second);
    if (s->headers.p)
        access->headers = s->headers;
    return OK;
}

static struct db_value names_of(struct ctx *ctx, const struct list *headers) {
    const struct webhook_header *h = headers->p;
    struct strs names = { 0 };
    for (size_t i = 0; i < headers->n; i++)
        strs_add(ctx->arena, &names, h[i].name);
    return sql_texts(ctx->arena, names);
}

#define SETTING_VALUES(w, access)                                                              \
    ACCOUNT, db_v_text((w)->id), db_v_text((w)->url), db_v_text((w)->description),             \
        db_v_opt((w)->activity_bits), db_v_tri((w)->replied_only), db_v_opt((w)->concurrency), \
        db_v_opt((w)->per_second), db_v_blob(seal(ctx, (w)->id, (access))),                    \
        names_of(ctx, &(access)->headers), db_v_int(ctx_now(ctx))

/* --- writing --- */

struct work {
    struct str id;
    const struct webhook_settings *settings;
    struct str secret;
    int64_t overlap_s;
    struct webhook *webhook;
};

static enum rc free_slot(struct ctx *ctx, struct str *ret_slot) {
    struct db_rows *rows;
    struct strs taken = { 0 };
    int64_t one = 0;
    enum rc rc = db_get_int(ctx, &lock_account, DB_ARGS(ACCOUNT), &one);
    if (rc == OK)
        rc = db_query(ctx, &slots, DB_ARGS(ACCOUNT), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        strs_add(ctx->arena, &taken, db_text(rows, 0));
    rc = db_rows_close(rows);
    for (int i = 0; rc == OK && i < WEBHOOKS_MAX; i++) {
        *ret_slot = arena_printf(ctx->arena, "%02x", (unsigned) i);
        if (!strs_have(taken, *ret_slot))
            return OK;
    }
    return rc != OK ? rc
                    : problem(ctx, E_CONFLICT, "conflict", "An account has at most %d webhooks.", WEBHOOKS_MAX);
}

static enum rc create_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *work = arg;
    struct webhook w = { .id = work->id, .replied_only = NO,
                         .activity_bits = opt_int((INT64_C(1) << WEBHOOK_ACTIVITIES) - 1) };
    struct webhook_access access = { { 0 }, { 0 } };
    struct str slot = STR_NONE;
    bool enabled = work->settings->enabled != NO;
    ((struct webhook_secret *) list_add(ctx->arena, &access.secrets, sizeof(struct webhook_secret)))->secret
        = work->secret;
    enum rc rc = merge(ctx, work->settings, &w, &access);
    if (rc == OK)
        rc = free_slot(ctx, &slot);
    if (rc == OK)
        rc = db_exec(ctx, &insert, DB_ARGS(SETTING_VALUES(&w, &access), db_v_text(slot), db_v_int(enabled)), NULL);
    return rc == OK ? db_exec(ctx, &insert_queue, DB_ARGS(ACCOUNT, db_v_text(work->id)), NULL) : rc;
}

/* Without changing what the caller has if the reading fails. */
static enum rc read_with_secret(struct ctx *ctx, struct str id, struct str secret, struct webhook *ret_webhook) {
    enum rc rc = webhook_get(ctx, id, ret_webhook);
    if (rc == OK)
        ret_webhook->secret = secret;
    return rc;
}

enum rc webhook_create(struct ctx *ctx, const struct webhook_settings *settings, struct webhook *ret_webhook) {
    struct str key = STR_NONE, given = settings->secret;
    struct work work = { .id = uuid_new(ctx->arena, ctx_now(ctx)), .settings = settings };
    if (str_is_set(given) && webhook_secret_key(ctx->arena, given, &key) != OK)
        return bad_field(ctx, STR("/secret"), "unsupported_value", "secret is 24 to 64 bytes in base64");
    bool is_bare = str_is_set(given) && !str_starts(given, STR("whsec_"));
    work.secret = !str_is_set(given) ? webhook_secret_new(ctx->arena)
                  : is_bare          ? arena_printf(ctx->arena, "whsec_%.*s", STR_FMT(given))
                                     : given;
    enum rc rc = db_transact(ctx, create_in_transaction, &work);
    return rc == OK ? read_with_secret(ctx, work.id, work.secret, ret_webhook) : rc;
}

static enum rc set_enabled(struct ctx *ctx, const struct webhook *w, enum tri enabled) {
    if (enabled == UNSET || enabled == w->enabled)
        return OK;
    if (enabled == NO)
        return webhook_disable(ctx, w->id, WEBHOOK_BY_USER);
    enum rc rc = db_exec(ctx, &enable, DB_ARGS(ACCOUNT, db_v_text(w->id)), NULL);
    return rc == OK ? db_exec(ctx, &enable_queue, DB_ARGS(ACCOUNT, db_v_text(w->id)), NULL) : rc;
}

static enum rc read_to_change(struct ctx *ctx, struct str id, struct webhook *w, struct webhook_access *access) {
    enum rc rc = read_one(ctx, &get_to_change, id, w);
    return rc == OK ? webhook_access(ctx, id, access) : rc;
}

static enum rc change_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *work = arg;
    struct webhook w = { .id = STR_NONE };
    struct webhook_access access = { { 0 }, { 0 } };
    enum rc rc = read_to_change(ctx, work->id, &w, &access);
    if (rc == OK)
        rc = merge(ctx, work->settings, &w, &access);
    if (rc == OK)
        rc = db_exec(ctx, &update, DB_ARGS(SETTING_VALUES(&w, &access)), NULL);
    return rc == OK ? set_enabled(ctx, &w, work->settings->enabled) : rc;
}

enum rc webhook_change(struct ctx *ctx, struct str id, const struct webhook_settings *changes,
                       struct webhook *ret_webhook) {
    struct work work = { .id = id, .settings = changes };
    enum rc rc = db_transact(ctx, change_in_transaction, &work);
    return rc == OK ? webhook_get(ctx, id, ret_webhook) : rc;
}

/* The new secret and those that still sign. */
static enum rc rotate(struct ctx *ctx, const struct work *work, struct webhook_access *access) {
    int64_t now = ctx_now(ctx), until = now + work->overlap_s * SECOND_MS;
    const struct webhook_secret *old = access->secrets.p;
    struct list secrets = { 0 };
    struct webhook_secret *s = list_add(ctx->arena, &secrets, sizeof *s);
    s->secret = work->secret;
    for (size_t i = 0; i < access->secrets.n; i++) {
        int64_t end = old[i].until.set && old[i].until.v < until ? old[i].until.v : until;
        if (end <= now)
            continue;
        s = list_add(ctx->arena, &secrets, sizeof *s);
        *s = (struct webhook_secret){ old[i].secret, opt_int(end) };
    }
    access->secrets = secrets;
    return secrets.n <= WEBHOOK_SECRETS_MAX
               ? OK
               : problem(ctx, E_CONFLICT, "conflict", "%d secrets sign already; wait, or let them end now.",
                         WEBHOOK_SECRETS_MAX);
}

static enum rc rotate_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *work = arg;
    struct webhook w = { .id = STR_NONE };
    struct webhook_access access = { { 0 }, { 0 } };
    enum rc rc = read_to_change(ctx, work->id, &w, &access);
    if (rc == OK)
        rc = rotate(ctx, work, &access);
    return rc == OK ? db_exec(ctx, &update, DB_ARGS(SETTING_VALUES(&w, &access)), NULL) : rc;
}

enum rc webhook_rotate(struct ctx *ctx, struct str id, int64_t overlap_s, struct webhook *ret_webhook) {
    struct work work = { .id = id, .secret = webhook_secret_new(ctx->arena), .overlap_s = overlap_s };
    enum rc rc = db_transact(ctx, rotate_in_transaction, &work);
    return rc == OK ? read_with_secret(ctx, id, work.secret, ret_webhook) : rc;
}

/* --- ends --- */

enum rc webhook_disable(struct ctx *ctx, struct str id, enum webhook_disabled why) {
    int64_t changed = 0;
    enum rc rc = db_exec(ctx, &disable,
                         DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(reasons[why]), db_v_int(ctx_now(ctx))),
                         &changed);
    return rc == OK && changed ? webhook_deliveries_give_up(ctx, id) : rc;
}

static enum rc delete_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *work = arg;
    struct webhook w = { .id = STR_NONE };
    enum rc rc = read_one(ctx, &get_to_change, work->id, &w);
    return rc == OK ? webhook_disable(ctx, work->id, WEBHOOK_DELETED) : rc;
}

enum rc webhook_delete(struct ctx *ctx, struct str id) {
    struct work work = { .id = id };
    return db_transact(ctx, delete_in_transaction, &work);
}
