/* Dispositions of calls: the same functions as the management API has. */
#include "base/check.h"
#include "cli/cells.h"
#include "cli/tables.h"
#include "data/enums.h"
#include "store/dispositions.h"

/* By slug, else by id. */
static enum rc find(struct cli *cli, struct str *ret_id) {
    struct str wanted = cli->args.p[0];
    struct list all = { 0 };
    enum rc rc = dispositions_list(&cli->ctx, &all);
    const struct disposition *d = all.p;
    for (size_t i = 0; rc == OK && i < all.n; i++)
        if (str_eq(d[i].slug, wanted) || str_eq(d[i].id, wanted)) {
            *ret_id = d[i].id;
            return OK;
        }
    return rc == OK ? fail(&cli->ctx, E_NOT_FOUND, "the account has no disposition %.*s", STR_FMT(wanted)) : rc;
}

/* Of the options what is given. */
static enum rc read_options(struct cli *cli, struct str slug, struct disposition *ret_input) {
    struct disposition d = { .name = cli_option(cli, "name"), .slug = slug, .action = cli_option(cli, "action") };
    if (str_is_set(d.name) && (str_is_empty(str_trim(d.name)) || d.name.n > DISPOSITION_NAME_MAX))
        return usage_error(cli, "--name: 1 to %d characters", DISPOSITION_NAME_MAX);
    if (d.slug.n > DISPOSITION_SLUG_MAX)
        return usage_error(cli, "a slug has at most %d characters", DISPOSITION_SLUG_MAX);
    if (str_is_set(d.action) && enum_index(&enum_disposition_actions, d.action) < 0)
        return usage_error(cli, "--action: complete or next_stage");
    *ret_input = d;
    return OK;
}

static void print(struct cli *cli, const struct disposition *d) {
    cli_cell(cli, d->id, "\t");
    cli_cell(cli, d->slug, "\t");
    cli_cell(cli, d->action, "\t");
    cli_cell(cli, d->name, "\n");
}

static enum rc list_dispositions(struct cli *cli) {
    struct list all = { 0 };
    enum rc rc = dispositions_list(&cli->ctx, &all);
    const struct disposition *d = all.p;
    for (size_t i = 0; rc == OK && i < all.n; i++)
        print(cli, &d[i]);
    return rc;
}

static enum rc add_disposition(struct cli *cli) {
    struct disposition d = { .id = STR_NONE };
    enum rc rc = read_options(cli, cli->args.p[0], &d);
    if (rc == OK)
        rc = disposition_create(&cli->ctx, &d, &d);
    if (rc == OK)
        print(cli, &d);
    return rc;
}

static enum rc set_disposition(struct cli *cli) {
    struct disposition changes = { .id = STR_NONE }, d = { .id = STR_NONE };
    struct str id = STR_NONE;
    enum rc rc = read_options(cli, cli_option(cli, "slug"), &changes);
    if (rc == OK)
        rc = find(cli, &id);
    if (rc == OK)
        rc = disposition_change(&cli->ctx, id, &changes, &d);
    if (rc == OK)
        print(cli, &d);
    return rc;
}

static enum rc delete_disposition(struct cli *cli) {
    struct str id = STR_NONE;
    enum rc rc = find(cli, &id);
    return rc == OK ? disposition_delete(&cli->ctx, id) : rc;
}

#define NAME_HELP   "what people read"
#define ACTION_HELP "complete: the task and its lead are completed; next_stage: nothing happens"
static const struct option_row add_options[] = {
    { "name", "NAME", OPTION_REQUIRED, NULL, NAME_HELP },
    { "action", "ACTION", OPTION_REQUIRED, NULL, ACTION_HELP },
};
static const struct option_row set_options[] = {
    { "name", "NAME", 0, NULL, NAME_HELP },
    { "slug", "SLUG", 0, NULL, "what programs read" },
    { "action", "ACTION", 0, NULL, ACTION_HELP },
};

#define IN_ACCOUNT COMMAND_DATABASE | COMMAND_ACCOUNT
static const struct command rows[] = {
    { "disposition add", "SLUG", 1, 1, IN_ACCOUNT, add_options, LENGTH(add_options), add_disposition,
      "Adds a way in which calls can end, and prints it as `disposition list` does",
      "The slug has lower case letters, digits and underscores." },
    { "disposition list", NULL, 0, 0, IN_ACCOUNT, NULL, 0, list_dispositions,
      "Lists how the account's calls can end, oldest first: id, slug, action, name", NULL },
    { "disposition set", "SLUG|ID", 1, 1, IN_ACCOUNT, set_options, LENGTH(set_options), set_disposition,
      "Changes one and prints it", "What is not given stays." },
    { "disposition delete", "SLUG|ID", 1, 1, IN_ACCOUNT, NULL, 0, delete_disposition,
      "Deletes one", "Calls that have it keep it." },
};
const struct command_table disposition_commands = COMMAND_TABLE(rows);
