/* Where the links of messages lead (sequence/links.h): public, each signed. GET shows a page
 * with a button, because programs follow every link of a message; only POST unsubscribes, from
 * that page or from a mail program (RFC 8058, whose body need not be looked at). */
#include "api/tables.h"
#include "http/request.h"
#include "sequence/links.h"
#include "sequence/progress.h"
#include "sequence/recipient.h"
#include "store/services.h"

#define PAGE(body)                                                                               \
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"                          \
    "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">" \
    "<title>Unsubscribe</title></head><body style=\"font-family:sans-serif;max-width:30em;margin:4em auto;" \
    "padding:0 1em\">" body "</body></html>\n"

static const struct str ask_page = { PAGE(
    "<h1>Unsubscribe</h1><p>No more emails from us?</p>"
    "<form method=\"post\"><button style=\"font-size:1em;padding:.5em 1em\">Unsubscribe</button></form>"),
    sizeof(PAGE("<h1>Unsubscribe</h1><p>No more emails from us?</p>"
    "<form method=\"post\"><button style=\"font-size:1em;padding:.5em 1em\">Unsubscribe</button></form>")) - 1 };
static const struct str done_page = { PAGE("<h1>Done</h1><p>You will get no more emails from us.</p>"),
    sizeof(PAGE("<h1>Done</h1><p>You will get no more emails from us.</p>")) - 1 };

/* A transparent image of one pixel. */
static const char pixel[] = "GIF89a\1\0\1\0\200\0\0\0\0\0\0\0\0!\371\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";

struct click_query {
    struct str to;
};
static const struct field click_rows[] = {
    F_STR(struct click_query, to, .flags = FIELD_REQUIRED, .min = 1, .max = LINK_URL_MAX_BYTES,
          .example = "https://www.example.com/", .doc = "Where the link leads."),
};
static const struct fields click_fields
    = FIELDS("ClickQuery", struct click_query, click_rows, .doc = "Which link was followed.");

/* The message of the link, with ctx in its account. */
static enum rc read_link(struct request *r, enum link_kind kind, struct link_to *to) {
    enum rc rc = link_read(r->ctx->services->secrets, r->ctx->arena, kind, r->path_id, to);
    response_header(r, "Cache-Control", STR("no-store"));
    response_header(r, "Referrer-Policy", STR("no-referrer"));
    if (rc != OK)
        return E_NOT_FOUND;
    r->ctx->account_id = to->account_id;
    return OK;
}

static enum rc respond_page(struct request *r, struct str page) {
    response_header(r, "Content-Security-Policy",
                    STR("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"));
    return respond_text(r, 200, "text/html; charset=utf-8", page);
}

static enum rc get_unsubscribe(struct request *r) {
    struct link_to to = { 0 };
    enum rc rc = read_link(r, LINK_UNSUBSCRIBE, &to);
    return rc == OK ? respond_page(r, ask_page) : rc;
}

static enum rc post_unsubscribe(struct request *r) {
    struct link_to to = { 0 };
    enum rc rc = read_link(r, LINK_UNSUBSCRIBE, &to);
    if (rc == OK)
        rc = recipient_unsubscribes(r->ctx, to.id);
    if (rc != OK)
        return rc;
    lead_wake_planner(r->ctx);
    return respond_page(r, done_page);
}

/* Somebody waits for an image or a page: what cannot be counted is not told them. */
static void count(struct request *r, const struct link_to *to) {
    if (!r->is_head && recipient_reads(r->ctx, to->id, to->url, request_header(r, "User-Agent")) != OK)
        ctx_clear_error(r->ctx);
}

static enum rc get_open(struct request *r) {
    struct link_to to = { 0 };
    enum rc rc = read_link(r, LINK_OPEN, &to);
    if (rc != OK)
        return rc;
    count(r, &to);
    return respond_text(r, 200, "image/gif", (struct str){ pixel, sizeof pixel - 1 });
}

static enum rc get_click(struct request *r) {
    const struct click_query *query = r->query;
    struct link_to to = { .url = query->to };
    enum rc rc = read_link(r, LINK_CLICK, &to);
    if (rc != OK)
        return rc;
    count(r, &to);
    response_header(r, "Location", to.url);
    return respond_empty(r, 302);
}

static const struct route_status statuses[] = { { 404, "no such link", NULL } };
static const struct route_status click_statuses[]
    = { { 400, "does not say where it leads", NULL }, { 404, "no such link", NULL } };
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_NONE, .limit = LIMIT_NONE, .tag = "Links"
static const struct route routes[] = {
    { GET, "/unsubscribe/{id}", get_unsubscribe, COMMON, .flags = ROUTE_TEXT,
      .media = "text/html", STATUSES(statuses),
      .summary = "Ask whether somebody unsubscribes",
      .doc = "A page with a button, for the link in a message. Nothing happens before it is pressed." },
    { POST, "/unsubscribe/{id}", post_unsubscribe, COMMON, .flags = ROUTE_TEXT,
      .media = "text/html", STATUSES(statuses),
      .summary = "Unsubscribe",
      .doc = "Excludes the address of the message and ends its leads in all sequences of the account. "
             "Mail programs call it by themselves (RFC 8058)." },
    { GET, "/t/o/{id}", get_open, COMMON, .flags = ROUTE_TEXT,
      .media = "image/gif", STATUSES(statuses), .summary = "Notice that a message was opened",
      .doc = "An image of one pixel, in messages of sequences that notice opens." },
    { GET, "/t/c/{id}", get_click, COMMON, .flags = ROUTE_TEXT, .query = &click_fields, .success = 302,
      STATUSES(click_statuses),
      .summary = "Follow a link in a message",
      .doc = "Leads to where the message said, and nowhere else." },
};
const struct route_table link_routes = ROUTE_TABLE(routes);
