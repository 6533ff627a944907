/* A counter is one 64-bit word: the time at which its window began in the upper 42
 * bits (milliseconds since 1970, good until 2109), the number of requests in the lower
 * 22. A window that has ended is replaced in the same compare-and-swap that counts. */
#include "http/limits.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/rate_windows.h"

enum { USED_BITS = 22, STRIPES = 16 };
#define USED_MASK ((UINT64_C(1) << USED_BITS) - 1)

struct account_limits {
    _Atomic uint64_t windows[LIMIT_CLASS_COUNT];
    /* With the database: it said "full" until then, and is not asked again before. */
    _Atomic int64_t full_until[LIMIT_CLASS_COUNT];
    size_t id_n;
    char id[];
};

struct stripe {
    pthread_mutex_t mutex;
    struct map accounts;
};

struct limits {
    int64_t quotas[LIMIT_CLASS_COUNT];
    bool in_database;
    _Atomic int64_t refused[LIMIT_CLASS_COUNT];
    struct stripe stripes[STRIPES];
};

static const struct {
    const char *name, *window;
    int64_t window_ms;
} classes[LIMIT_CLASS_COUNT] = {
    [LIMIT_DEFAULT] = { "default", "a minute", MINUTE_MS },
    [LIMIT_PEOPLE_SEARCH] = { "people-search", "a minute", MINUTE_MS },
    [LIMIT_PEOPLE_FIND] = { "people-find", "a minute", MINUTE_MS },
    [LIMIT_CALL_RECORDING] = { "call-recording", "an hour", HOUR_MS },
};

const char *limit_class_name(enum limit_class limit_class) {
    return classes[limit_class].name;
}

int64_t limit_window_ms(enum limit_class limit_class) {
    return classes[limit_class].window_ms;
}

const char *limit_window_word(enum limit_class limit_class) {
    return classes[limit_class].window;
}

struct limits *limits_new(const int64_t quotas[LIMIT_CLASS_COUNT], bool in_database) {
    struct limits *limits = MEM_NEW(struct limits);
    for (int i = LIMIT_NONE + 1; i < LIMIT_CLASS_COUNT; i++)
        limits->quotas[i] = quotas[i] > LIMIT_QUOTA_MAX ? LIMIT_QUOTA_MAX : quotas[i];
    limits->in_database = in_database;
    for (int i = 0; i < STRIPES; i++)
        (void) pthread_mutex_init(&limits->stripes[i].mutex, NULL); /* cannot fail on Linux */
    return limits;
}

static void free_stripe(struct stripe *stripe) {
    size_t position = 0;
    struct str id;
    void *account;
    while (map_next(&stripe->accounts, &position, &id, &account))
        mem_free(account);
    map_done(&stripe->accounts);
    (void) pthread_mutex_destroy(&stripe->mutex); /* nobody holds it */
}

void limits_free(struct limits **limits) {
    if (!*limits)
        return;
    for (int i = 0; i < STRIPES; i++)
        free_stripe(&(*limits)->stripes[i]);
    mem_free(*limits);
    *limits = NULL;
}

static struct account_limits *new_account(struct str id) {
    struct account_limits *account = mem_alloc(sizeof *account + id.n);
    memcpy(account->id, id.p, id.n);
    account->id_n = id.n;
    return account;
}

struct account_limits *limits_account(struct limits *limits, struct str account_id) {
    struct stripe *stripe = &limits->stripes[str_hash(account_id) % STRIPES];
    pthread_mutex_lock(&stripe->mutex);
    struct account_limits *account = map_get(&stripe->accounts, account_id);
    if (!account) {
        account = new_account(account_id);
        map_put(&stripe->accounts, (struct str){ account->id, account->id_n }, account);
    }
    pthread_mutex_unlock(&stripe->mutex);
    return account;
}

/* A window may begin a little after `now`, which another thread read before. One that
 * begins far from now was left behind by a clock that was set. */
static bool is_running(int64_t started_ms, int64_t now_ms, int64_t window_ms) {
    return now_ms < started_ms + window_ms && started_ms <= now_ms + window_ms;
}

static void count_in_memory(_Atomic uint64_t *window, int64_t window_ms, int64_t now_ms,
                            struct limit_result *result) {
    uint64_t seen = atomic_load_explicit(window, memory_order_relaxed), next;
    do {
        int64_t started = (int64_t) (seen >> USED_BITS), used = (int64_t) (seen & USED_MASK);
        if (!is_running(started, now_ms, window_ms)) {
            started = now_ms;
            used = 0;
        }
        result->refused = used >= result->quota;
        used += !result->refused;
        result->left = result->quota - used;
        result->reset_ms = started + window_ms - now_ms;
        next = (uint64_t) started << USED_BITS | (uint64_t) used;
    } while (next != seen
             && !atomic_compare_exchange_weak_explicit(window, &seen, next, memory_order_relaxed,
                                                       memory_order_relaxed));
}

static enum rc count_in_database(struct ctx *ctx, struct account_limits *account,
                                 enum limit_class limit_class, int64_t now_ms,
                                 struct limit_result *result) {
    int64_t full_until = atomic_load(&account->full_until[limit_class]);
    int64_t window_ms = classes[limit_class].window_ms;
    if (now_ms < full_until && full_until <= now_ms + window_ms) {
        result->refused = true;
        result->reset_ms = full_until - now_ms;
        return OK;
    }
    struct rate_window window;
    enum rc rc = rate_window_count(ctx, (int) limit_class, result->quota, window_ms, &window);
    if (rc != OK)
        return rc;
    result->refused = window.used > result->quota;
    result->left = result->refused ? 0 : result->quota - window.used;
    result->reset_ms = window.left_ms;
    if (result->refused)
        atomic_store(&account->full_until[limit_class], now_ms + window.left_ms);
    return OK;
}

enum rc limits_count(struct ctx *ctx, struct limits *limits, struct account_limits *account,
                     enum limit_class limit_class, struct limit_result *ret_result) {
    int64_t now_ms = ctx_now(ctx);
    enum rc rc = OK;
    *ret_result = (struct limit_result){ .quota = limits->quotas[limit_class] };
    if (ret_result->quota == 0)
        return OK;
    if (limits->in_database)
        rc = count_in_database(ctx, account, limit_class, now_ms, ret_result);
    else
        count_in_memory(&account->windows[limit_class], classes[limit_class].window_ms, now_ms, ret_result);
    if (ret_result->refused)
        atomic_fetch_add_explicit(&limits->refused[limit_class], 1, memory_order_relaxed);
    return rc;
}

int64_t limits_refused(const struct limits *limits, enum limit_class limit_class) {
    return atomic_load_explicit(&limits->refused[limit_class], memory_order_relaxed);
}

int64_t limit_reset_s(const struct limit_result *result) {
    return result->reset_ms <= SECOND_MS ? 1 : (result->reset_ms + SECOND_MS - 1) / SECOND_MS;
}

enum { FIELD_VALUE_MAX = 80 };

static struct buf begin_value(struct arena *arena, enum limit_class limit_class) {
    struct buf b = buf_in(arena, FIELD_VALUE_MAX);
    buf_char(&b, '"');
    buf_str(&b, str_of(classes[limit_class].name));
    buf_char(&b, '"');
    return b;
}

static void add_parameter(struct buf *b, struct str name, int64_t value) {
    buf_str(b, name);
    buf_i64(b, value);
}

struct str limit_policy_text(struct arena *arena, enum limit_class limit_class, int64_t quota) {
    struct buf b = begin_value(arena, limit_class);
    add_parameter(&b, STR(";q="), quota);
    add_parameter(&b, STR(";w="), classes[limit_class].window_ms / SECOND_MS);
    return buf_text(&b);
}

struct str limit_result_text(struct arena *arena, enum limit_class limit_class,
                             const struct limit_result *result) {
    struct buf b = begin_value(arena, limit_class);
    add_parameter(&b, STR(";r="), result->left);
    add_parameter(&b, STR(";t="), limit_reset_s(result));
    return buf_text(&b);
}
