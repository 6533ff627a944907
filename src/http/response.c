#include "base/check.h"
#include "http/call.h"
#include "http/openapi.h"
#include "json/writer.h"

static enum rc answer(struct call *c, int status, const char *type, struct str body) {
    ASSERT(!c->is_answered); /* a handler answers once */
    c->is_answered = true;
    c->status = status;
    c->content_type = type;
    c->body = body;
    return OK;
}

enum rc respond(struct request *r, int status, const struct fields *fields, const void *object) {
    struct call *c = call_of(r);
    struct buf *out = &c->workspace->out;
    struct json_writer w = json_writer(out);
    buf_clear(out);
    json_fields(&w, fields, object);
    if (buf_result(out) != OK)
        return fail(r->ctx, E_IO, "the answer is larger than %zu bytes", out->max);
    return answer(c, status, "application/json", buf_text(out));
}

enum rc respond_text(struct request *r, int status, const char *type, struct str body) {
    return answer(call_of(r), status, type, body);
}

enum rc respond_empty(struct request *r, int status) {
    return answer(call_of(r), status, NULL, STR_NONE);
}

void response_header(struct request *r, const char *name, struct str value) {
    struct call *c = call_of(r);
    ASSERT(c->n_headers < CALL_HEADERS_MAX);
    ASSERT(!memchr(value.p, '\r', value.n) && !memchr(value.p, '\n', value.n));
    c->headers[c->n_headers++] = (struct http_header){ name, value };
}

struct str request_header(const struct request *r, const char *name) {
    return exchange_header(call_of_const(r)->exchange, name);
}

bool request_is_draining(const struct request *r) {
    return atomic_load(&call_of_const(r)->app->is_draining);
}

enum rc request_metrics(struct request *r, struct buf *out) {
    struct call *c = call_of(r);
    return metrics_write(r->ctx, c->app, out);
}

void request_openapi(struct request *r, struct buf *out, const char *version) {
    const struct app_options *options = &call_of(r)->app->options;
    openapi_write(out, options->tables, options->n_tables, version);
}
