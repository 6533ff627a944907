/* Whether the mailboxes of all accounts can be used, as far as the database knows: nobody is
 * asked, because a login too many is what some providers close mailboxes for. */
#include <unistd.h>

#include "cli/database.h"
#include "cli/doctor.h"
#include "store/mailbox_state.h"

static struct finding judge(struct doctor *doctor) {
    struct ctx *ctx = &doctor->cli->ctx;
    struct mailbox_health health = { 0 };
    if (mailboxes_health(ctx, &health) != OK)
        return odd(doctor, "see what is said about the database", "not known: %.*s", STR_FMT(ctx->err.text));
    if (health.ailing.v > 0)
        return bad(doctor, "`outrider mailbox list` says why: connect them again, with OAuth by `outrider mailbox consent`",
                   "%lld of %lld need to be connected again, such as %.*s", (long long) health.ailing.v,
                   (long long) health.total.v, STR_FMT(health.one));
    return good(doctor, "%lld, none needs to be connected again", (long long) health.total.v);
}

/* Looks only where there is something: connecting would make an empty database. */
struct finding check_mailboxes(struct doctor *doctor) {
    struct cli *cli = doctor->cli;
    const char *file = arena_printf(cli->ctx.arena, "%s/outrider.db", cli->data_dir).p;
    if (str_is_empty(cli->config.database.url) && access(file, F_OK) != 0)
        return good(doctor, "none");
    struct finding finding;
    if (cli_database_connect(cli, DATA_DIR_COMMAND) != OK)
        finding = odd(doctor, "see what is said about the database", "not known");
    else
        finding = judge(doctor);
    cli_database_close(cli);
    ctx_clear_error(&cli->ctx); /* it is in the finding */
    return finding;
}
