/* Writes a batch of imported contacts: new ones are added, of others what the row says
 * replaces what was there. */
#ifndef IMPORT_CONTACTS_H
#define IMPORT_CONTACTS_H

#include "base/ctx.h"
#include "import/batch.h"
#include "store/contacts.h"

/* One row, normalised (import/rows.h): with an address or a profile. */
struct contact_row {
    struct contact contact; /* without id */
    struct list phones;     /* of struct phone_number without ids */
    enum row_result result;
    struct str reason; /* of a rejected row; static */
};

/* Fills in `result` and `reason` of every row. No two rows have an address or a profile in
 * common. One transaction. */
MUST_USE enum rc import_contacts(struct ctx *ctx, struct contact_row *rows, size_t n);

#endif
