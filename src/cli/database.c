#include "cli/database.h"

#include <unistd.h>

#include "base/check.h"
#include "cli/tables.h"
#include "store/migrations.h"
#include "net/stream.h"
#include "store/secrets.h"

static const struct query q_quick_check = {
    "quick_check", "SELECT quick_check FROM pragma_quick_check(1)", "SELECT 'ok'"
};
static const struct query q_integrity_check = {
    "integrity_check", "SELECT integrity_check FROM pragma_integrity_check(1)", "SELECT 'ok'"
};

static bool is_embedded(const struct cli *cli) {
    return str_is_empty(cli->config.database.url);
}

/* --- opening --- */

static enum rc check_url(struct cli *cli) {
    struct str url = cli->config.database.url;
    if (is_embedded(cli) || str_starts(url, STR("postgresql://"))
        || str_starts(url, STR("postgres://")))
        return OK;
    return usage_error(cli, "database.url: must begin with postgresql://");
}

enum rc cli_database_connect(struct cli *cli, enum data_dir_use use) {
    enum rc rc = check_url(cli);
    if (rc == OK)
        rc = data_dir_make(&cli->ctx, cli->data_dir);
    if (rc == OK && is_embedded(cli))
        rc = data_dir_take(&cli->ctx, cli->data_dir, use, &cli->lock);
    if (rc)
        return rc;
    if (is_embedded(cli) && cli_restore_interrupted(&cli->ctx, cli->data_dir))
        return fail(&cli->ctx, E_CONFLICT, "a restore into %s was interrupted; run it again",
                    cli->data_dir);
    struct db_options options = { .url = is_embedded(cli) ? NULL : cli->config.database.url.p,
                                  .data_dir = cli->data_dir };
    rc = db_open(&cli->ctx, &options, &cli->db);
    if (rc == OK)
        cli->ctx.db = db_session_open(cli->db);
    return rc;
}

void cli_database_close(struct cli *cli) {
    if (cli->ctx.db)
        db_session_close(&cli->ctx.db);
    db_close(&cli->db);
    data_dir_release(&cli->lock);
}

/* --- schema --- */

/* A copy that is only needed when the new version turns out to be a mistake. */
static enum rc copy_before_migration(struct cli *cli, int pending) {
    struct ctx *ctx = &cli->ctx;
    int known = migrations[migrations_count - (size_t) pending - 1].number;
    struct str path = arena_printf(ctx->arena, "%s/before-migration-%04d-%lld.db", cli->data_dir,
                                   known, (long long) (ctx_now(ctx) / SECOND_MS));
    enum rc rc = db_backup(ctx, path.p);
    if (rc == OK)
        fprintf(stderr, "the database as it was is kept in %s\n", path.p);
    return rc;
}

/* A server of the older version must not go on over a schema that it does not know. */
static enum rc migrate_embedded(struct cli *cli, int pending) {
    struct data_dir_lock guard = DATA_DIR_UNLOCKED;
    enum rc rc = OK;
    if (cli->lock.server_fd < 0)
        rc = data_dir_take(&cli->ctx, cli->data_dir, DATA_DIR_SERVER, &guard);
    if (rc == OK && (size_t) pending < migrations_count)
        rc = copy_before_migration(cli, pending);
    int applied = 0;
    if (rc == OK)
        rc = db_migrate(&cli->ctx, migrations, migrations_count, false, &applied);
    data_dir_release(&guard);
    return rc;
}

static enum rc migrate_now(struct cli *cli, int pending) {
    int applied = 0;
    if (is_embedded(cli))
        return migrate_embedded(cli, pending);
    return db_migrate(&cli->ctx, migrations, migrations_count, false, &applied);
}

enum rc cli_database_open(struct cli *cli, enum data_dir_use use) {
    int pending = 0;
    enum rc rc = cli_database_connect(cli, use);
    if (rc == OK)
        rc = db_migrate(&cli->ctx, migrations, migrations_count, true, &pending);
    if (rc || pending == 0)
        return rc;
    if (!is_embedded(cli) && (size_t) pending < migrations_count)
        return fail(&cli->ctx, E_UNSUPPORTED, "the database is %d migration%s behind this version: "
                    "stop the servers of the older version and run `outrider migrate`", pending,
                    pending == 1 ? "" : "s");
    return migrate_now(cli, pending);
}

enum rc cli_database_check(struct ctx *ctx, bool thorough) {
    struct str found = STR_NONE;
    enum rc rc = db_get_text(ctx, thorough ? &q_integrity_check : &q_quick_check, DB_NO_ARGS,
                             &found);
    if (rc == OK && !str_eq(found, STR("ok")))
        rc = fail(ctx, E_DB, "the database is damaged: %.*s", STR_FMT(found));
    return rc;
}

/* --- the key file --- */

const char *cli_search_folder(struct cli *cli) {
    return arena_printf(cli->ctx.arena, "%s/search", cli->data_dir).p;
}

const char *cli_key_file(struct cli *cli) {
    struct str configured = cli->config.security.key_file;
    if (!str_is_empty(configured))
        return arena_cstr(cli->ctx.arena, configured);
    return arena_printf(cli->ctx.arena, "%s/secret.key", cli->data_dir).p;
}

enum rc cli_secrets(struct cli *cli, struct secrets **ret_secrets) {
    enum rc rc = OK;
    if (!cli->secrets)
        rc = data_dir_make(&cli->ctx, cli->data_dir);
    if (rc == OK && !cli->secrets)
        rc = secrets_load(&cli->ctx, cli_key_file(cli), &cli->secrets);
    if (rc == OK)
        *ret_secrets = cli->secrets;
    return rc;
}

static struct str unless_empty(struct str text) {
    return str_is_empty(text) ? STR_NONE : text;
}

/* Links are made by putting paths behind it. */
static enum rc public_url(struct cli *cli, struct str *ret_url) {
    struct str url = str_trim(cli->config.http.public_url);
    bool is_fine = str_starts(url, STR("https://")) || str_starts(url, STR("http://"));
    while (str_ends(url, STR("/")))
        url = str_sub(url, 0, url.n - 1);
    for (size_t i = 0; i < url.n; i++)
        is_fine &= url.p[i] > ' ' && url.p[i] <= '~' && !strchr("<>\"\\?#", url.p[i]);
    if (url.n && !is_fine)
        return fail(&cli->ctx, E_INVALID, "http.public_url: not the beginning of a web address");
    *ret_url = unless_empty(url);
    return OK;
}

static enum rc mail_services(struct cli *cli) {
    const struct config *config = &cli->config;
    struct str ca_file = unless_empty(config->mail.ca_file);
    struct services *s = &cli->services;
    if (stream_trust_new(str_is_set(ca_file) ? arena_cstr(cli->ctx.arena, ca_file) : NULL, &cli->trust) != OK)
        return fail(&cli->ctx, E_INVALID, "mail.ca_file: %.*s has no certificates that can be used",
                    STR_FMT(ca_file));
    s->mail.trust = cli->trust;
    s->mail.allow_private = config->mail.allow_private;
    s->mail.dns_servers = config->verify.dns_servers;
    s->mail.test_wait_ms = config->mail.test_wait_ms;
    s->mail.poll_ms = config->mail.poll_ms;
    s->mail.local_name = str_is_empty(config->verify.helo) ? STR("[127.0.0.1]") : config->verify.helo;
    s->oauth_google = (struct oauth_client){
        unless_empty(config->oauth.google_client_id), config->oauth.google_client_secret,
        config->oauth.google_consent_url, config->oauth.google_token_url,
    };
    s->oauth_microsoft = (struct oauth_client){
        unless_empty(config->oauth.microsoft_client_id), config->oauth.microsoft_client_secret,
        config->oauth.microsoft_consent_url, config->oauth.microsoft_token_url,
    };
    return public_url(cli, &s->mail.public_url);
}

/* The list was judged when the configuration was read. */
static enum rc webhook_services(struct cli *cli) {
    const struct config *config = &cli->config;
    struct services *s = &cli->services;
    struct str ca_file = unless_empty(config->webhook.ca_file);
    struct address_rules *rules = &s->webhooks.addresses;
    rules->allow_private = config->webhook.allow_private;
    if (config->webhook.allow_networks.n > ADDRESS_NETWORKS_MAX)
        return fail(&cli->ctx, E_INVALID, "webhook.allow_networks: at most %d networks", ADDRESS_NETWORKS_MAX);
    for (size_t i = 0; i < config->webhook.allow_networks.n; i++)
        if (address_network_read(config->webhook.allow_networks.p[i], &rules->networks[rules->n]) == OK)
            rules->n++;
    if (str_is_set(ca_file) && access(arena_cstr(cli->ctx.arena, ca_file), R_OK) != 0)
        return fail(&cli->ctx, E_INVALID, "webhook.ca_file: %.*s cannot be read", STR_FMT(ca_file));
    s->webhooks.ca_file = str_is_set(ca_file) ? arena_cstr(cli->ctx.arena, ca_file) : NULL;
    s->webhooks.concurrency = config->webhook.concurrency;
    s->webhooks.connections = config->webhook.connections;
    s->webhooks.timeout_ms = config->webhook.timeout_ms;
    s->webhooks.retry_scale = config->webhook.retry_scale;
    return OK;
}

enum rc cli_services(struct cli *cli) {
    const struct config *config = &cli->config;
    struct secrets *secrets = NULL;
    enum rc rc = cli_secrets(cli, &secrets);
    if (rc)
        return rc;
    cli->services.secrets = secrets;
    if (!str_is_empty(config->reveal.provider_url))
        cli->services.reveal.provider_url = config->reveal.provider_url;
    cli->services.reveal.allow_private = config->reveal.allow_private;
    cli->services.replies.hook_url = unless_empty(config->reply.hook_url);
    cli->services.replies.hook_token = unless_empty(config->reply.hook_token);
    cli->services.replies.hook_allow_private = config->reply.hook_allow_private;
    cli->services.recordings.allow_private = config->webhook.allow_private;
    cli->services.reveal.timeout_ms = config->reveal.timeout_ms;
    if (str_is_empty(config->sequence.linkedin_url) != str_is_empty(config->sequence.linkedin_secret))
        return fail(&cli->ctx, E_INVALID,
                    "sequence.linkedin_url and sequence.linkedin_secret go together");
    cli->services.sequence.clock_scale = config->sequence.clock_scale;
    cli->services.sequence.tick_ms = config->sequence.tick_ms;
    cli->services.sequence.linkedin_allow_private = config->sequence.linkedin_allow_private;
    cli->services.sequence.linkedin_url = unless_empty(config->sequence.linkedin_url);
    cli->services.sequence.linkedin_secret = config->sequence.linkedin_secret;
    cli->ctx.services = &cli->services;
    rc = webhook_services(cli);
    return rc == OK ? mail_services(cli) : rc;
}

/* --- commands --- */

static enum rc migrate(struct cli *cli) {
    int pending = 0;
    enum rc rc = cli_database_connect(cli, DATA_DIR_COMMAND);
    if (rc == OK)
        rc = db_migrate(&cli->ctx, migrations, migrations_count, true, &pending);
    if (rc == OK && cli_flag(cli, "dry-run")) {
        fprintf(cli->out, "%d pending\n", pending);
        return OK;
    }
    if (rc == OK && pending)
        rc = migrate_now(cli, pending);
    if (rc == OK)
        fprintf(cli->out, "%d applied\n", pending);
    return rc;
}

static enum rc backup(struct cli *cli) {
    if (!is_embedded(cli))
        return fail(&cli->ctx, E_UNSUPPORTED, "use PostgreSQL's own pg_dump for this database");
    enum rc rc = db_backup(&cli->ctx, cli->args.p[0].p);
    if (rc == OK)
        fprintf(stderr, "keep a copy of %s as well: the backup does not hold it\n",
                cli_key_file(cli));
    return rc;
}

static const struct option_row migrate_options[] = {
    { "dry-run", NULL, 0, NULL, "only says how many migrations are pending" },
};

static const struct command rows[] = {
    { "migrate", NULL, 0, 0, 0, migrate_options, LENGTH(migrate_options), migrate,
      "Brings the database's schema up to date",
      "On the embedded database every command does this by itself, after a copy." },
    { "backup", "FILE", 1, 1, COMMAND_DATABASE, NULL, 0, backup,
      "Copies the embedded database to a new file, while the server runs", NULL },
    { "restore", "FILE", 1, 1, 0, NULL, 0, cli_restore,
      "Replaces the embedded database with a backup",
      "The file is checked first; the database as it was is kept beside it. Refuses while a\n"
      "server or another command uses the data directory." },
};
const struct command_table database_commands = COMMAND_TABLE(rows);
