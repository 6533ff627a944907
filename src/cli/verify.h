/* Validation as the configuration wants it: lists and engine. */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "cli/commands.h"
#include "verify/verify.h"

/* The embedded lists, with the files that the configuration names in their place. The
 * caller frees them with lists_free. The codes of file_read, or E_INVALID naming the file
 * and the line that is no entry. */
MUST_USE enum rc cli_lists(struct cli *cli, struct lists **ret_lists);

/* The engine; lists and cache (may be NULL) stay the caller's and outlive it. A setting that
 * it does not take is a usage error. */
MUST_USE enum rc cli_verify_engine(struct cli *cli, const struct lists *lists,
                                   const struct verify_cache *cache,
                                   struct verify_engine **ret_engine);

#endif
