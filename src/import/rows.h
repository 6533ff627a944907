/* From the cells of an imported row to what the batch writes: every cell goes through
 * the normalisation of its field; cells of columns that have no field here are kept as
 * extra data, under their header. */
#ifndef IMPORT_ROWS_H
#define IMPORT_ROWS_H

#include "base/arena.h"
#include "data/csv.h"
#include "data/headers.h"
#include "import/batch.h"
#include "import/contacts.h"
#include "import/leads.h"

enum import_kind { IMPORT_PEOPLE, IMPORT_COMPANIES, IMPORT_LEADS, IMPORT_CONTACTS };

/* Which field each column of the file fills; absent: extra data. */
struct column_map {
    struct strs columns; /* the file's own names, so far */
    struct strs fields;  /* of each column (headers_field) */
};

/* Fills *ret_row, or returns E_INVALID with the reason, which names the column. */
MUST_USE enum rc person_row_of(struct arena *arena, const struct column_map *map,
                               const struct row *row, struct person_row *ret_row,
                               struct str *ret_reason);
MUST_USE enum rc company_row_of(struct arena *arena, const struct column_map *map,
                                const struct row *row, struct company_row *ret_row,
                                struct str *ret_reason);
/* Of the columns of people; those that a lead has no member for are extra data. */
MUST_USE enum rc lead_row_of(struct arena *arena, const struct column_map *map,
                             const struct row *row, struct lead_row *ret_row,
                             struct str *ret_reason);
/* Of the columns of people, a time zone ("Europe/Lisbon") and an owner (address of a user);
 * what a contact has no member for is passed over. */
MUST_USE enum rc contact_row_of(struct arena *arena, const struct column_map *map,
                                const struct row *row, struct contact_row *ret_row,
                                struct str *ret_reason);

#endif
