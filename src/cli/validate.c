/* validate: addresses from arguments, standard input or a column of a CSV file, one line
 * each. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/lists.h"
#include "cli/tables.h"
#include "data/csv.h"
#include "data/headers.h"
#include "data/source.h"
#include "json/writer.h"
#include "verify/offline.h"

/* A line of JSON holds an address, which every byte of may be escaped with five more. */
enum { JSON_MAX_BYTES = 6 * SOURCE_WINDOW_MAX_BYTES + 4096, SHOW_EVERY_MS = 200 };

struct validate {
    struct cli *cli;
    struct lists *lists;
    struct arena *arena; /* of one address */
    bool json, is_terminal;
    int64_t done, results[RESULT_UNDELIVERABLE + 1];
    int64_t began_ms, shown_ms;
};

/* --- output --- */

/* A line is a row and its tabs are columns, so an address has neither. */
static struct str one_line(struct arena *arena, struct str address) {
    char *p = arena_alloc(arena, address.n + 1);
    for (size_t i = 0; i < address.n; i++)
        p[i] = (unsigned char) address.p[i] < 0x20 || address.p[i] == 0x7F ? '?' : address.p[i];
    return (struct str){ p, address.n };
}

static void write_text(struct validate *v, struct str text, struct verdict verdict) {
    fprintf(v->cli->out, "%.*s\t%s\t%s\t%s\n", STR_FMT(one_line(v->arena, text)),
            verify_result_name(verdict.result), verdict.catch_all ? "true" : "false",
            reason_facts(verdict.reason)->word);
}

static void member(struct json_writer *w, const char *name, struct str value) {
    json_key(w, str_of(name));
    json_str(w, value);
}

static void member_bool(struct json_writer *w, const char *name, bool value) {
    json_key(w, str_of(name));
    json_bool(w, value);
}

static void write_json(struct validate *v, struct str text, const struct offline *o,
                       struct verdict verdict) {
    const struct reason_facts *reason = reason_facts(verdict.reason);
    const struct fault *fault = address_fault(o->fault);
    bool is_syntax = verdict.reason == REASON_SYNTAX;
    struct buf b = buf_in(v->arena, JSON_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w);
    member(&w, "address", text);
    member(&w, "result", str_of(verify_result_name(verdict.result)));
    member_bool(&w, "catch_all", verdict.catch_all);
    member(&w, "reason", str_of(reason->word));
    member(&w, "detail", str_of(is_syntax ? fault->word : reason->detail));
    member(&w, "message", str_of(is_syntax ? fault->sentence : reason->sentence));
    member(&w, "suggestion", o->suggestion);
    member_bool(&w, "disposable", o->marks.is_disposable);
    member_bool(&w, "role", o->marks.is_role);
    member_bool(&w, "free", o->marks.is_free);
    json_end_object(&w);
    fprintf(v->cli->out, "%.*s\n", STR_FMT(buf_text(&b)));
}

static void show_progress(struct validate *v, bool at_end) {
    int64_t now = monotonic_ms(), elapsed = now - v->began_ms;
    if (!v->is_terminal || (!at_end && now - v->shown_ms < SHOW_EVERY_MS))
        return;
    v->shown_ms = now;
    fprintf(stderr, "\r%lld addresses, %lld a second: %lld deliverable, %lld risky, %lld unknown, "
            "%lld undeliverable ", (long long) v->done,
            (long long) (elapsed ? v->done * SECOND_MS / elapsed : v->done),
            (long long) v->results[RESULT_DELIVERABLE], (long long) v->results[RESULT_RISKY],
            (long long) v->results[RESULT_UNKNOWN], (long long) v->results[RESULT_UNDELIVERABLE]);
    if (at_end)
        fputc('\n', stderr);
}

static void validate_one(struct validate *v, struct str text) {
    struct offline offline;
    verify_offline(v->lists, v->arena, text, &offline);
    struct findings findings = offline_findings(&offline);
    struct verdict verdict = verdict_of(&findings);
    if (v->json)
        write_json(v, text, &offline, verdict);
    else
        write_text(v, text, verdict);
    arena_reset(v->arena);
    v->done++;
    v->results[verdict.result]++;
    show_progress(v, false);
}

/* --- input --- */

/* E_NOT_FOUND at the end, E_TOO_LARGE for a line that is longer than the window. */
static enum rc next_line(struct source *source, struct str *ret_line) {
    for (;;) {
        struct str window = source_peek(source);
        size_t end = str_find(window, '\n');
        enum rc rc = end < window.n ? E_NOT_FOUND : source_more(source);
        if (rc == OK)
            continue;
        if (rc != E_NOT_FOUND || window.n == 0)
            return rc;
        *ret_line = str_sub(window, 0, end);
        return OK;
    }
}

/* One address on each line, blank lines are passed over. */
static enum rc validate_lines(struct validate *v, int fd) {
    struct source *source;
    struct str reason, line;
    enum rc rc = source_open(fd, &source, &reason);
    if (rc != OK)
        return fail(&v->cli->ctx, rc, "standard input: %.*s", STR_FMT(reason));
    while ((rc = next_line(source, &line)) == OK) {
        size_t n = line.n + (line.n < source_peek(source).n);
        line = str_trim(line);
        if (line.n)
            validate_one(v, line);
        source_consume(source, n);
    }
    source_close(&source);
    if (rc == E_TOO_LARGE)
        return fail(&v->cli->ctx, rc, "standard input: a line is too long");
    return rc == E_NOT_FOUND ? OK : fail(&v->cli->ctx, rc, "standard input cannot be read");
}

/* The column that was named, or the first one that people call an email address. */
static enum rc find_column(struct validate *v, const struct reader *reader, size_t *ret_column) {
    struct ctx *ctx = &v->cli->ctx;
    struct str wanted = cli_option(v->cli, "column"), reason;
    struct strs columns = reader_columns(reader);
    struct headers *headers;
    enum rc rc = headers_new(ctx->arena, HEADERS_PEOPLE, (struct strs){ 0 }, &headers, &reason);
    if (rc != OK)
        return fail(ctx, rc, "%.*s", STR_FMT(reason));
    for (size_t i = 0; i < columns.n; i++) {
        bool is_it = str_is_set(wanted)
                         ? str_eq_nocase(columns.p[i], wanted)
                         : str_eq(headers_field(headers, columns.p[i]), STR("email"));
        if (!is_it)
            continue;
        *ret_column = i;
        return OK;
    }
    if (str_is_set(wanted))
        return usage_error(v->cli, "the file has no column '%.*s'", STR_FMT(wanted));
    return usage_error(v->cli, "no column looks like email addresses: name it with --column");
}

static void validate_row(struct validate *v, const struct row *row, size_t column) {
    if (str_is_set(row->rejected)) {
        fprintf(stderr, "line %zu: %.*s\n", row->line, STR_FMT(row->rejected));
        return;
    }
    for (size_t i = 0; i < row->n; i++)
        if (row->cells[i].column == column && row->cells[i].value.n)
            validate_one(v, row->cells[i].value);
}

static enum rc validate_csv(struct validate *v, int fd, const char *path) {
    struct ctx *ctx = &v->cli->ctx;
    struct reader *reader;
    struct str reason;
    struct row row;
    size_t column = 0;
    enum rc rc = reader_open(fd, READER_CSV, &reader, &reason);
    if (rc != OK)
        return fail(ctx, rc, "%s: %.*s", path, STR_FMT(reason));
    rc = find_column(v, reader, &column);
    while (rc == OK && (rc = reader_next(reader, &row)) == OK)
        validate_row(v, &row, column);
    reader_close(&reader);
    if (rc == E_IO)
        return fail(ctx, E_IO, "%s cannot be read", path);
    return rc == E_NOT_FOUND ? OK : rc;
}

static enum rc validate_file(struct validate *v, const char *path) {
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(&v->cli->ctx, E_IO, "%s: %s", path, error_text(errno));
    enum rc rc = validate_csv(v, fd, path);
    (void) close(fd); /* only read from */
    return rc;
}

/* --- the command --- */

static enum rc validate_all(struct validate *v) {
    struct strs args = v->cli->args;
    struct str csv = cli_option(v->cli, "csv");
    enum rc rc = str_is_set(csv) ? validate_file(v, csv.p) : OK;
    for (size_t i = 0; rc == OK && i < args.n; i++) {
        if (str_eq(args.p[i], STR("-")))
            rc = validate_lines(v, STDIN_FILENO);
        else
            validate_one(v, args.p[i]);
    }
    return rc;
}

static enum rc validate(struct cli *cli) {
    bool from_csv = str_is_set(cli_option(cli, "csv"));
    if (from_csv == (cli->args.n > 0))
        return usage_error(cli, "validate needs either addresses (`-` reads them) or --csv");
    if (!from_csv && str_is_set(cli_option(cli, "column")))
        return usage_error(cli, "--column names a column of --csv");
    struct validate v = { .cli = cli, .json = cli_flag(cli, "json"), .began_ms = monotonic_ms(),
                          .is_terminal = isatty(STDERR_FILENO) != 0 };
    enum rc rc = cli_lists(cli, &v.lists);
    if (rc != OK)
        return rc;
    v.arena = arena_new();
    rc = validate_all(&v);
    show_progress(&v, true);
    arena_free(&v.arena);
    lists_free(&v.lists);
    return rc;
}

static const struct option_row options[] = {
    { "json", NULL, 0, NULL, "a JSON object a line, with all that is known" },
    { "csv", "FILE", 0, NULL, "the addresses are in a column of this file; - reads it" },
    { "column", "HEADER", 0, NULL, "that column, else the first one that is called like email" },
};

static const struct command rows[] = {
    { "validate", "ADDRESS… | -", 0, SIZE_MAX, 0, options, LENGTH(options), validate,
      "Says which email addresses can receive mail",
      "Prints a line for each address: the address, deliverable, risky, unknown or\n"
      "undeliverable, whether its domain takes every name, and the reason. Addresses are\n"
      "arguments or, with -, lines of standard input. Form and lists are checked; nobody is\n"
      "asked yet, so what is well-formed is unknown." },
};
const struct command_table validate_commands = COMMAND_TABLE(rows);
