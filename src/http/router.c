#include "http/router.h"

#include "base/check.h"
#include "base/mem.h"
#include "http/url.h"

struct node {
    struct str segment; /* literal; absent for {…} */
    struct node *children, *next;
    struct node *placeholder;
    const struct route *routes[METHOD_COUNT];
    size_t positions[METHOD_COUNT];
    unsigned allowed;
};

struct router {
    struct arena *arena;
    struct node root;
    const struct route **routes;
    size_t n;
};

static const char *const method_names[METHOD_COUNT]
    = { [GET] = "GET", [POST] = "POST", [PUT] = "PUT", [PATCH] = "PATCH", [DELETE] = "DELETE" };

const char *method_name(enum method method) {
    return method_names[method];
}

enum method method_of(struct str word) {
    for (int method = 0; method < METHOD_COUNT; method++)
        if (str_eq(word, str_of(method_names[method])))
            return (enum method) method;
    return str_eq(word, STR("HEAD")) ? GET : METHOD_COUNT;
}

static bool is_placeholder(struct str segment) {
    return str_starts(segment, STR("{")) && str_ends(segment, STR("}"));
}

static struct node *find_child(const struct node *node, struct str segment) {
    for (struct node *child = node->children; child; child = child->next)
        if (str_eq(child->segment, segment))
            return child;
    return NULL;
}

static struct node *add_child(struct arena *arena, struct node *node, struct str segment) {
    if (is_placeholder(segment)) {
        if (!node->placeholder)
            node->placeholder = ARENA_NEW(arena, struct node);
        return node->placeholder;
    }
    struct node *child = find_child(node, segment);
    if (child)
        return child;
    child = ARENA_NEW(arena, struct node);
    child->segment = segment;
    child->next = node->children;
    node->children = child;
    return child;
}

static bool is_pattern(struct str path) {
    int placeholders = 0;
    struct str rest = str_sub(path, 1, path.n);
    if (!str_starts(path, STR("/")))
        return false;
    for (struct str segment; str_cut(&rest, '/', &segment);) {
        placeholders += is_placeholder(segment);
        if (str_is_empty(segment))
            return false;
    }
    return placeholders <= 1;
}

static enum rc add_route(struct ctx *ctx, struct router *router, const struct route *route) {
    struct str path = str_of(route->path);
    if (!is_pattern(path))
        return fail(ctx, E_INVALID, "%s is not a path of routes", route->path);
    struct node *node = &router->root;
    struct str rest = str_sub(path, 1, path.n);
    for (struct str segment; str_cut(&rest, '/', &segment);)
        node = add_child(router->arena, node, segment);
    if (node->routes[route->method])
        return fail(ctx, E_INVALID, "two routes for %s %s", method_name(route->method),
                    route->path);
    node->routes[route->method] = route;
    node->positions[route->method] = router->n;
    node->allowed |= 1u << route->method;
    router->routes[router->n++] = route;
    return OK;
}

enum rc router_new(struct ctx *ctx, const struct route_table *const *tables, size_t n_tables,
                   struct router **ret_router) {
    size_t total = 0;
    for (size_t i = 0; i < n_tables; i++)
        total += tables[i]->n;
    struct router *router = MEM_NEW(struct router);
    router->arena = arena_new();
    router->routes = ARENA_ARRAY(router->arena, total + 1, const struct route *);
    enum rc rc = OK;
    for (size_t i = 0; i < n_tables; i++)
        for (size_t k = 0; rc == OK && k < tables[i]->n; k++)
            rc = add_route(ctx, router, &tables[i]->rows[k]);
    if (rc == OK)
        *ret_router = router;
    else
        router_free(&router);
    return rc;
}

void router_free(struct router **router) {
    if (!*router)
        return;
    arena_free(&(*router)->arena);
    mem_free(*router);
    *router = NULL;
}

const struct route *const *router_routes(const struct router *router, size_t *ret_n) {
    *ret_n = router->n;
    return router->routes;
}

/* Segments are decoded one by one: an encoded slash is part of its segment. */
static enum rc walk(const struct router *router, struct arena *arena, struct str raw_path,
                    struct routed *routed, const struct node **ret_node) {
    const struct node *node = &router->root;
    struct str rest = str_sub(raw_path, 1, raw_path.n);
    for (struct str raw, segment; str_cut(&rest, '/', &raw);) {
        enum rc rc = url_decode(arena, raw, false, &segment);
        if (rc != OK)
            return rc;
        const struct node *next = find_child(node, segment);
        if (!next && node->placeholder && segment.n) {
            routed->id = segment;
            next = node->placeholder;
        }
        if (!next)
            return E_NOT_FOUND;
        node = next;
    }
    *ret_node = node;
    return OK;
}

enum rc router_find(const struct router *router, struct arena *arena, enum method method,
                    struct str raw_path, struct routed *ret_routed) {
    const struct node *node;
    *ret_routed = (struct routed){ .path = raw_path };
    if (!str_starts(raw_path, STR("/")))
        return E_INVALID;
    enum rc rc = walk(router, arena, raw_path, ret_routed, &node);
    if (rc == OK)
        rc = url_decode(arena, raw_path, false, &ret_routed->path);
    if (rc != OK)
        return rc;
    ret_routed->allowed = node->allowed;
    if (!node->allowed)
        return E_NOT_FOUND;
    if (method == METHOD_COUNT || !node->routes[method])
        return E_UNSUPPORTED;
    ret_routed->route = node->routes[method];
    ret_routed->position = node->positions[method];
    return OK;
}
