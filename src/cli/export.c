/* export and reindex: walks over everything. */
#include "base/check.h"
#include "cli/tables.h"
#include "import/export.h"
#include "store/changes.h"
#include "store/lead_lists.h"

static enum reader_format format_of(const struct cli *cli) {
    return str_eq(cli_option(cli, "format"), STR("jsonl")) ? READER_JSONL : READER_CSV;
}

static enum rc export_to_output(struct cli *cli, enum import_kind kind) {
    return export_run(&cli->ctx, kind, format_of(cli), cli->out);
}

static enum rc export_people_command(struct cli *cli) {
    return export_to_output(cli, IMPORT_PEOPLE);
}

static enum rc export_companies_command(struct cli *cli) {
    return export_to_output(cli, IMPORT_COMPANIES);
}

static enum rc export_leads_command(struct cli *cli) {
    struct str name = cli_option(cli, "list");
    struct lead_list list;
    enum rc rc = lead_list_named(&cli->ctx, name, &list);
    if (rc == E_NOT_FOUND)
        return fail(&cli->ctx, rc, "there is no list %.*s", STR_FMT(name));
    return rc == OK ? export_leads(&cli->ctx, list.id, format_of(cli), cli->out) : rc;
}

static enum rc export_contacts_command(struct cli *cli) {
    return export_contacts(&cli->ctx, format_of(cli), cli->out);
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

#define FORMAT_OPTION { "format", "csv|jsonl", 0, "csv", "what to write" }
static const struct option_row options[] = { FORMAT_OPTION };
static const struct option_row lead_options[] = {
    { "list", "NAME", OPTION_REQUIRED, NULL, "the newest list of this name" },
    FORMAT_OPTION,
};

static const struct command rows[] = {
    { "export people", NULL, 0, 0, COMMAND_DATABASE, options, LENGTH(options),
      export_people_command, "Writes all people to the output",
      "In columns that import people understands, emails, phone numbers and extra data included." },
    { "export companies", NULL, 0, 0, COMMAND_DATABASE, options, LENGTH(options),
      export_companies_command, "Writes all companies to the output",
      "In columns that import companies understands, extra data included." },
    { "export leads", NULL, 0, 0, COMMAND_DATABASE | COMMAND_ACCOUNT, lead_options,
      LENGTH(lead_options), export_leads_command, "Writes the entries of a lead list to the output",
      "In columns that import leads understands, with the results of validation; phone numbers\n"
      "that the account has paid for included." },
    { "export contacts", NULL, 0, 0, COMMAND_DATABASE | COMMAND_ACCOUNT, options, LENGTH(options),
      export_contacts_command, "Writes the account's contacts to the output",
      "In columns that import contacts understands, phone numbers and owners included." },
    { "reindex", NULL, 0, 0, COMMAND_DATABASE, NULL, 0, reindex,
      "Makes everything that searches read again", "For use after an upgrade that says so." },
};
const struct command_table export_commands = COMMAND_TABLE(rows);
