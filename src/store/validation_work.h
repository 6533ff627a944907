/* The work on email validations: whoever validates takes blocks of addresses by lease,
 * finds out about them, and stores what it found, each address once. For all accounts, so
 * ctx->account_id is not looked at; the account is that of the block. */
#ifndef STORE_VALIDATION_WORK_H
#define STORE_VALIDATION_WORK_H

#include "base/ctx.h"
#include "base/field.h"

struct validation_block {
    struct str account_id, validation_id;
    struct opt_int block, size, is_counted;
};

struct validation_claim {
    struct str owner;
    int64_t lease_ms;
    int64_t per_hour;        /* addresses an account may begin within an hour; 0: no limit */
    int64_t blocks_max;      /* of one validation that the owner may hold at once */
    int64_t validations_max; /* of which a block is taken now */
};

/* Takes one block of each validation that has one nobody works on, the least busy
 * validations first, so that a small one does not wait for a large one. What the hourly
 * allowance of its account does not cover stays where it is until it does. No block is
 * taken twice. Transacts itself; list of struct validation_block. */
MUST_USE enum rc validation_blocks_claim(struct ctx *ctx, const struct validation_claim *claim,
                                         struct list *ret_blocks);

struct validation_email {
    struct str key, email; /* as it is compared, as it was sent */
};

/* The addresses of a block that have no result, in order; list of struct validation_email. */
MUST_USE enum rc validation_block_emails(struct ctx *ctx, const struct validation_block *block,
                                         struct list *ret_emails);

/* What was found out about an address. Texts of verify/. */
struct validation_finding {
    struct opt_int block; /* where it was */
    struct str key, email, result, reason, detail, provider;
    enum tri catch_all;
    struct opt_int checked_at;
};
extern const struct fields validation_finding_fields;

/* Stores findings of one validation (list of struct validation_finding), charges one email
 * credit for each address that had no result and was not removed meanwhile, ends the blocks in `done` (block numbers),
 * and the validation with the last of them. When the credits do not suffice, as many as
 * they pay for are stored and the validation ends with insufficient_credits. E_CANCELED
 * when the validation does not run any more: nothing was stored. Transacts itself. */
MUST_USE enum rc validation_store(struct ctx *ctx, const struct validation_block *of,
                                  struct list findings, struct ints done);

/* Extends the leases of those of the blocks (list of struct validation_block) that are
 * `owner`'s; what it let go of runs out. Transacts itself. */
MUST_USE enum rc validation_blocks_renew(struct ctx *ctx, struct str owner,
                                         const struct list *blocks, int64_t lease_ms);

/* Gives back what `owner` holds: others may go on at once. Absent: what anybody holds, at
 * the start of the only process of a database. Transacts itself. */
MUST_USE enum rc validation_blocks_release(struct ctx *ctx, struct str owner);

#endif
