#include "enrich/endpoint.h"

#include "json/reader.h"
#include "json/writer.h"
#include "net/http_client.h"
#include "store/services.h"

enum { QUESTION_MAX_BYTES = 128 * 1024, ANSWER_MAX_BYTES = 64 * 1024 };

static enum rc write_question(struct ctx *ctx, const struct endpoint *e, const void *question, struct str *ret_body) {
    struct buf body = buf_in(ctx->arena, QUESTION_MAX_BYTES);
    struct json_writer w = json_writer(&body);
    json_fields(&w, e->question, question);
    *ret_body = buf_text(&body);
    enum rc rc = buf_result(&body);
    return rc == OK ? OK : fail(ctx, rc, "%s: the question is too long", e->name);
}

static enum rc read_answer(struct ctx *ctx, const struct endpoint *e, struct str text, void *ret_answer) {
    json_t *root = NULL;
    struct json_position at = { 0 };
    if (json_parse(ctx->arena, text, &root, &at) != OK
        || json_read_fields(ctx, e->answer, root, STR(""), ret_answer) != OK)
        return fail(ctx, E_PROTO, "%s: the answer cannot be read", e->name);
    return OK;
}

enum rc endpoint_ask(struct ctx *ctx, const struct endpoint *e, const void *question, void *ret_answer) {
    const char *headers[] = { NULL, NULL };
    struct http_call call = { .url = e->url, .headers = headers, .timeout_ms = e->timeout_ms,
                              .answer_max = ANSWER_MAX_BYTES, .allow_private = e->allow_private,
                              .stopping = ctx->services->jobs_stopping };
    struct http_reply reply = { 0 };
    struct str reason = STR_NONE;
    if (str_is_set(e->token))
        headers[0] = arena_printf(ctx->arena, "Authorization: Bearer %.*s", STR_FMT(e->token)).p;
    enum rc rc = write_question(ctx, e, question, &call.body);
    if (rc != OK)
        return rc;
    rc = http_call(ctx->arena, &call, &reply, &reason);
    if (rc == E_CANCELED)
        rc = E_TIMEOUT; /* the process is to end: its next life asks again */
    if (rc != OK)
        return fail(ctx, rc, "%s: %.*s", e->name, STR_FMT(reason));
    if (reply.status == 404 && e->may_not_know)
        return OK;
    if (reply.status != 200)
        return fail(ctx, E_IO, "%s answered %ld", e->name, reply.status);
    return read_answer(ctx, e, reply.body, ret_answer);
}
