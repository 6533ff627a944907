/* Rows of people and companies as the search index takes them, read from the database in
 * parts of bounded memory. A person's row also has the company's number and five of its
 * values as tags (TAG_COPIED), so that broad filters over those need no join.
 *
 * Life cycle: a loader per thread that follows; it keeps what values become as tags. */
#ifndef SEARCH_LOAD_H
#define SEARCH_LOAD_H

#include "base/ctx.h"
#include "base/field.h"
#include "search/index.h"

struct loader;
struct loader *loader_new(void);
void loader_free(struct loader **loader); /* nulls it; accepts NULL */

struct index_rows {
    struct index_row *p; /* ascending by doc; texts live in the arena of the call */
    size_t n;
    int64_t last; /* every row asked for up to this doc is here or does not exist */
    bool is_end;  /* there are none behind `last` */
};

/* The next rows behind `doc`, in the order of their numbers, for reading all of them. */
MUST_USE enum rc load_after(struct ctx *ctx, struct loader *loader, enum index_kind kind,
                            int64_t doc, struct index_rows *ret_rows);

/* Of `docs`, which ascend, the first: as many as fit. Those up to `last` that are not there
 * do not exist any more. */
MUST_USE enum rc load_docs(struct ctx *ctx, struct loader *loader, enum index_kind kind,
                           struct ints docs, struct index_rows *ret_rows);

/* Appends the docs of all people of these companies, up to `max` docs in all; E_LIMIT,
 * without a message, when there are more. */
MUST_USE enum rc load_people_of(struct ctx *ctx, struct ints companies, size_t max,
                                struct ints *docs);

/* Whether people have this tag of their company as TAG_COPIED. */
bool load_copies(struct str company_tag);

#endif
