/* Leads in sequences from the command line: the same functions as the management API has. */
#include "base/check.h"
#include "cli/cells.h"
#include "cli/tables.h"
#include "sequence/lead_view.h"
#include "sequence/progress.h"

enum { PAGE_ROWS = 100 };

static struct str time_or_dash(struct cli *cli, struct opt_int time) {
    return time.set ? time_iso(cli->ctx.arena, time.v) : STR("-");
}

static struct str or_dash(struct str text) {
    return str_is_set(text) ? text : STR("-");
}

static void print_lead(struct cli *cli, const struct lead_state *lead) {
    struct str who = str_is_set(lead->email) ? lead->email : lead->linkedin_url;
    cli_cell(cli, lead->id, "\t");
    cli_cell(cli, or_dash(who), "\t");
    cli_cell(cli, lead->status, "\t");
    cli_cell(cli, or_dash(lead->reason), "\t");
    fprintf(cli->out, "%lld/%lld\t", (long long) lead->stage_number.v, (long long) lead->stages.v);
    cli_cell(cli, time_or_dash(cli, lead->next_at), "\t");
    cli_cell(cli, or_dash(lead->waits_for), "\n");
}

static enum rc list_leads(struct cli *cli) {
    struct lead_filter filter = { cli_option(cli, "status"), STR_NONE };
    struct page page = { .size = PAGE_ROWS };
    struct page_of found = { .more_after = true };
    struct str id = STR_NONE;
    enum rc rc = cli_sequence_id(cli, &id);
    while (rc == OK && found.more_after) {
        found = (struct page_of){ 0 };
        rc = lead_view_list(&cli->ctx, id, &filter, &page, &found);
        const struct lead_state *lead = found.items.p;
        for (size_t i = 0; rc == OK && i < found.items.n; i++)
            print_lead(cli, &lead[i]);
        page.after = found.last;
    }
    return rc;
}

/* Where it is now; or why it is not there. */
static enum rc told(struct cli *cli, enum rc rc) {
    struct lead_state lead;
    struct str id = cli->args.p[0];
    if (rc == E_NOT_FOUND)
        return fail(&cli->ctx, rc, "the account has no lead %.*s", STR_FMT(id));
    if (rc != OK)
        return rc;
    rc = lead_view_get(&cli->ctx, id, &lead);
    if (rc == OK)
        print_lead(cli, &lead);
    return rc;
}

static enum rc show_lead(struct cli *cli) {
    struct lead_state lead;
    struct str id = cli->args.p[0];
    enum rc rc = lead_view_get(&cli->ctx, id, &lead);
    if (rc == E_NOT_FOUND)
        return told(cli, rc);
    if (rc != OK)
        return rc;
    print_lead(cli, &lead);
    if (str_is_set(lead.waits_because))
        cli_cell(cli, lead.waits_because, "\n");
    return OK;
}

static enum rc pause_lead(struct cli *cli) {
    struct str until = cli_option(cli, "until");
    struct opt_int at = { 0 };
    if (str_is_set(until)) {
        if (time_parse(until, &at.v) != OK)
            return usage_error(cli, "--until takes a time such as 2025-09-01T08:00:00Z");
        at.set = true;
    }
    return told(cli, lead_pause(&cli->ctx, cli->args.p[0], STR("manual"), at));
}

static enum rc resume_lead(struct cli *cli) {
    return told(cli, lead_resume(&cli->ctx, cli->args.p[0]));
}

static enum rc remove_lead(struct cli *cli) {
    return told(cli, lead_remove(&cli->ctx, cli->args.p[0]));
}

static enum rc retry_lead(struct cli *cli) {
    const struct lead_retry retry = { cli_flag(cli, "ignore-exclusions") ? YES : UNSET };
    return told(cli, lead_retry(&cli->ctx, cli->args.p[0], &retry));
}

static const struct option_row list_options[] = {
    { "status", "STATUS", 0, NULL, "only those with this status" },
};
static const struct option_row pause_options[] = {
    { "until", "TIME", 0, NULL, "when it goes on by itself, such as 2025-09-01T08:00:00Z" },
};
static const struct option_row retry_options[] = {
    { "ignore-exclusions", NULL, 0, NULL, "goes on although it is excluded" },
};

#define IN_ACCOUNT COMMAND_DATABASE | COMMAND_ACCOUNT
#define ONE "ID", 1, 1, IN_ACCOUNT
#define LINE "id, who, status, reason, stage, when something happens next, what it waits for"
static const struct command rows[] = {
    { "lead list", "SEQUENCE", 1, 1, IN_ACCOUNT, list_options, LENGTH(list_options), list_leads,
      "Lists the leads of a sequence (name or id): " LINE, NULL },
    { "lead show", ONE, NULL, 0, show_lead, "Shows a lead, and why nothing happens now", NULL },
    { "lead pause", ONE, pause_options, LENGTH(pause_options), pause_lead,
      "Holds a lead: nothing is sent, its task is canceled", NULL },
    { "lead resume", ONE, NULL, 0, resume_lead, "Lets a paused lead go on", NULL },
    { "lead remove", ONE, NULL, 0, remove_lead, "Takes a lead out of its sequence", NULL },
    { "lead retry", ONE, retry_options, LENGTH(retry_options), retry_lead,
      "Lets a lead that was removed, bounced or failed go on where it stopped", NULL },
};
const struct command_table lead_commands = COMMAND_TABLE(rows);
