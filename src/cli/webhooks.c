/* Webhooks: the same functions as the management API has. */
#include "base/check.h"
#include "base/clock.h"
#include "base/vec.h"
#include "cli/cells.h"
#include "cli/tables.h"
#include "store/webhook_deliveries.h"
#include "store/webhooks.h"

enum { PAGE_ROWS = 100 };

static enum rc told(struct cli *cli, enum rc rc) {
    return rc == E_NOT_FOUND ? fail(&cli->ctx, rc, "the account has no such webhook or delivery") : rc;
}

static struct strs comma_list(struct cli *cli, const char *option) {
    struct str rest = cli_option(cli, option), word = STR_NONE;
    struct strs list = { ARENA_ARRAY(cli->ctx.arena, 1, struct str), 0 };
    if (!str_is_set(rest))
        return (struct strs){ NULL, 0 };
    list.p = NULL;
    while (str_cut(&rest, ',', &word))
        if (!str_is_empty(str_trim(word)))
            strs_add(cli->ctx.arena, &list, str_trim(word));
    return list;
}

static enum rc read_activities(struct cli *cli, struct strs *ret_activities) {
    struct strs list = comma_list(cli, "activities");
    for (size_t i = 0; i < list.n; i++)
        if (!strs_have((struct strs){ (struct str *) (uintptr_t) webhook_activities.values, webhook_activities.n },
                       list.p[i]))
            return usage_error(cli, "there is no activity %.*s; `outrider webhook add --help` lists them",
                               STR_FMT(list.p[i]));
    *ret_activities = list;
    return OK;
}

static enum rc read_headers(struct cli *cli, struct list *ret_headers) {
    struct strs given = cli_option_list(cli, "header");
    for (size_t i = 0; i < given.n; i++) {
        struct str rest = given.p[i], name = STR_NONE;
        if (!str_cut(&rest, ':', &name) || !rest.p)
            return usage_error(cli, "--header: '%.*s' is not 'Name: value'", STR_FMT(given.p[i]));
        struct webhook_header *h = list_add(cli->ctx.arena, ret_headers, sizeof *h);
        *h = (struct webhook_header){ str_trim(name), str_trim(rest) };
    }
    return OK;
}

static enum rc add_webhook(struct cli *cli) {
    struct webhook_settings settings = { .url = cli->args.p[0], .description = cli_option(cli, "description"),
                                         .replied_only = tri_of(cli_flag(cli, "replied-only")) };
    struct webhook webhook = { .id = STR_NONE };
    enum rc rc = read_activities(cli, &settings.activities);
    if (rc == OK)
        rc = read_headers(cli, &settings.headers);
    if (rc == OK)
        rc = told(cli, webhook_create(&cli->ctx, &settings, &webhook));
    if (rc != OK)
        return rc;
    cli_cell(cli, webhook.id, "\t");
    cli_cell(cli, webhook.secret, "\n");
    return OK;
}

static enum rc list_webhooks(struct cli *cli) {
    struct list found = { 0 };
    enum rc rc = webhooks_list(&cli->ctx, &found);
    const struct webhook *w = found.p;
    for (size_t i = 0; rc == OK && i < found.n; i++) {
        cli_cell(cli, w[i].id, "\t");
        cli_cell(cli, w[i].url, "\t");
        cli_cell(cli, w[i].enabled == YES ? STR("enabled") : STR("disabled"), "\t");
        cli_cell(cli, w[i].disabled_reason, "\t");
        cli_cell(cli, w[i].failing_since.set ? time_iso(cli->ctx.arena, w[i].failing_since.v) : STR_NONE, "\n");
    }
    return rc;
}

static enum rc set_enabled(struct cli *cli, enum tri enabled) {
    const struct webhook_settings changes = { .enabled = enabled };
    struct webhook webhook = { .id = STR_NONE };
    return told(cli, webhook_change(&cli->ctx, cli->args.p[0], &changes, &webhook));
}

static enum rc enable_webhook(struct cli *cli) {
    return set_enabled(cli, YES);
}

static enum rc disable_webhook(struct cli *cli) {
    return set_enabled(cli, NO);
}

static enum rc delete_webhook(struct cli *cli) {
    return told(cli, webhook_delete(&cli->ctx, cli->args.p[0]));
}

static enum rc rotate_secret(struct cli *cli) {
    int64_t overlap = WEBHOOK_OVERLAP_S;
    struct str text = cli_option(cli, "overlap");
    struct webhook webhook = { .id = STR_NONE };
    if (str_is_set(text) && (str_to_i64(text, &overlap) != OK || overlap < 0 || overlap > WEBHOOK_OVERLAP_MAX_S))
        return usage_error(cli, "--overlap: 0 to %d seconds", WEBHOOK_OVERLAP_MAX_S);
    enum rc rc = told(cli, webhook_rotate(&cli->ctx, cli->args.p[0], overlap, &webhook));
    if (rc == OK)
        cli_cell(cli, webhook.secret, "\n");
    return rc;
}

static void print_delivery(struct cli *cli, const struct webhook_delivery *d) {
    cli_cell(cli, d->id, "\t");
    cli_cell(cli, d->webhook_id, "\t");
    cli_cell(cli, d->kind, "\t");
    cli_cell(cli, d->state, "\t");
    fprintf(cli->out, "%lld\t", (long long) d->attempts.v);
    cli_cell(cli, time_iso(cli->ctx.arena, d->created_at.v), "\t");
    cli_cell(cli, d->error, "\n");
}

static enum rc test_webhook(struct cli *cli) {
    struct webhook_delivery delivery = { .id = STR_NONE };
    enum rc rc = told(cli, webhook_test(&cli->ctx, cli->args.p[0], &delivery));
    if (rc == OK)
        print_delivery(cli, &delivery);
    return rc;
}

static enum rc list_deliveries(struct cli *cli) {
    const struct webhook_delivery_filter filter = { cli_option(cli, "webhook"), cli_option(cli, "state") };
    struct page page = { .size = PAGE_ROWS };
    struct page_of found = { .more_after = true };
    enum rc rc = OK;
    while (rc == OK && found.more_after) {
        found = (struct page_of){ 0 };
        rc = webhook_deliveries_list(&cli->ctx, &filter, &page, &found);
        const struct webhook_delivery *d = found.items.p;
        for (size_t i = 0; rc == OK && i < found.items.n; i++)
            print_delivery(cli, &d[i]);
        page.after = found.last;
    }
    return rc;
}

static enum rc replay(struct cli *cli) {
    struct str since = cli_option(cli, "since");
    struct webhook_delivery delivery = { .id = STR_NONE };
    int64_t ms = 0, n = 1;
    if (str_is_set(since) && time_parse(since, &ms) != OK)
        return usage_error(cli, "--since: write 2026-02-26 or 2026-02-26T09:30:00Z");
    enum rc rc = str_is_set(since) ? webhook_deliveries_replay(&cli->ctx, cli->args.p[0], ms, &n)
                                   : webhook_delivery_replay(&cli->ctx, cli->args.p[0], &delivery);
    rc = told(cli, rc);
    if (rc == OK)
        fprintf(cli->out, "%lld\n", (long long) n);
    return rc;
}

/* --- the table --- */

enum { IN_ACCOUNT = COMMAND_DATABASE | COMMAND_ACCOUNT };

static const struct option_row add_options[] = {
    { "activities", "LIST", 0, NULL, "what it is told, separated by commas; without it everything" },
    { "replied-only", NULL, 0, NULL, "only about contacts that have replied" },
    { "description", "TEXT", 0, NULL, "for people" },
    { "header", "'NAME: VALUE'", OPTION_REPEATED, NULL, "a header of every request" },
};
static const struct option_row rotate_options[] = {
    { "overlap", "SECONDS", 0, NULL, "how long the secret before signs as well; without it a day" },
};
static const struct option_row delivery_options[] = {
    { "webhook", "ID", 0, NULL, "only those to this webhook" },
    { "state", "pending|delivered|failed", 0, NULL, "only those in this state" },
};
static const struct option_row replay_options[] = {
    { "since", "TIME", 0, NULL, "all of the webhook that failed and were queued from then on" },
};

static const struct command rows[] = {
    { "webhook add", "URL", 1, 1, IN_ACCOUNT | COMMAND_SERVICES, add_options, LENGTH(add_options), add_webhook,
      "Makes a webhook and prints its id and its secret",
      "Activities: email_sent, linkedin, call, task, email_reply, linkedin_reply,\n"
      "reply_sequence_email, reply_sequence_reply." },
    { "webhook list", NULL, 0, 0, IN_ACCOUNT, NULL, 0, list_webhooks,
      "Lists the webhooks: id, URL, enabled or disabled, why, failing since", NULL },
    { "webhook enable", "ID", 1, 1, IN_ACCOUNT | COMMAND_SERVICES, NULL, 0, enable_webhook,
      "Tells a webhook what happens from now on", NULL },
    { "webhook disable", "ID", 1, 1, IN_ACCOUNT | COMMAND_SERVICES, NULL, 0, disable_webhook,
      "Tells a webhook nothing more; what waits for it has failed", NULL },
    { "webhook delete", "ID", 1, 1, IN_ACCOUNT, NULL, 0, delete_webhook,
      "Deletes a webhook and forgets its secrets", NULL },
    { "webhook rotate", "ID", 1, 1, IN_ACCOUNT | COMMAND_SERVICES, rotate_options, LENGTH(rotate_options),
      rotate_secret, "Replaces the secret of a webhook and prints the new one", NULL },
    { "webhook test", "ID", 1, 1, IN_ACCOUNT, NULL, 0, test_webhook,
      "Queues an example for a webhook and prints the delivery", "A server that runs delivers it." },
    { "webhook deliveries", NULL, 0, 0, IN_ACCOUNT, delivery_options, LENGTH(delivery_options), list_deliveries,
      "Lists deliveries: id, webhook, kind, state, attempts, when queued, last error", NULL },
    { "webhook replay", "DELIVERY|WEBHOOK", 1, 1, IN_ACCOUNT, replay_options, LENGTH(replay_options), replay,
      "Repeats a delivery, or with --since all that failed of a webhook; prints how many",
      "A server that runs delivers them, with the same webhook-id." },
};
const struct command_table webhook_commands = COMMAND_TABLE(rows);
