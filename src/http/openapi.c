/* The document in the order of the specification: info, tags, paths, components.
 * What several operations share (general answers, headers, cursor parameters) stands
 * in components and is referred to. */
#include "http/openapi.h"

#include "base/check.h"
#include "http/openapi_schema.h"

static const char info_doc[] =
    "The Amplemarket HTTP API, served by Outrider from the operator's own data. Unknown members "
    "of a request are ignored; new members of an answer may appear at any time. Before it looks at "
    "the operation the server may refuse a request as malformed (400), slow (408), with too long an "
    "address (414) or too large headers (431).";

static void begin_member(struct json_writer *w, const char *name) {
    json_key(w, str_of(name));
    json_begin_object(w);
}

static void member_str(struct json_writer *w, const char *name, struct str value) {
    json_key(w, str_of(name));
    json_str(w, value);
}

static void member_int(struct json_writer *w, const char *name, int64_t value) {
    json_key(w, str_of(name));
    json_int(w, value);
}

static void member_true(struct json_writer *w, const char *name) {
    json_key(w, str_of(name));
    json_bool(w, true);
}

static void write_info(struct json_writer *w, const char *version) {
    begin_member(w, "info");
    openapi_member(w, "title", "Outrider API");
    openapi_member(w, "version", version);
    openapi_member(w, "description", info_doc);
    begin_member(w, "license");
    openapi_member(w, "name", "Apache-2.0");
    openapi_member(w, "identifier", "Apache-2.0");
    json_end_object(w);
    json_end_object(w);
    json_key(w, STR("servers"));
    json_begin_array(w);
    json_begin_object(w);
    openapi_member(w, "url", "/");
    json_end_object(w);
    json_end_array(w);
}

static bool same(const char *a, const char *b) {
    return a && b && !strcmp(a, b);
}

/* True when no route before `i` has the same tag. */
static bool tag_is_new(const struct list *routes, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (same(route_at(routes, k)->tag, route_at(routes, i)->tag))
            return false;
    return route_at(routes, i)->tag != NULL;
}

static void write_tags(struct json_writer *w, const struct list *routes) {
    json_key(w, STR("tags"));
    json_begin_array(w);
    for (size_t i = 0; i < routes->n; i++)
        if (tag_is_new(routes, i)) {
            json_begin_object(w);
            openapi_member(w, "name", route_at(routes, i)->tag);
            json_end_object(w);
        }
    json_end_array(w);
}

/* --- parameters --- */

static void write_path_value(struct json_writer *w, const struct route *route) {
    struct str name = path_value_name(route);
    if (!str_is_set(name))
        return;
    json_begin_object(w);
    member_str(w, "name", name);
    openapi_member(w, "in", "path");
    member_true(w, "required");
    begin_member(w, "schema");
    openapi_member(w, "type", route->flags & ROUTE_PATH_INT ? "integer" : "string");
    if (route->flags & ROUTE_PATH_UUID)
        openapi_member(w, "format", "uuid");
    json_end_object(w);
    json_end_object(w);
}

/* Lists are sent as name[]=a&name[]=b; the server takes them without brackets too. */
static struct str parameter_name(struct arena *arena, const struct field *field) {
    bool is_list = field->type == FIELD_STRS || field->type == FIELD_INTS;
    struct str name = str_of(field->name);
    return is_list && !str_ends(name, STR("[]")) ? arena_printf(arena, "%s[]", field->name) : name;
}

static void write_query(struct json_writer *w, struct arena *arena, const struct fields *query) {
    for (size_t i = 0; i < query->n; i++) {
        const struct field *field = &query->rows[i];
        if (field->flags & (FIELD_HIDDEN | FIELD_CONSTANT))
            continue;
        json_begin_object(w);
        member_str(w, "name", parameter_name(arena, field));
        openapi_member(w, "in", "query");
        if (field->flags & FIELD_REQUIRED)
            member_true(w, "required");
        if (field->doc)
            openapi_member(w, "description", field->doc);
        json_key(w, STR("schema"));
        openapi_field(w, field);
        json_end_object(w);
    }
}

static void write_page_parameters(struct json_writer *w, const struct route *route) {
    json_begin_object(w);
    openapi_member(w, "name", "page[size]");
    openapi_member(w, "in", "query");
    openapi_member(w, "description", "Items of a page.");
    begin_member(w, "schema");
    openapi_member(w, "type", "integer");
    member_int(w, "minimum", 1);
    member_int(w, "maximum", route_page_max(route));
    member_int(w, "default", route_page_default(route));
    json_end_object(w);
    json_end_object(w);
    openapi_ref(w, "parameters", "PageAfter");
    openapi_ref(w, "parameters", "PageBefore");
}

static void write_parameters(struct json_writer *w, struct arena *arena,
                             const struct route *route) {
    json_key(w, STR("parameters"));
    json_begin_array(w);
    write_path_value(w, route);
    if (route->query)
        write_query(w, arena, route->query);
    if (route->flags & ROUTE_PAGED)
        write_page_parameters(w, route);
    if (route_is_idempotent(route))
        openapi_ref(w, "parameters", "IdempotencyKey");
    json_end_array(w);
}

/* --- bodies --- */

static void write_media(struct json_writer *w, const char *type, const char *schema) {
    begin_member(w, type);
    json_key(w, STR("schema"));
    openapi_ref(w, "schemas", schema);
    json_end_object(w);
}

static void write_request_body(struct json_writer *w, const struct route *route) {
    if (!route->body)
        return;
    begin_member(w, "requestBody");
    if (!(route->flags & ROUTE_BODY_OPTIONAL))
        member_true(w, "required");
    begin_member(w, "content");
    write_media(w, "application/json", route->body->name);
    write_media(w, "application/vnd.amp+json", route->body->name);
    json_end_object(w);
    json_end_object(w);
}

/* --- answers --- */

static void write_header(struct json_writer *w, const char *name) {
    json_key(w, str_of(name));
    if (header_doc_find(name)) {
        openapi_ref(w, "headers", name);
        return;
    }
    json_begin_object(w);
    begin_member(w, "schema");
    openapi_member(w, "type", "string");
    json_end_object(w);
    json_end_object(w);
}

/* Every answer carries the request id. */
static void write_headers(struct json_writer *w, const char *const *headers, const char *one_more) {
    begin_member(w, "headers");
    write_header(w, "X-Request-Id");
    for (; headers && *headers; headers++)
        if (!same(*headers, one_more))
            write_header(w, *headers);
    if (one_more)
        write_header(w, one_more);
    json_end_object(w);
}

/* Pages are the handler's; the frame refuses as everywhere. */
static void write_error_content(struct json_writer *w, const struct route *route) {
    begin_member(w, "content");
    if (route && route->flags & ROUTE_PAGES) {
        begin_member(w, route->media);
        json_key(w, STR("schema"));
        json_raw(w, STR("{\"type\":\"string\"}"));
        json_end_object(w);
    }
    write_media(w, "application/json", error_response_fields.name);
    json_end_object(w);
}

/* A refusal with a body of its own; the frame may refuse with the same status. */
static void write_own_content(struct json_writer *w, const struct fields *body) {
    begin_member(w, "content");
    begin_member(w, "application/json");
    begin_member(w, "schema");
    json_key(w, STR("anyOf"));
    json_begin_array(w);
    openapi_ref(w, "schemas", body->name);
    openapi_ref(w, "schemas", error_response_fields.name);
    json_end_array(w);
    json_end_object(w);
    json_end_object(w);
    json_end_object(w);
}

static void write_success_content(struct json_writer *w, const struct route *route) {
    if (route_success(route) == 204 || route_success(route) == 302)
        return;
    begin_member(w, "content");
    begin_member(w, route_has_json(route) ? "application/json"
                    : route->media        ? route->media
                                          : "text/plain");
    json_key(w, STR("schema"));
    if (route_has_json(route) && route->reply)
        openapi_ref(w, "schemas", route->reply->name);
    else if (route_has_json(route) && route->reply_schema)
        json_raw(w, str_of(route->reply_schema));
    else
        json_raw(w, route_has_json(route) ? STR("{}") : STR("{\"type\":\"string\"}"));
    json_end_object(w);
    json_end_object(w);
}

/* A status below 400 beside the success has the same body. */
static void write_answer(struct json_writer *w, const struct route *route,
                         const struct answer *answer) {
    if (answer->shared) {
        openapi_ref(w, "responses", answer->shared);
        return;
    }
    json_begin_object(w);
    member_str(w, "description", answer->doc);
    write_headers(w, answer->headers, answer->header);
    if (answer->body)
        write_own_content(w, answer->body);
    else if (answer->status >= 400)
        write_error_content(w, route);
    else
        write_success_content(w, route);
    json_end_object(w);
}

static struct str status_name(struct arena *arena, int status) {
    return arena_printf(arena, "%d", status);
}

static void write_answers(struct json_writer *w, struct arena *arena, const struct route *route) {
    const struct route_status *row = route_success_row(route);
    begin_member(w, "responses");
    json_key(w, status_name(arena, route_success(route)));
    json_begin_object(w);
    openapi_member(w, "description", row ? row->doc : "Success.");
    write_headers(w, NULL, row ? row->header : NULL);
    write_success_content(w, route);
    json_end_object(w);
    struct list answers = route_answers(arena, route);
    for (size_t i = 0; i < answers.n; i++) {
        const struct answer *answer = (const struct answer *) answers.p + i;
        json_key(w, status_name(arena, answer->status));
        write_answer(w, route, answer);
    }
    json_end_object(w);
}

/* --- operations --- */

static void write_operation(struct json_writer *w, struct arena *arena,
                            const struct route *route) {
    struct str method = str_of(method_name(route->method));
    struct buf lower = buf_in(arena, method.n);
    for (size_t i = 0; i < method.n; i++)
        buf_char(&lower, ascii_lower(method.p[i]));
    json_key(w, buf_text(&lower));
    json_begin_object(w);
    member_str(w, "operationId", operation_id(arena, route));
    if (route->tag) {
        json_key(w, STR("tags"));
        json_begin_array(w);
        json_str(w, str_of(route->tag));
        json_end_array(w);
    }
    if (route->summary)
        openapi_member(w, "summary", route->summary);
    struct str doc = operation_doc(arena, route);
    if (doc.n)
        member_str(w, "description", doc);
    if (route->scope == SCOPE_NONE) {
        json_key(w, STR("security"));
        json_raw(w, STR("[]"));
    }
    write_parameters(w, arena, route);
    write_request_body(w, route);
    write_answers(w, arena, route);
    json_end_object(w);
}

static bool path_is_new(const struct list *routes, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (same(route_at(routes, k)->path, route_at(routes, i)->path))
            return false;
    return true;
}

static void write_paths(struct json_writer *w, struct arena *arena, const struct list *routes) {
    begin_member(w, "paths");
    for (size_t i = 0; i < routes->n; i++) {
        if (!path_is_new(routes, i))
            continue;
        begin_member(w, route_at(routes, i)->path);
        for (size_t k = i; k < routes->n; k++)
            if (same(route_at(routes, k)->path, route_at(routes, i)->path))
                write_operation(w, arena, route_at(routes, k));
        json_end_object(w);
    }
    json_end_object(w);
}

/* --- components --- */

static const struct {
    const char *component, *name, *in, *doc;
} shared_parameters[] = {
    { "PageAfter", "page[after]", "query", "Cursor: the items behind this one, without it." },
    { "PageBefore", "page[before]", "query", "Cursor: the items before this one, without it." },
    { "IdempotencyKey", "Idempotency-Key", "header",
      "Any text that is unique for what is meant. The same key with the same body within 24 hours "
      "gets the first answer again, and nothing is done twice." },
};

static void write_shared_parameters(struct json_writer *w) {
    begin_member(w, "parameters");
    for (size_t i = 0; i < LENGTH(shared_parameters); i++) {
        begin_member(w, shared_parameters[i].component);
        openapi_member(w, "name", shared_parameters[i].name);
        openapi_member(w, "in", shared_parameters[i].in);
        openapi_member(w, "description", shared_parameters[i].doc);
        begin_member(w, "schema");
        openapi_member(w, "type", "string");
        json_end_object(w);
        json_end_object(w);
    }
    json_end_object(w);
}

static void write_shared_answers(struct json_writer *w) {
    size_t n;
    const struct general_answer *answers = general_answers(&n);
    begin_member(w, "responses");
    for (size_t i = 0; i < n; i++) {
        begin_member(w, answers[i].name);
        openapi_member(w, "description", answers[i].doc);
        write_headers(w, answers[i].headers, NULL);
        write_error_content(w, NULL);
        json_end_object(w);
    }
    json_end_object(w);
}

static void write_shared_headers(struct json_writer *w) {
    size_t n;
    const struct header_doc *docs = header_docs(&n);
    begin_member(w, "headers");
    for (size_t i = 0; i < n; i++) {
        begin_member(w, docs[i].name);
        openapi_member(w, "description", docs[i].doc);
        if (docs[i].required)
            member_true(w, "required");
        begin_member(w, "schema");
        openapi_member(w, "type", docs[i].type);
        json_end_object(w);
        json_key(w, STR("example"));
        if (same(docs[i].type, "integer"))
            json_raw(w, str_of(docs[i].example));
        else
            json_str(w, str_of(docs[i].example));
        json_end_object(w);
    }
    json_end_object(w);
}

static void write_components(struct json_writer *w, const struct vocabulary *v) {
    begin_member(w, "components");
    begin_member(w, "securitySchemes");
    begin_member(w, "bearerAuth");
    openapi_member(w, "type", "http");
    openapi_member(w, "scheme", "bearer");
    openapi_member(w, "description", "An API key, made with `outrider key create`.");
    json_end_object(w);
    json_end_object(w);
    write_shared_parameters(w);
    write_shared_headers(w);
    write_shared_answers(w);
    begin_member(w, "schemas");
    openapi_schemas(w, v);
    json_end_object(w);
    json_end_object(w);
}

void openapi_write(struct buf *out, const struct route_table *const *tables, size_t n,
                   const char *version) {
    struct arena *arena = arena_new();
    struct list routes = all_routes(arena, tables, n);
    struct vocabulary v = vocabulary_of(arena, &routes);
    struct json_writer w = json_writer(out);
    json_begin_object(&w);
    openapi_member(&w, "openapi", "3.1.0");
    write_info(&w, version);
    json_key(&w, STR("security"));
    json_raw(&w, STR("[{\"bearerAuth\":[]}]"));
    write_tags(&w, &routes);
    write_paths(&w, arena, &routes);
    write_components(&w, &v);
    json_end_object(&w);
    arena_free(&arena);
}
