/* Mailboxes from the command line: the same functions as the management API has. A password
 * comes from a file or from standard input, never from an argument, which others can see. */
#include "base/check.h"
#include "base/file.h"
#include "base/vec.h"
#include "cli/tables.h"
#include "json/reader.h"
#include "sequence/mailbox_check.h"
#include "sequence/mailbox_consent.h"
#include "sequence/mailbox_setup.h"
#include "store/mailbox_state.h"

enum { PASSWORD_MAX_BYTES = 8192, PAGE_ROWS = 100 };

static void print_cell(struct cli *cli, struct str text, const char *end) {
    fprintf(cli->out, "%.*s%s", STR_FMT(text), end);
}

/* --- settings --- */

/* A list is written as JSON, everything else as it is. */
static enum rc read_list(struct cli *cli, const struct field *field, struct str value, void *object) {
    const struct fields one = { .name = "Setting", .size = sizeof(struct mailbox_settings),
                                .rows = field, .n = 1 };
    struct str text = arena_printf(cli->ctx.arena, "{\"%s\":%.*s}", field->name, STR_FMT(value));
    struct mailbox_settings read;
    struct json_position at;
    json_t *root;
    if (json_parse(cli->ctx.arena, text, &root, &at) != OK
        || json_read_fields(&cli->ctx, &one, root, STR(""), &read) != OK)
        return usage_error(cli, "%s takes a JSON array", field->name);
    field_copy(field, object, &read);
    return OK;
}

static enum rc read_setting(struct cli *cli, struct str argument, struct mailbox_settings *settings) {
    struct str value = argument, name, reason;
    if (!str_cut(&value, '=', &name) || !str_is_set(value))
        return usage_error(cli, "'%.*s' is not NAME=VALUE", STR_FMT(argument));
    const struct field *field = field_find(&mailbox_settings_fields, name);
    if (!field)
        return usage_error(cli, "there is no setting %.*s; `outrider mailbox set --help` lists them",
                           STR_FMT(name));
    if (field->type == FIELD_LIST || field->type == FIELD_STRS)
        return read_list(cli, field, value, settings);
    if (field_from_text(cli->ctx.arena, field, value, settings, &reason) != OK)
        return usage_error(cli, "%.*s: %.*s", STR_FMT(name), STR_FMT(reason));
    return OK;
}

static enum rc read_settings(struct cli *cli, struct mailbox_settings *ret_settings) {
    enum rc rc = OK;
    for (size_t i = 1; rc == OK && i < cli->args.n; i++)
        rc = read_setting(cli, cli->args.p[i], ret_settings);
    return rc;
}

/* --- commands --- */

static enum rc find(struct cli *cli, struct mailbox *ret_mailbox) {
    struct str name = cli->args.p[0];
    bool is_email = str_find(name, '@') < name.n;
    enum rc rc = is_email ? mailbox_by_email(&cli->ctx, name, ret_mailbox)
                          : mailbox_get(&cli->ctx, name, ret_mailbox);
    if (rc == E_NOT_FOUND)
        return fail(&cli->ctx, rc, "the account has no mailbox %.*s; `outrider mailbox list` shows all",
                    STR_FMT(name));
    return rc;
}

/* The first line of the file, or of standard input. */
static enum rc read_secret(struct cli *cli, struct str *ret_secret) {
    struct str file = cli_option(cli, "password-file"), rest;
    if (str_is_set(file)) {
        enum rc rc = file_read(&cli->ctx, file.p, PASSWORD_MAX_BYTES, &rest);
        if (rc != OK)
            return rc;
    } else {
        char *line = arena_alloc(cli->ctx.arena, PASSWORD_MAX_BYTES);
        rest = fgets(line, PASSWORD_MAX_BYTES, stdin) ? str_of(line) : STR("");
    }
    (void) str_cut(&rest, '\n', ret_secret); /* there is a part in front of any separator */
    if (str_ends(*ret_secret, STR("\r")))
        ret_secret->n--;
    return ret_secret->n ? OK : usage_error(cli, "the password is expected on standard input");
}

/* name, result, what was found, what to do. */
static enum rc print_checks(struct cli *cli, struct str id) {
    struct mailbox mailbox;
    enum rc rc = mailbox_get(&cli->ctx, id, &mailbox);
    const struct mailbox_check *checks = mailbox.checks.p;
    for (size_t i = 0; rc == OK && i < mailbox.checks.n; i++) {
        print_cell(cli, checks[i].name, "\t");
        print_cell(cli, checks[i].result, "\t");
        print_cell(cli, checks[i].detail, "\t");
        print_cell(cli, checks[i].advice, "\n");
    }
    return rc;
}

static enum rc test_now(struct cli *cli, struct str id) {
    bool passed = false;
    enum rc rc = mailbox_check(&cli->ctx, id, &passed);
    if (rc == OK)
        rc = print_checks(cli, id);
    return rc == OK && !passed ? fail(&cli->ctx, E_INVALID, "the mailbox cannot be used yet") : rc;
}

static enum rc connect_mailbox(struct cli *cli) {
    struct mailbox_setup setup = { 0 };
    struct mailbox_settings settings = { 0 };
    struct mailbox mailbox;
    struct str secret;
    enum rc rc = read_settings(cli, &settings);
    if (rc == OK)
        rc = read_secret(cli, &secret);
    if (rc != OK)
        return rc;
    memcpy(&setup, &settings, sizeof settings);
    setup.email = cli->args.p[0];
    setup.user_email = cli_option(cli, "user");
    setup.auth = cli_option(cli, "auth");
    bool by_password = str_eq(setup.auth, STR("password"));
    *(by_password ? &setup.password : &setup.refresh_token) = secret;
    setup.check = tri_of(!cli_flag(cli, "unchecked"));
    rc = mailbox_setup(&cli->ctx, &setup, false, &mailbox);
    if (rc != OK)
        return rc;
    print_cell(cli, mailbox.id, "\n");
    return setup.check == NO ? OK : test_now(cli, mailbox.id);
}

/* Of a mailbox that is there, with its settings as they are. */
static enum rc begin_again(struct cli *cli, struct consent_link *ret_link) {
    struct mailbox mailbox;
    if (cli->args.n > 1 || str_is_set(cli_option(cli, "user")))
        return usage_error(cli, "settings and --user go with --auth");
    enum rc rc = find(cli, &mailbox);
    return rc == OK ? consent_begin_again(&cli->ctx, mailbox.id, ret_link) : rc;
}

static enum rc begin(struct cli *cli, struct consent_link *ret_link) {
    struct mailbox_setup setup = { .check = YES };
    struct mailbox_settings settings = { 0 };
    enum rc rc = read_settings(cli, &settings);
    memcpy(&setup, &settings, sizeof settings);
    setup.email = cli->args.p[0];
    setup.user_email = cli_option(cli, "user");
    setup.auth = cli_option(cli, "auth");
    if (rc == OK && str_eq(setup.auth, STR("password")))
        return usage_error(cli, "--auth: oauth_google or oauth_microsoft");
    return rc == OK ? consent_begin(&cli->ctx, &setup, ret_link) : rc;
}

static enum rc consent_mailbox(struct cli *cli) {
    struct consent_link link = { .url = STR_NONE };
    bool is_new = str_is_set(cli_option(cli, "auth"));
    enum rc rc = is_new ? begin(cli, &link) : begin_again(cli, &link);
    if (rc == OK)
        print_cell(cli, link.url, "\n");
    return rc;
}

static void print_mailbox(struct cli *cli, const struct mailbox *mailbox) {
    print_cell(cli, mailbox->id, "\t");
    print_cell(cli, mailbox->email, "\t");
    print_cell(cli, mailbox->status, "\t");
    print_cell(cli, mailbox->reason, "\t");
    print_cell(cli, mailbox->email_provider, "\t");
    fprintf(cli->out, "%lld\t", (long long) mailbox->daily_email_limit.v);
    print_cell(cli, mailbox->user_email, "\n");
}

static enum rc list_mailboxes(struct cli *cli) {
    struct page page = { .size = PAGE_ROWS };
    struct page_of found = { .more_after = true };
    while (found.more_after) {
        enum rc rc = mailboxes_list(&cli->ctx, &(struct mailbox_filter){ 0 }, &page, &found);
        if (rc != OK)
            return rc;
        for (size_t i = 0; i < found.items.n; i++)
            print_mailbox(cli, (const struct mailbox *) found.items.p + i);
        page.after = found.last;
    }
    return OK;
}

static enum rc set_mailbox(struct cli *cli) {
    struct mailbox_settings settings = { 0 };
    struct mailbox mailbox;
    enum rc rc = read_settings(cli, &settings);
    if (rc == OK)
        rc = find(cli, &mailbox);
    return rc == OK ? mailbox_change(&cli->ctx, mailbox.id, &settings, &mailbox) : rc;
}

static enum rc test_mailbox(struct cli *cli) {
    struct mailbox mailbox;
    enum rc rc = find(cli, &mailbox);
    return rc == OK ? test_now(cli, mailbox.id) : rc;
}

static enum rc happen(struct cli *cli, enum mailbox_event event) {
    struct mailbox mailbox;
    enum rc rc = find(cli, &mailbox);
    return rc == OK ? mailbox_event(&cli->ctx, mailbox.id, event, STR_NONE) : rc;
}

static enum rc pause_mailbox(struct cli *cli) {
    return happen(cli, MAILBOX_PAUSED);
}

static enum rc resume_mailbox(struct cli *cli) {
    return happen(cli, MAILBOX_RESUMED);
}

static enum rc delete_mailbox(struct cli *cli) {
    return happen(cli, MAILBOX_DELETED);
}

/* --- the table --- */

enum { IN_ACCOUNT = COMMAND_DATABASE | COMMAND_ACCOUNT };

static const struct option_row connect_options[] = {
    { "user", "EMAIL", OPTION_REQUIRED, NULL, "whose mailbox it is" },
    { "auth", "password|oauth_google|oauth_microsoft", 0, "password",
      "how it logs in; with oauth_… a refresh token is read in the place of the password" },
    { "password-file", "FILE", 0, NULL, "where the password is; else it is read from standard input" },
    { "unchecked", NULL, 0, NULL, "active at once, without a test" },
};

static const struct option_row consent_options[] = {
    { "user", "EMAIL", 0, NULL, "whose mailbox it is, with --auth" },
    { "auth", "oauth_google|oauth_microsoft", 0, NULL, "who is asked; left out: connects a mailbox anew" },
};

#define SETTINGS_HELP                                                                          \
    "Settings: display_name, email_provider, smtp_host, smtp_port, smtp_security, smtp_user,\n" \
    "imap_host, imap_port, imap_security, imap_user, aliases, from_address, signature,\n"        \
    "signature_html, time_zone, working_hours, daily_email_limit, ramp_start, ramp_step,\n"     \
    "gap_min_s, gap_max_s.\n"                                                                  \
    "Lists are JSON: working_hours='[{\"day\":\"monday\",\"from\":\"09:00\",\"to\":\"17:00\"}]'"

static const struct command rows[] = {
    { "mailbox connect", "ADDRESS [SETTING=VALUE…]", 1, 40, IN_ACCOUNT | COMMAND_SERVICES,
      connect_options, LENGTH(connect_options), connect_mailbox,
      "Connects a mailbox, prints its id, and tests it; the password comes from standard input",
      "Servers that are not given are found by the address.\n" SETTINGS_HELP },
    { "mailbox consent", "ID|ADDRESS [SETTING=VALUE…]", 1, 40, IN_ACCOUNT | COMMAND_SERVICES, consent_options,
      LENGTH(consent_options), consent_mailbox,
      "Prints a web address where a mailbox's owner agrees that Outrider uses it",
      "The mailbox is connected, or connected anew, once that is done within ten minutes; the server\n"
      "must run at http.public_url.\n" SETTINGS_HELP },
    { "mailbox list", NULL, 0, 0, IN_ACCOUNT, NULL, 0, list_mailboxes,
      "Lists the mailboxes: id, address, status, reason, provider, daily limit, user", NULL },
    { "mailbox set", "ID|ADDRESS SETTING=VALUE…", 2, 40, IN_ACCOUNT, NULL, 0, set_mailbox,
      "Changes settings of a mailbox", SETTINGS_HELP },
    { "mailbox test", "ID|ADDRESS", 1, 1, IN_ACCOUNT | COMMAND_SERVICES, NULL, 0, test_mailbox,
      "Tests a mailbox and prints what was found: check, result, detail, advice",
      "Logins, a message to itself, SPF, DKIM and DMARC. Exits with 1 when it cannot be used." },
    { "mailbox pause", "ID|ADDRESS", 1, 1, IN_ACCOUNT, NULL, 0, pause_mailbox,
      "Sends nothing from a mailbox until it is resumed", NULL },
    { "mailbox resume", "ID|ADDRESS", 1, 1, IN_ACCOUNT, NULL, 0, resume_mailbox,
      "Ends the pause of a mailbox", NULL },
    { "mailbox delete", "ID|ADDRESS", 1, 1, IN_ACCOUNT, NULL, 0, delete_mailbox,
      "Deletes a mailbox and forgets its password",
      "Follow-ups of what it sent are not moved to another mailbox." },
};
const struct command_table mailbox_commands = COMMAND_TABLE(rows);
