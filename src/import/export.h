/* The way back: people, companies, leads and contacts as CSV or JSON lines, in the columns that the
 * import understands, so that an export can be imported elsewhere. The column `extra` is a
 * JSON object of what had no field (in JSON lines an object, not its text); the import
 * takes its members as extra data again. */
#ifndef IMPORT_EXPORT_H
#define IMPORT_EXPORT_H

#include <stdio.h>

#include "base/ctx.h"
#include "data/csv.h"
#include "import/rows.h"

/* Writes all rows to `out`. E_IO when writing failed. Memory does not grow with the
 * number of rows. */
MUST_USE enum rc export_run(struct ctx *ctx, enum import_kind kind, enum reader_format format,
                            FILE *out);

/* Writes the entries of a lead list likewise, in the order of the leads, with what their
 * validation found out. */
MUST_USE enum rc export_leads(struct ctx *ctx, struct str list_id, enum reader_format format,
                              FILE *out);

/* Writes the contacts of the account likewise. */
MUST_USE enum rc export_contacts(struct ctx *ctx, enum reader_format format, FILE *out);

/* Makes keys, classifications, tags and ranks of all rows again, by the rules of this
 * version.
 * *ret_rows: how many. */
MUST_USE enum rc rederive_run(struct ctx *ctx, enum import_kind kind, int64_t *ret_rows);

#endif
