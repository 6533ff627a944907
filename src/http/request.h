/* One request while it is handled, and the few calls that a handler answers with. By
 * the time a handler runs, the key is checked and counted, and path, query and body
 * have passed their tables: a handler reads values and calls one store or domain
 * function. What goes wrong is returned as enum rc; the dispatcher writes the API's
 * error object from ctx->problems, or from the code when there are none.
 *
 * Memory rule: all that is given to respond is read before it returns. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/buf.h"
#include "base/ctx.h"
#include "http/route.h"
#include "store/credits.h"
#include "store/pages.h"

/* Who asks: the API key and its account, as they were at most a second ago. */
struct caller {
    struct str account_id, account_name;
    struct str key_id;
    bool is_admin;
    struct credits credits;   /* good while credits_version() is still */
    uint64_t credits_version; /* this */
};

struct request {
    struct ctx *ctx;
    const struct route *route;
    struct str path;       /* decoded, without the query: "/users" */
    struct str path_id;    /* value of {id} or {email} */
    struct str raw_query;  /* as sent, without '?' */
    const void *query;     /* struct of route->query */
    const void *body;      /* struct of route->body */
    struct str raw_body;
    bool is_head; /* a GET whose answer is sent without its body: it must have no effects */
    struct page page; /* ROUTE_PAGED: size within the route's limit, cursors decoded */
    const struct caller *caller;     /* NULL on routes of SCOPE_NONE */
};

/* Answers `status` with the object as JSON. Always OK unless the answer is too large. */
MUST_USE enum rc respond(struct request *r, int status, const struct fields *fields,
                         const void *object);
/* Answers with a body of its own. `type` is a media type. */
MUST_USE enum rc respond_text(struct request *r, int status, const char *type, struct str body);
/* Answers `status` without a body (204). */
MUST_USE enum rc respond_empty(struct request *r, int status);

/* Adds a response header, before respond. `name` is static; CR and LF in value assert. */
void response_header(struct request *r, const char *name, struct str value);

/* A header of the request; absent when it was not sent. Case is ignored. */
struct str request_header(const struct request *r, const char *name);

/* True once the server drains: /readyz. */
bool request_is_draining(const struct request *r);
/* The text of /metrics (Prometheus, version 0.0.4). */
MUST_USE enum rc request_metrics(struct request *r, struct buf *out);
/* The OpenAPI document of all routes of the app. */
void request_openapi(struct request *r, struct buf *out, const char *version);

/* For handlers of ROUTE_SLOW: gives the thread back and calls `poll` every
 * `every_ms` until it returns something else than E_TIMEOUT or `timeout_ms` is over.
 * poll runs with the request's ctx (a database session is there) and either responds
 * and returns OK, fails, or returns E_TIMEOUT for "not yet". When time is over, or the
 * server drains, the answer is 408 with Retry-After. poll runs on another thread, later:
 * what it needs is in the request, its body and query, or in ctx->arena; no rows of the
 * database may be open. Returns what the handler returns. */
MUST_USE enum rc request_wait(struct request *r, route_handler *poll, int64_t every_ms,
                              int64_t timeout_ms);

/* --- links (docs: "Links and Pagination") --- */

struct link {
    struct str href;
};
struct links {
    struct link *self, *prev, *next; /* NULL: left out */
};
extern const struct fields link_fields;
extern const struct fields links_fields;

/* Links of a cursor page. `first` and `last` are the cursors of the first and last
 * item shown, absent when the page is empty; more_before / more_after say whether
 * there are items beyond. Self echoes the size and the query's own filters; hrefs are
 * relative. */
struct links *page_links(struct request *r, struct str first, struct str last, bool more_before,
                         bool more_after);
/* The links of a page that page_read gave. */
struct links *page_of_links(struct request *r, const struct page_of *page);

/* What most lists answer: {"<key>": [...], "_links": {...}}. Its table is
 *   static const struct field rows[] = PAGE_ROWS("users", user_fields, "The users of this page.");
 *   static const struct fields users_fields = FIELDS("Users", struct page_answer, rows, ...); */
struct page_answer {
    struct list items;
    struct links *_links;
};
#define PAGE_ROWS(key, item_fields, text)                                               \
    { { .name = (key), .type = FIELD_LIST, .flags = FIELD_REQUIRED | FIELD_ALWAYS,      \
        .offset = FIELD_OFFSET(struct page_answer, items, struct list),                 \
        .of = &(item_fields), .doc = (text) },                                          \
      F_OBJECT(struct page_answer, _links, struct links, .flags = FIELD_REQUIRED,       \
               .of = &links_fields, .doc = "Links to the pages around.") }
/* Answers 200 with a page that page_read gave. */
MUST_USE enum rc respond_items(struct request *r, const struct fields *fields,
                              const struct page_of *page);

/* Only self: the path as it was asked. */
struct links *self_link(struct request *r);
/* Only self, with the given path. */
struct links *self_link_to(struct request *r, struct str path);

#endif
