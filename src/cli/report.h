/* How a command says that it failed: one line on stderr, and what to do where that
 * is known. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/commands.h"

/* Writes what is recorded in cli->ctx; nothing when `rc` is OK. The password of the
 * database's URL is replaced wherever it stands. */
void cli_report(struct cli *cli, enum rc rc, FILE *out);

/* `text` with the passwords that `url` holds (before the @, or as a parameter
 * `password`), as written and percent-decoded, replaced by "***". On `arena`. */
struct str hide_passwords(struct arena *arena, struct str text, struct str url);

#endif
