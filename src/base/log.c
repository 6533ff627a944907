/* Every line is formatted in a buffer of its own thread. Lines below warn are
 * appended to one shared collection that is written when it is full, when nothing was
 * written for a quarter of a second, or at exit: a write(2) per request would cost more
 * than the request. */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ctx.h"

enum { LINE_MAX_BYTES = 8 * 1024, COLLECT_BYTES = 64 * 1024, COLLECT_MS = 250 };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

static struct log_options options = { .level = LOG_INFO };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char collected[COLLECT_BYTES];
static size_t collected_n;
static int64_t written_ms; /* when something last was */

static void write_all(const char *p, size_t n) {
    while (n) {
        ssize_t written = write(STDERR_FILENO, p, n);
        if (written < 0 && errno != EINTR)
            return; /* nowhere left to report it */
        if (written > 0) {
            p += written;
            n -= (size_t) written;
        }
    }
}

static void flush_locked(void) {
    write_all(collected, collected_n);
    collected_n = 0;
    written_ms = monotonic_ms();
}

void log_flush(void) {
    pthread_mutex_lock(&lock);
    flush_locked();
    pthread_mutex_unlock(&lock);
}

void log_configure(struct log_options wanted) {
    options = wanted;
    (void) atexit(log_flush); /* a failure costs the last quarter second of access lines */
}

bool log_enabled(enum log_level level) {
    return level >= options.level;
}

static void emit(enum log_level level, struct str line) {
    pthread_mutex_lock(&lock);
    int64_t now = monotonic_ms();
    if (line.n > COLLECT_BYTES - collected_n)
        flush_locked();
    memcpy(collected + collected_n, line.p, line.n);
    collected_n += line.n;
    if (level >= LOG_WARN || now - written_ms >= COLLECT_MS)
        flush_locked();
    pthread_mutex_unlock(&lock);
}

static bool needs_quotes(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '=' || s.p[i] == 0x7F)
            return true;
    return s.n == 0;
}

static void add_text_value(struct buf *b, struct str value, bool quote) {
    if (quote)
        buf_char(b, '"');
    buf_json(b, value);
    if (quote)
        buf_char(b, '"');
}

static void add_key(struct buf *b, const char *key) {
    struct str name = str_of(key);
    if (options.json) {
        buf_str(b, b->n > 1 ? STR(",\"") : STR("\""));
        buf_str(b, name);
        buf_str(b, STR("\":"));
    } else {
        if (b->n)
            buf_char(b, ' ');
        buf_str(b, name);
        buf_char(b, '=');
    }
}

static void add_text(struct buf *b, const char *key, struct str value) {
    add_key(b, key);
    add_text_value(b, value, options.json || needs_quotes(value));
}

static void add_pair(struct buf *b, const struct log_pair *pair) {
    if (str_is_set(pair->text)) {
        add_text(b, pair->key, pair->text);
    } else {
        add_key(b, pair->key);
        buf_i64(b, pair->number);
    }
}

static void add_context(struct buf *b, const struct ctx *ctx) {
    if (str_is_set(ctx->request_id))
        add_text(b, "request_id", ctx->request_id);
    if (str_is_set(ctx->account_id))
        add_text(b, "account_id", ctx->account_id);
    if (str_is_set(ctx->job_id))
        add_text(b, "job_id", ctx->job_id);
}

void log_write(enum log_level level, const struct ctx *ctx, const char *message,
               const struct log_pair *pairs) {
    /* One buffer a thread, kept: formatting a line allocates nothing. */
    static _Thread_local char storage[LINE_MAX_BYTES];
    struct buf b = { .p = storage, .capacity = sizeof storage, .max = sizeof storage - 2 };
    int64_t now = clock_now(&clock_system);
    if (options.json)
        buf_char(&b, '{');
    add_key(&b, "time");
    buf_i64(&b, now);
    add_text(&b, "level", str_of(level_names[level]));
    add_text(&b, "message", str_of(message));
    if (ctx)
        add_context(&b, ctx);
    for (; pairs->key; pairs++)
        add_pair(&b, pairs);
    if (options.json)
        storage[b.n++] = '}';
    storage[b.n++] = '\n';
    emit(level, (struct str){ storage, b.n });
}
