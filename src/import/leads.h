/* Writes a batch of imported leads into a lead list, as POST /lead-lists and POST
 * /lead-lists/{id}/leads do. A lead that is in the list changes nothing, so an interrupted
 * import can be run again. */
#ifndef IMPORT_LEADS_H
#define IMPORT_LEADS_H

#include "base/ctx.h"
#include "import/batch.h"
#include "store/lead_lists.h"

/* One row, normalised (import/rows.h). */
struct lead_row {
    struct lead lead;
    enum row_result result; /* ROW_NEW, ROW_UNCHANGED, ROW_REJECTED */
    struct str reason;      /* of a rejected row; static */
};

/* Fills in `result` and `reason` of every row. The rows go to the newest list of the name of
 * *into; when there is none it is made as *into says. E_CONFLICT: that list was canceled;
 * E_CREDITS: the account could not pay for a single lead. One transaction. */
MUST_USE enum rc import_leads(struct ctx *ctx, const struct lead_list *into,
                              struct lead_row *rows, size_t n);

#endif
