/* Validation as the configuration wants it: the engine, and what works off the validations
 * of the API. */
#ifndef CLI_VALIDATION_H
#define CLI_VALIDATION_H

#include "cli/commands.h"
#include "verify/verify.h"

struct validation_service;

/* The engine's options from the configuration; `lists` and `cache` (may be NULL) are kept by
 * the caller. */
struct verify_options cli_verify_options(const struct cli *cli, const struct lists *lists,
                                         const struct verify_cache *cache);

/* Starts the engine with a cache in the database and the validator; wakes by
 * cli->services.wake_validations from then on. The codes of cli_lists and
 * verify_engine_new, with the reason in the context. */
MUST_USE enum rc validation_service_start(struct cli *cli,
                                          struct validation_service **ret_service);

/* Ends them in the reverse order. Sets *service to NULL; accepts NULL. */
void validation_service_stop(struct validation_service **service);

#endif
