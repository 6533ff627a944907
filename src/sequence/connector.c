#include "sequence/connector.h"

#include <sodium.h>

#include "base/check.h"
#include "base/hmac.h"
#include "json/writer.h"
#include "net/http_client.h"
#include "sequence/pace.h"
#include "sequence/progress.h"
#include "sequence/stage_kinds.h"
#include "store/sequence_leads.h"
#include "store/services.h"

enum { BODY_MAX_BYTES = 1024 * 1024, ANSWER_MAX_BYTES = 64 * 1024, TIMEOUT_MS = 20000, HEADER_BYTES = 120 };
#define REST_LOOK_MS MINUTE_MS /* of an action whose sequence does not run */

static const struct str results[] = { { "completed", 9 }, { "failed", 6 } };
static const struct enum_values enum_results = { "LinkedinActionStatus", results, LENGTH(results) };

#define T struct action_result
static const struct field result_rows[] = {
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_results, .example = "completed",
           .doc = "What came of it."),
    F_STR(T, reason, .max = 200, .example = "no_such_profile", .doc = "Of a failed one, in a word or two."),
};
#undef T
const struct fields action_result_fields
    = FIELDS("LinkedinActionResult", struct action_result, result_rows,
             .doc = "What the connector tells of an action.");

bool stage_is_action(const struct ctx *ctx, const struct sequence_stage *stage) {
    return stage->automatic == YES && stage_kind_of(stage->type)->flags & STAGE_IS_LINKEDIN
           && ctx->services && str_is_set(ctx->services->sequence.linkedin_url);
}

/* --- telling --- */

static enum rc body_of(struct ctx *ctx, const struct task *task, struct str *ret_body) {
    struct sequence_lead lead;
    enum rc rc = lead_get(ctx, task->lead_id, &lead);
    if (rc != OK)
        return rc;
    struct buf text = buf_in(ctx->arena, BODY_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_object(&w);
    json_put_str(&w, "id", task->id);
    json_put_str(&w, "type", task->type);
    json_put_str(&w, "sequence_id", task->sequence_key);
    json_put_str(&w, "stage_id", task->stage_id);
    json_put_str(&w, "lead_id", task->lead_id);
    json_put_str(&w, "subject", task->subject);
    json_put_str(&w, "text", task->text);
    json_key(&w, STR("lead"));
    json_begin_object(&w);
    json_put_str(&w, "email", lead.email);
    json_put_str(&w, "linkedin_url", lead.linkedin_url);
    json_key(&w, STR("data"));
    json_raw(&w, lead.data);
    json_end_object(&w);
    json_key(&w, STR("user"));
    json_begin_object(&w);
    json_put_str(&w, "id", task->user_id);
    json_put_str(&w, "email", task->user_email);
    json_end_object(&w);
    json_end_object(&w);
    *ret_body = buf_text(&text);
    return buf_result(&text);
}

static const char *signature_header(struct ctx *ctx, struct str secret, int64_t timestamp,
                                    struct str body) {
    unsigned char mac[HMAC_BYTES];
    char hex[2 * sizeof mac + 1];
    const struct str parts[] = { arena_printf(ctx->arena, "%lld.", (long long) timestamp), body };
    hmac_sha256(secret, parts, LENGTH(parts), mac);
    (void) sodium_bin2hex(hex, sizeof hex, mac, sizeof mac); /* returns hex */
    return arena_printf(ctx->arena, "X-Outrider-Signature: v1=%s", hex).p;
}

/* The status of the answer; 0 without one. */
static enum rc post(struct ctx *ctx, const struct task *task, long *ret_status) {
    struct str body = STR_NONE, reason = STR_NONE;
    struct http_reply reply = { 0, STR_NONE };
    int64_t timestamp = ctx_now(ctx) / SECOND_MS;
    *ret_status = 0;
    enum rc rc = body_of(ctx, task, &body);
    if (rc != OK)
        return rc;
    const char *const headers[] = {
        arena_printf(ctx->arena, "X-Outrider-Timestamp: %lld", (long long) timestamp).p,
        signature_header(ctx, ctx->services->sequence.linkedin_secret, timestamp, body),
        NULL,
    };
    const struct http_call call = { .url = ctx->services->sequence.linkedin_url, .body = body,
                                    .headers = headers, .timeout_ms = TIMEOUT_MS,
                                    .answer_max = ANSWER_MAX_BYTES,
                                    .allow_private = ctx->services->sequence.linkedin_allow_private,
                                    .stopping = ctx->services->jobs_stopping };
    rc = http_call(ctx->arena, &call, &reply, &reason);
    if (rc == E_CANCELED)
        return fail(ctx, E_TIMEOUT, "the process ends");
    if (rc != OK)
        return fail(ctx, E_IO, "the connector cannot be reached: %.*s", STR_FMT(reason));
    *ret_status = reply.status;
    return OK;
}

/* --- ends --- */

static enum rc end_task(struct ctx *ctx, const struct task *task, const struct action_result *result) {
    bool done = str_eq(result->status, STR("completed"));
    const struct task_change change
        = { task_status_of(task), done ? TASK_COMPLETED : TASK_FAILED, done ? STR_NONE : result->reason };
    const struct stage_outcome outcome
        = { done ? STAGE_DONE : STAGE_FAILED, false,
            str_is_set(result->reason) ? result->reason : STR("connector_failed") };
    enum rc rc = task_set_status(ctx, task, &change);
    return rc == OK ? lead_stage_finished(ctx, task->lead_id, task->stage_id, &outcome) : rc;
}

static bool is_open(const struct task *task) {
    enum task_status status = task_status_of(task);
    return status == TASK_SCHEDULED || status == TASK_IN_PROGRESS;
}

struct end_work {
    struct str task_id;
    const struct action_result *result;
    struct task *task;
};

static enum rc end_in_transaction(struct ctx *ctx, void *arg) {
    const struct end_work *w = arg;
    struct task task;
    enum rc rc = task_lock(ctx, w->task_id, &task);
    if (rc != OK)
        return rc;
    bool is_action = task.automatic == YES && str_starts(task.type, STR("linkedin_"));
    if (!is_action)
        return E_NOT_FOUND;
    if (!is_open(&task) && !str_eq(task.status, w->result->status))
        return problem(ctx, E_CONFLICT, "conflict", "The action is %.*s", STR_FMT(task.status));
    if (is_open(&task))
        rc = end_task(ctx, &task, w->result);
    return rc == OK ? task_get(ctx, w->task_id, w->task) : rc;
}

enum rc linkedin_action_end(struct ctx *ctx, struct str task_id, const struct action_result *result,
                            struct task *ret_task) {
    struct task task = { .id = STR_NONE };
    struct end_work work = { task_id, result, &task };
    enum rc rc = db_transact(ctx, end_in_transaction, &work);
    if (rc != OK)
        return rc;
    lead_wake_planner(ctx);
    *ret_task = task;
    return OK;
}

/* --- the job --- */

struct told_work {
    const struct job *job;
    long status; /* 0: it is not told now, its sequence does not run */
};

static enum rc told_in_transaction(struct ctx *ctx, void *arg) {
    const struct told_work *w = arg;
    struct task task;
    static const struct task_change begun = { TASK_SCHEDULED, TASK_IN_PROGRESS, { NULL, 0 } };
    enum rc rc = job_still_mine(ctx, w->job);
    if (rc == OK && !w->status)
        return job_later(ctx, w->job, ctx_now(ctx) + pace_span(ctx, REST_LOOK_MS));
    if (rc == OK)
        rc = task_lock(ctx, w->job->subject, &task);
    if (rc != OK)
        return rc;
    /* The result may have come before the answer. */
    bool taken = w->status / 100 == 2;
    if (taken && task_status_of(&task) == TASK_SCHEDULED)
        rc = task_set_status(ctx, &task, &begun);
    const struct action_result refused
        = { STR("failed"), arena_printf(ctx->arena, "connector_answered_%ld", w->status) };
    if (!taken && is_open(&task))
        rc = end_task(ctx, &task, &refused);
    return rc == OK ? job_done(ctx, w->job) : rc;
}

static enum rc check_sequence(struct ctx *ctx, const struct task *task, bool *ret_runs) {
    struct sequence s;
    enum rc rc = sequence_head(ctx, task->sequence_key, &s);
    *ret_runs = rc == OK && sequence_status_of(&s) == SEQUENCE_ACTIVE;
    return rc;
}

enum rc linkedin_action_job(struct ctx *ctx, const struct job *job) {
    struct task task;
    struct told_work told = { job, 0 };
    bool runs = false;
    enum rc rc = task_get(ctx, job->subject, &task);
    if (rc == E_NOT_FOUND || (rc == OK && task_status_of(&task) != TASK_SCHEDULED))
        return OK;
    if (rc == OK)
        rc = check_sequence(ctx, &task, &runs);
    if (rc == OK && runs)
        rc = post(ctx, &task, &told.status);
    if (rc == E_NOT_FOUND) /* the lead or its sequence was deleted */
        return OK;
    if (rc == OK && (told.status == 408 || told.status == 429 || told.status >= 500))
        return fail(ctx, E_IO, "the connector answered %ld", told.status);
    if (rc != OK)
        return rc;
    rc = db_transact(ctx, told_in_transaction, &told);
    lead_wake_planner(ctx);
    return rc == OK ? E_CANCELED : rc; /* it ended, or goes on later: either is written */
}

enum rc linkedin_action_gave_up(struct ctx *ctx, const struct job *job) {
    static const struct action_result failed = { { "failed", 6 }, { "connector_unreachable", 21 } };
    struct task task;
    enum rc rc = task_lock(ctx, job->subject, &task);
    if (rc == E_NOT_FOUND || (rc == OK && !is_open(&task)))
        return OK;
    return rc == OK ? end_task(ctx, &task, &failed) : rc;
}
