#include "http/auth.h"

#include <pthread.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "http/limits.h"
#include "store/keys.h"

enum {
    CACHE_SLOTS = 512, /* power of two; a thread serves few keys at a time */
    CACHE_LIFE_MS = 1000,
    USED_EVERY_MS = 60000,
};

struct key_slot {
    unsigned char hash[KEY_HASH_BYTES];
    struct caller caller; /* texts point into `texts` */
    char *texts;          /* NULL: the slot is empty */
    struct account_limits *limits;
    int64_t loaded_ms, noted_ms;
};

struct key_cache {
    struct limits *limits;
    struct key_uses *uses;
    struct key_slot slots[CACHE_SLOTS];
};

/* --- last use --- */

struct key_uses {
    pthread_mutex_t mutex;
    struct map ids; /* key id -> itself, on the heap */
};

struct key_uses *key_uses_new(void) {
    struct key_uses *uses = MEM_NEW(struct key_uses);
    (void) pthread_mutex_init(&uses->mutex, NULL); /* cannot fail on Linux */
    return uses;
}

static void clear_uses(struct map *ids) {
    size_t position = 0;
    struct str id;
    void *copy;
    while (map_next(ids, &position, &id, &copy))
        mem_free(copy);
    map_done(ids);
    *ids = (struct map){ 0 };
}

void key_uses_free(struct key_uses **uses) {
    if (!*uses)
        return;
    clear_uses(&(*uses)->ids);
    (void) pthread_mutex_destroy(&(*uses)->mutex); /* nobody holds it */
    mem_free(*uses);
    *uses = NULL;
}

static void note_use(struct key_uses *uses, struct str key_id) {
    pthread_mutex_lock(&uses->mutex);
    if (!map_get(&uses->ids, key_id)) {
        char *copy = mem_alloc(key_id.n);
        memcpy(copy, key_id.p, key_id.n);
        map_put(&uses->ids, (struct str){ copy, key_id.n }, copy);
    }
    pthread_mutex_unlock(&uses->mutex);
}

enum rc key_uses_write(struct ctx *ctx, struct key_uses *uses) {
    struct strs ids = { 0 };
    size_t position = 0;
    struct str id;
    void *copy;
    pthread_mutex_lock(&uses->mutex);
    while (map_next(&uses->ids, &position, &id, &copy))
        strs_add(ctx->arena, &ids, arena_str(ctx->arena, id));
    clear_uses(&uses->ids);
    pthread_mutex_unlock(&uses->mutex);
    return ids.n ? keys_used(ctx, ids, USED_EVERY_MS) : OK;
}

/* --- the cache --- */

struct key_cache *key_cache_new(struct limits *limits, struct key_uses *uses) {
    struct key_cache *cache = MEM_NEW(struct key_cache);
    cache->limits = limits;
    cache->uses = uses;
    return cache;
}

void key_cache_free(struct key_cache **cache) {
    if (!*cache)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        mem_free((*cache)->slots[i].texts);
    mem_free(*cache);
    *cache = NULL;
}

static struct key_slot *slot_of(struct key_cache *cache, const unsigned char *hash) {
    return &cache->slots[(hash[0] | hash[1] << 8) % CACHE_SLOTS];
}

/* The next text of the slot's memory. */
static struct str keep(char **at, struct str text) {
    char *copy = *at;
    if (text.n)
        memcpy(copy, text.p, text.n);
    *at += text.n;
    return (struct str){ copy, text.n };
}

static void fill_slot(struct key_cache *cache, struct key_slot *slot, const unsigned char *hash,
                      const struct key_owner *owner) {
    char *texts = mem_alloc(owner->account_id.n + owner->account_name.n + owner->key_id.n);
    char *at = texts;
    mem_free(slot->texts);
    slot->texts = texts;
    memcpy(slot->hash, hash, KEY_HASH_BYTES);
    slot->caller = (struct caller){
        .account_id = keep(&at, owner->account_id),
        .account_name = keep(&at, owner->account_name),
        .key_id = keep(&at, owner->key_id),
        .is_admin = str_eq(owner->scope, STR("admin")),
        .credits.halves = { [CREDIT_EMAIL] = owner->email_halves.v,
                            [CREDIT_PHONE] = owner->phone_halves.v },
    };
    slot->limits = limits_account(cache->limits, slot->caller.account_id);
}

/* An unknown key is not remembered: made-up ones would push out live ones. */
static enum rc load(struct ctx *ctx, struct key_cache *cache, const unsigned char *hash,
                    int64_t now_ms) {
    struct key_slot *slot = slot_of(cache, hash);
    struct key_owner owner = { 0 };
    uint64_t version = credits_version(); /* before the query: a change meanwhile shows */
    enum rc rc = key_find(ctx, (struct str){ (const char *) hash, KEY_HASH_BYTES }, &owner);
    if (rc != OK)
        return rc;
    bool is_same = slot->texts && memcmp(slot->hash, hash, KEY_HASH_BYTES) == 0;
    fill_slot(cache, slot, hash, &owner);
    slot->caller.credits_version = version;
    slot->loaded_ms = now_ms;
    if (!is_same || now_ms - slot->noted_ms >= USED_EVERY_MS) {
        slot->noted_ms = now_ms;
        note_use(cache->uses, slot->caller.key_id);
    }
    return OK;
}

static bool is_fresh(const struct key_slot *slot, const unsigned char *hash, int64_t now_ms) {
    return slot->texts && now_ms - slot->loaded_ms < CACHE_LIFE_MS
           && memcmp(slot->hash, hash, KEY_HASH_BYTES) == 0;
}

static enum rc refuse(struct ctx *ctx, const char *detail) {
    (void) bad_header(ctx, "Authorization", "unauthorized", "%s", detail); /* E_DENIED instead */
    return E_DENIED;
}

/* RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1). */
static enum rc read_token(struct ctx *ctx, struct str authorization, struct str *ret_token) {
    if (!str_is_set(authorization))
        return refuse(ctx, "An API key is needed: Authorization: Bearer KEY.");
    if (!str_starts_nocase(authorization, STR("Bearer ")))
        return refuse(ctx, "The header must be: Authorization: Bearer KEY.");
    *ret_token = str_trim(str_sub(authorization, STR("Bearer ").n, authorization.n));
    return OK;
}

enum rc auth_check(struct ctx *ctx, struct key_cache *cache, struct str authorization,
                   struct caller *ret_caller, struct account_limits **ret_limits) {
    int64_t now_ms = monotonic_ms();
    unsigned char hash[KEY_HASH_BYTES];
    struct str token;
    enum rc rc = read_token(ctx, authorization, &token);
    if (rc != OK)
        return rc;
    if (token.n != KEY_CHARACTERS)
        return refuse(ctx, "This is not an API key.");
    key_hash(token, hash);
    struct key_slot *slot = slot_of(cache, hash);
    if (!is_fresh(slot, hash, now_ms)) {
        if (!key_is_wellformed(token))
            return refuse(ctx, "This is not an API key.");
        rc = load(ctx, cache, hash, now_ms);
    }
    if (rc == E_NOT_FOUND)
        return refuse(ctx, "The API key is unknown or was revoked.");
    if (rc != OK)
        return rc;
    *ret_caller = slot->caller;
    *ret_limits = slot->limits;
    return OK;
}

struct caller caller_copy(struct arena *arena, const struct caller *caller) {
    struct caller copy = *caller;
    copy.account_id = arena_str(arena, caller->account_id);
    copy.account_name = arena_str(arena, caller->account_name);
    copy.key_id = arena_str(arena, caller->key_id);
    return copy;
}
