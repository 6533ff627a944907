/* Any bytes as a request target: split, decoded, read as parameters of a route and
 * matched. What is decoded is UTF-8, and encoding it again gives it back. */
#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "http/query.h"
#include "http/router.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct wanted {
    struct str text;
    struct opt_int number;
    struct strs ids;
};
static const struct field wanted_rows[] = {
    F_STR(struct wanted, text, .flags = FIELD_REQUIRED, .max = 20),
    F_INT(struct wanted, number, .min = 1, .max = 9),
    F_STRS(struct wanted, ids, .max = 3, .item_max = 5),
};
static const struct fields wanted_fields = FIELDS("Wanted", struct wanted, wanted_rows);

static const struct route rows[] = {
    { .path = "/a", .flags = ROUTE_PAGED, .query = &wanted_fields },
    { .path = "/a/{id}", .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID },
    { .path = "/a/b/{id}/c" },
};

static void check_decoding(struct arena *arena, struct str text) {
    struct str decoded, again;
    if (url_decode(arena, text, true, &decoded) != OK)
        return;
    struct buf b = buf_in(arena, decoded.n * 3 + 1);
    ASSERT(utf8_is_valid(decoded) && decoded.n <= text.n);
    buf_url(&b, decoded);
    ASSERT(url_decode(arena, buf_text(&b), true, &again) == OK && str_eq(again, decoded));
}

static void check_query(struct ctx *ctx, const struct route *route, struct str query) {
    struct request r = { .ctx = ctx, .route = route, .raw_query = query };
    struct str filters = STR("");
    enum rc rc = query_read(&r, &filters);
    ASSERT((rc == OK) == (ctx->problem_count == 0));
    ASSERT(r.page.size >= 1 && r.page.size <= PAGE_SIZE_MAX);
    ASSERT(rc != OK || !str_is_set(r.page.after) || !str_is_set(r.page.before));
    const struct wanted *wanted = r.query;
    if (rc == OK && wanted)
        ASSERT(str_is_set(wanted->text) && wanted->ids.n <= 3);
    ctx_clear_error(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct router *router; /* lives as long as the process */
    static const struct route_table table = ROUTE_TABLE(rows);
    static const struct route_table *const tables[] = { &table };
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    if (!router)
        ASSERT(router_new(&ctx, tables, 1, &router) == OK);
    struct str target = { (const char *) data, size }, path, query;
    struct routed routed;
    target_split(target, &path, &query);
    if (router_find(router, ctx.arena, GET, path, &routed) == OK)
        ASSERT(routed.route && utf8_is_valid(routed.path));
    check_decoding(ctx.arena, target);
    for (size_t i = 0; i < 2; i++)
        check_query(&ctx, &rows[i], str_is_set(query) ? query : target);
    arena_free(&ctx.arena);
    return 0;
}
