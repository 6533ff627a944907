/* The validation engine's options from the configuration; for every command that starts an
 * engine. */
#ifndef CLI_VERIFY_OPTIONS_H
#define CLI_VERIFY_OPTIONS_H

#include "cli/config.h"
#include "verify/verify.h"

/* Lists, cache and clock are the caller's to add. */
struct verify_options verify_options_of(const struct config *config);

#endif
