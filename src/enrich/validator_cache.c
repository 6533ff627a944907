#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"
#include "enrich/validator.h"
#include "store/secrets.h"
#include "store/verify_cache.h"

struct validator_cache {
    struct verify_cache cache;
    struct db *db;
    const struct services *services;
    struct db_session *session; /* of the engine's thread, which alone calls */
};

static struct ctx context(struct validator_cache *c, struct arena *arena) {
    if (!c->session)
        c->session = db_session_open(c->db);
    return (struct ctx){ .arena = arena, .clock = &clock_system, .db = c->session,
                         .services = c->services };
}

static struct list rows_of(struct arena *arena, const struct verify_cache_entry *entries, size_t n) {
    struct list rows = { 0 };
    for (size_t i = 0; i < n; i++)
        *(struct verify_memory *) list_add(arena, &rows, sizeof(struct verify_memory))
            = (struct verify_memory){ entries[i].kind, entries[i].key, entries[i].value,
                                      entries[i].expires_at_ms };
    return rows;
}

static void look_up(void *arg, struct arena *arena, struct verify_cache_entry *entries, size_t n) {
    struct ctx ctx = context(arg, arena);
    struct list rows = rows_of(arena, entries, n);
    struct verify_memory *row = rows.p;
    if (verify_cache_look_up(&ctx, row, n) != OK) {
        log_warn(&ctx, "validation cache could not be read, ignoring", LOG_S("error", ctx.err.text));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        entries[i].value = row[i].value;
        entries[i].expires_at_ms = row[i].expires_at;
    }
}

static void store(void *arg, const struct verify_cache_entry *entries, size_t n) {
    struct arena *arena = arena_new();
    struct ctx ctx = context(arg, arena);
    struct list rows = rows_of(arena, entries, n);
    if (verify_cache_store(&ctx, rows.p, n) != OK)
        log_warn(&ctx, "validation cache could not be written, ignoring",
                 LOG_S("error", ctx.err.text));
    arena_free(&arena);
}

struct validator_cache *validator_cache_new(struct db *db, const struct services *services) {
    struct validator_cache *c = MEM_NEW(struct validator_cache);
    struct arena *arena = arena_new();
    struct str secret = secrets_hash(services->secrets, arena, "verify", STR("mailboxes"));
    *c = (struct validator_cache){ .cache = { .arg = c, .look_up = look_up, .store = store },
                                   .db = db, .services = services };
    _Static_assert((int) SECRETS_HASH_BYTES == (int) VERIFY_CACHE_SECRET_BYTES, "the hash is the secret");
    memcpy(c->cache.secret, secret.p, sizeof c->cache.secret);
    arena_free(&arena);
    return c;
}

const struct verify_cache *validator_cache_of(const struct validator_cache *cache) {
    return &cache->cache;
}

void validator_cache_free(struct validator_cache **cache) {
    if (*cache && (*cache)->session)
        db_session_close(&(*cache)->session);
    mem_free(*cache);
    *cache = NULL;
}
