/* The tables of commands, one per file; commands.c lists them. */
#ifndef CLI_TABLES_H
#define CLI_TABLES_H

#include "cli/commands.h"

extern const struct command_table account_commands;
extern const struct command_table database_commands;
extern const struct command_table describe_commands;
extern const struct command_table disposition_commands;
extern const struct command_table doctor_commands;
extern const struct command_table exclusion_commands;
extern const struct command_table export_commands;
extern const struct command_table import_commands;
extern const struct command_table lead_commands;
extern const struct command_table mailbox_commands;
extern const struct command_table privacy_commands;
extern const struct command_table sequence_commands;
extern const struct command_table serve_commands;
extern const struct command_table task_commands;
extern const struct command_table validate_commands;
extern const struct command_table webhook_commands;
extern const struct command_table workflow_commands;

#endif
