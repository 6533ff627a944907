/* What surrounds every command: configuration, log, database, account. */
#include <unistd.h>

#include "base/log.h"
#include "base/vec.h"
#include "cli/accounts.h"
#include "cli/database.h"
#include "net/stream.h"
#include "store/secrets.h"

/* --database is a setting under another name; it stands behind --set. */
static enum rc load_config(struct cli *cli) {
    struct arena *arena = cli->ctx.arena;
    struct str database = cli_option(cli, "database"), file = cli_option(cli, "config");
    struct strs settings = cli_option_list(cli, "set");
    if (str_is_set(database))
        strs_add(arena, &settings, arena_printf(arena, "database.url=%.*s", STR_FMT(database)));
    struct config_from from = {
        .file = file.p,
        .environment = (const char *const *) environ,
        .settings = settings.p,
        .n_settings = settings.n,
    };
    enum rc rc = config_load(&cli->ctx, &from, &cli->config);
    if (rc == E_INVALID)
        cli->is_usage_error = true;
    return rc;
}

enum rc cli_run(struct cli *cli) {
    enum rc rc = load_config(cli);
    if (rc)
        return rc;
    log_configure((struct log_options){ .level = (enum log_level) cli->config.log.level,
                                        .json = cli->config.log.format == LOG_FORMAT_JSON });
    cli->data_dir = cli_option(cli, "data-dir").p;
    if (cli->command->flags & COMMAND_DATABASE)
        rc = cli_database_open(cli, DATA_DIR_COMMAND);
    if (rc == OK && cli->command->flags & COMMAND_ACCOUNT)
        rc = cli_choose_account(cli);
    if (rc == OK && cli->command->flags & COMMAND_SERVICES)
        rc = cli_services(cli);
    if (rc == OK)
        rc = cli->command->run(cli);
    secrets_free(&cli->secrets);
    stream_trust_free(&cli->trust);
    cli_database_close(cli);
    return rc;
}
