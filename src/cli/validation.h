/* What works off the email validations of the API while the server runs. */
#ifndef CLI_VALIDATION_H
#define CLI_VALIDATION_H

#include "cli/commands.h"

struct validation_service;

/* Starts the engine with a cache in the database and the validator; wakes by
 * cli->services.wake_validations from then on, and shows cli->services.verify. The codes of cli_lists and
 * cli_verify_engine. */
MUST_USE enum rc validation_service_start(struct cli *cli,
                                          struct validation_service **ret_service);

/* Ends them in the reverse order. Sets *service to NULL; accepts NULL. */
void validation_service_stop(struct validation_service **service);

#endif
