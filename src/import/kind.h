/* Where people and companies differ when their rows are merged, derived and put. */
#ifndef IMPORT_KIND_H
#define IMPORT_KIND_H

#include "base/arena.h"
#include "base/ctx.h"
#include "base/field.h"
#include "base/map.h"
#include "import/batch.h"

struct row_kind {
    const struct fields *fields;
    size_t id, doc, updated_at; /* offsets: of a struct str, of struct opt_int */
    enum rc (*by_ids)(struct ctx *ctx, struct strs ids, struct list *ret_rows);
    enum rc (*after)(struct ctx *ctx, int64_t doc, int limit, struct list *ret_rows);
    enum rc (*put)(struct ctx *ctx, struct list rows);
    void (*forget)(struct arena *arena, void *row); /* before a merge; see import/derive.h */
    void (*derive)(struct arena *arena, void *row);
    bool rows_are_derived; /* those of a file, before they are merged */
    void (*index)(struct arena *arena, void *row); /* tags and rank */
};
extern const struct row_kind people_kind, companies_kind;

/* What a batch puts: each row of the database once, as the last row of the file that is
 * about it left it. */
struct changes {
    const struct row_kind *kind;
    struct map seen;  /* by id */
    struct list rows; /* of pointers to struct company or struct person */
};
struct changes changes_of(struct arena *arena, const struct row_kind *kind);
void changes_add(struct ctx *ctx, struct changes *changes, void *row);

/* Loads the rows of `ids` (absent ones are passed over) into *ret_by_id. E_TOO_LARGE when
 * the arena holds more than a transaction should then: see import/batch.h. */
MUST_USE enum rc kind_load(struct ctx *ctx, const struct row_kind *kind, struct strs ids,
                           struct map *ret_by_id);

struct settled {
    enum row_result result;
    struct str id;     /* of the row of the database */
    struct str reason; /* of ROW_REJECTED, for people; static */
};

/* Merges `row` into `stored` (NULL: into a new one), derives, and adds it to *changes when
 * that changed it. ROW_REJECTED, and `stored` as it was, when the two together are longer
 * than STORED_ROW_MAX_BYTES. */
struct settled kind_settle(struct ctx *ctx, struct changes *changes, const void *row,
                           void *stored);

/* Puts them, with tags and rank. E_TOO_LARGE as kind_load. */
MUST_USE enum rc changes_put(struct ctx *ctx, const struct changes *changes);

/* True when a row with these values is longer than the database keeps. */
bool kind_is_too_long(const struct row_kind *kind, const void *row);

#endif
