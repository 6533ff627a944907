/* The transport with a tiny app on top, for benchmarks and for trying things by hand:
 *   echo_server LISTEN [TLS_LISTEN CERT KEY]
 * Answers every request with a JSON object of about 300 bytes; ends on SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "http/server.h"

static size_t body_max(void *data, const struct http_message *head) {
    (void) data, (void) head;
    return (size_t) 1024 * 1024;
}

static void handle(void *data, struct exchange *exchange) {
    static const char filler[] =
        "\"name\":\"Outrider\",\"email_credits\":1000,\"phone_credits\":250,\"plan\":\"team\","
        "\"created_at\":\"2026-01-01T00:00:00Z\",\"features\":[\"search\",\"sequences\",\"webhooks\"],"
        "\"owner\":{\"object\":\"user\",\"first_name\":\"Ada\",\"last_name\":\"Example\"}";
    (void) data;
    const struct http_message *m = exchange_message(exchange);
    char text[1024];
    int n = snprintf(text, sizeof text, "{\"object\":\"echo\",\"method\":\"%.*s\",%s,\"body_bytes\":%zu}",
                     STR_FMT(m->method), filler, m->body.n);
    exchange_answer(exchange, &(struct http_answer){ .status = 200,
                                                     .content_type = "application/json",
                                                     .body = { text, (size_t) n } });
}

static struct http_answer refused(void *data, struct arena *arena, int status, const char *reason) {
    (void) data;
    return (struct http_answer){ .status = status,
                                 .content_type = "application/json",
                                 .body = arena_printf(arena, "{\"reason\":\"%s\"}", reason) };
}

static void done(void *data, struct exchange *exchange) {
    (void) data, (void) exchange;
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 5) {
        (void) fprintf(stderr, "usage: echo_server LISTEN [TLS_LISTEN CERT KEY]\n");
        return 2;
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    struct server_options options = {
        .listen = argv[1],
        .tls_listen = argc == 5 ? argv[2] : NULL,
        .tls_cert = argc == 5 ? argv[3] : NULL,
        .tls_key = argc == 5 ? argv[4] : NULL,
        .head_ms = 10000,
        .body_ms = 10000,
        .idle_ms = 60000,
        .connections_max = 10000,
        .connections_per_address = 10000,
    };
    struct server_app app = { NULL, body_max, NULL, handle, refused, done };
    struct server *server;
    if (server_new(&ctx, &options, &app, &server) != OK) {
        (void) fprintf(stderr, "%.*s\n", STR_FMT(ctx.err.text));
        return 1;
    }
    (void) printf("listening on port %d, TLS %d\n", server_port(server), server_tls_port(server));
    (void) fflush(stdout);
    int got;
    sigwait(&ends, &got);
    bool clean = server_stop(server, 5000);
    server_free(&server);
    arena_free(&ctx.arena);
    return clean ? 0 : 1;
}
