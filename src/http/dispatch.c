/* A request's way: route, key, limit, parameters and body, Idempotency-Key, handler,
 * answer. What goes wrong on it is a result code with problems, as in a handler, and is
 * answered in one place (call_finish). */
#include "http/dispatch.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "http/call.h"
#include "http/errors.h"
#include "http/idempotency.h"
#include "http/query.h"
#include "http/url.h"
#include "http/wait.h"
#include "json/reader.h"

enum { REQUEST_ID_MAX = 128 };

/* --- the request --- */

/* What a log line or an answer's header can take unharmed. */
static bool is_sane_id(struct str id) {
    static const char others[] = "-_.:/+=@";
    for (size_t i = 0; i < id.n; i++)
        if (!ascii_is_alnum(id.p[i]) && !memchr(others, id.p[i], sizeof others - 1))
            return false;
    return id.n > 0 && id.n <= REQUEST_ID_MAX;
}

static struct str request_id(struct ctx *ctx, const struct exchange *exchange) {
    struct str sent = exchange_header(exchange, "X-Request-Id");
    return is_sane_id(sent) ? sent : uuid_new(ctx->arena, ctx_now(ctx));
}

static void add_allow(struct call *c) {
    struct buf b = buf_in(c->ctx.arena, 64);
    for (int method = 0; method < METHOD_COUNT; method++)
        if (c->routed.allowed & 1u << method) {
            buf_str(&b, b.n ? STR(", ") : STR(""));
            buf_str(&b, str_of(method_name((enum method) method)));
            buf_str(&b, method == GET ? STR(", HEAD") : STR(""));
        }
    response_header(&c->request, "Allow", buf_text(&b));
}

static enum rc find_route(struct call *c) {
    enum rc rc = router_find(c->app->router, c->ctx.arena, c->method, c->raw_path, &c->routed);
    c->request.path = c->routed.path;
    c->request.path_id = c->routed.id;
    c->request.route = c->routed.route;
    if (rc == E_UNSUPPORTED) {
        add_allow(c);
        return problem(&c->ctx, rc, "method_not_allowed", "%.*s is not possible here.",
                       STR_FMT(c->message->method));
    }
    if (rc == E_INVALID)
        return problem(&c->ctx, rc, "malformed_request",
                       "The path is not percent-encoded UTF-8.");
    return rc;
}

static enum rc check_path_id(const struct call *c) {
    int64_t number;
    unsigned flags = c->request.route->flags;
    bool is_wrong = (flags & ROUTE_PATH_UUID && !uuid_is_valid(c->request.path_id))
                    || (flags & ROUTE_PATH_INT && str_to_i64(c->request.path_id, &number) != OK);
    return is_wrong ? E_NOT_FOUND : OK;
}

static enum rc check_caller(struct call *c) {
    struct account_limits *limits;
    const struct route *route = c->request.route;
    if (route->scope == SCOPE_NONE)
        return OK;
    enum rc rc = auth_check(&c->ctx, c->workspace->keys,
                            exchange_header(c->exchange, "Authorization"), &c->caller,
                            &limits);
    if (rc == E_DENIED) /* RFC 9110, section 11.6.1 */
        response_header(&c->request, "WWW-Authenticate", STR("Bearer realm=\"outrider\""));
    if (rc != OK)
        return rc;
    c->request.caller = &c->caller;
    c->ctx.account_id = c->caller.account_id;
    rc = limits_count(&c->ctx, c->app->limits, limits, route->limit, &c->limit);
    if (rc == OK && c->limit.refused)
        rc = problem(&c->ctx, E_LIMIT, "rate_limited", "%lld requests %s are allowed.",
                     (long long) c->limit.quota, limit_window_word(route->limit));
    if (rc == OK && route->scope == SCOPE_ADMIN && !c->caller.is_admin)
        rc = problem(&c->ctx, E_DENIED, "forbidden", "This needs a key whose scope is admin.");
    return rc;
}

static bool is_json_type(struct str type) {
    type = str_trim(str_sub(type, 0, str_find(type, ';')));
    return str_eq_nocase(type, STR("application/json"))
           || str_eq_nocase(type, STR("application/vnd.amp+json"));
}

static enum rc read_body(struct call *c) {
    const struct route *route = c->request.route;
    struct json_position at;
    json_t *root;
    if (!route->body)
        return OK;
    void *body = arena_alloc(c->ctx.arena, route->body->size);
    c->request.body = body;
    if (c->message->body.n == 0 && (route->flags & ROUTE_BODY_OPTIONAL))
        return OK;
    if (c->message->body.n == 0)
        return problem(&c->ctx, E_INVALID, "malformed_request", "A JSON body is required.");
    if (!is_json_type(exchange_header(c->exchange, "Content-Type")))
        return bad_header(&c->ctx, "Content-Type", "unsupported_media_type",
                          "The body must be application/json or application/vnd.amp+json.");
    enum rc rc = json_parse(c->ctx.arena, c->message->body, &root, &at);
    if (rc == E_INVALID)
        return problem(&c->ctx, rc, "malformed_json", "Line %zu, column %zu: %.*s", at.line,
                       at.column, STR_FMT(at.message));
    if (rc != OK)
        return problem(&c->ctx, rc, "content_too_large", "%.*s", STR_FMT(at.message));
    return json_read_fields(&c->ctx, route->body, root, STR(""), body);
}

/* All that the client sent is judged before anything is answered, so that all that is
 * wrong is told at once. */
static enum rc read_input(struct call *c) {
    enum rc rc = check_path_id(c);
    if (rc != OK)
        return rc;
    enum rc query = query_read(&c->request, &c->filters);
    enum rc body = read_body(c);
    return query != OK ? query : body;
}

/* A change of credits becomes visible when it is committed, that is, now. */
static enum rc run_handler(struct call *c) {
    uint64_t before = credits_version();
    enum rc rc = c->request.route->handle(&c->request);
    if (credits_version() != before)
        credits_changed();
    return rc;
}

static enum rc handle_call(struct call *c) {
    enum rc rc = find_route(c);
    if (rc == OK)
        rc = check_caller(c);
    if (rc == OK)
        rc = read_input(c);
    if (rc == OK)
        rc = idempotent_begin(c);
    return rc == OK && !c->is_answered ? run_handler(c) : rc;
}

/* --- the answer --- */

static void log_failure(const struct call *c, enum rc rc) {
    const struct err *err = &c->ctx.err;
    log_error(&c->ctx, "request failed", LOG_C("rc", rc_name(rc)), LOG_S("error", err->text),
              LOG_C("file", err->file ? err->file : ""), LOG_I("line", err->line));
}

static void answer_error(struct call *c, enum rc rc) {
    struct buf *out = &c->workspace->out;
    struct json_writer w = json_writer(out);
    c->status = errors_status(&c->ctx, rc);
    if (c->status >= 500)
        log_failure(c, rc);
    if (c->limit.refused)
        response_header(&c->request, "Retry-After",
                        arena_printf(c->ctx.arena, "%lld",
                                     (long long) limit_reset_s(&c->limit)));
    buf_clear(out);
    errors_write(&w, &c->ctx, rc, c->status);
    c->content_type = "application/json";
    c->body = buf_text(out);
}

static void add_limit_headers(struct call *c) {
    enum limit_class class = c->request.route ? c->request.route->limit : LIMIT_NONE;
    if (c->limit.quota == 0)
        return;
    response_header(&c->request, "RateLimit-Policy",
                    limit_policy_text(c->ctx.arena, class, c->limit.quota));
    response_header(&c->request, "RateLimit",
                    limit_result_text(c->ctx.arena, class, &c->limit));
}

/* Paths with an address in them are logged as their route. */
static void log_access(const struct call *c, int64_t us) {
    const struct route *route = c->request.route;
    const char *pattern = route ? route->path : "";
    bool is_private = str_find(c->request.path, '@') < c->request.path.n;
    log_info(&c->ctx, "request", LOG_S("method", c->message->method),
             LOG_S("path", is_private ? str_of(pattern) : c->request.path),
             LOG_C("route", pattern), LOG_I("status", c->status), LOG_I("ms", us / 1000),
             LOG_I("bytes", (int64_t) c->body.n));
}

static void send_answer(struct call *c) {
    size_t n_routes;
    (void) router_routes(c->app->router, &n_routes);
    add_limit_headers(c);
    response_header(&c->request, "X-Request-Id", c->ctx.request_id);
    int64_t us = monotonic_us() - c->began_us;
    size_t position = c->request.route ? c->routed.position : n_routes;
    metrics_count(c->workspace->counters, position, c->status, us);
    log_access(c, us);
    exchange_answer(c->exchange, &(struct http_answer){ .status = c->status,
                                                        .content_type = c->content_type,
                                                        .body = c->body,
                                                        .headers = c->headers,
                                                        .n_headers = c->n_headers });
}

/* The call's arena may hold the call itself. */
static void release(struct call *c) {
    struct workspace *ws = c->workspace;
    struct arena *arena = c->ctx.arena;
    workspace_rest(ws);
    if (arena == ws->arena)
        arena_reset(arena);
    else
        arena_free(&arena);
}

/* The call leaves this thread with its arena; the thread goes on with a new one. */
static void suspend(struct call *c) {
    struct caller copy = caller_copy(c->ctx.arena, &c->caller);
    c->caller = copy;
    c->ctx.account_id = copy.account_id;
    c->workspace->arena = arena_new();
    exchange_suspend(c->exchange);
    waiters_add(c->app->waiters, c);
}

void call_finish(struct call *c, enum rc rc) {
    if (rc == OK && c->poll) {
        suspend(c);
        return;
    }
    if (rc == OK && !c->is_answered)
        rc = fail(&c->ctx, E_IO, "the handler of %s did not answer", c->request.route->path);
    if (rc != OK)
        answer_error(c, rc);
    idempotent_end(c);
    bool is_large = c->message->body.n > HTTP_BODY_MAX_BYTES; /* the message goes with the answer */
    send_answer(c);
    release(c);
    if (is_large) /* the tree of a body is twenty times as large as the body */
        mem_trim();
}

/* --- what the transport calls --- */

static void handle(void *data, struct exchange *exchange) {
    struct app *app = data;
    struct workspace *ws = workspace_of(app);
    struct call *c = ARENA_NEW(ws->arena, struct call);
    c->began_us = monotonic_us();
    c->app = app;
    c->workspace = ws;
    c->exchange = exchange;
    c->message = exchange_message(exchange);
    c->ctx = (struct ctx){ .arena = ws->arena, .clock = app->clock, .db = ws->db,
                            .services = app->options.services };
    c->ctx.request_id = request_id(&c->ctx, exchange);
    c->method = method_of(c->message->method);
    c->request.ctx = &c->ctx;
    c->request.raw_body = c->message->body;
    c->request.is_head = c->message->is_head;
    target_split(c->message->target, &c->raw_path, &c->request.raw_query);
    call_finish(c, handle_call(c));
}

/* Requests without a route, and bodies that no route reads, may have the usual size:
 * the answer is then about what is really wrong. */
static size_t body_max(void *data, const struct http_message *head) {
    struct app *app = data;
    struct workspace *ws = workspace_of(app);
    struct str path, query;
    struct routed routed;
    target_split(head->target, &path, &query);
    enum rc rc = router_find(app->router, ws->arena, method_of(head->method), path, &routed);
    size_t max = rc == OK && routed.route->body_max ? routed.route->body_max : HTTP_BODY_MAX_BYTES;
    arena_reset(ws->arena);
    return max;
}

/* Whoever has no key gets no memory for a body; nobody will look at it. */
static bool wants_body(void *data, const struct exchange *exchange) {
    struct app *app = data;
    struct workspace *ws = workspace_of(app);
    const struct http_message *message = exchange_message(exchange);
    struct ctx ctx = { .arena = ws->arena, .clock = app->clock, .db = ws->db };
    struct str path, query;
    struct routed routed;
    struct caller caller;
    struct account_limits *limits;
    target_split(message->target, &path, &query);
    enum rc rc = router_find(app->router, ws->arena, method_of(message->method), path, &routed);
    bool wanted = rc == OK
                  && (routed.route->scope == SCOPE_NONE
                      || auth_check(&ctx, ws->keys, exchange_header(exchange, "Authorization"),
                                    &caller, &limits) != E_DENIED);
    arena_reset(ws->arena);
    return wanted;
}

static struct http_answer refused(void *data, struct arena *arena, int status, const char *reason) {
    struct app *app = data;
    struct ctx ctx = { .arena = arena, .clock = app->clock };
    const struct error_code *code = error_of_status(status);
    struct buf out = buf_in(arena, 16 * 1024);
    struct json_writer w = json_writer(&out);
    struct http_header *id = ARENA_NEW(arena, struct http_header);
    ASSERT(code);
    ctx.request_id = uuid_new(arena, ctx_now(&ctx));
    *id = (struct http_header){ "X-Request-Id", ctx.request_id };
    errors_write(&w, &ctx, problem(&ctx, E_INVALID, code->code, "%s", reason), status);
    metrics_refused(app->metrics, status);
    log_info(&ctx, "request refused", LOG_I("status", status), LOG_C("reason", reason));
    return (struct http_answer){ .status = status, .content_type = "application/json",
                                 .body = buf_text(&out), .headers = id, .n_headers = 1 };
}

/* Answers are counted and logged when they are given, not when they have been sent. */
static void done(void *data, struct exchange *exchange) {
    (void) data;
    (void) exchange;
}

struct server_app dispatch_server_app(struct app *app) {
    return (struct server_app){ .data = app, .body_max = body_max,
                                .wants_body = wants_body, .handle = handle,
                                .refused = refused, .done = done };
}
