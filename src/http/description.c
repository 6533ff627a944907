#include "http/description.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/vec.h"

enum { TEXT_MAX_BYTES = 16 * 1024 };

/* --- the error object, as tables without structs: http/errors.c writes it --- */

static const struct str error_code_texts[] = {
#define ERROR(code, status, title, detail) { #code, sizeof(#code) - 1 },
#include "http/errors.def"
#undef ERROR
};
static const struct enum_values error_codes_list
    = { "ErrorCode", error_code_texts, LENGTH(error_code_texts) };

static const struct field source_rows[] = {
    { .name = "pointer", .example = "/emails", .doc = "JSON pointer (RFC 6901) into the body." },
    { .name = "parameter", .example = "page[size]", .doc = "Name of the query parameter." },
    { .name = "header", .example = "Idempotency-Key", .doc = "Name of the request header." },
};
static const struct fields source_fields
    = { .name = "ErrorSource", .rows = source_rows, .n = LENGTH(source_rows),
        .doc = "The part of the request that caused the error." };

static const struct field error_rows[] = {
    { .name = "id", .doc = "Identifies this occurrence; begins with the X-Request-Id." },
    { .name = "status", .example = "400", .doc = "HTTP status as text." },
    { .name = "code", .type = FIELD_ENUM, .values = &error_codes_list,
      .example = "unsupported_value", .doc = "For programs." },
    { .name = "title", .example = "Unsupported Value", .doc = "For people; the same for a code." },
    { .name = "detail", .example = "Number of emails exceeds 100000 limit",
      .doc = "For people; about this occurrence." },
    { .name = "source", .type = FIELD_OBJECT, .of = &source_fields,
      .doc = "The part of the request that caused the error." },
};
static const struct fields error_fields
    = { .name = "Error", .rows = error_rows, .n = LENGTH(error_rows), .doc = "One problem." };

static const struct field error_response_rows[] = {
    F_OBJECT_NAME("error"),
    { .name = "_errors", .type = FIELD_LIST, .flags = FIELD_REQUIRED, .of = &error_fields,
      .doc = "At least one; all wrong fields together." },
};
const struct fields error_response_fields
    = { .name = "ErrorResponse", .rows = error_response_rows, .n = LENGTH(error_response_rows),
        .doc = "What every refusal looks like." };

/* --- general answers --- */

static const struct header_doc headers[] = {
    { "X-Request-Id", "string", true, "0198f652-8062-7aac-b6c8-5b7228854105",
      "Identifies the request, also in the server's log; taken from the request if it has one." },
    { "Retry-After", "integer", false, "60", "Seconds after which the request may be sent again." },
    { "RateLimit", "string", true, "\"default\";r=0;t=12",
      "What is left of the limit, and the seconds until it is whole again." },
    { "RateLimit-Policy", "string", true, "\"default\";q=500;w=60", "The limit and its window in seconds." },
    { "Location", "string", true, "/people/enrichment-requests/0198f652-8062-7aac-b6c8-5b7228854105",
      "Path of what was made." },
};

static const char *const limit_headers[] = { "Retry-After", "RateLimit", "RateLimit-Policy", NULL };

static bool has_key(const struct route *route) {
    return route->scope != SCOPE_NONE;
}

static bool is_admin(const struct route *route) {
    return route->scope == SCOPE_ADMIN;
}

static bool has_path_value(const struct route *route) {
    return strchr(route->path, '{') != NULL;
}

static bool has_body(const struct route *route) {
    return route->body != NULL;
}

static bool is_limited(const struct route *route) {
    return has_key(route) && route->limit != LIMIT_NONE;
}

bool route_is_idempotent(const struct route *route) {
    return has_key(route) && route->method == POST;
}

static bool always(const struct route *route) {
    (void) route;
    return true;
}

static const struct general_answer general[] = {
    { 400, "BadRequest", has_key, "The request is malformed or has unsupported values.", NULL },
    { 401, "Unauthorized", has_key, "The API key is missing, unknown or revoked.", NULL },
    { 403, "Forbidden", is_admin, "The API key's scope is not admin.", NULL },
    { 404, "NotFound", has_path_value, "Nothing with this id belongs to the account.", NULL },
    { 408, "RequestTimeout", has_body, "The body came too slowly.", NULL },
    { 409, "IdempotencyKeyInUse", route_is_idempotent,
      "A request with the same Idempotency-Key is still running.", NULL },
    { 413, "ContentTooLarge", has_body, "The body is too large or too deeply nested.", NULL },
    { 415, "UnsupportedMediaType", has_body,
      "The body is neither application/json nor application/vnd.amp+json.", NULL },
    { 422, "IdempotencyKeyReused", route_is_idempotent,
      "The Idempotency-Key was used with another body.", NULL },
    { 429, "RateLimited", is_limited, "Too many requests.", limit_headers },
    { 500, "InternalServerError", has_key, "Something went wrong here.", NULL },
    { 503, "ServiceUnavailable", always, "The server is overloaded or stops.", NULL },
};

const struct general_answer *general_answers(size_t *ret_n) {
    *ret_n = LENGTH(general);
    return general;
}

const struct header_doc *header_docs(size_t *ret_n) {
    *ret_n = LENGTH(headers);
    return headers;
}

const struct header_doc *header_doc_find(const char *name) {
    for (size_t i = 0; i < LENGTH(headers); i++)
        if (!strcmp(headers[i].name, name))
            return &headers[i];
    return NULL;
}

/* --- answers of a route --- */

int route_success(const struct route *route) {
    return route->success ? route->success : 200;
}

int route_page_default(const struct route *route) {
    return route->page_default ? route->page_default : 20;
}

int route_page_max(const struct route *route) {
    return route->page_max ? route->page_max : 100;
}

const struct route_status *route_success_row(const struct route *route) {
    for (size_t i = 0; i < route->n_statuses; i++)
        if (route->statuses[i].status == route_success(route))
            return &route->statuses[i];
    return NULL;
}

bool route_has_json(const struct route *route) {
    return !(route->flags & ROUTE_TEXT) && route_success(route) != 204;
}

static struct answer *answer_with(const struct list *answers, int status) {
    struct answer *p = answers->p;
    for (size_t i = 0; i < answers->n; i++)
        if (p[i].status == status)
            return &p[i];
    return NULL;
}

static void add_answer(struct arena *arena, struct list *answers, struct answer answer) {
    struct answer *same = answer_with(answers, answer.status);
    if (!same) {
        *(struct answer *) list_add(arena, answers, sizeof answer) = answer;
        return;
    }
    same->doc = arena_printf(arena, "%.*s\n\n%.*s", STR_FMT(same->doc), STR_FMT(answer.doc));
    if (!same->headers)
        same->headers = answer.headers;
    if (!same->header)
        same->header = answer.header;
    same->shared = NULL;
}

static void sort_answers(struct list *answers) {
    struct answer *p = answers->p;
    for (size_t i = 1; i < answers->n; i++) {
        struct answer moved = p[i];
        size_t k = i;
        for (; k > 0 && p[k - 1].status > moved.status; k--)
            p[k] = p[k - 1];
        p[k] = moved;
    }
}

struct list route_answers(struct arena *arena, const struct route *route) {
    struct list answers = { 0 };
    for (size_t i = 0; i < route->n_statuses; i++) {
        const struct route_status *row = &route->statuses[i];
        if (row->status != route_success(route))
            add_answer(arena, &answers,
                       (struct answer){ .status = row->status, .doc = str_of(row->doc),
                                        .header = row->header,
                                        .body = row->status == 422 ? route->reply_422 : NULL });
    }
    for (size_t i = 0; i < LENGTH(general); i++)
        if (general[i].applies(route))
            add_answer(arena, &answers,
                       (struct answer){ .status = general[i].status, .doc = str_of(general[i].doc),
                                        .headers = general[i].headers, .shared = general[i].name });
    sort_answers(&answers);
    return answers;
}

/* --- names and texts --- */

struct str operation_id(struct arena *arena, const struct route *route) {
    struct buf b = buf_in(arena, TEXT_MAX_BYTES);
    for (const char *p = method_name(route->method); *p; p++)
        buf_char(&b, ascii_lower(*p));
    bool word_begins = true;
    for (const char *p = route->path; *p; p++) {
        if (*p == '{')
            buf_str(&b, STR("By"));
        if (!ascii_is_alnum(*p)) {
            word_begins = true;
            continue;
        }
        buf_char(&b, word_begins ? ascii_upper(*p) : *p);
        word_begins = false;
    }
    return buf_text(&b);
}

struct str operation_doc(struct arena *arena, const struct route *route) {
    static const char *const limits[LIMIT_CLASS_COUNT] = {
        [LIMIT_DEFAULT] = "rate_limit.default",
        [LIMIT_PEOPLE_SEARCH] = "rate_limit.people_search",
        [LIMIT_PEOPLE_FIND] = "rate_limit.people_find",
        [LIMIT_CALL_RECORDING] = "rate_limit.call_recording",
    };
    struct buf b = buf_in(arena, TEXT_MAX_BYTES);
    if (route->doc)
        buf_printf(&b, "%s\n\n", route->doc);
    if (is_admin(route))
        buf_str(&b, STR("Needs an API key whose scope is admin.\n\n"));
    if (is_limited(route))
        buf_printf(&b, "Counted against `%s`.\n\n", limits[route->limit]);
    return str_trim(buf_text(&b));
}

struct str path_value_name(const struct route *route) {
    struct str path = str_of(route->path);
    size_t open = str_find(path, '{'), close = str_find(path, '}');
    return open < close ? str_sub(path, open + 1, close) : STR_NONE;
}

static void add_pointer(struct arena *arena, struct list *list, const void *p) {
    const void **slot = list_add(arena, list, sizeof(const void *));
    *slot = p;
}

struct list all_routes(struct arena *arena, const struct route_table *const *tables, size_t n) {
    struct list routes = { 0 };
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < tables[i]->n; k++)
            add_pointer(arena, &routes, &tables[i]->rows[k]);
    return routes;
}

/* --- vocabulary --- */

static void add_enum(struct vocabulary *v, const struct enum_values *values) {
    for (size_t i = 0; i < v->enums.n; i++) {
        if (enum_at(v, i) == values)
            return;
        ASSERT(strcmp(enum_at(v, i)->name, values->name) != 0);
    }
    add_pointer(v->arena, &v->enums, values);
}

/* Adds the schema unless it is there already. */
static bool add_schema(struct vocabulary *v, const struct fields *fields) {
    for (size_t i = 0; i < v->schemas.n; i++) {
        if (schema_at(v, i) == fields)
            return false;
        ASSERT(strcmp(schema_at(v, i)->name, fields->name) != 0);
    }
    add_pointer(v->arena, &v->schemas, fields);
    return true;
}

static void add_members(struct vocabulary *v, const struct fields *fields);

static void add_fields(struct vocabulary *v, const struct fields *fields) {
    if (fields && add_schema(v, fields))
        add_members(v, fields);
}

static void add_members(struct vocabulary *v, const struct fields *fields) {
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *field = &fields->rows[i];
        if (field->flags & FIELD_HIDDEN)
            continue;
        if (field->values)
            add_enum(v, field->values);
        add_fields(v, field->of);
    }
}

struct vocabulary vocabulary_of(struct arena *arena, const struct list *routes) {
    struct vocabulary v = { .arena = arena };
    for (size_t i = 0; i < routes->n; i++) {
        const struct route *route = route_at(routes, i);
        if (route->query) /* parameters, not a schema; their lists are shared all the same */
            add_members(&v, route->query);
        add_fields(&v, route->body);
        add_fields(&v, route->reply);
        add_fields(&v, route->reply_422);
    }
    add_fields(&v, &error_response_fields);
    return v;
}
