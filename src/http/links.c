/* Links are relative and written as the documentation shows them: brackets raw, the
 * size first, then the cursor, then the query's own filters as they were sent. */
#include "base/check.h"
#include "base/limits.h"
#include "http/call.h"

#define T struct link
static const struct field link_rows[] = {
    F_STR(T, href, .flags = FIELD_REQUIRED, .example = "/users?page[size]=20",
          .doc = "A relative URL of another resource."),
};
#undef T
const struct fields link_fields
    = FIELDS("Link", struct link, link_rows, .doc = "A link to another resource.");

#define T struct links
static const struct field links_rows[] = {
    F_OBJECT(T, self, struct link, .of = &link_fields, .doc = "What was asked for."),
    F_OBJECT(T, prev, struct link, .of = &link_fields, .doc = "The page before, if there is one."),
    F_OBJECT(T, next, struct link, .of = &link_fields, .doc = "The page behind, if there is one."),
};
#undef T
const struct fields links_fields
    = FIELDS("Links", struct links, links_rows, .doc = "Links to related resources.");

static struct link *new_link(struct arena *arena, struct str href) {
    struct link *link = ARENA_NEW(arena, struct link);
    link->href = href;
    return link;
}

/* `cursor` absent: without one. */
static struct link *page_link(struct request *r, const char *parameter, struct str cursor) {
    const struct call *c = call_of(r);
    struct buf b = buf_in(r->ctx->arena, HTTP_TARGET_MAX_BYTES * 8);
    buf_str(&b, c->raw_path);
    buf_str(&b, STR("?page[size]="));
    buf_i64(&b, r->page.size);
    if (str_is_set(cursor)) {
        buf_char(&b, '&');
        buf_str(&b, str_of(parameter));
        buf_char(&b, '=');
        buf_url(&b, cursor);
    }
    buf_str(&b, c->filters);
    return new_link(r->ctx->arena, buf_text(&b));
}

struct links *page_links(struct request *r, struct str first, struct str last, bool more_before,
                         bool more_after) {
    struct links *links = ARENA_NEW(r->ctx->arena, struct links);
    bool backwards = str_is_set(r->page.before);
    links->self = page_link(r, backwards ? "page[before]" : "page[after]",
                            backwards ? r->page.before : r->page.after);
    if (more_before && str_is_set(first))
        links->prev = page_link(r, "page[before]", first);
    if (more_after && str_is_set(last))
        links->next = page_link(r, "page[after]", last);
    return links;
}

struct links *page_of_links(struct request *r, const struct page_of *page) {
    return page_links(r, page->first, page->last, page->more_before, page->more_after);
}

enum rc respond_items(struct request *r, const struct fields *fields, const struct page_of *page) {
    const struct page_answer answer = { page->items, page_of_links(r, page) };
    return respond(r, 200, fields, &answer);
}

struct links *self_link_to(struct request *r, struct str path) {
    struct links *links = ARENA_NEW(r->ctx->arena, struct links);
    links->self = new_link(r->ctx->arena, path);
    return links;
}

struct links *self_link(struct request *r) {
    return self_link_to(r, call_of(r)->raw_path);
}
