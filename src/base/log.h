/* Logging: one line per event to stderr, as key=value text or JSON. A line has a
 * constant message and key/value pairs; fields of the context (request id, account,
 * job) are added by themselves. Only edges log errors: the HTTP dispatcher, the job
 * runner and main. Never logged: message bodies, tokens, passwords, whole addresses.
 * Shared by all threads; lines are never mixed. Access lines are collected and
 * written in batches, everything at warn and above at once. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct ctx;

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_options {
    enum log_level level; /* below it nothing is written */
    bool json;
};

/* Once, before threads start. Without it: info, text. */
void log_configure(struct log_options wanted);

bool log_enabled(enum log_level level);

/* A pair's value is text or a number. The macros make a list:
 *   log_info(ctx, "import finished", LOG_S("file", name), LOG_I("rows", n)); */
struct log_pair {
    const char *key;
    struct str text; /* absent: the number counts */
    int64_t number;
};
#define LOG_S(key, value) ((struct log_pair){ (key), (value), 0 })
#define LOG_C(key, value) ((struct log_pair){ (key), str_of(value), 0 })
#define LOG_I(key, value) ((struct log_pair){ (key), STR_NONE, (value) })

/* `ctx` may be NULL. `pairs` ends with a pair whose key is NULL. */
void log_write(enum log_level level, const struct ctx *ctx, const char *message,
               const struct log_pair *pairs);

/* The rest of the array is zero and ends the list; one pair too many does not compile. */
enum { LOG_PAIRS_MAX = 16 };
#define LOG_AT(level, ctx, message, ...)                                       \
    (log_enabled(level) ? log_write(level, ctx, message,                       \
                                    (const struct log_pair[LOG_PAIRS_MAX + 1]){ __VA_ARGS__ }) \
                        : (void) 0)
#define log_debug(ctx, ...) LOG_AT(LOG_DEBUG, ctx, __VA_ARGS__)
#define log_info(ctx, ...)  LOG_AT(LOG_INFO, ctx, __VA_ARGS__)
#define log_warn(ctx, ...)  LOG_AT(LOG_WARN, ctx, __VA_ARGS__)
#define log_error(ctx, ...) LOG_AT(LOG_ERROR, ctx, __VA_ARGS__)

/* Writes what was collected. Called by itself when the collection is full, with the first
 * line after a quarter second, and at exit. */
void log_flush(void);

#endif
