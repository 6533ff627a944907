#include "api/batches.h"

#include "base/check.h"
#include "base/vec.h"
#include "http/request.h"

/* A poll is worth while after about what is left at this many items a second; the shortest
 * and longest wait that we ask for, in seconds. */
enum { USUAL_PER_SECOND = 100, WAIT_MIN_S = 1, WAIT_MAX_S = 60 };

static const struct str statuses[] = { { "queued", 6 },
                                       { "processing", 10 },
                                       { "completed", 9 },
                                       { "canceled", 8 },
                                       { "error", 5 } };
const struct enum_values enum_batch_statuses = { "JobStatus", statuses, LENGTH(statuses) };

static const struct str cancel_values[] = { { "canceled", 8 } };
static const struct enum_values enum_cancel
    = { "CancelStatus", cancel_values, LENGTH(cancel_values) };
struct cancel_request {
    struct str status;
};
static const struct field cancel_rows[] = {
    F_ENUM(struct cancel_request, status, .flags = FIELD_REQUIRED, .values = &enum_cancel,
           .doc = "Always canceled."),
};
const struct fields cancel_fields
    = FIELDS("CancelRequest", struct cancel_request, cancel_rows, .doc = "Ends a batch.");

#define T struct batch_error
static const struct field error_rows[] = {
    F_STR(T, code, .flags = FIELD_REQUIRED, .example = "insufficient_credits", .doc = "The code."),
    F_STR(T, title, .flags = FIELD_REQUIRED, .doc = "The code in words."),
    F_STR(T, detail, .flags = FIELD_REQUIRED, .doc = "What happened."),
};
#undef T
const struct fields batch_error_fields
    = FIELDS("BatchError", struct batch_error, error_rows, .doc = "Why a batch ended early.");

struct list batch_errors(struct ctx *ctx, struct str code) {
    struct list errors = { 0 };
    if (!str_is_set(code))
        return errors;
    bool credits = str_eq(code, STR("insufficient_credits"));
    *(struct batch_error *) list_add(ctx->arena, &errors, sizeof(struct batch_error))
        = (struct batch_error){
              .code = code,
              .title = credits ? STR("Insufficient Credits") : STR("Internal Server Error"),
              .detail = credits ? STR("The credits were used up before the batch was done")
                                : STR("The batch could not be worked off"),
          };
    return errors;
}

void batch_retry_after(struct request *r, int64_t left) {
    int64_t wait = left / USUAL_PER_SECOND;
    wait = wait < WAIT_MIN_S ? WAIT_MIN_S : wait > WAIT_MAX_S ? WAIT_MAX_S : wait;
    response_header(r, "Retry-After", arena_printf(r->ctx->arena, "%lld", (long long) wait));
}
