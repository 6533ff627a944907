/* What commands about sequences, leads and workflows share. */
#ifndef CLI_CELLS_H
#define CLI_CELLS_H

#include "cli/commands.h"

/* Prints a cell of a line of tab-separated ones, and `end`: a name may hold a tab or a line
 * break. */
void cli_cell(struct cli *cli, struct str text, const char *end);

/* The sequence that the command's first argument names, by name or id. */
MUST_USE enum rc cli_sequence_id(struct cli *cli, struct str *ret_id);

/* A JSON file of at most so many bytes into the struct of the table; what is wrong is in the
 * problems, a mistake of the JSON in ctx->err with its place. */
MUST_USE enum rc cli_read_json(struct cli *cli, struct str path, size_t max, const struct fields *fields,
                               void *ret_object);
/* The other way, in lines that people edit; `max` bytes at most. */
MUST_USE enum rc cli_print_json(struct cli *cli, const struct fields *fields, const void *object, size_t max);

#endif
