/* `outrider serve`: starts everything in order, waits for SIGTERM or SIGINT, stops
 * everything in the reverse order. The signals are blocked before the first thread
 * exists, so that they reach this thread alone. */
#include <signal.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/database.h"
#include "cli/tables.h"
#include "cli/validation.h"
#include "http/dispatch.h"
#include "jobs/runner.h"
#include "search/follow.h"
#include "sequence/engine.h"
#include "sequence/inbox.h"
#include "sequence/sender.h"
#include "sequence/states.h"
#include "store/mailbox_queues.h"
#include "store/accounts.h"
#include "store/webhook_queues.h"
#include "webhook/dispatcher.h"
#include "store/inboxes.h"

struct running {
    struct cli *cli;
    struct app *app;
    struct server *server;
    struct job_runner *jobs;
    struct sequence_engine *engine;
    struct sender_pool *sender;
    struct inbox_reader *inboxes;
    struct validation_service *validation;
    struct webhook_dispatcher *webhooks;
};

static void block_signals(sigset_t *set) {
    (void) sigemptyset(set); /* these fail only for wrong signal numbers */
    (void) sigaddset(set, SIGTERM);
    (void) sigaddset(set, SIGINT);
    int failed = pthread_sigmask(SIG_BLOCK, set, NULL);
    ASSERT(!failed);
}

/* The port is judged here: getaddrinfo takes 99999 and means 34463. */
static enum rc check_listen(struct cli *cli, const char *option) {
    struct str address = cli_option(cli, option);
    int64_t port = 0;
    struct str digits = str_sub(address, str_find_last(address, ':') + 1, address.n);
    if (!str_is_set(address)
        || (str_to_i64(digits, &port) == OK && port >= 0 && port <= UINT16_MAX))
        return OK;
    return usage_error(cli, "--%s: '%.*s' must be ADDR:PORT, with a port from 0 to 65535", option,
                       STR_FMT(address));
}

static enum rc check_options(struct cli *cli) {
    enum rc rc = check_listen(cli, "listen");
    if (rc == OK)
        rc = check_listen(cli, "tls-listen");
    if (rc)
        return rc;
    static const char *const names[] = { "tls-cert", "tls-key", "tls-listen" };
    size_t given = 0;
    for (size_t i = 0; i < LENGTH(names); i++)
        given += str_is_set(cli_option(cli, names[i]));
    if (given == 0 || given == LENGTH(names))
        return OK;
    return usage_error(cli, "--tls-cert, --tls-key and --tls-listen go together");
}

static enum rc start_search(struct cli *cli) {
    if (cli->config.search.engine == SEARCH_ENGINE_SQL)
        return OK;
    return follower_start(&cli->ctx, cli->db, cli_search_folder(cli), &cli->services.search);
}

static enum rc start_app(struct running *running) {
    const struct config *config = &running->cli->config;
    struct app_options options = {
        .db = running->cli->db,
        .tables = running->cli->program->routes,
        .n_tables = running->cli->program->n_routes,
        .services = &running->cli->services,
        .message_keep_ms = config->mail.keep_days * DAY_MS,
        .delivery_keep_ms = config->webhook.keep_days * DAY_MS,
        .idempotency_lock_ms = config->http.idempotency_lock_ms,
        .limits = {
            [LIMIT_DEFAULT] = config->rate_limit.usual,
            [LIMIT_PEOPLE_SEARCH] = config->rate_limit.people_search,
            [LIMIT_PEOPLE_FIND] = config->rate_limit.people_find,
            [LIMIT_CALL_RECORDING] = config->rate_limit.call_recording,
        },
    };
    return app_start(&running->cli->ctx, &options, &running->app);
}

/* The embedded database has one server: what is leased was its earlier self's. */
static enum rc start_jobs(struct running *running) {
    struct cli *cli = running->cli;
    enum rc rc = db_engine(cli->db) == DB_SQLITE ? jobs_release(&cli->ctx) : OK;
    if (rc == OK)
        rc = sequences_settle_all(&cli->ctx);
    if (rc == OK)
        running->jobs = job_runner_start(cli->db, &cli->services, (int) cli->config.jobs.workers);
    return rc;
}

/* The days of all processes of a database pass together. */
static enum rc start_engine(struct running *running) {
    struct cli *cli = running->cli;
    struct list accounts = { 0 };
    enum rc rc = accounts_list(&cli->ctx, &accounts);
    const struct account *first = accounts.p;
    if (rc != OK)
        return rc;
    cli->services.sequence.clock_since
        = accounts.n ? first->created_at.v : ctx_now(&cli->ctx);
    running->engine = sequence_engine_start(cli->db, &cli->services);
    if (db_engine(cli->db) == DB_SQLITE)
        rc = mailbox_queues_release(&cli->ctx);
    if (rc == OK)
        running->sender = sender_start(cli->db, &cli->services, (int) cli->config.sequence.senders);
    if (rc == OK && db_engine(cli->db) == DB_SQLITE)
        rc = inboxes_release(&cli->ctx);
    if (rc == OK && cli->config.mail.readers)
        running->inboxes = inbox_reader_start(cli->db, &cli->services, (int) cli->config.mail.readers);
    return rc;
}

static enum rc start_webhooks(struct running *running) {
    struct cli *cli = running->cli;
    enum rc rc = db_engine(cli->db) == DB_SQLITE ? webhook_queues_release(&cli->ctx) : OK;
    return rc == OK ? webhook_dispatcher_start(&cli->ctx, cli->db, &cli->services, &running->webhooks) : rc;
}

static enum rc start_server(struct running *running) {
    const struct cli *cli = running->cli;
    const struct config *config = &cli->config;
    struct server_options options = {
        .listen = cli_option(cli, "listen").p,
        .tls_listen = cli_option(cli, "tls-listen").p,
        .tls_cert = cli_option(cli, "tls-cert").p,
        .tls_key = cli_option(cli, "tls-key").p,
        .threads = (int) config->http.threads,
        .head_ms = (int) config->http.head_ms,
        .body_ms = (int) config->http.body_ms,
        .idle_ms = (int) config->http.idle_ms,
        .connections_max = (int) config->http.connections_max,
        .connections_per_address = (int) config->http.connections_per_address,
    };
    enum rc rc = server_new(&running->cli->ctx, &options, app_server_app(running->app),
                            &running->server);
    if (rc == OK)
        app_watch_server(running->app, running->server);
    return rc;
}

/* The address as given, with the port that was got for port 0. */
static void announce(struct cli *cli, const char *scheme, struct str listen, int port) {
    struct str host = str_sub(listen, 0, str_find_last(listen, ':'));
    log_info(&cli->ctx, "listening",
             LOG_S("address", arena_printf(cli->ctx.arena, "%s://%.*s:%d", scheme, STR_FMT(host),
                                           port)));
}

static void run_until_signal(struct running *running, const sigset_t *set) {
    struct cli *cli = running->cli;
    announce(cli, "http", cli_option(cli, "listen"), server_port(running->server));
    struct str tls = cli_option(cli, "tls-listen");
    if (str_is_set(tls))
        announce(cli, "https", tls, server_tls_port(running->server));
    log_flush();
    int number = 0;
    int failed = sigwait(set, &number);
    ASSERT(!failed);
    log_info(&cli->ctx, "stopping", LOG_C("signal", sigdescr_np(number)));
}

static void stop(struct running *running) {
    struct cli *cli = running->cli;
    if (running->server) {
        app_drain(running->app);
        if (!server_stop(running->server, (int) cli->config.http.drain_ms))
            log_warn(&cli->ctx, "requests that ran too long were cut off, ignoring",
                     LOG_I("drain_ms", cli->config.http.drain_ms));
        server_free(&running->server);
    }
    job_runner_stop(&running->jobs);
    sequence_engine_stop(&running->engine);
    sender_stop(&running->sender);
    inbox_reader_stop(&running->inboxes);
    validation_service_stop(&running->validation);
    webhook_dispatcher_stop(&running->webhooks);
    app_stop(&running->app);
    follower_stop(&cli->services.search);
}

static enum rc serve(struct cli *cli) {
    struct running running = { .cli = cli };
    sigset_t set;
    enum rc rc = check_options(cli);
    if (rc)
        return rc;
    block_signals(&set);
    rc = cli_database_open(cli, DATA_DIR_SERVER);
    if (rc == OK)
        rc = cli_services(cli);
    cli->services.wake_jobs = job_runner_wake;
    cli->services.jobs_stopping = job_runner_stopping;
    cli->services.wake_sequences = sequence_engine_wake;
    cli->services.wake_webhooks = webhook_dispatcher_wake;
    if (rc == OK)
        rc = start_search(cli);
    if (rc == OK)
        rc = validation_service_start(cli, &running.validation);
    if (rc == OK)
        rc = start_webhooks(&running);
    if (rc == OK)
        rc = start_engine(&running);
    if (rc == OK)
        rc = start_jobs(&running);
    if (rc == OK)
        rc = start_app(&running);
    if (rc == OK)
        rc = start_server(&running);
    if (rc == OK)
        run_until_signal(&running, &set);
    stop(&running);
    return rc;
}

static const struct option_row options[] = {
    { "listen", "ADDR:PORT", 0, "127.0.0.1:8080",
      "where to listen; port 0 takes a free one; with TLS this one only redirects" },
    { "tls-cert", "FILE", 0, NULL, "certificate and its chain, PEM" },
    { "tls-key", "FILE", 0, NULL, "its private key, PEM" },
    { "tls-listen", "ADDR:PORT", 0, NULL, "where to listen for TLS" },
};

static const struct command rows[] = {
    { "serve", NULL, 0, 0, 0, options, LENGTH(options), serve,
      "Serves the API until SIGTERM or SIGINT",
      "Writes the address to stderr when it is ready. On SIGTERM it finishes what runs, refuses\n"
      "what is new and exits 0." },
};
const struct command_table serve_commands = COMMAND_TABLE(rows);
