/* A route: one row per operation of the API, at the bottom of api/<resource>.c. The
 * same row drives the router (404, 405, Allow), authorisation, rate limit, credits'
 * documentation, validation of parameters and body, pagination, idempotency, the
 * OpenAPI document, the docs and the contract test. docs/adding.md shows how to add one. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "base/field.h"
#include "base/rc.h"

struct request;

enum method { GET, POST, PUT, PATCH, DELETE, METHOD_COUNT };

/* What a caller must show. */
enum scope {
    SCOPE_NONE,  /* nothing: /healthz, /openapi.json */
    SCOPE_API,   /* any live API key */
    SCOPE_ADMIN, /* a key whose scope is admin (later also a login cookie) */
};

/* Which bucket a request is counted in; the numbers are configuration keys. */
enum limit_class { LIMIT_NONE, LIMIT_DEFAULT, LIMIT_PEOPLE_SEARCH, LIMIT_PEOPLE_FIND,
                   LIMIT_CALL_RECORDING, LIMIT_CLASS_COUNT };

enum {
    ROUTE_PAGED = 1,      /* takes page[size], page[after], page[before] */
    ROUTE_PATH_INT = 2,   /* {id} is an integer; else a text that the handler judges */
    ROUTE_PATH_UUID = 4,  /* {id} is a UUID: anything else is 404 without a handler */
    ROUTE_SLOW = 8,       /* may suspend (request_wait) */
    ROUTE_TEXT = 16,      /* answers something else than JSON (/metrics) */
    ROUTE_CURSOR_UUID = 32, /* ROUTE_PAGED with ids as cursors: anything else is 400 */
    ROUTE_CURSOR_INT = 64,  /* the same with integers */
    ROUTE_BODY_OPTIONAL = 128, /* no body is as one without members */
    ROUTE_SECRET = 256,     /* the answer holds a secret: stored under an Idempotency-Key it is sealed */
    ROUTE_PAGES = 512,      /* ROUTE_TEXT whose own refusals are of that type, for people in a browser */
};

/* A status that the operation answers beside 200 and the general ones (400, 401, 429,
 * 500 for all with a key; 413, 415 for all with a body). */
struct route_status {
    int status;
    const char *doc;
    const char *header; /* one more response header ("Location"), or NULL */
};

typedef enum rc route_handler(struct request *request);

struct route {
    enum method method;
    const char *path; /* "/people/enrichment-requests/{id}" */
    route_handler *handle;
    enum scope scope;
    enum limit_class limit;
    unsigned flags;
    const struct fields *query; /* query parameters as a table, or NULL */
    const struct fields *body;  /* JSON body, or NULL: the route takes none */
    const struct fields *reply; /* of `success`, or NULL: see reply_schema */
    const struct fields *reply_422; /* body of that status beside the error object, or NULL */
    const char *reply_schema;   /* OpenAPI schema as JSON where no table fits (exclusions) */
    int success;                /* 0 means 200; 204 and 302 have no body */
    const char *media;          /* ROUTE_TEXT: its media type; NULL: text/plain */
    size_t body_max;            /* bytes; 0 means HTTP_BODY_MAX_BYTES */
    int page_default, page_max; /* ROUTE_PAGED; 0 means 20 and 100 */
    const struct route_status *statuses;
    size_t n_statuses;
    const char *tag;     /* OpenAPI tag: the resource */
    const char *summary; /* the API's words: "Search people" */
    const char *doc;     /* a paragraph: costs, limits */
};

/* A file's rows; api/api.c lists all files. */
struct route_table {
    const struct route *rows;
    size_t n;
};

#define ROUTE_TABLE(array) { (array), LENGTH(array) }

#endif
