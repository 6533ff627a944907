/* validate: addresses from arguments, standard input or a column of a CSV file, one line
 * each, in the order in which they came. Answers come in another order, so what was given to
 * the engine waits in a ring until all before it has been printed. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/check.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/bar.h"
#include "cli/tables.h"
#include "cli/verify.h"
#include "data/csv.h"
#include "data/headers.h"
#include "data/source.h"
#include "json/writer.h"
#include "verify/offline.h"

/* A line of JSON holds an address, every byte of which may be escaped with five more. */
enum { JSON_MAX_BYTES = 6 * SOURCE_WINDOW_MAX_BYTES + 4096, SHOW_EVERY_MS = 200 };
enum { RING = 65536, TAKE = 256, WAIT_MS = 200 };

struct waiting {
    char *text; /* on the heap */
    size_t n;
    struct verify_answer answer;
    bool answered;
};

struct validate {
    struct cli *cli;
    struct lists *lists;
    struct verify_engine *engine;
    struct verify_queue *queue;
    struct arena *arena;    /* of one address */
    struct waiting *ring;   /* the one with the number n is at n % RING */
    uint64_t printed, given; /* numbers: the next to print, the next to give */
    bool json, is_terminal, is_noted;
    int64_t results[RESULT_UNDELIVERABLE + 1];
    int64_t size, read; /* of the input in bytes; size 0: not known */
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

static void member_bool(struct json_writer *w, const char *name, bool value) {
    json_key(w, str_of(name));
    json_bool(w, value);
}

/* "550 5.1.1", or absent when no server was asked. */
static struct str reply_of(struct arena *arena, const struct verify_answer *a) {
    if (!a->reply_code)
        return STR_NONE;
    if (!a->reply_enhanced[0])
        return arena_printf(arena, "%d", a->reply_code);
    return arena_printf(arena, "%d %d.%d.%d", a->reply_code, a->reply_enhanced[0],
                        a->reply_enhanced[1], a->reply_enhanced[2]);
}

static void write_json(struct validate *v, struct str text, const struct verify_answer *a) {
    const struct reason_facts *reason = reason_facts(a->verdict.reason);
    struct offline offline;
    verify_offline(v->lists, v->arena, text, &offline);
    const struct fault *fault = address_fault(offline.fault);
    bool is_syntax = a->verdict.reason == REASON_SYNTAX;
    struct str provider = str_of(provider_facts(a->provider)->name);
    struct buf b = buf_in(v->arena, JSON_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w);
    json_put_str(&w, "address", text);
    json_put_str(&w, "result", str_of(verify_result_name(a->verdict.result)));
    member_bool(&w, "catch_all", a->verdict.catch_all);
    json_put_str(&w, "reason", str_of(reason->word));
    json_put_str(&w, "detail", str_of(is_syntax ? fault->word : reason->detail));
    json_put_str(&w, "message", str_of(is_syntax ? fault->sentence : reason->sentence));
    json_put_str(&w, "suggestion", offline.suggestion);
    member_bool(&w, "disposable", offline.marks.is_disposable);
    member_bool(&w, "role", offline.marks.is_role);
    member_bool(&w, "free", offline.marks.is_free);
    json_put_str(&w, "provider", a->provider == PROVIDER_OTHER ? STR_NONE : provider);
    json_put_str(&w, "reply", reply_of(v->arena, a));
    json_put_str(&w, "checked_at", time_iso(v->arena, a->checked_at_ms));
    json_end_object(&w);
    fprintf(v->cli->out, "%.*s\n", STR_FMT(buf_text(&b)));
}

static void show_progress(struct validate *v, bool at_end) {
    int64_t now = monotonic_ms(), elapsed = now - v->began_ms;
    if (!v->is_terminal || (!at_end && now - v->shown_ms < SHOW_EVERY_MS))
        return;
    v->shown_ms = now;
    /* what was read and has no answer yet does not count */
    cli_bar(stderr, v->given ? (int64_t) ((double) v->read * (double) v->printed / (double) v->given)
                             : 0, v->size);
    fprintf(stderr, "%llu addresses, %lld a second: %lld deliverable, %lld risky, %lld unknown, "
            "%lld undeliverable ", (unsigned long long) v->printed,
            (long long) (elapsed ? (int64_t) v->printed * SECOND_MS / elapsed : 0),
            (long long) v->results[RESULT_DELIVERABLE], (long long) v->results[RESULT_RISKY],
            (long long) v->results[RESULT_UNKNOWN], (long long) v->results[RESULT_UNDELIVERABLE]);
    if (at_end)
        fputc('\n', stderr);
}

/* Said once, when it matters. */
static void note_no_probe(struct validate *v) {
    if (v->is_noted || verify_engine_probes(v->engine))
        return;
    v->is_noted = true;
    fputs("mail servers are not asked: set verify.helo and verify.mail_from (see `outrider "
          "doctor`)\n", stderr);
}

static void write_answer(struct validate *v, struct str text, const struct verify_answer *a) {
    if (a->verdict.reason == REASON_NOT_PROBED)
        note_no_probe(v);
    if (v->json)
        write_json(v, text, a);
    else
        write_text(v, text, a->verdict);
    arena_reset(v->arena);
    v->results[a->verdict.result]++;
}

/* --- the ring --- */

/* Takes what has been found out, waiting at most `timeout_ms` for the first, and prints
 * what has nothing before it. */
static void take(struct validate *v, int64_t timeout_ms) {
    struct verify_answer answers[TAKE];
    size_t n = verify_take(v->queue, answers, TAKE, timeout_ms);
    for (size_t i = 0; i < n; i++) {
        struct waiting *w = &v->ring[answers[i].tag % RING];
        w->answer = answers[i];
        w->answered = true;
    }
    for (; v->printed < v->given && v->ring[v->printed % RING].answered; v->printed++) {
        struct waiting *w = &v->ring[v->printed % RING];
        write_answer(v, (struct str){ w->text, w->n }, &w->answer);
        mem_free(w->text);
        *w = (struct waiting){ 0 };
    }
    show_progress(v, false);
}

static void give(struct validate *v, struct str text) {
    while (v->given - v->printed == RING)
        take(v, WAIT_MS);
    struct waiting *w = &v->ring[v->given % RING];
    *w = (struct waiting){ .text = mem_alloc(text.n + 1), .n = text.n };
    memcpy(w->text, text.n ? text.p : "", text.n);
    const struct verify_input input = { .address = { w->text, w->n }, .tag = v->given };
    v->given++;
    while (verify_submit(v->queue, &input, 1) == 0)
        take(v, WAIT_MS);
    if (v->given % TAKE == 0)
        take(v, 0);
}

static void take_all(struct validate *v) {
    while (v->printed < v->given) {
        ASSERT(v->ring[v->printed % RING].answered || verify_pending(v->queue) > 0);
        take(v, WAIT_MS);
    }
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

/* Its size when it is a file, for the bar. */
static void measure(struct validate *v, int fd) {
    struct stat info;
    v->size = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size : 0;
}

/* One address on each line, blank lines are passed over. */
static enum rc validate_lines(struct validate *v, int fd) {
    struct source *source;
    struct str reason, line;
    enum rc rc = source_open(fd, &source, &reason);
    if (rc != OK)
        return fail(&v->cli->ctx, rc, "standard input: %.*s", STR_FMT(reason));
    measure(v, fd);
    while ((rc = next_line(source, &line)) == OK) {
        size_t n = line.n + (line.n < source_peek(source).n);
        line = str_trim(line);
        v->read = (int64_t) source_position(source);
        if (line.n)
            give(v, line);
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
            give(v, row->cells[i].value);
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
    measure(v, fd);
    while (rc == OK && (rc = reader_next(reader, &row)) == OK) {
        v->read = (int64_t) reader_position(reader);
        validate_row(v, &row, column);
    }
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
            give(v, args.p[i]);
    }
    return rc;
}

/* For whoever adds rules: what was refused with words that none knows. */
static void show_unmatched(struct validate *v) {
    if (!cli_flag(v->cli, "unmatched"))
        return;
    struct strs lines = verify_unmatched(v->engine, v->arena);
    for (size_t i = 0; i < lines.n; i++)
        fprintf(stderr, "unmatched reply: %.*s\n", STR_FMT(lines.p[i]));
}

static void end(struct validate *v) {
    verify_queue_close(&v->queue);
    verify_engine_free(&v->engine);
    for (size_t i = 0; i < RING; i++)
        mem_free(v->ring[i].text);
    mem_free(v->ring);
    arena_free(&v->arena);
}

static enum rc begin(struct validate *v) {
    enum rc rc = cli_lists(v->cli, &v->lists);
    if (rc == OK)
        rc = cli_verify_engine(v->cli, v->lists, NULL, &v->engine);
    if (rc != OK)
        return rc;
    v->queue = verify_queue_new(v->engine, NULL, NULL);
    v->ring = mem_array(RING, sizeof *v->ring);
    v->arena = arena_new();
    return OK;
}

static enum rc validate(struct cli *cli) {
    bool from_csv = str_is_set(cli_option(cli, "csv"));
    if (from_csv == (cli->args.n > 0))
        return usage_error(cli, "validate needs either addresses (`-` reads them) or --csv");
    if (!from_csv && str_is_set(cli_option(cli, "column")))
        return usage_error(cli, "--column names a column of --csv");
    struct validate v = { .cli = cli, .json = cli_flag(cli, "json"), .began_ms = monotonic_ms(),
                          .is_terminal = isatty(STDERR_FILENO) != 0 };
    enum rc rc = begin(&v);
    if (rc == OK) {
        rc = validate_all(&v);
        take_all(&v);
        show_progress(&v, true);
        show_unmatched(&v);
        end(&v);
    }
    lists_free(&v.lists);
    return rc;
}

static const struct option_row options[] = {
    { "json", NULL, 0, NULL, "a JSON object a line, with all that is known" },
    { "csv", "FILE", 0, NULL, "the addresses are in a column of this file; - reads it" },
    { "unmatched", NULL, 0, NULL, "at the end, to stderr, the replies that no rule knew" },
    { "column", "HEADER", 0, NULL, "that column, else the first one that is called like email" },
};

static const struct command rows[] = {
    { "validate", "ADDRESS… | -", 0, SIZE_MAX, 0, options, LENGTH(options), validate,
      "Says which email addresses can receive mail",
      "Prints a line for each address: the address, deliverable, risky, unknown or\n"
      "undeliverable, whether its domain takes every name, and the reason. Addresses are\n"
      "arguments or, with -, lines of standard input. Mail servers are asked when verify.helo\n"
      "and verify.mail_from are set; no message is sent." },
};
const struct command_table validate_commands = COMMAND_TABLE(rows);
