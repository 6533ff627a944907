/* Sequences as rows: what people wrote of them (store/sequence_definition.h) and where they
 * are. What may be written, and when a status may change, is sequence/. Every function is
 * scoped to the account of ctx. */
#ifndef STORE_SEQUENCES_H
#define STORE_SEQUENCES_H

#include "base/ctx.h"
#include "store/pages.h"
#include "store/sequence_definition.h"

struct sequence {
    SEQUENCE_DEFINITION; /* in lists: name and kind only */
    struct str id, status, created_by_user_id, created_by_user_email;
    struct opt_int created_at, updated_at, launched_at;
    struct strs dynamic_fields_used;  /* of the lead, in any template */
    struct strs fields_required;      /* of them, those that every lead must have */
    struct strs sender_fields_required;
};
extern const struct fields sequence_fields; /* all of it */
extern const struct enum_values enum_sequence_statuses;

/* Position in enum_sequence_statuses. */
enum sequence_status {
    SEQUENCE_DRAFT, SEQUENCE_ACTIVE, SEQUENCE_PAUSING, SEQUENCE_PAUSED, SEQUENCE_RESUMING,
    SEQUENCE_ARCHIVING, SEQUENCE_ARCHIVED,
};
enum sequence_status sequence_status_of(const struct sequence *sequence);

bool sequence_id_is_valid(struct str text); /* 40 hexadecimal digits in lower case */

/* Filters of a list; an absent one does not filter. */
struct sequence_filter {
    struct str name; /* a part of it, without regard to case and accents */
    struct str status, created_by_user_id, created_by_user_email;
    struct str kind;
};

/* One page, oldest first; the cursor is the id. List of struct sequence. */
MUST_USE enum rc sequences_list(struct ctx *ctx, const struct sequence_filter *filter,
                                const struct page *page, struct page_of *ret_page);

/* E_NOT_FOUND when the account has no such sequence. */
MUST_USE enum rc sequence_head(struct ctx *ctx, struct str id, struct sequence *ret_sequence);
/* The same with stages, settings, and attachments without their content. */
MUST_USE enum rc sequence_get(struct ctx *ctx, struct str id, struct sequence *ret_sequence);
/* Reads the content of the attachments as well, for an export. */
MUST_USE enum rc sequence_read_contents(struct ctx *ctx, struct sequence *sequence);
/* Its settings alone, complete. */
MUST_USE enum rc sequence_settings_read(struct ctx *ctx, struct str id,
                                        struct sequence_settings *ret_settings);
/* The bytes of one attachment; E_NOT_FOUND without it. */
MUST_USE enum rc sequence_attachment_read(struct ctx *ctx, struct str id, struct str name,
                                          struct str *ret_content);
/* One that is not archived. */
MUST_USE enum rc sequence_id_by_name(struct ctx *ctx, struct str name, struct str *ret_id);

/* --- inside db_transact --- */

/* As sequence_head; nobody else changes the row until the transaction ends. */
MUST_USE enum rc sequence_lock(struct ctx *ctx, struct str id, struct sequence *ret_sequence);

/* Its row, which nobody else changes until the transaction ends. E_NOT_FOUND also while somebody
 * else may be changing it: this waits for nobody. */
struct sequence_row {
    struct str status, settings; /* settings as they are stored: as long as the text is the same,
                                    so are they */
    struct str account_zone;     /* absent: as usual */
};
MUST_USE enum rc sequence_row_shared(struct ctx *ctx, struct str id, struct sequence_row *ret_row);
enum sequence_status sequence_row_status(const struct sequence_row *row);

/* The same with settings and stages, but without what stages say. */
MUST_USE enum rc sequence_lock_outline(struct ctx *ctx, struct str id,
                                       struct sequence *ret_sequence);

/* Writes a new one (id, kind and creator set) as a draft, or name, stages, attachments,
 * settings and fields of one that is there. E_CONFLICT when another one has the name.
 * Stages and variants have ids; attachments without content keep what is stored. */
MUST_USE enum rc sequence_insert(struct ctx *ctx, const struct sequence *sequence);
MUST_USE enum rc sequence_update(struct ctx *ctx, const struct sequence *sequence);
/* `from` has the content of attachments that `to` was made with by name. */
MUST_USE enum rc sequence_copy_contents(struct ctx *ctx, struct str from, struct str to);
MUST_USE enum rc sequence_delete(struct ctx *ctx, struct str id);

/* Changes the status if it still is `from`: E_CONFLICT otherwise. The first change to
 * active is kept as the launch. */
MUST_USE enum rc sequence_set_status(struct ctx *ctx, struct str id, enum sequence_status from,
                                     enum sequence_status to);

/* How many of its messages somebody sends just now, or is about to. Whoever takes one has its
 * row shared (sequence_row_shared) in that transaction. */
MUST_USE enum rc sequence_work_count(struct ctx *ctx, struct str id, int64_t *ret_n);

/* --- all accounts --- */

struct sequence_ref {
    struct str account_id, id;
};
/* Those whose status is on its way to another one. List of struct sequence_ref. */
MUST_USE enum rc sequences_unsettled(struct ctx *ctx, struct list *ret_refs);

#endif
