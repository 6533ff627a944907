/* Workflows from files and by name: the same functions as the management API has. */
#include "base/check.h"
#include "cli/cells.h"
#include "cli/tables.h"
#include "sequence/workflow_edit.h"

enum { FILE_MAX_BYTES = 1024 * 1024, TEXT_MAX_BYTES = 2 * FILE_MAX_BYTES };

static enum rc find(struct cli *cli, struct workflow *ret_workflow) {
    struct str name = cli->args.p[0], id = name;
    enum rc rc = workflow_id_by_name(&cli->ctx, name, &id);
    if (rc == OK || rc == E_NOT_FOUND)
        rc = workflow_get(&cli->ctx, id, ret_workflow);
    if (rc == E_NOT_FOUND)
        return fail(&cli->ctx, rc, "the account has no workflow %.*s", STR_FMT(name));
    return rc;
}

static enum rc apply_workflow(struct cli *cli) {
    struct ctx *ctx = &cli->ctx;
    struct workflow_definition definition = { .name = STR_NONE };
    bool dry_run = cli_flag(cli, "dry-run"), created = false;
    enum rc rc = cli_read_json(cli, cli->args.p[0], FILE_MAX_BYTES, &workflow_create_fields, &definition);
    if (rc == OK)
        rc = workflow_apply(ctx, &definition, dry_run, &created);
    if (rc != OK)
        return rc;
    fprintf(cli->out, "%s ", dry_run ? created ? "would create" : "would update" : created ? "created" : "updated");
    cli_cell(cli, str_trim(definition.name), "\n");
    return OK;
}

static enum rc export_workflow(struct cli *cli) {
    struct workflow w = { .id = STR_NONE };
    enum rc rc = find(cli, &w);
    if (rc != OK)
        return rc;
    const struct workflow_definition definition = { w.name, w.labels, w.conditions, w.actions, w.repeat };
    return cli_print_json(cli, &workflow_create_fields, &definition, TEXT_MAX_BYTES);
}

static enum rc list_workflows(struct cli *cli) {
    struct list all = { 0 };
    enum rc rc = workflows_list(&cli->ctx, &all);
    const struct workflow *w = all.p;
    for (size_t i = 0; rc == OK && i < all.n; i++) {
        cli_cell(cli, w[i].id, "\t");
        cli_cell(cli, w[i].status, "\t");
        cli_cell(cli, w[i].repeat, "\t");
        cli_cell(cli, w[i].name, "\n");
    }
    return rc;
}

static enum rc switch_to(struct cli *cli, bool enable) {
    struct workflow w = { .id = STR_NONE };
    enum rc rc = find(cli, &w);
    if (rc == OK)
        rc = workflow_enable(&cli->ctx, w.id, enable, &w);
    if (rc == OK)
        cli_cell(cli, w.status, "\n");
    return rc;
}

static enum rc enable_workflow(struct cli *cli) {
    return switch_to(cli, true);
}
static enum rc disable_workflow(struct cli *cli) {
    return switch_to(cli, false);
}

static const struct option_row apply_options[] = {
    { "dry-run", NULL, 0, NULL, "judges the file and stores nothing" },
};

#define IN_ACCOUNT COMMAND_DATABASE | COMMAND_ACCOUNT
#define ONE "NAME|ID", 1, 1, IN_ACCOUNT, NULL, 0
static const struct command rows[] = {
    { "workflow apply", "FILE", 1, 1, IN_ACCOUNT, apply_options, LENGTH(apply_options), apply_workflow,
      "Creates the workflow that a JSON file describes, or replaces the one of that name",
      "The file has what `workflow export` writes. A new one is a draft; one that is there keeps\n"
      "its status. Every mistake is told with its place: /actions/0/days" },
    { "workflow export", ONE, export_workflow, "Prints a workflow as a file for `workflow apply`", NULL },
    { "workflow list", NULL, 0, 0, IN_ACCOUNT, NULL, 0, list_workflows,
      "Lists the account's workflows in their order: id, status, repeat, name", NULL },
    { "workflow enable", ONE, enable_workflow, "Makes a draft run and prints the status", NULL },
    { "workflow disable", ONE, disable_workflow, "Makes a workflow a draft and prints the status", NULL },
};
const struct command_table workflow_commands = COMMAND_TABLE(rows);
