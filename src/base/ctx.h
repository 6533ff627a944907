/* The context: one per HTTP request and one per job, the first parameter of
 * everything from store/ upwards. It carries what such work needs (arena, clock,
 * database session, account) and collects what went wrong.
 *
 * Two kinds of wrong. An internal failure is set once, where it is known, by
 * fail(); callers only pass the code on and the edge logs it. A problem is
 * something the client did: bad_field() and its kin append to a list, so that
 * several wrong fields are answered together. */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/rc.h"
#include "base/str.h"

struct db_session;
struct services; /* store/services.h */

/* Where in the request a problem is: decides the member of the error's `source`. */
enum problem_source { IN_NOTHING, IN_BODY, IN_QUERY, IN_HEADER };

struct problem {
    struct problem *next;
    enum problem_source in;
    struct str where;  /* JSON pointer, parameter name or header name */
    const char *code;  /* a code of http/errors.def */
    struct str detail; /* for people */
};

struct err {
    enum rc rc;
    struct str text; /* what failed, for the log; never sent to a client */
    const char *file;
    int line;
};

struct ctx {
    struct arena *arena;
    const struct clock *clock;
    struct db_session *db;
    const struct services *services; /* what the whole process shares; NULL in plain tests */
    struct str account_id; /* absent before authentication and in work for all accounts */
    struct str request_id;
    struct str job_id;
    struct err err;
    struct problem *problems; /* in the order in which they were found */
    size_t problem_count;
};

/* Records the failure unless one is recorded already (the first is the cause) and
 * returns `rc`, so that a caller writes: return fail(ctx, E_IO, "open %s", name); */
#ifndef __clang_analyzer__
#define fail(ctx, rc, ...) ctx_fail((ctx), (rc), __FILE__, __LINE__, __VA_ARGS__)
#else /* it cannot see that the result is the rc that was given */
#define fail(ctx, rc, ...) (ctx_fail((ctx), (rc), __FILE__, __LINE__, __VA_ARGS__), (rc))
#endif
enum rc ctx_fail(struct ctx *ctx, enum rc rc, const char *file, int line, const char *format, ...)
    PRINTF_LIKE(5, 6);

/* Forgets the failure and the problems: before another try. */
void ctx_clear_error(struct ctx *ctx);

/* At most this many problems are kept; the rest would only repeat. */
#define PROBLEMS_MAX ((size_t) 50)

/* Append a problem and return E_INVALID. `pointer` is a JSON pointer (RFC 6901) into
 * the body, `code` a code of http/errors.def. Texts are copied to the arena. */
enum rc bad_field(struct ctx *ctx, struct str pointer, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);
enum rc bad_parameter(struct ctx *ctx, const char *name, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);
enum rc bad_header(struct ctx *ctx, const char *name, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* A problem that belongs to no part of the request (person_not_found, …). Returns
 * `rc`, whose meaning picks the status where the code alone does not. */
enum rc problem(struct ctx *ctx, enum rc rc, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);

static inline int64_t ctx_now(const struct ctx *ctx) {
    return clock_now(ctx->clock);
}

#endif
