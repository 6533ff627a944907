/* Start-up order and exit codes: arguments, configuration, database, the command. */
#include <signal.h>
#include <sys/stat.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "dash/dash.h"
#include "net/mime.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* A pipe or a client that goes away is an error of write(2), not the end of the
 * process; files made here hold personal data and keys. */
static void prepare_process(void) {
    (void) signal(SIGPIPE, SIG_IGN); /* fails only for a wrong signal number */
    (void) umask(077);               /* cannot fail */
    mem_start();
    mime_start();
}

/* Results that could not be written are a failure: a full disk must not look like
 * success to a script. */
static enum rc finish_output(struct cli *cli, enum rc rc) {
    bool written = fflush(cli->out) == 0 && !ferror(cli->out);
    return rc == OK && !written ? fail(&cli->ctx, E_IO, "cannot write the output") : rc;
}

static int exit_code(const struct cli *cli, enum rc rc) {
    if (rc == OK)
        return EXIT_DONE;
    return cli->is_usage_error ? EXIT_USAGE : EXIT_FAILED;
}

static int run(struct cli *cli, int argc, const char *const *argv) {
    enum rc rc = cli_parse(cli, argc, argv);
    if (rc == OK && cli->wants_help)
        cli_help(cli, cli->out);
    else if (rc == OK && cli->wants_version)
        fprintf(cli->out, "outrider %s\n", OUTRIDER_VERSION);
    else if (rc == OK)
        rc = cli_run(cli);
    rc = finish_output(cli, rc);
    cli_report(cli, rc, stderr);
    return exit_code(cli, rc);
}

/* The public API first, as in the document. */
static struct program program_of(struct arena *arena) {
    size_t n = api_tables_count + dash_tables_count;
    const struct route_table **tables = ARENA_ARRAY(arena, n, const struct route_table *);
    memcpy(tables, api_tables, api_tables_count * sizeof *tables);
    memcpy(tables + api_tables_count, dash_tables, dash_tables_count * sizeof *tables);
    return (struct program){ tables, n };
}

int main(int argc, char **argv) {
    prepare_process();
    struct arena *arena = arena_new();
    const struct program program = program_of(arena);
    struct cli cli = { .program = &program, .out = stdout, .lock = DATA_DIR_UNLOCKED };
    cli.ctx = (struct ctx){ .arena = arena, .clock = &clock_system };
    int code = run(&cli, argc, (const char *const *) argv);
    arena_free(&arena);
    return code;
}
