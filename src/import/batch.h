/* Writes a batch of imported rows: finds which exist, merges, derives keys, tags and
 * rank, puts what changed. In transactions, so an interrupted import can simply be run
 * again; a row that changes nothing is not written. A row that makes a person or company
 * longer than STORED_ROW_MAX_BYTES is rejected. */
#ifndef IMPORT_BATCH_H
#define IMPORT_BATCH_H

#include "base/ctx.h"
#include "store/people.h"

/* Rows per transaction: enough to make the commit cheap, small enough that readers and
 * other writers never wait long. */
enum { IMPORT_BATCH_ROWS = 1000 };

/* Fewer when they are long: writing takes a few times the memory of what was read. */
#define IMPORT_BATCH_BYTES ((size_t) 12 * 1024 * 1024)

enum row_result { ROW_NEW, ROW_CHANGED, ROW_UNCHANGED, ROW_REJECTED };

/* One row of an import of people, normalised and derived (import/rows.h). */
struct person_row {
    struct person person;   /* without id and keys of the database */
    struct company company; /* what the row says of the company; name may be absent */
    struct list phones;     /* of struct phone_number without ids */
    enum row_result result;
    struct str reason;      /* of a rejected row, for people */
};

struct company_row {
    struct company company;
    enum row_result result;
    struct str reason;
};

/* Fill in `result` and `reason` of every row. No two rows of a batch may be the same
 * person or company by the rules of people_match and companies_match (store/put.h).
 * A batch that changes many long rows of the database takes several transactions, because
 * those rows are loaded: E_DB and the like: its first rows may have been written. */
MUST_USE enum rc import_people(struct ctx *ctx, struct person_row *rows, size_t n);
MUST_USE enum rc import_companies(struct ctx *ctx, struct company_row *rows, size_t n);

#endif
