#include "sequence/call_log.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/rand.h"
#include "json/writer.h"
#include "net/http_client.h"
#include "sequence/progress.h"
#include "sequence/task_actions.h"
#include "store/dispositions.h"
#include "store/events.h"
#include "store/services.h"
#include "store/users.h"

enum { FETCH_MS = 60 * 1000, URL_MAX = 2000 };

#define T struct call_input
static const struct field input_rows[] = {
    F_STR(T, from, .flags = FIELD_REQUIRED, .min = 1, .max = CALL_NUMBER_MAX,
          .example = "+1 123456789", .doc = "Who called."),
    F_STR(T, to, .flags = FIELD_REQUIRED, .min = 1, .max = CALL_NUMBER_MAX,
          .example = "+1 123456789", .doc = "Who was called."),
    F_INT(T, duration, .flags = FIELD_REQUIRED, .min = 0, .max = CALL_DURATION_MAX,
          .example = "5", .doc = "Seconds."),
    F_BOOL(T, answered, .flags = FIELD_REQUIRED, .example = "true",
           .doc = "Whether anything answered."),
    F_BOOL(T, human, .flags = FIELD_REQUIRED, .example = "false",
           .doc = "Whether a person did."),
    F_ID(T, task_id, .flags = FIELD_REQUIRED, .max = 100, .doc = "The task that asked for it."),
    F_ID(T, user_id, .flags = FIELD_REQUIRED, .max = 100, .doc = "Who made it."),
    F_STR(T, transcription, .max = CALL_TRANSCRIPTION_MAX, .doc = "What was said."),
    F_STR(T, recording_url, .max = URL_MAX, .example = "https://example.com/call.mp3",
          .doc = "Where the recording is; it is fetched and kept."),
    F_ID(T, disposition_id, .max = 100, .doc = "How it ended."),
    F_STR(T, notes, .max = TASK_NOTES_MAX, .doc = "What the user noted."),
};
#undef T
const struct fields call_input_fields
    = FIELDS("CallCreate", struct call_input, input_rows, .doc = "A call to log.");

struct log_work {
    const struct call_input *input;
    struct call_log call;
    struct disposition disposition; /* id absent: none */
};

/* --- checks --- */

static enum rc not_there(struct ctx *ctx, enum rc rc, struct str pointer, const char *what) {
    return rc == E_NOT_FOUND
               ? bad_field(ctx, pointer, "unsupported_value", "The account has no such %s.", what)
               : rc;
}

static enum rc check_url(struct ctx *ctx, struct str url) {
    bool ok = str_starts_nocase(url, STR("https://")) || str_starts_nocase(url, STR("http://"));
    return ok || str_is_empty(url) ? OK
                                   : bad_field(ctx, STR("/recording_url"), "unsupported_value",
                                               "An address of http or https.");
}

/* All that is wrong is told at once. */
static enum rc check(struct ctx *ctx, struct log_work *w) {
    const struct call_input *in = w->input;
    struct task task;
    struct user user;
    enum rc results[] = {
        not_there(ctx, task_get(ctx, in->task_id, &task), STR("/task_id"), "task"),
        not_there(ctx, user_get(ctx, in->user_id, &user), STR("/user_id"), "user"),
        str_is_empty(in->disposition_id)
            ? OK
            : not_there(ctx, disposition_get(ctx, in->disposition_id, &w->disposition),
                        STR("/disposition_id"), "disposition"),
        check_url(ctx, in->recording_url),
    };
    for (size_t i = 0; i < LENGTH(results); i++)
        if (results[i] != OK)
            return results[i];
    w->call.contact_id = task.contact_id;
    w->call.lead_id = task.lead_id;
    return OK;
}

/* --- the event --- */

static void text_member(struct json_writer *w, struct str name, struct str value) {
    if (str_is_empty(value))
        return;
    json_key(w, name);
    json_str(w, value);
}

static struct str event_data(struct ctx *ctx, const struct log_work *w) {
    const struct call_log *c = &w->call;
    struct buf text = buf_in(ctx->arena, 1024 * 1024); /* short texts and notes, escaped */
    struct json_writer json = json_writer(&text);
    const char *answer = c->answered == YES ? "Answered" : "Not answered";
    struct str title = arena_printf(ctx->arena, "Outgoing call to (%.*s) | %s", STR_FMT(c->to),
                                    answer);
    json_begin_object(&json);
    text_member(&json, STR("title"), title);
    text_member(&json, STR("description"),
                str_is_set(w->disposition.name) ? w->disposition.name : title);
    text_member(&json, STR("direction"), c->direction);
    text_member(&json, STR("disposition"), w->disposition.slug);
    text_member(&json, STR("from"), c->from);
    text_member(&json, STR("to"), c->to);
    text_member(&json, STR("recording_url"), c->recording_url);
    text_member(&json, STR("notes"), c->notes);
    json_key(&json, STR("duration"));
    json_int(&json, c->duration.v);
    json_end_object(&json);
    return buf_text(&text);
}

static enum rc record(struct ctx *ctx, const struct log_work *w, const struct task *task) {
    const struct call_log *c = &w->call;
    return event_record(ctx, &(struct event){
        .kind = EVENT_CALL_LOGGED, .at = c->start_date, .user_id = c->user_id,
        .contact_id = c->contact_id, .lead_id = c->lead_id, .sequence_id = task->sequence_key,
        .stage_id = task->stage_id, .task_id = task->id, .call_id = c->id,
        .data = event_data(ctx, w) });
}

/* --- logging --- */

static enum rc log_in_transaction(struct ctx *ctx, void *arg) {
    struct log_work *w = arg;
    struct task task;
    static const struct task_end completed = { .set_lead_to_completed = YES };
    enum rc rc = task_lock(ctx, w->call.task_id, &task);
    if (rc == OK)
        rc = call_insert(ctx, &w->call);
    if (rc == OK)
        rc = record(ctx, w, &task);
    if (rc == OK && str_eq(w->disposition.action, STR("complete")))
        rc = task_complete_with(ctx, task.id, &completed);
    if (rc == OK && str_is_set(w->call.recording_url))
        rc = job_enqueue(ctx, CALL_RECORDING_JOB, w->call.id, STR("{}"));
    return rc;
}

static struct str or_none(struct str text) {
    return str_is_empty(text) ? STR_NONE : text;
}

enum rc call_log(struct ctx *ctx, const struct call_input *in, struct call_log *ret_call) {
    int64_t now = ctx_now(ctx);
    struct log_work w = { .input = in };
    enum rc rc = check(ctx, &w);
    if (rc != OK)
        return rc;
    struct str contact_id = w.call.contact_id, lead_id = w.call.lead_id;
    w.call = (struct call_log){
        .id = uuid_new(ctx->arena, now), .from = in->from, .to = in->to,
        .direction = STR("outgoing"), .duration = in->duration, .answered = in->answered,
        .human = in->human, .transcription = or_none(in->transcription),
        .notes = or_none(in->notes), .recording_url = or_none(in->recording_url),
        .disposition_id = or_none(in->disposition_id), .task_id = in->task_id,
        .user_id = in->user_id, .start_date = opt_int(now - in->duration.v * SECOND_MS),
        .contact_id = contact_id, .lead_id = lead_id };
    rc = db_transact(ctx, log_in_transaction, &w);
    if (rc != OK)
        return rc;
    lead_wake_planner(ctx);
    if (ctx->services && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    return call_get(ctx, w.call.id, ret_call);
}

/* --- recordings --- */

/* By how it begins, whatever the server calls it; absent: no audio. */
static struct str audio_type(struct str content) {
    static const struct {
        size_t at;
        struct str sign, type;
    } signs[] = {
        { 0, { "ID3", 3 }, { "audio/mpeg", 10 } },        { 0, { "\xff\xfb", 2 }, { "audio/mpeg", 10 } },
        { 0, { "\xff\xf3", 2 }, { "audio/mpeg", 10 } },   { 0, { "\xff\xf2", 2 }, { "audio/mpeg", 10 } },
        { 0, { "OggS", 4 }, { "audio/ogg", 9 } },         { 0, { "fLaC", 4 }, { "audio/flac", 10 } },
        { 8, { "WAVE", 4 }, { "audio/wav", 9 } },         { 4, { "ftyp", 4 }, { "audio/mp4", 9 } },
        { 0, { "\x1a\x45\xdf\xa3", 4 }, { "audio/webm", 10 } },
    };
    for (size_t i = 0; i < LENGTH(signs); i++)
        if (str_starts(str_sub(content, signs[i].at, content.n), signs[i].sign))
            return signs[i].type;
    return STR_NONE;
}

struct store_work {
    const struct job *job;
    struct str type, content; /* type absent: none, because of */
    struct str why;
};

static enum rc store_in_transaction(struct ctx *ctx, void *arg) {
    const struct store_work *w = arg;
    enum rc rc = job_still_mine(ctx, w->job);
    if (rc != OK)
        return rc;
    return str_is_set(w->type) ? recording_store(ctx, w->job->subject, w->type, w->content)
                               : recording_failed(ctx, w->job->subject, w->why);
}

/* *ret_why: what will be the same however often it is tried. */
static enum rc fetch(struct ctx *ctx, struct str url, struct str *ret_content,
                     struct str *ret_why) {
    struct http_call call = { .url = url, .timeout_ms = FETCH_MS,
                              .answer_max = RECORDING_MAX_BYTES,
                              .allow_private = ctx->services->recordings.allow_private,
                              .stopping = ctx->services->jobs_stopping };
    struct http_reply reply = { 0 };
    struct str reason = STR_NONE;
    enum rc rc = http_call(ctx->arena, &call, &reply, &reason);
    if (rc == E_DENIED || rc == E_INVALID || rc == E_TOO_LARGE) {
        *ret_why = rc == E_TOO_LARGE ? STR("too large") : STR("the address is refused");
        return OK;
    }
    if (rc != OK)
        return fail(ctx, rc == E_CANCELED ? E_TIMEOUT : rc, "recording: %.*s", STR_FMT(reason));
    if (reply.status != 200)
        return fail(ctx, E_IO, "the server of the recording answered %ld", reply.status);
    *ret_content = reply.body;
    return OK;
}

enum rc call_recording_job(struct ctx *ctx, const struct job *job) {
    struct call_log call;
    struct store_work work = { .job = job };
    enum rc rc = call_get(ctx, job->subject, &call);
    if (rc != OK || !str_is_set(call.recording_url)) /* forgotten meanwhile */
        return rc == E_NOT_FOUND ? OK : rc;
    rc = fetch(ctx, call.recording_url, &work.content, &work.why);
    if (rc != OK)
        return rc;
    work.type = audio_type(work.content);
    if (!str_is_set(work.why) && !str_is_set(work.type))
        work.why = STR("no audio");
    return db_transact(ctx, store_in_transaction, &work);
}

enum rc call_recording_gave_up(struct ctx *ctx, const struct job *job) {
    return recording_failed(ctx, job->subject, STR("could not be fetched"));
}
