/* export and reindex: walks over everything. */
#include "base/check.h"
#include "cli/tables.h"
#include "import/export.h"
#include "store/changes.h"

static enum rc export_to_output(struct cli *cli, enum import_kind kind) {
    bool json = str_eq(cli_option(cli, "format"), STR("jsonl"));
    return export_run(&cli->ctx, kind, json ? READER_JSONL : READER_CSV, cli->out);
}

static enum rc export_people_command(struct cli *cli) {
    return export_to_output(cli, IMPORT_PEOPLE);
}

static enum rc export_companies_command(struct cli *cli) {
    return export_to_output(cli, IMPORT_COMPANIES);
}

static enum rc reindex(struct cli *cli) {
    int64_t companies, people;
    enum rc rc = rederive_run(&cli->ctx, IMPORT_COMPANIES, &companies);
    if (rc == OK)
        rc = rederive_run(&cli->ctx, IMPORT_PEOPLE, &people);
    if (rc == OK) /* so that every server builds its index anew, also one that runs */
        rc = changes_new_origin(&cli->ctx);
    if (rc == OK)
        fprintf(cli->out, "people %lld, companies %lld\n", (long long) people,
                (long long) companies);
    return rc;
}

static const struct option_row options[] = {
    { "format", "csv|jsonl", 0, "csv", "what to write" },
};

static const struct command rows[] = {
    { "export people", NULL, 0, 0, COMMAND_DATABASE, options, LENGTH(options),
      export_people_command, "Writes all people to the output",
      "In columns that import people understands, emails, phone numbers and extra data included." },
    { "export companies", NULL, 0, 0, COMMAND_DATABASE, options, LENGTH(options),
      export_companies_command, "Writes all companies to the output",
      "In columns that import companies understands, extra data included." },
    { "reindex", NULL, 0, 0, COMMAND_DATABASE, NULL, 0, reindex,
      "Makes everything that searches read again", "For use after an upgrade that says so." },
};
const struct command_table export_commands = COMMAND_TABLE(rows);
