/* Commands for accounts, users, keys and credits. */
#include "store/accounts.h"

#include "base/check.h"
#include "base/clock.h"
#include "cli/accounts.h"
#include "cli/tables.h"
#include "store/credits.h"
#include "store/keys.h"
#include "store/pages.h"
#include "store/users.h"

/* --- which account --- */

enum rc cli_choose_account(struct cli *cli) {
    struct ctx *ctx = &cli->ctx;
    struct str id = cli_option(cli, "account");
    struct account account;
    enum rc rc = str_is_set(id) ? account_get(ctx, id, &account) : account_only(ctx, &account);
    if (rc == OK)
        ctx->account_id = account.id;
    if (rc == E_NOT_FOUND && str_is_set(id))
        return fail(ctx, rc, "there is no account %.*s; `outrider account list` shows all",
                    STR_FMT(id));
    if (rc == E_NOT_FOUND)
        return fail(ctx, rc, "there is no account yet; make one with `outrider account create`");
    if (rc == E_CONFLICT)
        return usage_error(cli, "there are several accounts: say which with --account ID; "
                           "`outrider account list` shows all");
    return rc;
}

/* --- printing --- */

/* A cell of a line of tab-separated ones: a name may hold a tab or a line break. */
static void print_cell(struct cli *cli, struct str text, const char *end) {
    for (size_t i = 0; i < text.n; i++)
        (void) fputc((unsigned char) text.p[i] < ' ' ? ' ' : text.p[i], cli->out);
    (void) fputs(end, cli->out); /* the stream is checked at the end of the program */
}

static struct str time_cell(struct cli *cli, struct opt_int time) {
    return time.set ? time_iso(cli->ctx.arena, time.v) : STR("-");
}

/* --- account --- */

static enum rc create_account(struct cli *cli) {
    struct account account;
    enum rc rc = account_create(&cli->ctx, cli_option(cli, "name"), &account);
    if (rc == OK)
        print_cell(cli, account.id, "\n");
    return rc;
}

static enum rc list_accounts(struct cli *cli) {
    struct list list = { 0 };
    enum rc rc = accounts_list(&cli->ctx, &list);
    const struct account *accounts = list.p;
    for (size_t i = 0; rc == OK && i < list.n; i++) {
        print_cell(cli, accounts[i].id, "\t");
        print_cell(cli, time_cell(cli, accounts[i].created_at), "\t");
        print_cell(cli, accounts[i].name, "\n");
    }
    return rc;
}

/* --- user --- */

static enum rc add_user(struct cli *cli) {
    struct user_new wanted = {
        .email = cli_option(cli, "email"),
        .first_name = cli_option(cli, "first-name"),
        .last_name = cli_option(cli, "last-name"),
        .role = cli_option(cli, "role"),
    };
    struct user user;
    enum rc rc = user_create(&cli->ctx, &wanted, &user);
    if (rc == E_CONFLICT)
        return fail(&cli->ctx, rc, "the account has a user with this email already");
    if (rc == OK)
        print_cell(cli, user.id, "\n");
    return rc;
}

static void print_users(struct cli *cli, const struct list *list) {
    const struct user *users = list->p;
    for (size_t i = 0; i < list->n; i++) {
        print_cell(cli, users[i].id, "\t");
        print_cell(cli, users[i].email, "\t");
        print_cell(cli, users[i].role, "\t");
        print_cell(cli, users[i].status, "\t");
        print_cell(cli, users[i].name, "\n");
    }
}

static enum rc list_users(struct cli *cli) {
    enum { PAGE_SIZE = 500 };
    struct user_filter all = { 0 };
    struct page page = { .size = PAGE_SIZE };
    struct page_of found = { .more_after = true };
    enum rc rc = OK;
    while (rc == OK && found.more_after) {
        found = (struct page_of){ 0 };
        rc = users_list(&cli->ctx, &all, &page, &found);
        if (rc == OK)
            print_users(cli, &found.items);
        page.after = found.last;
    }
    return rc;
}

/* --- key --- */

static enum rc create_key(struct cli *cli) {
    struct api_key key;
    struct str clear;
    enum rc rc = key_create(&cli->ctx, cli_option(cli, "name"), cli_option(cli, "scope"), &key,
                            &clear);
    if (rc == OK)
        print_cell(cli, clear, "\n");
    return rc;
}

static enum rc list_keys(struct cli *cli) {
    struct list list = { 0 };
    enum rc rc = keys_list(&cli->ctx, &list);
    const struct api_key *keys = list.p;
    for (size_t i = 0; rc == OK && i < list.n; i++) {
        print_cell(cli, keys[i].id, "\t");
        print_cell(cli, keys[i].scope, "\t");
        print_cell(cli, keys[i].revoked_at.set ? STR("revoked") : STR("live"), "\t");
        print_cell(cli, time_cell(cli, keys[i].created_at), "\t");
        print_cell(cli, time_cell(cli, keys[i].last_used_at), "\t");
        print_cell(cli, keys[i].name, "\n");
    }
    return rc;
}

static enum rc revoke_key(struct cli *cli) {
    struct str id = cli->args.p[0];
    enum rc rc = key_revoke(&cli->ctx, id);
    if (rc == E_NOT_FOUND)
        return fail(&cli->ctx, rc, "the account has no key %.*s; `outrider key list` shows all",
                    STR_FMT(id));
    return rc;
}

/* --- credits --- */

static enum rc grant_credits(struct cli *cli) {
    enum credit_kind kind;
    int64_t halves;
    struct str word = cli->args.p[0], amount = cli->args.p[1];
    if (credit_kind_of(word, &kind) != OK)
        return usage_error(cli, "'%.*s' must be email or phone", STR_FMT(word));
    if (credits_parse(amount, &halves) != OK)
        return usage_error(cli, "'%.*s' must be a positive multiple of 0.5", STR_FMT(amount));
    return credits_grant(&cli->ctx, kind, halves);
}

static enum rc show_credits(struct cli *cli) {
    struct credits credits;
    enum rc rc = credits_balance(&cli->ctx, &credits);
    if (rc)
        return rc;
    print_cell(cli, STR("email"), "\t");
    print_cell(cli, credits_text(cli->ctx.arena, credits.halves[CREDIT_EMAIL]), "\n");
    print_cell(cli, STR("phone"), "\t");
    print_cell(cli, credits_text(cli->ctx.arena, credits.halves[CREDIT_PHONE]), "\n");
    return OK;
}

/* --- the table --- */

enum { IN_ACCOUNT = COMMAND_DATABASE | COMMAND_ACCOUNT };

static const struct option_row account_options[] = {
    { "name", "NAME", OPTION_REQUIRED, NULL, "what people call it" },
};

static const struct option_row user_options[] = {
    { "email", "EMAIL", OPTION_REQUIRED, NULL, "one user of an account per address" },
    { "first-name", "NAME", OPTION_REQUIRED, NULL, "given name" },
    { "last-name", "NAME", OPTION_REQUIRED, NULL, "family name" },
    { "role", "admin|sales_rep", OPTION_REQUIRED, NULL, "what the user may do" },
};

static const struct option_row key_options[] = {
    { "name", "NAME", OPTION_REQUIRED, NULL, "who or what uses it" },
    { "scope", "api|admin", 0, "api", "admin opens the management API as well" },
};

static const struct command rows[] = {
    { "account create", NULL, 0, 0, COMMAND_DATABASE, account_options, LENGTH(account_options),
      create_account, "Makes an account and prints its id", NULL },
    { "account list", NULL, 0, 0, COMMAND_DATABASE, NULL, 0, list_accounts,
      "Lists the accounts: id, made at, name", NULL },
    { "user add", NULL, 0, 0, IN_ACCOUNT, user_options, LENGTH(user_options), add_user,
      "Adds a user to an account and prints the id", NULL },
    { "user list", NULL, 0, 0, IN_ACCOUNT, NULL, 0, list_users,
      "Lists the account's users: id, email, role, status, name", NULL },
    { "key create", NULL, 0, 0, IN_ACCOUNT, key_options, LENGTH(key_options), create_key,
      "Makes an API key and prints it, alone on one line",
      "The key is shown this once; only a hash of it is kept." },
    { "key list", NULL, 0, 0, IN_ACCOUNT, NULL, 0, list_keys,
      "Lists the account's keys: id, scope, state, made at, last used at, name", NULL },
    { "key revoke", "ID", 1, 1, IN_ACCOUNT, NULL, 0, revoke_key,
      "Makes a key useless, for good", NULL },
    { "credits grant", "email|phone AMOUNT", 2, 2, IN_ACCOUNT, NULL, 0, grant_credits,
      "Adds credits to the account's balance; halves are allowed: 0.5", NULL },
    { "credits show", NULL, 0, 0, IN_ACCOUNT, NULL, 0, show_credits,
      "Prints the account's balances", NULL },
};
const struct command_table account_commands = COMMAND_TABLE(rows);
