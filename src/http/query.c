#include "http/query.h"

#include "base/limits.h"
#include "base/rand.h"
#include "http/url.h"
#include "json/reader.h"

static const char bad_value[] = "unsupported_value";

static bool is_list(const struct field *field) {
    return field->type == FIELD_STRS || field->type == FIELD_INTS;
}

static const struct field *find_field(const struct fields *fields, struct str name) {
    for (size_t i = 0; fields && i < fields->n; i++) {
        const struct field *field = &fields->rows[i];
        struct str base = is_list(field) && str_ends(name, STR("[]"))
                              ? str_sub(name, 0, name.n - 2)
                              : name;
        if (!(field->flags & (FIELD_CONSTANT | FIELD_HIDDEN)) && str_eq(str_of(field->name), base))
            return field;
    }
    return NULL;
}

static enum rc read_size(struct request *r, struct str value) {
    int64_t size;
    int max = r->route->page_max ? r->route->page_max : PAGE_SIZE_MAX;
    if (str_to_i64(value, &size) != OK || size < 1 || size > max)
        return bad_parameter(r->ctx, "page[size]", bad_value,
                             "page[size] must be an integer from 1 to %d", max);
    r->page.size = (int) size;
    return OK;
}

static bool is_cursor(unsigned flags, struct str value) {
    int64_t number;
    if (flags & ROUTE_CURSOR_UUID)
        return uuid_is_valid(value);
    if (flags & ROUTE_CURSOR_INT)
        return str_to_i64(value, &number) == OK;
    return value.n <= PAGE_CURSOR_MAX_BYTES;
}

/* An empty cursor means none, as clients send it with a first request. */
static enum rc read_cursor(struct request *r, const char *name, struct str value,
                           struct str *cursor) {
    if (str_is_empty(value))
        return OK;
    if (!is_cursor(r->route->flags, value))
        return bad_parameter(r->ctx, name, bad_value, "%s is not a cursor of this list", name);
    *cursor = value;
    return OK;
}

/* E_NOT_FOUND: not one of the three. */
static enum rc read_page_parameter(struct request *r, struct str name, struct str value) {
    if (!(r->route->flags & ROUTE_PAGED))
        return E_NOT_FOUND;
    if (str_eq(name, STR("page[size]")))
        return read_size(r, value);
    if (str_eq(name, STR("page[after]")))
        return read_cursor(r, "page[after]", value, &r->page.after);
    if (str_eq(name, STR("page[before]")))
        return read_cursor(r, "page[before]", value, &r->page.before);
    return E_NOT_FOUND;
}

static void add_filter(struct buf *filters, struct str name, struct str value) {
    buf_char(filters, '&');
    buf_str(filters, name);
    buf_char(filters, '=');
    buf_str(filters, value);
}

struct reading {
    struct request *r;
    void *values; /* struct of route->query */
    struct buf filters;
    bool *seen; /* by position in the table */
};

static enum rc read_field(struct reading *reading, const struct field *field, struct str value) {
    struct ctx *ctx = reading->r->ctx;
    struct str reason;
    enum rc rc = field_from_text(ctx->arena, field, value, reading->values, &reason);
    reading->seen[field - reading->r->route->query->rows] = true;
    return rc == OK ? OK : bad_parameter(ctx, field->name, bad_value, "%.*s", STR_FMT(reason));
}

static enum rc read_pair(struct reading *reading, struct str raw_name, struct str raw_value) {
    struct request *r = reading->r;
    struct arena *arena = r->ctx->arena;
    struct str name, value;
    if (url_decode(arena, raw_name, true, &name) != OK)
        return OK; /* no parameter has such a name: unknown ones are passed over */
    bool is_decoded = url_decode(arena, raw_value, true, &value) == OK;
    const struct field *field = find_field(r->route->query, name);
    if (is_decoded && !field) {
        enum rc rc = read_page_parameter(r, name, value);
        return rc == E_NOT_FOUND ? OK : rc;
    }
    bool is_page = r->route->flags & ROUTE_PAGED && str_starts(name, STR("page["));
    if (!is_decoded)
        return field || is_page ? bad_parameter(r->ctx, arena_cstr(arena, name), bad_value,
                                                "the value is not percent-encoded UTF-8")
                                : OK;
    add_filter(&reading->filters, raw_name, raw_value);
    return read_field(reading, field, value);
}

static enum rc check_missing(struct reading *reading) {
    struct request *r = reading->r;
    const struct fields *fields = r->route->query;
    enum rc rc = OK;
    for (size_t i = 0; fields && i < fields->n; i++)
        if (fields->rows[i].flags & FIELD_REQUIRED && !reading->seen[i])
            rc = bad_parameter(r->ctx, fields->rows[i].name, "missing_field",
                               "%s is required", fields->rows[i].name);
    return rc;
}

enum rc query_read(struct request *r, struct str *ret_filters) {
    const struct route *route = r->route;
    struct arena *arena = r->ctx->arena;
    r->page.size = route->page_default ? route->page_default : PAGE_SIZE_DEFAULT;
    if (!route->query && !(route->flags & ROUTE_PAGED))
        return OK;
    struct reading reading = { .r = r, .filters = buf_in(arena, HTTP_TARGET_MAX_BYTES * 2) };
    if (route->query) {
        r->query = reading.values = arena_alloc(arena, route->query->size);
        reading.seen = ARENA_ARRAY(arena, route->query->n, bool);
    }
    struct str rest = r->raw_query;
    enum rc result = OK;
    for (struct str name, value; url_next_pair(&rest, &name, &value);) {
        enum rc rc = read_pair(&reading, name, value);
        result = rc != OK ? rc : result;
    }
    if (str_is_set(r->page.after) && str_is_set(r->page.before))
        result = bad_parameter(r->ctx, "page[before]", bad_value,
                               "page[before] and page[after] exclude each other");
    enum rc missing = check_missing(&reading);
    *ret_filters = buf_text(&reading.filters);
    return missing != OK ? missing : result;
}
