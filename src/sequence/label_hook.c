/* The endpoint gets POST {"id", "subject", "text", "from_address", "labels": […]} and answers 200
 * with {"label": "…" or null, "confidence": 0 to 1000}. What it says is foreign: it counts only as
 * one of our labels, and as little certain as this program would have to be it is none. */
#include "sequence/label_hook.h"

#include <stdatomic.h>

#include "base/check.h"
#include "data/labels.h"
#include "enrich/endpoint.h"
#include "enrich/steps.h"
#include "reply/classify.h"
#include "sequence/reply_label.h"
#include "sequence/workflows.h"
#include "store/services.h"

enum { HOOK_MS = 15 * 1000, TEXT_MAX_BYTES = 16384 };

/* One call at a time in a process: an endpoint that hangs leaves workers to other jobs. */
static atomic_bool is_asking;

struct question {
    struct str id, subject, text, from_address;
    struct strs labels;
};

#define T struct question
static const struct field question_rows[] = {
    F_ID(T, id, .doc = "Id of the reply."),
    F_STR(T, subject, .doc = "Its subject."),
    F_STR(T, text, .doc = "What is new in it."),
    F_STR(T, from_address, .doc = "Who wrote it."),
    F_STRS(T, labels, .doc = "What may be answered."),
};
#undef T
static const struct fields question_fields
    = FIELDS("LabelQuestion", struct question, question_rows, .doc = "What does this reply mean?");

#define T struct reply_relabel
static const struct field answer_rows[] = {
    F_ENUM(T, label, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .values = &enum_labels, .doc = "The label."),
    F_INT(T, confidence, .max = 1000, .doc = "How certain that is, of 1000; 1000 if it is not said."),
    F_DATE(T, return_on, .flags = FIELD_NULLABLE, .doc = "The day when they are back."),
    F_DATE(T, follow_up_on, .flags = FIELD_NULLABLE, .doc = "The day from which to write again."),
};
#undef T
static const struct fields answer_fields
    = FIELDS("LabelAnswer", struct reply_relabel, answer_rows, .doc = "What it means.");

static bool is_open(const struct stored_reply *reply) {
    return !str_is_set(reply->label_source) && reply->confidence.set && !str_is_empty(reply->last_message);
}

bool label_hook_decides(const struct ctx *ctx, const struct stored_reply *reply) {
    return ctx->services && str_is_set(ctx->services->replies.hook_url) && is_open(reply);
}

enum rc label_hook_ask(struct ctx *ctx, const struct stored_reply *reply) {
    return job_enqueue(ctx, LABEL_HOOK_JOB, reply->id, STR("{}"));
}

static enum rc ask(struct ctx *ctx, const struct stored_reply *reply, struct reply_relabel *ret_answer) {
    const struct endpoint hook = {
        .name = "reply hook", .url = ctx->services->replies.hook_url, .token = ctx->services->replies.hook_token,
        .allow_private = ctx->services->replies.hook_allow_private, .timeout_ms = HOOK_MS,
        .question = &question_fields, .answer = &answer_fields,
    };
    const struct question question
        = { reply->id, reply->subject, str_sub(reply->last_message, 0, TEXT_MAX_BYTES), reply->from_address,
            { (struct str *) enum_labels.values, enum_labels.n } };
    enum rc rc = endpoint_ask(ctx, &hook, &question, ret_answer);
    ret_answer->by = LABELED_BY_HOOK;
    if (!ret_answer->confidence.set)
        ret_answer->confidence = opt_int(1000);
    return rc;
}

/* --- what it says --- */

static bool is_certain(const struct reply_relabel *answer) {
    enum label label = label_of(answer->label);
    return label != LABEL_NONE && (double) answer->confidence.v >= 1000 * reply_threshold_of(label);
}

struct settling {
    const struct job *job;
    const struct reply_relabel *answer; /* NULL: none */
};

/* Without a certain answer it stays a person's, and what waited for the answer goes on. */
static enum rc settle_in_transaction(struct ctx *ctx, void *arg) {
    struct settling *s = arg;
    struct stored_reply reply;
    enum rc rc = job_still_mine(ctx, s->job);
    if (rc == OK)
        rc = reply_lock(ctx, s->job->subject, &reply);
    if (rc == E_NOT_FOUND) /* forgotten */
        return OK;
    if (rc != OK || !is_open(&reply)) /* a person was quicker */
        return rc;
    return s->answer && is_certain(s->answer) ? reply_label_change(ctx, s->answer, &reply)
                                              : workflows_run(ctx, &reply);
}

static enum rc settle(struct ctx *ctx, const struct job *job, const struct reply_relabel *answer) {
    struct settling settling = { job, answer };
    enum rc rc = db_transact(ctx, settle_in_transaction, &settling);
    if (rc == OK)
        workflows_wake(ctx);
    return rc;
}

enum rc label_hook_job(struct ctx *ctx, const struct job *job) {
    struct stored_reply reply;
    struct reply_relabel answer = { 0 };
    enum rc rc = reply_get(ctx, job->subject, &reply);
    if (rc != OK)
        return rc == E_NOT_FOUND ? OK : rc;
    if (!label_hook_decides(ctx, &reply))
        return settle(ctx, job, NULL);
    if (atomic_exchange(&is_asking, true))
        return steps_later(ctx, job);
    rc = ask(ctx, &reply, &answer);
    atomic_store(&is_asking, false);
    return rc == OK ? settle(ctx, job, &answer) : rc;
}

enum rc label_hook_gave_up(struct ctx *ctx, const struct job *job) {
    struct settling settling = { job, NULL };
    return settle_in_transaction(ctx, &settling);
}
