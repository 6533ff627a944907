/* import people|companies|leads|contacts: the file, its rejected rows, and how far it is. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/bar.h"
#include "cli/tables.h"
#include "import/run.h"
#include "store/lead_lists.h"

struct progress {
    struct cli *cli;
    FILE *rejects;      /* opened with the first rejected row */
    const char *rejects_path;
    int64_t size;       /* of the file in bytes; 0: unknown */
    int64_t began_ms, shown_ms;
    bool is_terminal;
    int error;          /* errno of writing rejects */
};

/* --- rejected rows --- */

static void csv_cell(FILE *out, struct str text) {
    fputc('"', out);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            fputc('"', out);
        fputc(text.p[i], out);
    }
    fputc('"', out);
}

static void on_rejected(void *arg, size_t line, struct str reason, struct str text) {
    struct progress *p = arg;
    if (!p->rejects && !p->error) {
        p->rejects = fopen(p->rejects_path, "we");
        if (!p->rejects) {
            p->error = errno;
            return;
        }
        fputs("line,reason,row\n", p->rejects);
    }
    if (!p->rejects)
        return;
    fprintf(p->rejects, "%zu,", line);
    csv_cell(p->rejects, reason);
    fputc(',', p->rejects);
    csv_cell(p->rejects, text);
    fputc('\n', p->rejects);
}

/* A rejects file that could not be written is a failure: its rows would be lost. */
static enum rc close_rejects(struct progress *p) {
    bool bad = p->error || (p->rejects && ferror(p->rejects));
    if (p->rejects && fclose(p->rejects) != 0)
        bad = true;
    if (!bad)
        return OK;
    return fail(&p->cli->ctx, E_IO, "%s: %s", p->rejects_path,
                error_text(p->error ? p->error : EIO));
}

/* --- progress --- */

enum { SHOW_EVERY_MS = 200 };

static void on_progress(void *arg, uint64_t bytes, const struct import_summary *s) {
    struct progress *p = arg;
    int64_t now = monotonic_ms(), elapsed = now - p->began_ms;
    if (!p->is_terminal || now - p->shown_ms < SHOW_EVERY_MS)
        return;
    p->shown_ms = now;
    int64_t rows = s->imported + s->updated + s->unchanged + s->rejected;
    int64_t rate = elapsed ? rows * SECOND_MS / elapsed : 0;
    bool is_known = p->size > 0 && bytes > 0;
    int64_t done = (int64_t) bytes < p->size ? (int64_t) bytes : p->size;
    cli_bar(stderr, done, is_known ? p->size : 0);
    fprintf(stderr, "%lld rows, %lld a second ", (long long) rows, (long long) rate);
    if (is_known)
        fprintf(stderr, "%lld s left ", (long long) (elapsed * (p->size - done) / done / SECOND_MS));
}

/* --- the command --- */

static enum reader_format format_of(struct cli *cli, struct str path) {
    struct str wanted = cli_option(cli, "format");
    if (str_is_set(wanted))
        return str_eq(wanted, STR("jsonl")) ? READER_JSONL : READER_CSV;
    bool json = str_ends_nocase(path, STR(".jsonl")) || str_ends_nocase(path, STR(".ndjson"));
    return json ? READER_JSONL : READER_CSV;
}

static int open_input(const char *path, int64_t *ret_size) {
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    *ret_size = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size : 0;
    return fd;
}

static enum rc import_from(struct cli *cli, enum import_kind kind, const struct lead_list *into) {
    struct ctx *ctx = &cli->ctx;
    struct str path = cli->args.p[0];
    struct str rejects = cli_option(cli, "rejects");
    struct progress p = { .cli = cli, .began_ms = monotonic_ms(),
                          .is_terminal = isatty(STDERR_FILENO) != 0 };
    p.rejects_path = str_is_set(rejects)
                         ? rejects.p
                         : arena_printf(ctx->arena, "%s.rejected.csv", path.p).p;
    struct import_options options = { .kind = kind, .format = format_of(cli, path),
                                      .overrides = cli_option_list(cli, "map"),
                                      .dry_run = cli_flag(cli, "dry-run"), .into = into,
                                      .on_rejected = on_rejected, .on_progress = on_progress,
                                      .arg = &p };
    int fd = open_input(path.p, &p.size);
    if (fd < 0)
        return fail(ctx, E_IO, "%s: %s", path.p, error_text(errno));
    struct import_summary s;
    enum rc rc = import_run(ctx, fd, &options, &s);
    (void) close(fd); /* only read from */
    if (p.shown_ms)
        fputc('\n', stderr);
    enum rc closed = close_rejects(&p);
    if (p.rejects)
        fprintf(stderr, "rejected rows are in %s\n", p.rejects_path);
    fprintf(cli->out, "imported %lld, updated %lld, rejected %lld\n", (long long) s.imported,
            (long long) s.updated, (long long) s.rejected);
    return rc != OK ? rc : closed;
}

static enum rc import_people_file(struct cli *cli) {
    return import_from(cli, IMPORT_PEOPLE, NULL);
}

static enum rc import_companies_file(struct cli *cli) {
    return import_from(cli, IMPORT_COMPANIES, NULL);
}

/* A list that is made here is of type adaptive: each row is looked for by what it says. */
static enum rc import_leads_file(struct cli *cli) {
    struct lead_list into = {
        .name = str_trim(cli_option(cli, "list")), .type = STR("adaptive"), .shared = YES, .visible = YES,
        .reveal_phone_numbers = tri_of(cli_flag(cli, "reveal-phone-numbers")),
        .validate_email = YES, .enrich = YES,
    };
    if (str_is_empty(into.name) || into.name.n > LEAD_LIST_NAME_MAX)
        return usage_error(cli, "--list: a name of 1 to %d bytes", LEAD_LIST_NAME_MAX);
    enum rc rc = lead_list_owner(&cli->ctx, cli_option(cli, "owner"), &into.owner_id);
    if (rc == E_NOT_FOUND)
        return fail(&cli->ctx, rc, "the account has no such user: see --owner");
    return rc == OK ? import_from(cli, IMPORT_LEADS, &into) : rc;
}

static enum rc import_contacts_file(struct cli *cli) {
    return import_from(cli, IMPORT_CONTACTS, NULL);
}

#define FILE_OPTIONS                                                                          \
    { "map", "HEADER=FIELD", OPTION_REPEATED, NULL,                                           \
      "the column with this header fills this field; any number of times" },                  \
    { "format", "csv|jsonl", 0, NULL, "else by the file's name, csv when it does not tell" }, \
    { "rejects", "FILE", 0, NULL, "where rejected rows go, else FILE.rejected.csv" },         \
    { "dry-run", NULL, 0, NULL, "do everything and keep nothing" }

static const struct option_row options[] = { FILE_OPTIONS };

static const struct option_row lead_options[] = {
    { "list", "NAME", OPTION_REQUIRED, NULL, "the list, which is made when there is none" },
    { "owner", "EMAIL", 0, NULL, "whose a new list is; else the oldest admin's" },
    { "reveal-phone-numbers", NULL, 0, NULL, "of the leads of a new list" },
    FILE_OPTIONS,
};

static const struct command rows[] = {
    { "import people", "FILE", 1, 1, COMMAND_DATABASE | COMMAND_SERVICES, options, LENGTH(options),
      import_people_file, "Imports people from CSV or JSON lines",
      "Rows are matched by LinkedIn URL, else email, else name and company. The last line\n"
      "says what happened; importing a file a second time changes nothing." },
    { "import companies", "FILE", 1, 1, COMMAND_DATABASE | COMMAND_SERVICES, options, LENGTH(options),
      import_companies_file, "Imports companies from CSV or JSON lines",
      "Rows are matched by LinkedIn URL, else domain, else name." },
    { "import leads", "FILE", 1, 1, COMMAND_DATABASE | COMMAND_ACCOUNT | COMMAND_SERVICES, lead_options,
      LENGTH(lead_options), import_leads_file, "Imports leads into a lead list",
      "With the columns of people. The server looks for each lead by LinkedIn URL, else email,\n"
      "else name or title and company, and validates addresses, as POST /lead-lists does and at\n"
      "its price. Importing a file a second time changes nothing." },
    { "import contacts", "FILE", 1, 1, COMMAND_DATABASE | COMMAND_ACCOUNT | COMMAND_SERVICES, options,
      LENGTH(options), import_contacts_file, "Imports contacts of the account",
      "With the columns of people, a time zone (Europe/Lisbon) and an owner (address of a user).\n"
      "Rows are matched by email, else LinkedIn URL; what they do not say stays. People who were\n"
      "removed for privacy are rejected." },
};
const struct command_table import_commands = COMMAND_TABLE(rows);
