/* Opening the database for a command: data directory, locks, schema. */
#ifndef CLI_DATABASE_H
#define CLI_DATABASE_H

#include "cli/commands.h"
#include "cli/data_dir.h"

/* Makes the data directory, takes it for `use`, opens the database and a session into
 * cli->ctx.db, and brings the schema up to date: always when it is empty; on SQLite
 * after an automatic copy; on PostgreSQL it is left to `outrider migrate`, because
 * other processes may still run the older version. E_CONFLICT, E_DB, E_IO,
 * E_UNSUPPORTED, E_INVALID with the reason and what to do in ctx.err. */
MUST_USE enum rc cli_database_open(struct cli *cli, enum data_dir_use use);

/* The same without looking at the schema. */
MUST_USE enum rc cli_database_connect(struct cli *cli, enum data_dir_use use);

/* Closes what is open. Accepts a cli whose database was never opened. */
void cli_database_close(struct cli *cli);

/* The installation's key file, loaded (and made) on the first call; freed at the end
 * of the command. */
MUST_USE enum rc cli_secrets(struct cli *cli, struct secrets **ret_secrets);
/* Fills cli->services from the configuration and the key file, and points ctx.services
 * to it. */
MUST_USE enum rc cli_services(struct cli *cli);
/* Where servers keep their search indexes. */
const char *cli_search_folder(struct cli *cli);

/* Where the key file is. */
const char *cli_key_file(struct cli *cli);

/* OK when the engine finds its file in order; E_DB with what it found. Always OK on
 * PostgreSQL, which looks after itself. `thorough` reads every index as well. */
MUST_USE enum rc cli_database_check(struct ctx *ctx, bool thorough);

/* `outrider restore`, in restore.c. */
enum rc cli_restore(struct cli *cli);
/* Whether one ended in the middle, so that the database is not in its place. */
bool cli_restore_interrupted(struct ctx *ctx, const char *data_dir);

#endif
