/* From method and path to the route's row. A tree of path segments, built once from
 * the tables; a literal segment goes before {id}.
 *
 * Thread rule: immutable after router_new, shared. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/ctx.h"
#include "http/route.h"

struct router;

/* E_INVALID, with the row in ctx->err, when two rows share method and path or a path is
 * not one ("/a/{id}/b"; at most one segment in braces). */
MUST_USE enum rc router_new(struct ctx *ctx, const struct route_table *const *tables,
                            size_t n_tables, struct router **ret_router);
void router_free(struct router **router);

/* All rows, in the order of the tables; positions are those of struct routed. */
const struct route *const *router_routes(const struct router *router, size_t *ret_n);

struct routed {
    const struct route *route;
    size_t position;  /* in router_routes */
    unsigned allowed; /* bit 1 << GET, …: what the path knows */
    struct str path;  /* decoded */
    struct str id;    /* decoded segment for {…}; absent when the path has none */
};

/* `method` is METHOD_COUNT for one that no route can have. `raw_path` is as sent, with
 * its first '/'. E_NOT_FOUND: no such path. E_UNSUPPORTED: the path has other
 * methods, see allowed. E_INVALID: the percent-encoding is wrong.
 * *ret_routed is written in every case. */
MUST_USE enum rc router_find(const struct router *router, struct arena *arena, enum method method,
                             struct str raw_path, struct routed *ret_routed);

/* "GET", …; and back: METHOD_COUNT for any other word. HEAD is GET: the transport
 * leaves the body out. */
const char *method_name(enum method method);
enum method method_of(struct str word);

#endif
