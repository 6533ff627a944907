/* Which account a command works for. */
#ifndef CLI_ACCOUNTS_H
#define CLI_ACCOUNTS_H

#include "cli/commands.h"

/* Sets cli->ctx.account_id from --account, or to the only one there is. E_NOT_FOUND,
 * or a usage error when there are several and none was named. */
MUST_USE enum rc cli_choose_account(struct cli *cli);

#endif
