#include "cli/report.h"

#include "base/buf.h"

enum { MESSAGE_MAX_BYTES = 64 * 1024 };

/* --- passwords --- */

static struct str replace(struct arena *arena, struct str text, struct str secret) {
    if (!secret.n)
        return text;
    struct buf b = buf_in(arena, MESSAGE_MAX_BYTES);
    for (size_t at; (at = str_find_str(text, secret)) < text.n;) {
        buf_str(&b, str_sub(text, 0, at));
        buf_str(&b, STR("***"));
        text = str_sub(text, at + secret.n, text.n);
    }
    buf_str(&b, text);
    return buf_text(&b);
}

static struct str percent_decoded(struct arena *arena, struct str text) {
    struct buf b = buf_in(arena, MESSAGE_MAX_BYTES);
    for (size_t i = 0; i < text.n; i++) {
        int high = i + 2 < text.n && text.p[i] == '%' ? ascii_hex_value(text.p[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex_value(text.p[i + 2]) : -1;
        int c = low >= 0 ? high * 16 + low : text.p[i];
        buf_char(&b, (char) c);
        i += low >= 0 ? 2 : 0;
    }
    return buf_text(&b);
}

static struct str hide_one(struct arena *arena, struct str text, struct str secret) {
    return replace(arena, replace(arena, text, secret), percent_decoded(arena, secret));
}

/* Generous on purpose: a password with a slash or an @ that was not encoded makes a
 * URL that nothing accepts, and the complaint about it must not show it either. */
static struct str password_of(struct str url) {
    struct str rest = str_sub(url, str_find_str(url, STR("://")) + 3, url.n);
    struct str user = str_sub(rest, 0, str_find_last(rest, '@'));
    if (user.n == rest.n)
        return STR("");
    return str_sub(user, str_find(user, ':') + 1, user.n);
}

struct str hide_passwords(struct arena *arena, struct str text, struct str url) {
    text = hide_one(arena, text, password_of(url));
    struct str query = str_sub(url, str_find(url, '?') + 1, url.n);
    for (struct str part; str_cut(&query, '&', &part);) {
        size_t equals = str_find(part, '=');
        if (str_ends_nocase(str_sub(part, 0, equals), STR("password")))
            text = hide_one(arena, text, str_sub(part, equals + 1, part.n));
    }
    return text;
}

/* --- the report --- */

static void print_line(struct cli *cli, FILE *out, struct str text) {
    struct str safe = hide_passwords(cli->ctx.arena, text, cli->config.database.url);
    fprintf(out, "outrider: %.*s\n", STR_FMT(safe));
}

/* A problem of a document with its place. */
static void print_problem(struct cli *cli, FILE *out, const struct problem *p) {
    bool placed = p->in == IN_BODY && p->where.n;
    print_line(cli, out, placed ? arena_printf(cli->ctx.arena, "%.*s: %.*s", STR_FMT(p->where),
                                               STR_FMT(p->detail))
                                : p->detail);
}

void cli_report(struct cli *cli, enum rc rc, FILE *out) {
    if (rc == OK)
        return;
    for (const struct problem *p = cli->ctx.problems; p; p = p->next)
        print_problem(cli, out, p);
    if (cli->ctx.err.rc != OK)
        print_line(cli, out, cli->ctx.err.text);
    else if (!cli->ctx.problems)
        print_line(cli, out, str_of(rc_text(rc)));
    if (cli->is_usage_error && cli->command)
        fprintf(out, "`outrider %s --help` explains the command\n", cli->command->word);
}
