/* Enrichment batches: what POST /people/enrichment-requests and its twin for companies
 * start. A batch is a row, its items in the order of the request, and one job that
 * works them off (enrich/batch.h). Every function is scoped to the account of ctx. */
#ifndef STORE_ENRICHMENTS_H
#define STORE_ENRICHMENTS_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/batch.h"
#include "store/pages.h"

enum enrichment_kind { ENRICH_PEOPLE, ENRICH_COMPANIES };

struct enrichment {
    struct opt_int id;
    struct str status; /* queued, processing, completed, canceled, error */
    struct str error_code;
    enum tri reveal_email, reveal_phone_numbers;
    struct opt_int total;
};
extern const struct fields enrichment_row_fields;

/* An item: what was asked and what came of it. */
struct enrichment_item {
    struct opt_int position;
    struct str cursor;     /* the position as text, for pages */
    struct str input;      /* JSON object; empty once the item is done */
    struct str status;     /* enriched, not_found, gdpr_removed; absent: not yet done */
    struct str subject_id; /* person or company */
};
extern const struct fields enrichment_item_fields;

/* What a batch is made of: structs and the table that describes them. */
struct enrichment_inputs {
    struct list list;
    const struct fields *fields;
};

/* Stores the batch with its items and enqueues its job. Needs little memory of the
 * context's arena, however many items there are. */
MUST_USE enum rc enrichment_create(struct ctx *ctx, enum enrichment_kind kind,
                                   const struct enrichment_inputs *inputs,
                                   const struct enrichment *options,
                                   struct enrichment *ret_enrichment);

/* E_NOT_FOUND when the account has no such batch of this kind. */
MUST_USE enum rc enrichment_get(struct ctx *ctx, enum enrichment_kind kind, int64_t id,
                                struct enrichment *ret_enrichment);

/* Cancels what has not ended; what is done stays. Then as enrichment_get. */
MUST_USE enum rc enrichment_cancel(struct ctx *ctx, enum enrichment_kind kind, int64_t id,
                                   struct enrichment *ret_enrichment);

/* A page of the items that are done, in order; cursors are positions. */
MUST_USE enum rc enrichment_items(struct ctx *ctx, int64_t id, const struct page *page,
                                  struct page_of *ret_page);

/* --- for the job --- */

/* The first `limit` items from position `from` on that are not done, in order; list of
 * struct enrichment_item. */
MUST_USE enum rc enrichment_pending(struct ctx *ctx, int64_t id, int64_t from, int limit,
                                    struct list *ret_items);
/* Stores status and subject_id of these items and forgets what was asked. Inside
 * db_transact. */
MUST_USE enum rc enrichment_items_done(struct ctx *ctx, int64_t id, struct list items);
/* queued -> processing; processing -> completed or error (`error_code` then). With the end
 * go the items that were not done. Nothing happens to a batch that has ended. Inside
 * db_transact. */
MUST_USE enum rc enrichment_set_status(struct ctx *ctx, int64_t id, const char *status,
                                       const char *error_code);

/* --- for removals --- */

struct enrichment_ref {
    struct str account_id;
    int64_t id;
};
/* Batches of all accounts that have not ended; list of struct enrichment_ref. */
MUST_USE enum rc enrichments_running(struct ctx *ctx, enum enrichment_kind kind,
                                     struct list *ret_batches);

/* Names of the kinds' jobs. */
extern const char *const enrichment_jobs[];

#endif
