#include "cli/doctor.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/database.h"
#include "cli/tables.h"
#include "search/inspect.h"
#include "store/migrations.h"

#define GIB ((uint64_t) 1 << 30)
#define MIB ((uint64_t) 1 << 20)
#define DISK_LOW  (2 * GIB)
#define DISK_FULL (200 * MIB) /* a checkpoint and a copy of a small database need this much */

static struct finding check_data_dir(struct doctor *doctor) {
    const char *path = doctor->cli->data_dir;
    struct stat info;
    if (stat(path, &info) != 0 && errno == ENOENT)
        return odd(doctor, "nothing: the first command that needs it makes it",
                   "%s is not there yet", path);
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return bad(doctor, "run as the user that owns it, or change its owner",
                   "%s cannot be written: %s", path, error_text(errno));
    if (stat(path, &info) == 0 && info.st_mode & (S_IRWXG | S_IRWXO))
        return odd(doctor, "chmod 700 the data directory: it holds personal data",
                   "%s is open to other users", path);
    return good(doctor, "%s is ours alone", path);
}

static struct finding check_disk(struct doctor *doctor) {
    struct statvfs info;
    if (statvfs(doctor->cli->data_dir, &info) != 0 && statvfs(".", &info) != 0)
        return bad(doctor, "see the message", "free space is unknown: %s", error_text(errno));
    uint64_t free_bytes = (uint64_t) info.f_bavail * info.f_frsize;
    unsigned long long mib = free_bytes / MIB;
    if (free_bytes < DISK_FULL)
        return bad(doctor, "make room: without it nothing can be written", "%llu MiB free", mib);
    if (free_bytes < DISK_LOW)
        return odd(doctor, "make room soon: a backup or a migration copies the database",
                   "%llu MiB free", mib);
    return good(doctor, "%llu MiB free", mib);
}

static struct finding check_schema(struct doctor *doctor) {
    struct ctx *ctx = &doctor->cli->ctx;
    int pending = 0;
    if (db_migrate(ctx, migrations, migrations_count, true, &pending) != OK)
        return bad(doctor, "see the message", "%.*s", STR_FMT(ctx->err.text));
    if (cli_database_check(ctx, false) != OK)
        return bad(doctor, "restore a backup with `outrider restore FILE`", "%.*s",
                   STR_FMT(ctx->err.text));
    if (pending)
        return odd(doctor, "run `outrider migrate`", "%d migrations pending", pending);
    return good(doctor, "in order, schema %d", migrations[migrations_count - 1].number);
}

/* Looks only where there is something: connecting would make an empty database. */
static struct finding check_database(struct doctor *doctor) {
    struct cli *cli = doctor->cli;
    const char *file = arena_printf(cli->ctx.arena, "%s/outrider.db", cli->data_dir).p;
    if (str_is_empty(cli->config.database.url) && access(file, F_OK) != 0
        && !cli_restore_interrupted(&cli->ctx, cli->data_dir))
        return odd(doctor, "nothing: the first command that needs it makes it",
                   "%s is not there yet", file);
    struct finding finding;
    if (cli_database_connect(cli, DATA_DIR_COMMAND) != OK)
        finding = bad(doctor, "see the message", "%.*s", STR_FMT(cli->ctx.err.text));
    else
        finding = check_schema(doctor);
    cli_database_close(cli);
    ctx_clear_error(&cli->ctx); /* it is in the finding */
    return finding;
}

/* Whatever is wrong with an index, the server makes it anew by itself. */
static struct finding judge_index(struct doctor *doctor, int number,
                                  const struct index_inspection *in) {
    static const char *const behind[] = { "up to date", "the next start reads what changed since" };
    const char *state = in->is_open ? "in use by a server" : behind[in->is_behind];
    long long mib = in->bytes / (long long) MIB;
    switch (in->state) {
    case INDEX_IN_ORDER:
        return good(doctor, "index %d: %lld people, %lld companies, %lld files, %lld MiB, %s", number,
                    (long long) in->rows[0], (long long) in->rows[1], (long long) in->files, mib, state);
    case INDEX_MISSING:
        return odd(doctor, "nothing: the server is making it, or makes it when it starts",
                   "index %d is not there yet", number);
    case INDEX_TOO_OLD:
        return odd(doctor, "nothing: the next start of the server makes it anew",
                   "index %d is from too long ago to be brought up to date", number);
    case INDEX_OF_ANOTHER:
        return odd(doctor, "nothing: the server makes it anew", "index %d: %.*s", number,
                   STR_FMT(in->reason));
    case INDEX_DAMAGED:
        break;
    }
    return odd(doctor, "the next start of the server makes it anew; check the disk that it is on",
               "index %d is damaged: %.*s", number, STR_FMT(in->reason));
}

/* The first one with which something is wrong, else the first. */
static struct finding check_indexes(struct doctor *doctor) {
    struct ctx *ctx = &doctor->cli->ctx;
    const char *folder = cli_search_folder(doctor->cli);
    struct finding first = odd(doctor, "nothing: the first start of the server makes it",
                               "%s is not there yet", folder);
    enum rc rc = OK;
    for (int i = 0; rc == OK; i++) {
        struct index_inspection in;
        rc = index_inspect(ctx, folder, i, &in);
        struct finding finding = rc == OK ? judge_index(doctor, i, &in) : first;
        if (i == 0 || (finding.verdict != GOOD && first.verdict == GOOD))
            first = finding;
    }
    if (rc != E_NOT_FOUND)
        return bad(doctor, "see the message", "%.*s", STR_FMT(ctx->err.text));
    return first;
}

static struct finding check_search(struct doctor *doctor) {
    struct cli *cli = doctor->cli;
    if (cli->config.search.engine == SEARCH_ENGINE_SQL)
        return good(doctor, "the database answers (search.engine=sql)");
    if (access(cli_search_folder(cli), F_OK) != 0)
        return odd(doctor, "nothing: the first start of the server makes it",
                   "%s is not there yet", cli_search_folder(cli));
    struct finding finding;
    if (cli_database_connect(cli, DATA_DIR_COMMAND) != OK)
        finding = bad(doctor, "see the message", "%.*s", STR_FMT(cli->ctx.err.text));
    else
        finding = check_indexes(doctor);
    cli_database_close(cli);
    ctx_clear_error(&cli->ctx); /* it is in the finding */
    return finding;
}

static struct finding check_key_file(struct doctor *doctor) {
    struct cli *cli = doctor->cli;
    struct secrets *secrets = NULL;
    const char *path = cli_key_file(cli);
    if (access(path, F_OK) != 0)
        return odd(doctor, "nothing on a new installation; otherwise restore the file from a copy",
                   "%s is not there yet", path);
    if (cli_secrets(cli, &secrets) == OK)
        return good(doctor, "%s; keep a copy with the backups", path);
    struct finding finding = bad(doctor, "see the message", "%.*s", STR_FMT(cli->ctx.err.text));
    ctx_clear_error(&cli->ctx);
    return finding;
}

/* What the kernel was told by a time service; there is nobody to compare with here. */
static struct finding check_clock(struct doctor *doctor) {
    struct timex state = { 0 };
    if (adjtimex(&state) < 0)
        return odd(doctor, "see that a time service runs", "unknown: %s", error_text(errno));
    if (state.status & STA_UNSYNC)
        return odd(doctor, "run a time service such as chrony or systemd-timesyncd",
                   "nothing keeps the clock right");
    return good(doctor, "kept right, within %ld ms", state.maxerror / 1000);
}

static struct finding check_files(struct doctor *doctor) {
    enum { OWN_FILES = 128 }; /* database, index, logs, outgoing connections */
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return odd(doctor, "see the message", "the limit is unknown: %s", error_text(errno));
    uint64_t needed = (uint64_t) doctor->cli->config.http.connections_max + OWN_FILES;
    if (limit.rlim_max < needed)
        return odd(doctor, "raise LimitNOFILE in the service's unit, or lower http.connections_max",
                   "%llu open files allowed, %llu wanted", (unsigned long long) limit.rlim_max,
                   (unsigned long long) needed);
    return good(doctor, "%llu open files allowed", (unsigned long long) limit.rlim_max);
}

static const struct check {
    const char *name;
    struct finding (*run)(struct doctor *doctor);
} checks[] = {
    { "data directory", check_data_dir }, { "disk space", check_disk },
    { "database", check_database },       { "search", check_search },
    { "secret key", check_key_file },     { "clock", check_clock },
    { "open files", check_files },        { "dns", check_dns },
    { "mail port", check_smtp_port },     { "mail name", check_helo },
    { "mail sender", check_sender },     { "mailboxes", check_mailboxes },
};

static enum rc doctor(struct cli *cli) {
    static const char *const words[] = { [GOOD] = "ok", [ODD] = "warning", [BAD] = "FAILED" };
    struct doctor doctor = { .cli = cli, .domain = cli_option(cli, "domain").p };
    int failed = 0;
    for (size_t i = 0; i < LENGTH(checks); i++) {
        struct finding finding = checks[i].run(&doctor);
        fprintf(cli->out, "%-8s %-15s %.*s\n", words[finding.verdict], checks[i].name,
                STR_FMT(finding.text));
        if (finding.advice)
            fprintf(cli->out, "%24s %s\n", "->", finding.advice);
        (void) fflush(cli->out); /* checked at the end of the program */
        failed += finding.verdict == BAD;
    }
    return failed ? fail(&cli->ctx, E_INVALID, "%d of %zu checks failed", failed, LENGTH(checks))
                  : OK;
}

static const struct option_row options[] = {
    { "domain", "DOMAIN", 0, "gmail.com", "the domain whose mail server is tried" },
};

static const struct command rows[] = {
    { "doctor", NULL, 0, 0, 0, options, LENGTH(options), doctor,
      "Checks what the server needs and says what to do",
      "Looks at the data directory, the database, the search index, the clock, the DNS, the way to mail servers\n"
      "on port 25 and the name given there. Sends nothing to anybody's mailbox. Exits 1 when\n"
      "something that matters is wrong." },
};
const struct command_table doctor_commands = COMMAND_TABLE(rows);
