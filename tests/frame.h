/* The frame with a few routes of its own behind a real socket, on a migrated database
 * with two accounts, for tests of what every handler gets from it. */
#ifndef TESTS_FRAME_H
#define TESTS_FRAME_H

#include "db.h"
#include "http_client.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/rand.h"
#include "http/dispatch.h"
#include "http/request.h"
#include "http/server.h"
#include "store/accounts.h"
#include "store/keys.h"
#include "store/migrations.h"

/* --- routes --- */

/* What handlers did and do, for the tests to see and steer. */
static struct {
    _Atomic int made, polls;
    _Atomic int polls_needed; /* by GET /slow; more than can come: it is late */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool holding, released; /* POST /things/hold */
} things = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

struct thing {
    struct str name;
    struct opt_int count;
    struct strs tags;
};
static const struct field thing_rows[] = {
    F_STR(struct thing, name, .flags = FIELD_REQUIRED, .max = 10),
    F_INT(struct thing, count, .min = 1, .max = 10),
    F_STRS(struct thing, tags, .max = 3, .item_max = 5),
};
static const struct fields thing_fields = FIELDS("Thing", struct thing, thing_rows);

struct things_answer {
    struct opt_int number, size;
    struct str after, before, id;
    const struct thing *thing;
    struct links *_links;
};
static const struct field answer_rows[] = {
    F_INT(struct things_answer, number),
    F_INT(struct things_answer, size),
    F_STR(struct things_answer, after),
    F_STR(struct things_answer, before),
    F_STR(struct things_answer, id),
    { .name = "thing", .type = FIELD_OBJECT, .offset = offsetof(struct things_answer, thing),
      .of = &thing_fields },
    F_OBJECT(struct things_answer, _links, struct links, .of = &links_fields),
};
static const struct fields answer_fields = FIELDS("Answer", struct things_answer, answer_rows);

static enum rc get_things(struct request *r) {
    struct things_answer answer = { .size = opt_int(r->page.size), .after = r->page.after,
                                    .before = r->page.before, .thing = r->query };
    answer._links = page_links(r, STR("a b"), STR("c@d"), true, true);
    return respond(r, 200, &answer_fields, &answer);
}

static enum rc post_things(struct request *r) {
    int number = atomic_fetch_add(&things.made, 1) + 1;
    struct things_answer answer = { .number = opt_int(number), .thing = r->body };
    response_header(r, "Location", arena_printf(r->ctx->arena, "/things/%d", number));
    return respond(r, 201, &answer_fields, &answer);
}

static enum rc delete_things(struct request *r) {
    return respond_empty(r, 204);
}

static enum rc post_fail(struct request *r) {
    atomic_fetch_add(&things.made, 1);
    return fail(r->ctx, E_IO, "the secret reason");
}

static enum rc post_poor(struct request *r) {
    (void) r;
    atomic_fetch_add(&things.made, 1);
    return E_CREDITS;
}

static enum rc post_hold(struct request *r) {
    pthread_mutex_lock(&things.mutex);
    things.holding = true;
    pthread_cond_broadcast(&things.changed);
    while (!things.released)
        pthread_cond_wait(&things.changed, &things.mutex);
    pthread_mutex_unlock(&things.mutex);
    return post_things(r);
}

static enum rc get_id(struct request *r) {
    struct things_answer answer = { .id = r->path_id, ._links = self_link(r) };
    return respond(r, 200, &answer_fields, &answer);
}

static enum rc poll_slow(struct request *r) {
    if (atomic_fetch_add(&things.polls, 1) + 1 < atomic_load(&things.polls_needed))
        return E_TIMEOUT;
    struct things_answer answer = { .number = opt_int(atomic_load(&things.polls)),
                                    .id = r->caller->account_name };
    return respond(r, 200, &answer_fields, &answer);
}

static enum rc get_slow(struct request *r) {
    return request_wait(r, poll_slow, 1, 200);
}

static enum rc get_forgetful(struct request *r) {
    (void) r;
    return OK;
}

#define THINGS_ROUTE(method, path, handler, ...) \
    { method, path, handler, SCOPE_API, LIMIT_DEFAULT, __VA_ARGS__ }
static const struct route thing_routes_rows[] = {
    THINGS_ROUTE(GET, "/things", get_things, ROUTE_PAGED, .query = &thing_fields, .page_default = 7,
                 .page_max = 50),
    THINGS_ROUTE(POST, "/things", post_things, .body = &thing_fields),
    THINGS_ROUTE(DELETE, "/things", delete_things, .flags = 0),
    THINGS_ROUTE(POST, "/things/small", post_things, .body = &thing_fields, .body_max = 64),
    THINGS_ROUTE(POST, "/things/fail", post_fail, .body = &thing_fields),
    THINGS_ROUTE(POST, "/things/poor", post_poor, .body = &thing_fields),
    THINGS_ROUTE(POST, "/things/hold", post_hold, .body = &thing_fields),
    THINGS_ROUTE(GET, "/things/{id}", get_id, .flags = ROUTE_PATH_UUID),
    THINGS_ROUTE(GET, "/numbers/{id}", get_id, .flags = ROUTE_PATH_INT),
    THINGS_ROUTE(GET, "/pages", get_things, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID),
    THINGS_ROUTE(GET, "/slow", get_slow, .flags = ROUTE_SLOW),
    THINGS_ROUTE(GET, "/forgetful", get_forgetful, .flags = 0),
    { GET, "/admin", get_id, SCOPE_ADMIN, LIMIT_DEFAULT, .flags = 0 },
    { GET, "/open", get_id, SCOPE_NONE, LIMIT_NONE, .flags = 0 },
    { GET, "/found", get_id, SCOPE_API, LIMIT_PEOPLE_FIND, .flags = 0 },
};
static const struct route_table thing_routes = ROUTE_TABLE(thing_routes_rows);

/* --- the server --- */

struct frame {
    struct test_db *db;
    struct app *app;
    struct server *server;
    struct str account_id, key, admin_key, other_key, key_id;
    struct client client;
    bool is_open;
};

static inline struct str frame_key(struct frame *f, const char *scope) {
    struct api_key key;
    struct str clear;
    assert_ok(&f->db->ctx, key_create(&f->db->ctx, STR("test"), str_of(scope), &key, &clear));
    f->key_id = key.id;
    return clear;
}

static inline struct str frame_account(struct frame *f, const char *name) {
    struct account account;
    assert_ok(&f->db->ctx, account_create(&f->db->ctx, str_of(name), &account));
    f->db->ctx.account_id = account.id;
    return account.id;
}

/* `limit` requests a minute. */
static inline void frame_start(struct frame *f, struct test_db *db, int64_t limit) {
    static const struct route_table *const tables[] = { &thing_routes };
    int applied;
    *f = (struct frame){ .db = db };
    atomic_store(&things.made, 0);
    atomic_store(&things.polls, 0);
    assert_ok(&db->ctx, db_migrate(&db->ctx, migrations, migrations_count, false, &applied));
    (void) frame_account(f, "Other");
    f->other_key = frame_key(f, "api");
    f->account_id = frame_account(f, "One");
    f->admin_key = frame_key(f, "admin");
    f->key = frame_key(f, "api");
    struct app_options options = { .db = db->db, .tables = tables, .n_tables = 1,
                                   .limits = { [LIMIT_DEFAULT] = limit, [LIMIT_PEOPLE_FIND] = 2 } };
    struct server_options transport = { .listen = "127.0.0.1:0", .threads = 4, .head_ms = HANG_MS,
                                        .body_ms = HANG_MS, .idle_ms = HANG_MS,
                                        .connections_max = 200, .connections_per_address = 200 };
    assert_ok(&db->ctx, app_start(&db->ctx, &options, &f->app));
    assert_ok(&db->ctx, server_new(&db->ctx, &transport, app_server_app(f->app), &f->server));
    app_watch_server(f->app, f->server);
}

static inline void frame_hang_up(struct frame *f) {
    if (f->is_open)
        client_close(&f->client);
    f->is_open = false;
}

static inline void frame_stop(struct frame *f) {
    frame_hang_up(f);
    app_drain(f->app);
    assert_true(server_stop(f->server, HANG_MS));
    server_free(&f->server);
    app_stop(&f->app);
}

struct ask {
    const char *method, *target;
    struct str key;      /* absent: none */
    const char *headers; /* whole lines with \r\n, or NULL */
    const char *body;    /* NULL: none; JSON unless headers has a Content-Type */
};

/* On a connection of the caller's. */
static inline struct reply frame_ask_on(struct client *client, const struct ask *ask) {
    struct buf b = buf_on_heap(1 << 20);
    const char *headers = ask->headers ? ask->headers : "";
    buf_clear(&client->in);
    buf_printf(&b, "%s %s HTTP/1.1\r\nHost: test\r\n%s", ask->method, ask->target, headers);
    if (str_is_set(ask->key))
        buf_printf(&b, "Authorization: Bearer %.*s\r\n", STR_FMT(ask->key));
    if (ask->body && !strstr(headers, "Content-Type"))
        buf_printf(&b, "Content-Type: application/json\r\n");
    if (ask->body)
        buf_printf(&b, "Content-Length: %zu\r\n", strlen(ask->body));
    buf_printf(&b, "\r\n%s", ask->body ? ask->body : "");
    assert_true(client_send(client, buf_text(&b)));
    buf_done(&b);
    bool is_head = strcmp(ask->method, "HEAD") == 0;
    for (;;) {
        struct reply reply;
        struct str text = buf_text(&client->in);
        if (cut_reply(&text, !is_head, &reply))
            return reply;
        assert_false(client->ended);
        client_read(client);
    }
}

/* The reply is good until the next question. */
static inline struct reply frame_ask(struct frame *f, const struct ask *ask) {
    if (f->is_open && f->client.ended)
        frame_hang_up(f);
    if (!f->is_open)
        client_open(&f->client, server_port(f->server));
    f->is_open = true;
    struct reply reply = frame_ask_on(&f->client, ask);
    if (head_has(reply, "Connection: close"))
        f->client.ended = true;
    return reply;
}

/* One line of the head, without its name; absent when it is not there. */
static inline struct str reply_header(struct reply reply, const char *name) {
    struct str rest = reply.head;
    size_t n = strlen(name);
    for (struct str line; str_cut(&rest, '\n', &line);)
        if (line.n > n && str_starts_nocase(line, str_of(name)) && line.p[n] == ':')
            return str_trim(str_sub(line, n + 1, line.n));
    return STR_NONE;
}

#endif
