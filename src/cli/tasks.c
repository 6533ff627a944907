/* Tasks: the same functions as the API has. */
#include "base/check.h"
#include "base/clock.h"
#include "cli/cells.h"
#include "cli/tables.h"
#include "sequence/task_actions.h"
#include "store/contact_details.h"
#include "store/users.h"

enum { PAGE_ROWS = 100 };

static void print_task(struct cli *cli, const struct task *task) {
    cli_cell(cli, task->id, "\t");
    cli_cell(cli, task->status, "\t");
    cli_cell(cli, task->type, "\t");
    cli_cell(cli, time_iso(cli->ctx.arena, task->due_on.v), "\t");
    cli_cell(cli, task->user_email, "\t");
    cli_cell(cli, task->subject, "\n");
}

static enum rc find_user(struct cli *cli, struct str email, struct str *ret_id) {
    struct page_of found;
    enum rc rc = users_list(&cli->ctx, &(struct user_filter){ .email = email },
                            &(struct page){ .size = 1 }, &found);
    if (rc == OK && !found.items.n)
        return fail(&cli->ctx, E_NOT_FOUND, "the account has no user %.*s", STR_FMT(email));
    if (rc == OK)
        *ret_id = ((const struct user *) found.items.p)->id;
    return rc;
}

static enum rc read_time(struct cli *cli, struct str text, struct opt_int *ret_time) {
    int64_t ms;
    if (!str_is_set(text))
        return OK;
    if (time_parse(text, &ms) != OK)
        return usage_error(cli, "not a time: write 2026-02-26 or 2026-02-26T09:30:00Z");
    *ret_time = opt_int(ms);
    return OK;
}

static enum rc list_tasks(struct cli *cli) {
    struct task_filter filter = { .status = cli_option(cli, "status") };
    struct page page = { .size = PAGE_ROWS };
    struct page_of found = { .more_after = true };
    enum rc rc = str_is_set(cli_option(cli, "user"))
                     ? find_user(cli, cli_option(cli, "user"), &filter.user_id)
                     : OK;
    while (rc == OK && found.more_after) {
        found = (struct page_of){ 0 };
        rc = tasks_list(&cli->ctx, &filter, &page, &found);
        const struct task *task = found.items.p;
        for (size_t i = 0; rc == OK && i < found.items.n; i++)
            print_task(cli, &task[i]);
        page.after = found.last;
    }
    return rc;
}

static enum rc add_task(struct cli *cli) {
    struct task_input input = { .subject = cli->args.p[0], .notes = cli_option(cli, "notes") };
    struct contact_details contact;
    struct task task;
    struct str address = cli_option(cli, "contact");
    enum rc rc = read_time(cli, cli_option(cli, "due"), &input.due_on);
    if (rc == OK)
        rc = find_user(cli, cli_option(cli, "user"), &input.user_id);
    if (rc == OK && str_is_set(address)) {
        rc = contact_details_by_email(&cli->ctx, address, &contact);
        if (rc == E_NOT_FOUND)
            return fail(&cli->ctx, rc, "the account has no contact %.*s", STR_FMT(address));
        input.contact_id = contact.id;
    }
    if (rc == OK)
        rc = task_make(&cli->ctx, &input, &task);
    if (rc == OK)
        print_task(cli, &task);
    return rc;
}

static enum rc print_result(struct cli *cli, enum rc rc, const struct task *task) {
    if (rc == E_NOT_FOUND)
        return fail(&cli->ctx, rc, "the account has no task %.*s", STR_FMT(cli->args.p[0]));
    if (rc == OK)
        print_task(cli, task);
    return rc;
}

static enum rc complete_task(struct cli *cli) {
    struct task_end end = { tri_of(cli_flag(cli, "complete-lead")), cli_option(cli, "notes") };
    struct task task;
    enum rc rc = task_complete(&cli->ctx, cli->args.p[0], &end, &task);
    return print_result(cli, rc, &task);
}

static enum rc skip_task(struct cli *cli) {
    struct task task;
    enum rc rc = task_skip(&cli->ctx, cli->args.p[0], &task);
    return print_result(cli, rc, &task);
}

static enum rc snooze_task(struct cli *cli) {
    struct task_changes changes = { .user_id = STR_NONE };
    struct task task;
    enum rc rc = read_time(cli, cli->args.p[1], &changes.due_on);
    if (rc == OK)
        rc = task_alter(&cli->ctx, cli->args.p[0], &changes, &task);
    return print_result(cli, rc, &task);
}

static enum rc reassign_task(struct cli *cli) {
    struct task_changes changes = { .user_id = STR_NONE };
    struct task task;
    enum rc rc = find_user(cli, cli->args.p[1], &changes.user_id);
    if (rc == OK)
        rc = print_result(cli, task_alter(&cli->ctx, cli->args.p[0], &changes, &task), &task);
    return rc;
}

static const struct option_row list_options[] = {
    { "user", "EMAIL", 0, NULL, "only the tasks of this user" },
    { "status", "scheduled|in_progress|completed|skipped|canceled|failed", 0, NULL,
      "only tasks with this status" },
};
static const struct option_row add_options[] = {
    { "user", "EMAIL", OPTION_REQUIRED, NULL, "whose task it is" },
    { "contact", "EMAIL", 0, NULL, "whom it is about" },
    { "due", "TIME", 0, NULL, "when it is due, else now" },
    { "notes", "TEXT", 0, NULL, "more about it" },
};
static const struct option_row complete_options[] = {
    { "notes", "TEXT", 0, NULL, "what came of it" },
    { "complete-lead", NULL, 0, NULL, "its lead leaves the sequence as completed" },
};

#define IN_ACCOUNT COMMAND_DATABASE | COMMAND_ACCOUNT
static const struct command rows[] = {
    { "task list", NULL, 0, 0, IN_ACCOUNT, list_options, LENGTH(list_options), list_tasks,
      "Lists tasks: id, status, type, due time, user, subject", NULL },
    { "task add", "SUBJECT", 1, 1, IN_ACCOUNT, add_options, LENGTH(add_options), add_task,
      "Writes a task down for a user", NULL },
    { "task complete", "ID", 1, 1, IN_ACCOUNT, complete_options, LENGTH(complete_options),
      complete_task, "Completes a task; its lead goes on", NULL },
    { "task skip", "ID", 1, 1, IN_ACCOUNT, NULL, 0, skip_task,
      "Skips a task; what follows keeps its time", NULL },
    { "task snooze", "ID TIME", 2, 2, IN_ACCOUNT, NULL, 0, snooze_task, "Puts a task off", NULL },
    { "task reassign", "ID EMAIL", 2, 2, IN_ACCOUNT, NULL, 0, reassign_task,
      "Gives a task to another user", NULL },
};
const struct command_table task_commands = COMMAND_TABLE(rows);
