#include "sequence/pace.h"

#include <math.h>

#include "store/services.h"

static double scale_of(const struct ctx *ctx) {
    return ctx->services && ctx->services->sequence.clock_scale > 0
               ? ctx->services->sequence.clock_scale
               : 1;
}

static int64_t since(const struct ctx *ctx) {
    return ctx->services ? ctx->services->sequence.clock_since : 0;
}

/* Without a scale the numbers stay as they are, also those that a double cannot hold. */
static int64_t divided(const struct ctx *ctx, int64_t ms) {
    double scale = scale_of(ctx);
    return scale == 1 ? ms : (int64_t) ceil((double) ms / scale);
}

int64_t pace_span(const struct ctx *ctx, int64_t ms) {
    return divided(ctx, ms);
}

int64_t pace_calendar(const struct ctx *ctx, int64_t at_ms) {
    double scale = scale_of(ctx);
    return scale == 1 ? at_ms : since(ctx) + (int64_t) floor((double) (at_ms - since(ctx)) * scale);
}

int64_t pace_instant(const struct ctx *ctx, int64_t calendar_ms) {
    if (calendar_ms == INT64_MAX)
        return calendar_ms;
    return since(ctx) + divided(ctx, calendar_ms - since(ctx));
}
