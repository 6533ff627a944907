/* docs/api.md: one section per tag, one per operation in it, then the objects. */
#include "base/check.h"
#include "http/description.h"
#include "http/errors.h"
#include "http/openapi.h"

static const char introduction[] =
    "# API reference\n"
    "\n"
    "Printed from the tables that also answer the requests; not to be edited by hand.\n"
    "The same as a document for programs: `GET /openapi.json` (OpenAPI 3.1).\n"
    "\n"
    "- **Key.** `Authorization: Bearer KEY`; `outrider key create --name NAME` prints one.\n"
    "- **Bodies** are JSON: `application/json` or `application/vnd.amp+json`. Unknown members are\n"
    "  ignored.\n"
    "- **Pages.** `page[size]`, `page[after]`, `page[before]`; follow `_links.next` until it is "
    "absent.\n"
    "- **Repeating a POST.** With an `Idempotency-Key` header the same request is answered the same\n"
    "  for 24 hours and done once.\n"
    "- **Limits.** 429 says in `Retry-After` when to try again.\n"
    "- **Credits** are counted in halves; an operation says what it costs.\n";

/* A cell of a table: neither bars nor line ends. */
static void put_cell(struct buf *out, struct str text) {
    buf_str(out, text.n ? STR(" ") : STR(""));
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '|')
            buf_char(out, '\\');
        bool space = text.p[i] == '\n' && i + 1 < text.n && text.p[i + 1] == '\n';
        if (!space)
            buf_char(out, text.p[i] == '\n' ? ' ' : text.p[i]);
    }
    buf_str(out, STR(" |"));
}

static void put_code_cell(struct buf *out, struct str text) {
    buf_str(out, STR(" `"));
    buf_str(out, text);
    buf_str(out, STR("` |"));
}

/* The heading's anchor, as Markdown viewers make it. */
static void put_anchor(struct buf *out, const char *name) {
    for (; *name; name++)
        if (ascii_is_alnum(*name) || *name == '-' || *name == '_')
            buf_char(out, ascii_lower(*name));
        else if (*name == ' ')
            buf_char(out, '-');
}

static void put_link(struct buf *out, const char *name) {
    buf_printf(out, "[%s](#", name);
    put_anchor(out, name);
    buf_char(out, ')');
}

static void put_type(struct buf *out, const struct field *field) {
    static const char *const names[] = {
        [FIELD_STR] = "text",      [FIELD_ID] = "id",          [FIELD_ENUM] = "text",
        [FIELD_INT] = "integer",   [FIELD_TIME] = "time",      [FIELD_TIME_MS] = "time",
        [FIELD_DATE] = "date",     [FIELD_BOOL] = "boolean",   [FIELD_STRS] = "list of texts",
        [FIELD_INTS] = "list of integers", [FIELD_COUNTS] = "integers by name",
        [FIELD_OBJECT] = "",       [FIELD_LIST] = "list of ",  [FIELD_JSON] = "any JSON",
    };
    if (field->flags & FIELD_CONSTANT) {
        buf_printf(out, "`\"%s\"`", field->example);
        return;
    }
    if (field->values) {
        buf_str(out, field->type == FIELD_STRS ? STR("list of ") : STR(""));
        put_link(out, field->values->name);
    } else {
        buf_str(out, field->flags & FIELD_HALVES ? STR("number") : str_of(names[field_shape(field)]));
        if (field->of)
            put_link(out, field->of->name);
    }
    if (field->flags & FIELD_NULLABLE)
        buf_str(out, STR(" or null"));
}

static const char *bound_unit(const struct field *field) {
    switch (field_shape(field)) {
    case FIELD_STR:
    case FIELD_ID:
    case FIELD_ENUM:
    case FIELD_JSON:
        return " characters";
    case FIELD_STRS:
    case FIELD_INTS:
    case FIELD_COUNTS:
    case FIELD_LIST:
        return " items";
    default:
        return "";
    }
}

static void put_bounds(struct buf *out, const struct field *field) {
    const char *unit = bound_unit(field);
    bool lower = field_has_min(field) && (field->min != 0 || !*unit);
    if (lower && field_has_max(field))
        buf_printf(out, " %lld to %lld%s.", (long long) field->min, (long long) field->max, unit);
    else if (field_has_max(field))
        buf_printf(out, " At most %lld%s.", (long long) field->max, unit);
    else if (lower)
        buf_printf(out, " At least %lld%s.", (long long) field->min, unit);
}

static void put_field(struct buf *out, const struct field *field) {
    buf_char(out, '|');
    put_code_cell(out, str_of(field->name));
    buf_char(out, ' ');
    put_type(out, field);
    buf_str(out, field->flags & FIELD_REQUIRED ? STR(" | yes |") : STR(" | |"));
    struct buf text = buf_on_heap(out->max);
    if (field->doc)
        buf_str(&text, str_of(field->doc));
    put_bounds(&text, field);
    put_cell(out, str_trim(buf_text(&text)));
    buf_done(&text);
    buf_char(out, '\n');
}

static void put_fields(struct buf *out, const char *heading, const struct fields *fields) {
    buf_printf(out, "| %s | Type | Required | |\n|---|---|---|---|\n", heading);
    for (size_t i = 0; i < fields->n; i++)
        if (!(fields->rows[i].flags & FIELD_HIDDEN))
            put_field(out, &fields->rows[i]);
    buf_char(out, '\n');
}

static void put_answer_row(struct buf *out, struct str status, struct str doc,
                           const char *const *headers, const char *header) {
    buf_char(out, '|');
    put_cell(out, status);
    put_cell(out, doc);
    buf_char(out, ' ');
    for (; headers && *headers; headers++)
        buf_printf(out, "`%s` ", *headers);
    if (header)
        buf_printf(out, "`%s` ", header);
    buf_str(out, STR("|\n"));
}

static void put_success(struct buf *out, struct arena *arena, const struct route *route) {
    const struct route_status *row = route_success_row(route);
    struct buf doc = buf_in(arena, out->max);
    if (route->reply)
        put_link(&doc, route->reply->name);
    if (row)
        buf_printf(&doc, "%s%s", doc.n ? ": " : "", row->doc);
    put_answer_row(out, arena_printf(arena, "%d", route_success(route)), buf_text(&doc), NULL,
                   row ? row->header : NULL);
}

/* What follows by rule is explained once, in its own section. */
static void put_answers(struct buf *out, struct arena *arena, const struct route *route) {
    buf_str(out, STR("| Status | | Headers |\n|---|---|---|\n"));
    put_success(out, arena, route);
    struct buf general = buf_in(arena, out->max);
    struct list answers = route_answers(arena, route);
    for (size_t i = 0; i < answers.n; i++) {
        const struct answer *answer = (const struct answer *) answers.p + i;
        if (!answer->shared)
            put_answer_row(out, arena_printf(arena, "%d", answer->status), answer->doc,
                           answer->headers, answer->header);
        else
            buf_printf(&general, "%s%d", general.n ? ", " : "", answer->status);
    }
    if (general.n)
        buf_printf(out, "\nAlso, [as everywhere](#general-answers): %.*s.\n",
                   STR_FMT(buf_text(&general)));
    buf_char(out, '\n');
}

static void put_operation(struct buf *out, struct arena *arena, const struct route *route) {
    buf_printf(out, "### %s\n\n`%s %s`\n\n", route->summary ? route->summary : route->path,
               method_name(route->method), route->path);
    struct str doc = operation_doc(arena, route);
    if (doc.n)
        buf_printf(out, "%.*s\n\n", STR_FMT(doc));
    if (route->query)
        put_fields(out, "Parameter", route->query);
    if (route->flags & ROUTE_PAGED)
        buf_printf(out, "Pages: `page[size]` 1 to %d (default %d), `page[after]`, `page[before]`.\n\n",
                   route_page_max(route), route_page_default(route));
    if (route->body)
        put_fields(out, "Body", route->body);
    put_answers(out, arena, route);
}

static bool same_tag(const struct route *a, const struct route *b) {
    return !strcmp(a->tag ? a->tag : "Other", b->tag ? b->tag : "Other");
}

static bool tag_came_before(const struct list *routes, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (same_tag(route_at(routes, k), route_at(routes, i)))
            return true;
    return false;
}

static void put_operations(struct buf *out, struct arena *arena, const struct list *routes) {
    for (size_t i = 0; i < routes->n; i++) {
        if (tag_came_before(routes, i))
            continue;
        const struct route *first = route_at(routes, i);
        buf_printf(out, "\n## %s\n\n", first->tag ? first->tag : "Other");
        for (size_t k = i; k < routes->n; k++)
            if (same_tag(first, route_at(routes, k)))
                put_operation(out, arena, route_at(routes, k));
    }
}

static void put_general_answers(struct buf *out, struct arena *arena) {
    size_t n;
    const struct general_answer *answers = general_answers(&n);
    buf_str(out, STR("\n## General answers\n\n| Status | | Headers |\n|---|---|---|\n"));
    for (size_t i = 0; i < n; i++)
        put_answer_row(out, arena_printf(arena, "%d", answers[i].status), str_of(answers[i].doc),
                       answers[i].headers, NULL);
    const struct header_doc *docs = header_docs(&n);
    buf_str(out, STR("\n| Header | | Example |\n|---|---|---|\n"));
    for (size_t i = 0; i < n; i++) {
        buf_char(out, '|');
        put_code_cell(out, str_of(docs[i].name));
        put_cell(out, str_of(docs[i].doc));
        put_code_cell(out, str_of(docs[i].example));
        buf_char(out, '\n');
    }
}

static void put_error_codes(struct buf *out, struct arena *arena) {
    size_t n;
    const struct error_code *codes = error_codes(&n);
    buf_str(out, STR("\n## Error codes\n\n| Code | Status | Title | |\n|---|---|---|---|\n"));
    for (size_t i = 0; i < n; i++) {
        buf_char(out, '|');
        put_code_cell(out, str_of(codes[i].code));
        put_cell(out, arena_printf(arena, "%d", codes[i].status));
        put_cell(out, str_of(codes[i].title));
        put_cell(out, str_of(codes[i].detail));
        buf_char(out, '\n');
    }
}

static void put_vocabulary(struct buf *out, const struct vocabulary *v) {
    buf_str(out, STR("\n## Objects\n\n"));
    for (size_t i = 0; i < v->schemas.n; i++) {
        const struct fields *fields = schema_at(v, i);
        buf_printf(out, "### %s\n\n", fields->name);
        if (fields->doc)
            buf_printf(out, "%s\n\n", fields->doc);
        put_fields(out, "Member", fields);
    }
    buf_str(out, STR("## Closed lists\n\n"));
    for (size_t i = 0; i < v->enums.n; i++) {
        const struct enum_values *values = enum_at(v, i);
        buf_printf(out, "### %s\n\n", values->name);
        for (size_t k = 0; k < values->n; k++)
            buf_printf(out, "%s`%.*s`", k ? ", " : "", STR_FMT(values->values[k]));
        buf_str(out, STR("\n\n"));
    }
}

void docs_write(struct buf *out, const struct route_table *const *tables, size_t n) {
    struct arena *arena = arena_new();
    struct list routes = all_routes(arena, tables, n);
    struct vocabulary v = vocabulary_of(arena, &routes);
    buf_str(out, str_of(introduction));
    put_operations(out, arena, &routes);
    put_general_answers(out, arena);
    put_error_codes(out, arena);
    put_vocabulary(out, &v);
    arena_free(&arena);
}
