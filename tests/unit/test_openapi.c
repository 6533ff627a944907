/* The printed document is parsed back and checked as a reader of it would: every
 * reference resolves, every example fits, every status and parameter is there. */
#include "test.h"

#include <jansson.h>

#include "api/api.h"
#include "dash/dash.h"
#include "http/description.h"
#include "http/errors.h"
#include "http/openapi.h"
#include "json/reader.h"

static const struct str color_texts[] = { { "red", 3 }, { "blue | green", 12 } };
static const struct enum_values colors = { "Color", color_texts, LENGTH(color_texts) };

struct leaf {
    struct str name;
};
static const struct field leaf_rows[]
    = { F_STR(struct leaf, name, .flags = FIELD_REQUIRED, .max = 9, .doc = "Name | title.") };
static const struct fields leaf_fields = FIELDS("Leaf", struct leaf, leaf_rows, .doc = "A leaf.");

struct thing {
    struct str id, color, note, raw, day, secret;
    struct opt_int age, at, low;
    enum tri ok;
    struct strs tints, names;
    struct ints numbers;
    struct counts counts;
    struct leaf *leaf;
    struct list leaves;
};
#define T struct thing
static const struct field thing_rows[] = {
    F_OBJECT_NAME("thing"),
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "7"),
    F_ENUM(T, color, .values = &colors, .flags = FIELD_NULLABLE, .example = "red"),
    F_STR(T, note, .flags = FIELD_NULLABLE, .min = 1, .max = 200, .example = "say \"hello\""),
    F_JSON(T, raw, .example = "{\"a\":[1]}"),
    F_DATE(T, day, .example = "2025-08-29"),
    F_STR(T, secret, .flags = FIELD_HIDDEN),
    F_INT(T, age, .min = 0, .max = 150, .example = "7"),
    F_TIME(T, at, .example = "2025-08-29T14:54:16Z"),
    F_INT(T, low, .min = 5),
    F_BOOL(T, ok, .example = "true"),
    F_STRS(T, tints, .values = &colors, .max = 3, .example = "[\"red\"]"),
    F_STRS(T, names, .item_max = 40, .flags = FIELD_NULLABLE),
    F_INTS(T, numbers, .max = 2),
    F_COUNTS(T, counts, .example = "{\"Sales\":3}"),
    F_OBJECT(T, leaf, struct leaf, .of = &leaf_fields, .flags = FIELD_NULLABLE),
    F_LIST(T, leaves, .of = &leaf_fields, .flags = FIELD_REQUIRED, .max = 10),
};
static const struct fields thing_fields = FIELDS("Thing", T, thing_rows, .doc = "A thing.");

static const struct field query_rows[] = {
    F_STR(T, note, .flags = FIELD_REQUIRED, .doc = "What to look for."),
    F_STRS(T, names),
    F_STR(T, secret, .flags = FIELD_HIDDEN),
};
static const struct fields query_fields = FIELDS("ThingQuery", T, query_rows);

static const struct route_status find_statuses[] = {
    { 404, "person_not_found: nobody matches", NULL },
    { 408, "Takes longer.", "Retry-After" },
};
static const struct route_status post_statuses[] = {
    { 202, "Started.", "Location" },
    { 409, "The list is full.", NULL },
    { 429, "Or too many at once.", NULL },
};

static const struct route first_rows[] = {
    { GET, "/things", NULL, SCOPE_API, LIMIT_DEFAULT, ROUTE_PAGED, .query = &query_fields,
      .reply = &thing_fields, .page_max = 50, .page_default = 10, .tag = "Things",
      .summary = "List things", .doc = "Free." },
    { GET, "/things/{id}", NULL, SCOPE_API, LIMIT_PEOPLE_FIND, ROUTE_PATH_UUID,
      .reply = &thing_fields, .statuses = find_statuses, .n_statuses = LENGTH(find_statuses),
      .tag = "Things", .summary = "Find a thing" },
    { GET, "/healthz", NULL, SCOPE_NONE, LIMIT_NONE, ROUTE_TEXT, .tag = "Server" },
};
static const struct route second_rows[] = {
    { POST, "/things", NULL, SCOPE_API, LIMIT_DEFAULT, 0, .body = &thing_fields,
      .reply = &thing_fields, .success = 202, .statuses = post_statuses,
      .n_statuses = LENGTH(post_statuses), .tag = "Things", .summary = "Make a thing" },
    { DELETE, "/dashboard/api/thing-sets/{id}", NULL, SCOPE_ADMIN, LIMIT_NONE, ROUTE_PATH_INT,
      .success = 204, .tag = "Dashboard", .summary = "Drop a set" },
    { DELETE, "/things", NULL, SCOPE_API, LIMIT_DEFAULT, 0, .body = &leaf_fields,
      .reply_schema = "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
      .tag = "Things" },
};
static const struct route_table first = ROUTE_TABLE(first_rows), second = ROUTE_TABLE(second_rows);
static const struct route_table *const tables[] = { &first, &second };

static json_t *document_of(struct arena *arena, const struct route_table *const *some, size_t n) {
    struct buf out = buf_in(arena, 4 << 20);
    openapi_write(&out, some, n, "1.2.3");
    assert_int_equal(buf_result(&out), OK);
    json_t *root = NULL;
    struct json_position at = { 0 };
    if (json_parse(arena, buf_text(&out), &root, &at) != OK)
        print_error("%zu:%zu %.*s\n", at.line, at.column, STR_FMT(at.message));
    assert_non_null(root);
    return root;
}

static json_t *document(struct arena *arena) {
    return document_of(arena, tables, LENGTH(tables));
}

/* "/a/b" into the document; "~1" stands for a slash in a name. */
static json_t *at(struct arena *arena, json_t *root, const char *pointer) {
    struct str rest = str_of(pointer), name;
    (void) str_cut(&rest, '/', &name);
    while (root && str_cut(&rest, '/', &name)) {
        struct buf plain = buf_in(arena, 1000);
        for (size_t i = 0; i < name.n; i++) {
            bool slash = name.p[i] == '~' && i + 1 < name.n && name.p[i + 1] == '1';
            buf_char(&plain, slash ? '/' : name.p[i]);
            i += slash;
        }
        int64_t index = 0;
        if (json_is_array(root))
            root = str_to_i64(name, &index) == OK ? json_array_get(root, (size_t) index) : NULL;
        else
            root = json_object_getn(root, plain.p ? plain.p : "", plain.n);
    }
    return root;
}

static void check_references(struct arena *arena, json_t *root, json_t *value, size_t *count) {
    const char *key;
    json_t *member;
    size_t i;
    json_object_foreach(value, key, member) {
        if (!strcmp(key, "$ref")) {
            const char *target = json_string_value(member);
            assert_true(target && target[0] == '#');
            if (!at(arena, root, target + 1))
                print_error("%s does not resolve\n", target);
            assert_non_null(at(arena, root, target + 1));
            ++*count;
        }
        check_references(arena, root, member, count);
    }
    json_array_foreach(value, i, member)
        check_references(arena, root, member, count);
}

static void test_every_reference_resolves(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    json_t *root = document(arena);
    size_t count = 0;
    check_references(arena, root, root, &count);
    assert_true(count > 50);
    count = 0;
    root = document_of(arena, api_tables, api_tables_count);
    check_references(arena, root, root, &count);
    root = document_of(arena, dash_tables, dash_tables_count);
    check_references(arena, root, root, &count);
    assert_true(count > 10);
    arena_free(&arena);
}

/* OpenAPI 3.1, "Fixed Fields" of the Components Object: ^[a-zA-Z0-9._-]+$. */
static void test_components_have_names_that_are_allowed(void **state) {
    (void) state;
    static const struct str marks = { "._-", 3 };
    struct arena *arena = arena_new();
    json_t *components
        = at(arena, document_of(arena, api_tables, api_tables_count), "/components");
    const char *section, *name;
    json_t *members, *member;
    json_object_foreach(components, section, members) {
        json_object_foreach(members, name, member) {
            bool allowed = *name;
            for (const char *p = name; *p; p++)
                allowed = allowed && (ascii_is_alnum(*p) || str_find(marks, *p) < marks.n);
            if (!allowed)
                print_error("%s \"%s\"\n", section, name);
            assert_true(allowed);
        }
    }
    arena_free(&arena);
}

static void test_operations_have_their_own_names(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct list routes = all_routes(arena, api_tables, api_tables_count);
    for (size_t i = 0; i < routes.n; i++) {
        const struct route *route = route_at(&routes, i);
        assert_true(route->tag && route->summary);
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(operation_id(arena, route),
                                operation_id(arena, route_at(&routes, k))));
    }
    arena_free(&arena);
}

static bool example_is_text(const struct field *field) {
    switch (field->type) {
    case FIELD_STR:
    case FIELD_ID:
    case FIELD_ENUM:
    case FIELD_TIME:
    case FIELD_TIME_MS:
    case FIELD_DATE:
        return true;
    default:
        return false;
    }
}

/* {"name": example} as a request: it must pass the field's own checks. */
static bool example_fits(const struct fields *fields, const struct field *field) {
    struct ctx ctx = test_ctx();
    struct buf text = buf_in(ctx.arena, 100000);
    struct json_writer w = json_writer(&text);
    json_begin_object(&w);
    json_key(&w, str_of(field->name));
    if (example_is_text(field))
        json_str(&w, str_of(field->example));
    else
        json_raw(&w, str_of(field->example));
    json_end_object(&w);
    const struct fields only = { .name = fields->name, .size = fields->size, .rows = field, .n = 1 };
    json_t *root = NULL;
    struct json_position where;
    bool fits = json_parse(ctx.arena, buf_text(&text), &root, &where) == OK
                && json_read_fields(&ctx, &only, root, STR_NONE,
                                    arena_alloc(ctx.arena, fields->size)) == OK;
    if (!fits)
        print_error("%s.%s: %.*s\n", fields->name, field->name,
                    STR_FMT(ctx.problems ? ctx.problems->detail : where.message));
    arena_free(&ctx.arena);
    return fits;
}

static size_t misfits(const struct fields *fields) {
    size_t n = 0;
    for (size_t i = 0; fields && i < fields->n; i++) {
        const struct field *field = &fields->rows[i];
        /* halves are written in answers only, and read by no request */
        unsigned not_read = FIELD_CONSTANT | FIELD_HIDDEN | FIELD_HALVES;
        bool shown = !(field->flags & not_read) && field->example;
        n += shown && !example_fits(fields, field);
    }
    return n;
}

static size_t misfits_of(struct arena *arena, const struct route_table *const *some, size_t n) {
    struct list routes = all_routes(arena, some, n);
    struct vocabulary v = vocabulary_of(arena, &routes);
    size_t found = 0;
    for (size_t i = 0; i < v.schemas.n; i++)
        found += misfits(schema_at(&v, i));
    for (size_t i = 0; i < routes.n; i++)
        found += misfits(route_at(&routes, i)->query);
    return found;
}

static const struct field misfit_rows[]
    = { { .name = "age", .type = FIELD_INT, .max = 5, .example = "6" },
        { .name = "day", .type = FIELD_DATE, .example = "today" },
        { .name = "texts", .type = FIELD_STRS, .example = "[\"a\"" } };
static const struct fields misfit_fields
    = { .name = "Misfit", .size = 64, .rows = misfit_rows, .n = LENGTH(misfit_rows) };

static void test_examples_pass_their_own_fields(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    assert_int_equal(misfits_of(arena, tables, LENGTH(tables)), 0);
    assert_int_equal(misfits_of(arena, api_tables, api_tables_count), 0);
    assert_int_equal(misfits_of(arena, dash_tables, dash_tables_count), 0);
    for (size_t i = 0; i < LENGTH(misfit_rows); i++)
        assert_false(example_fits(&misfit_fields, &misfit_rows[i]));
    arena_free(&arena);
}

/* JSON at a place of the document; NULL: nothing is there. */
static const struct {
    const char *pointer;
    const char *json;
} places[] = {
    { "/openapi", "\"3.1.0\"" },
    { "/info/version", "\"1.2.3\"" },
    { "/security", "[{\"bearerAuth\":[]}]" },
    { "/components/securitySchemes/bearerAuth/scheme", "\"bearer\"" },
    { "/tags", "[{\"name\":\"Things\"},{\"name\":\"Server\"},{\"name\":\"Dashboard\"}]" },
    { "/paths/~1things/get/operationId", "\"getThings\"" },
    { "/paths/~1things~1{id}/get/operationId", "\"getThingsById\"" },
    { "/paths/~1dashboard~1api~1thing-sets~1{id}/delete/operationId",
      "\"deleteDashboardApiThingSetsById\"" },
    { "/paths/~1things/get/tags", "[\"Things\"]" },
    { "/paths/~1things/get/summary", "\"List things\"" },
    { "/paths/~1things/get/description", "\"Free.\\n\\nCounted against `rate_limit.default`.\"" },
    { "/paths/~1healthz/get/security", "[]" },
    { "/paths/~1things/get/security", NULL },
    { "/paths/~1healthz/get/responses/401", NULL },
    { "/paths/~1healthz/get/responses/200/content/text~1plain/schema", "{\"type\":\"string\"}" },
    { "/paths/~1things/get/parameters/0",
      "{\"name\":\"note\",\"in\":\"query\",\"required\":true,\"description\":\"What to look for.\","
      "\"schema\":{\"type\":\"string\",\"description\":\"What to look for.\"}}" },
    { "/paths/~1things/get/parameters/1/name", "\"names[]\"" },
    { "/paths/~1things/get/parameters/2/name", "\"page[size]\"" },
    { "/paths/~1things/get/parameters/2/schema",
      "{\"type\":\"integer\",\"minimum\":1,\"maximum\":50,\"default\":10}" },
    { "/paths/~1things/get/parameters/3", "{\"$ref\":\"#/components/parameters/PageAfter\"}" },
    { "/paths/~1things/get/parameters/4", "{\"$ref\":\"#/components/parameters/PageBefore\"}" },
    { "/paths/~1things/get/parameters/5", NULL },
    { "/components/parameters/PageAfter/name", "\"page[after]\"" },
    { "/components/parameters/PageBefore/name", "\"page[before]\"" },
    { "/paths/~1things/post/parameters", "[{\"$ref\":\"#/components/parameters/IdempotencyKey\"}]" },
    { "/paths/~1things~1{id}/get/parameters/0",
      "{\"name\":\"id\",\"in\":\"path\",\"required\":true,"
      "\"schema\":{\"type\":\"string\",\"format\":\"uuid\"}}" },
    { "/paths/~1dashboard~1api~1thing-sets~1{id}/delete/parameters/0/schema",
      "{\"type\":\"integer\"}" },
    { "/paths/~1things/post/requestBody/content/application~1json/schema",
      "{\"$ref\":\"#/components/schemas/Thing\"}" },
    { "/paths/~1things/post/requestBody/content/application~1vnd.amp+json/schema",
      "{\"$ref\":\"#/components/schemas/Thing\"}" },
    { "/paths/~1things/get/requestBody", NULL },
    { "/paths/~1things/get/responses/200/content/application~1json/schema",
      "{\"$ref\":\"#/components/schemas/Thing\"}" },
    { "/paths/~1things/post/responses/200", NULL },
    { "/paths/~1things/post/responses/202/description", "\"Started.\"" },
    { "/paths/~1things/post/responses/202/headers/Location",
      "{\"$ref\":\"#/components/headers/Location\"}" },
    { "/paths/~1things/delete/responses/200/content/application~1json/schema",
      "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}" },
    { "/paths/~1dashboard~1api~1thing-sets~1{id}/delete/responses/204/content", NULL },
    { "/paths/~1dashboard~1api~1thing-sets~1{id}/delete/responses/429", NULL },
    { "/paths/~1dashboard~1api~1thing-sets~1{id}/delete/responses/403",
      "{\"$ref\":\"#/components/responses/Forbidden\"}" },
    { "/paths/~1things/get/responses/400", "{\"$ref\":\"#/components/responses/BadRequest\"}" },
    { "/paths/~1things/get/responses/401", "{\"$ref\":\"#/components/responses/Unauthorized\"}" },
    { "/paths/~1things/get/responses/404", NULL },
    { "/paths/~1things/get/responses/413", NULL },
    { "/paths/~1things/get/responses/429", "{\"$ref\":\"#/components/responses/RateLimited\"}" },
    { "/paths/~1things/get/responses/500",
      "{\"$ref\":\"#/components/responses/InternalServerError\"}" },
    { "/paths/~1things/post/responses/413", "{\"$ref\":\"#/components/responses/ContentTooLarge\"}" },
    { "/paths/~1things/post/responses/415",
      "{\"$ref\":\"#/components/responses/UnsupportedMediaType\"}" },
    { "/paths/~1things/post/responses/422",
      "{\"$ref\":\"#/components/responses/IdempotencyKeyReused\"}" },
    /* a route's own row and the general one become one answer */
    { "/paths/~1things/post/responses/409/description",
      "\"The list is full.\\n\\nA request with the same Idempotency-Key is still running.\"" },
    { "/paths/~1things/post/responses/429/headers/Retry-After",
      "{\"$ref\":\"#/components/headers/Retry-After\"}" },
    { "/paths/~1things~1{id}/get/responses/404/description",
      "\"person_not_found: nobody matches\\n\\nNothing with this id belongs to the account.\"" },
    { "/paths/~1things~1{id}/get/responses/408/headers/Retry-After",
      "{\"$ref\":\"#/components/headers/Retry-After\"}" },
    { "/paths/~1things~1{id}/get/responses/408/content/application~1json/schema",
      "{\"$ref\":\"#/components/schemas/ErrorResponse\"}" },
    { "/components/responses/RateLimited/headers/RateLimit-Policy",
      "{\"$ref\":\"#/components/headers/RateLimit-Policy\"}" },
    { "/components/responses/ServiceUnavailable/content/application~1json/schema",
      "{\"$ref\":\"#/components/schemas/ErrorResponse\"}" },
    { "/components/headers/X-Request-Id/required", "true" },
    { "/paths/~1healthz/get/responses/503",
      "{\"$ref\":\"#/components/responses/ServiceUnavailable\"}" },
    { "/paths/~1things/post/responses/408", "{\"$ref\":\"#/components/responses/RequestTimeout\"}" },
    { "/components/schemas/ThingQuery", NULL },
    { "/components/schemas/Thing/required", "[\"id\",\"leaves\"]" },
    { "/components/schemas/Thing/properties/secret", NULL },
    { "/components/schemas/Thing/properties/object", "{\"type\":\"string\",\"const\":\"thing\"}" },
    { "/components/schemas/Thing/properties/color",
      "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Color\"},{\"type\":\"null\"}],"
      "\"examples\":[\"red\"]}" },
    { "/components/schemas/Thing/properties/note",
      "{\"type\":[\"string\",\"null\"],\"minLength\":1,\"maxLength\":200,"
      "\"examples\":[\"say \\\"hello\\\"\"]}" },
    { "/components/schemas/Thing/properties/raw", "{\"examples\":[{\"a\":[1]}]}" },
    { "/components/schemas/Thing/properties/day",
      "{\"type\":\"string\",\"format\":\"date\",\"examples\":[\"2025-08-29\"]}" },
    { "/components/schemas/Thing/properties/age",
      "{\"type\":\"integer\",\"minimum\":0,\"maximum\":150,\"examples\":[7]}" },
    { "/components/schemas/Thing/properties/at/format", "\"date-time\"" },
    { "/components/schemas/Thing/properties/low", "{\"type\":\"integer\",\"minimum\":5}" },
    { "/components/schemas/Thing/properties/ok", "{\"type\":\"boolean\",\"examples\":[true]}" },
    { "/components/schemas/Thing/properties/tints",
      "{\"type\":\"array\",\"maxItems\":3,\"items\":{\"$ref\":\"#/components/schemas/Color\"},"
      "\"examples\":[[\"red\"]]}" },
    { "/components/schemas/Thing/properties/names",
      "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"string\",\"maxLength\":40}}" },
    { "/components/schemas/Thing/properties/numbers",
      "{\"type\":\"array\",\"maxItems\":2,\"items\":{\"type\":\"integer\"}}" },
    { "/components/schemas/Thing/properties/counts",
      "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"},"
      "\"examples\":[{\"Sales\":3}]}" },
    { "/components/schemas/Thing/properties/leaf",
      "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Leaf\"},{\"type\":\"null\"}]}" },
    { "/components/schemas/Thing/properties/leaves",
      "{\"type\":\"array\",\"maxItems\":10,\"items\":{\"$ref\":\"#/components/schemas/Leaf\"}}" },
    { "/components/schemas/Color/enum", "[\"red\",\"blue | green\"]" },
    { "/components/schemas/Leaf/properties/name/maxLength", "9" },
    { "/components/schemas/ErrorResponse/required", "[\"_errors\"]" },
    { "/components/schemas/Error/properties/source/$ref", "\"#/components/schemas/ErrorSource\"" },
};

static void test_what_the_document_says(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    json_t *root = document(arena);
    for (size_t i = 0; i < LENGTH(places); i++) {
        json_t *found = at(arena, root, places[i].pointer);
        json_t *expected = NULL;
        struct json_position where;
        if (places[i].json)
            assert_int_equal(json_parse(arena, str_of(places[i].json), &expected, &where), OK);
        if (places[i].json ? !json_equal(found, expected) : found != NULL)
            print_error("at %s\n", places[i].pointer);
        assert_true(places[i].json ? json_equal(found, expected) : found == NULL);
    }
    arena_free(&arena);
}

static void test_every_error_code_is_listed(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    json_t *listed = at(arena, document(arena), "/components/schemas/ErrorCode/enum");
    size_t n;
    const struct error_code *codes = error_codes(&n);
    assert_int_equal(json_array_size(listed), n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(json_string_value(json_array_get(listed, i)), codes[i].code);
    arena_free(&arena);
}

static void test_reference_as_text(void **state) {
    (void) state;
    static const char *const parts[] = {
        "## Things\n\n### List things\n\n`GET /things`\n\nFree.\n\n",
        "| `note` | text | yes | What to look for. |\n",
        "`page[size]` 1 to 50 (default 10)",
        "### Make a thing\n\n`POST /things`",
        "| 202 | [Thing](#thing): Started. | `Location` |\n",
        "| 408 | Takes longer. | `Retry-After` |\n",
        "Also, [as everywhere](#general-answers): 400, 401, 408, 413, 415, 422, 500, 503.\n",
        "### Drop a set\n\n`DELETE /dashboard/api/thing-sets/{id}`\n\nNeeds an API key",
        "| `age` | integer | | 0 to 150. |\n",
        "| `tints` | list of [Color](#color) | | At most 3 items. |\n",
        "| `leaf` | [Leaf](#leaf) or null | | |\n",
        "| `leaves` | list of [Leaf](#leaf) | yes | At most 10 items. |\n",
        "| `name` | text | yes | Name \\| title. At most 9 characters. |\n",
        "| `object` | `\"thing\"` | | |\n",
        "| `person_not_found` | 404 | Person Not Found |",
        "### Color\n\n`red`, `blue | green`\n",
    };
    struct arena *arena = arena_new();
    struct buf out = buf_in(arena, 1 << 20);
    docs_write(&out, tables, LENGTH(tables));
    assert_int_equal(buf_result(&out), OK);
    for (size_t i = 0; i < LENGTH(parts); i++) {
        if (!str_contains(buf_text(&out), str_of(parts[i])))
            print_error("missing: %s\n", parts[i]);
        assert_true(str_contains(buf_text(&out), str_of(parts[i])));
    }
    assert_false(str_contains(buf_text(&out), STR("secret")));
    arena_free(&arena);
}

static void test_a_full_buffer_is_told(void **state) {
    (void) state;
    struct buf out = buf_on_heap(1000);
    openapi_write(&out, tables, LENGTH(tables), "1");
    assert_int_equal(buf_result(&out), E_TOO_LARGE);
    buf_clear(&out);
    docs_write(&out, tables, LENGTH(tables));
    assert_int_equal(buf_result(&out), E_TOO_LARGE);
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reference_resolves),
        cmocka_unit_test(test_components_have_names_that_are_allowed),
        cmocka_unit_test(test_operations_have_their_own_names),
        cmocka_unit_test(test_examples_pass_their_own_fields),
        cmocka_unit_test(test_what_the_document_says),
        cmocka_unit_test(test_every_error_code_is_listed),
        cmocka_unit_test(test_reference_as_text),
        cmocka_unit_test(test_a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
