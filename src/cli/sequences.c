/* Sequences from files and by name: the same functions as the management API has. */
#include "base/check.h"
#include "base/limits.h"
#include "cli/cells.h"
#include "cli/tables.h"
#include "sequence/definition.h"
#include "sequence/states.h"

enum { PAGE_ROWS = 100, TEXT_MAX_BYTES = 2 * SEQUENCE_BODY_MAX_BYTES };

/* --- files --- */

static enum rc apply_sequence(struct cli *cli) {
    static const char *const done[][2] = { [APPLIED_CREATED] = { "created", "would create" },
                                           [APPLIED_UPDATED] = { "updated", "would update" } };
    struct sequence_definition definition;
    enum applied applied;
    bool dry_run = cli_flag(cli, "dry-run");
    enum rc rc = cli_read_json(cli, cli->args.p[0], SEQUENCE_BODY_MAX_BYTES, &sequence_definition_fields,
                               &definition);
    if (rc == OK)
        rc = sequence_apply(&cli->ctx, &definition, dry_run, &applied);
    if (rc != OK)
        return rc;
    fprintf(cli->out, "%s ", done[applied][dry_run]);
    cli_cell(cli, str_trim(definition.name), "\n");
    return OK;
}

/* --- by name or id --- */

static enum rc export_sequence(struct cli *cli) {
    struct sequence_definition definition;
    struct str id;
    enum rc rc = cli_sequence_id(cli, &id);
    if (rc == OK)
        rc = sequence_export(&cli->ctx, id, &definition);
    return rc == OK ? cli_print_json(cli, &sequence_definition_fields, &definition, TEXT_MAX_BYTES) : rc;
}

static void print_sequences(struct cli *cli, const struct list *list) {
    const struct sequence *s = list->p;
    for (size_t i = 0; i < list->n; i++) {
        cli_cell(cli, s[i].id, "\t");
        cli_cell(cli, s[i].status, "\t");
        cli_cell(cli, s[i].kind, "\t");
        cli_cell(cli, s[i].name, "\n");
    }
}

static enum rc list_sequences(struct cli *cli) {
    const struct sequence_filter all = { .status = STR_NONE };
    struct page page = { .size = PAGE_ROWS };
    struct page_of found = { .more_after = true };
    enum rc rc = OK;
    while (rc == OK && found.more_after) {
        found = (struct page_of){ 0 };
        rc = sequences_list(&cli->ctx, &all, &page, &found);
        if (rc == OK)
            print_sequences(cli, &found.items);
        page.after = found.last;
    }
    return rc;
}

/* Prints the state: a pause may end only when a server runs. */
static enum rc change(struct cli *cli, enum sequence_event event) {
    struct sequence s;
    struct str id;
    enum rc rc = cli_sequence_id(cli, &id);
    if (rc == OK)
        rc = sequence_change(&cli->ctx, id, event, &s);
    if (rc == OK)
        cli_cell(cli, s.status, "\n");
    return rc;
}

static enum rc launch_sequence(struct cli *cli) {
    return change(cli, SEQUENCE_LAUNCH);
}
static enum rc pause_sequence(struct cli *cli) {
    return change(cli, SEQUENCE_PAUSE);
}
static enum rc resume_sequence(struct cli *cli) {
    return change(cli, SEQUENCE_RESUME);
}
static enum rc archive_sequence(struct cli *cli) {
    return change(cli, SEQUENCE_ARCHIVE);
}

static const struct option_row apply_options[] = {
    { "dry-run", NULL, 0, NULL, "judges the file and stores nothing" },
};

#define IN_ACCOUNT COMMAND_DATABASE | COMMAND_ACCOUNT
#define ONE "NAME|ID", 1, 1, IN_ACCOUNT, NULL, 0
static const struct command rows[] = {
    { "sequence apply", "FILE", 1, 1, IN_ACCOUNT, apply_options, LENGTH(apply_options),
      apply_sequence, "Creates the sequence that a JSON file describes, or replaces the one of that name",
      "The file has what `sequence export` writes; most of it may be left out. Every mistake is\n"
      "told with its place: /stages/0/variants/0/text: Line 2, column 5: {{ has no }}" },
    { "sequence export", ONE, export_sequence,
      "Prints a sequence as a file for `sequence apply`, attachments included", NULL },
    { "sequence list", NULL, 0, 0, IN_ACCOUNT, NULL, 0, list_sequences,
      "Lists the account's sequences: id, status, kind, name", NULL },
    { "sequence launch", ONE, launch_sequence, "Makes a draft active and prints the status", NULL },
    { "sequence pause", ONE, pause_sequence, "Pauses an active sequence and prints the status",
      "It is pausing until what is being sent has ended." },
    { "sequence resume", ONE, resume_sequence, "Resumes a paused sequence and prints the status",
      NULL },
    { "sequence archive", ONE, archive_sequence,
      "Archives a sequence, for good, and prints the status", NULL },
};
const struct command_table sequence_commands = COMMAND_TABLE(rows);
