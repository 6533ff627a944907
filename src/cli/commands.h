/* The command line: a table of commands, one parser, one help printer. A command is
 * a function and a row at the bottom of its file; commands.c lists the files.
 *
 * Options come before or behind the words and arguments, as `--name value` or
 * `--name=value`; `--` ends them and `-` alone is an argument. Results go to
 * cli->out, everything else to stderr. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include <stdio.h>

#include "base/ctx.h"
#include "base/field.h"
#include "cli/config.h"
#include "cli/data_dir.h"
#include "db/db.h"
#include "store/services.h"

struct cli;
struct route_table;

enum { OPTION_REQUIRED = 1, OPTION_REPEATED = 2 };

struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* "FILE"; "api|admin": one of these words; NULL: takes none */
    unsigned flags;
    const char *fallback; /* value when the option is not given, or NULL */
    const char *doc;
};

enum {
    COMMAND_DATABASE = 1, /* before run: data directory made, database open and current */
    COMMAND_ACCOUNT = 2,  /* takes --account; before run: ctx.account_id set */
    COMMAND_SERVICES = 4, /* before run: ctx.services set, with the secret key loaded */
};

struct command {
    const char *word;      /* "key create" */
    const char *arguments; /* "FILE", "email|phone AMOUNT", "ADDRESS…": shown, not parsed */
    size_t args_min, args_max;
    unsigned flags;
    const struct option_row *options;
    size_t n_options;
    enum rc (*run)(struct cli *cli);
    const char *summary; /* one line */
    const char *help;    /* a paragraph more, or NULL */
};

struct command_table {
    const struct command *rows;
    size_t n;
};
#define COMMAND_TABLE(array) { (array), LENGTH(array) }

/* All tables, in the order of the help. */
extern const struct command_table *const command_tables[];
extern const size_t command_tables_count;

/* An option as it was given. */
struct given {
    const struct option_row *option;
    struct str value; /* NUL-terminated */
};

/* What the layers beside this one give to commands; set by main.c. */
struct program {
    const struct route_table *const *routes;
    size_t n_routes;
};

/* One run of the program. */
struct cli {
    struct ctx ctx;
    const struct program *program;
    const struct command *command; /* NULL: none was named */
    struct str group;              /* the word that was given when only part of a command */
    struct strs args;              /* NUL-terminated each */
    struct list given;             /* of struct given */
    bool wants_help, wants_version;
    bool is_usage_error; /* exit code 2 instead of 1 */
    struct config config;
    const char *data_dir;
    struct data_dir_lock lock;
    struct db *db; /* COMMAND_DATABASE; its session is ctx.db */
    struct services services; /* COMMAND_SERVICES; ctx.services points here */
    struct secrets *secrets;  /* by cli_secrets */
    struct stream_trust *trust; /* by cli_services */
    FILE *out;
};

/* Reads the arguments into *cli, whose ctx and out are set. E_INVALID, with the
 * reason in ctx.err and is_usage_error, for whatever the tables do not allow; with
 * --help the rest is not judged. */
MUST_USE enum rc cli_parse(struct cli *cli, int argc, const char *const *argv);

/* Help on the command, the group or all. */
void cli_help(const struct cli *cli, FILE *out);

/* The whole of a parsed command: configuration, log, database, its function, and the
 * reverse. cli_close is done on every way out. */
MUST_USE enum rc cli_run(struct cli *cli);

/* The value of an option of the command, or of those that all commands have; its
 * fallback; or absent. The last one counts when it was given twice. */
struct str cli_option(const struct cli *cli, const char *name);
/* Whether an option without a value was given. */
bool cli_flag(const struct cli *cli, const char *name);
/* All values of a repeated option, in their order. */
struct strs cli_option_list(const struct cli *cli, const char *name);

/* For a command that finds an argument wrong: records the message, makes the exit
 * code 2, returns E_INVALID. */
#define usage_error(cli, ...) \
    ((cli)->is_usage_error = true, fail(&(cli)->ctx, E_INVALID, __VA_ARGS__))

#endif
