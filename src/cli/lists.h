/* The lists of validation as the configuration wants them. */
#ifndef CLI_LISTS_H
#define CLI_LISTS_H

#include "cli/commands.h"
#include "verify/lists.h"

/* The embedded lists, with the files that the configuration names in their place. The
 * caller frees them with lists_free. The codes of file_read, or E_INVALID naming the file
 * and the line that is no entry. */
MUST_USE enum rc cli_lists(struct cli *cli, struct lists **ret_lists);

#endif
