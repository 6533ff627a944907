#include "base/ctx.h"

#include <stdarg.h>

enum rc ctx_fail(struct ctx *ctx, enum rc rc, const char *file, int line, const char *format,
                 ...) {
    if (ctx->err.rc != OK)
        return rc;
    va_list args;
    va_start(args, format);
    ctx->err = (struct err){ rc, arena_vprintf(ctx->arena, format, args), file, line };
    va_end(args);
    return rc;
}

void ctx_clear_error(struct ctx *ctx) {
    ctx->err = (struct err){ 0 };
    ctx->problems = NULL;
    ctx->problem_count = 0;
}

static void append(struct ctx *ctx, struct problem found) {
    if (ctx->problem_count >= PROBLEMS_MAX)
        return;
    struct problem *p = ARENA_NEW(ctx->arena, struct problem);
    *p = found;
    struct problem **end = &ctx->problems;
    while (*end)
        end = &(*end)->next;
    *end = p;
    ctx->problem_count++;
}

/* The four reporters differ only in where they point. */
#define APPEND(source, place)                                                              \
    do {                                                                                   \
        va_list args;                                                                      \
        va_start(args, format);                                                            \
        append(ctx, (struct problem){ .in = (source), .where = (place), .code = code,      \
                                      .detail = arena_vprintf(ctx->arena, format, args) }); \
        va_end(args);                                                                      \
    } while (0)

enum rc bad_field(struct ctx *ctx, struct str pointer, const char *code, const char *format, ...) {
    APPEND(IN_BODY, arena_str(ctx->arena, pointer));
    return E_INVALID;
}

enum rc bad_parameter(struct ctx *ctx, const char *name, const char *code, const char *format,
                      ...) {
    APPEND(IN_QUERY, arena_str(ctx->arena, str_of(name)));
    return E_INVALID;
}

enum rc bad_header(struct ctx *ctx, const char *name, const char *code, const char *format, ...) {
    APPEND(IN_HEADER, arena_str(ctx->arena, str_of(name)));
    return E_INVALID;
}

enum rc problem(struct ctx *ctx, enum rc rc, const char *code, const char *format, ...) {
    APPEND(IN_NOTHING, STR_NONE);
    return rc;
}
