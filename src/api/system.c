/* What operators and tools ask: is it up, can it serve, how is it doing, what does it
 * speak. No key is needed; put a proxy before /metrics where that is too much. */
#include "api/tables.h"
#include "base/log.h"
#include "base/version.h"
#include "db/db.h"
#include "http/request.h"
#include "store/migrations.h"

enum { DOCUMENT_MAX_BYTES = 4 * 1024 * 1024 };

struct health {
    struct str status;
};

#define T struct health
static const struct field health_rows[] = {
    F_STR(T, status, .flags = FIELD_REQUIRED, .example = "ok", .doc = "Always ok."),
};
#undef T
static const struct fields health_fields
    = FIELDS("Health", struct health, health_rows, .doc = "The server is well.");

static enum rc respond_ok(struct request *r) {
    struct health health = { STR("ok") };
    return respond(r, 200, &health_fields, &health);
}

static enum rc get_healthz(struct request *r) {
    return respond_ok(r);
}

static enum rc unavailable(struct request *r, const char *why) {
    ctx_clear_error(r->ctx);
    response_header(r, "Retry-After", STR("5"));
    return problem(r->ctx, E_CANCELED, "service_unavailable", "%s", why);
}

static enum rc get_readyz(struct request *r) {
    int pending = 0;
    if (request_is_draining(r))
        return unavailable(r, "The server is stopping.");
    enum rc rc = db_migrate(r->ctx, migrations, migrations_count, true, &pending);
    if (rc != OK) {
        log_warn(r->ctx, "not ready, retrying", LOG_S("error", r->ctx->err.text));
        return unavailable(r, "The database cannot be used.");
    }
    if (pending > 0)
        return unavailable(r, "The database is to be migrated: outrider migrate.");
    return respond_ok(r);
}

static enum rc get_metrics(struct request *r) {
    struct buf out = buf_in(r->ctx->arena, DOCUMENT_MAX_BYTES);
    enum rc rc = request_metrics(r, &out);
    if (rc == OK)
        rc = buf_result(&out);
    if (rc != OK)
        return rc;
    return respond_text(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_text(&out));
}

static enum rc get_openapi(struct request *r) {
    struct buf out = buf_in(r->ctx->arena, DOCUMENT_MAX_BYTES);
    request_openapi(r, &out, OUTRIDER_VERSION);
    if (buf_result(&out) != OK)
        return fail(r->ctx, E_IO, "the API's document is larger than %d bytes", DOCUMENT_MAX_BYTES);
    return respond_text(r, 200, "application/json", buf_text(&out));
}

static const struct route_status readyz_statuses[] = {
    { 503, "the server cannot serve: it stops, or the database cannot be used", "Retry-After" },
};

static const struct route routes[] = {
    { GET, "/healthz", get_healthz, SCOPE_NONE, LIMIT_NONE, .reply = &health_fields,
      .tag = "System", .summary = "Is the server up",
      .doc = "Answers as long as the process runs." },
    { GET, "/readyz", get_readyz, SCOPE_NONE, LIMIT_NONE, .reply = &health_fields,
      .statuses = readyz_statuses, .n_statuses = LENGTH(readyz_statuses), .tag = "System",
      .summary = "Can the server serve",
      .doc = "Whether the database is reachable and current, and the server is not stopping." },
    { GET, "/metrics", get_metrics, SCOPE_NONE, LIMIT_NONE, ROUTE_TEXT, .tag = "System",
      .summary = "Metrics", .doc = "Numbers for Prometheus, in its text format." },
    { GET, "/openapi.json", get_openapi, SCOPE_NONE, LIMIT_NONE, .reply_schema = "{\"type\":\"object\"}",
      .tag = "System", .summary = "This document",
      .doc = "The description of the API (OpenAPI 3.1), printed from the tables that drive it." },
};
const struct route_table system_routes = ROUTE_TABLE(routes);
