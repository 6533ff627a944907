/* What commands about sequences and leads share. */
#ifndef CLI_CELLS_H
#define CLI_CELLS_H

#include "cli/commands.h"

/* Prints a cell of a line of tab-separated ones, and `end`: a name may hold a tab or a line
 * break. */
void cli_cell(struct cli *cli, struct str text, const char *end);

/* The sequence that the command's first argument names, by name or id. */
MUST_USE enum rc cli_sequence_id(struct cli *cli, struct str *ret_id);

#endif
