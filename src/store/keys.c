#include "store/keys.h"

#include <sodium.h>

#include "base/rand.h"
#include "base/utf8.h"
#include "db/db.h"
#include "db/sql.h"
#include "store/queries.h"

enum { CHECKED_CHARACTERS = 40, CHECKSUM_CHARACTERS = 6, RANDOM_CHARACTERS = 30 };
#define PREFIX STR("outr_live_")
#define CHECKSUM_SPACE 56800235584u /* 62^6 */

#define T struct api_key
static const struct field key_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .doc = "Id of the key; not the key itself."),
    F_STR(T, name, .flags = FIELD_REQUIRED, .min = 1, .max = KEY_NAME_MAX,
          .doc = "What it is for."),
    F_STR(T, scope, .flags = FIELD_REQUIRED, .example = "api", .doc = "api or admin."),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was made."),
    F_TIME(T, last_used_at, .flags = FIELD_NULLABLE, .doc = "When it was last used, to the minute."),
    F_TIME(T, revoked_at, .flags = FIELD_NULLABLE, .doc = "Since when it opens nothing."),
};
#undef T
const struct fields api_key_fields
    = FIELDS("ApiKey", struct api_key, key_rows, .doc = "A key to this API.");

#define T struct key_owner
static const struct field owner_rows[] = {
    F_ID(T, account_id), F_STR(T, account_name), F_ID(T, key_id),
    F_STR(T, scope),     F_INT(T, email_halves), F_INT(T, phone_halves),
};
#undef T
static const struct fields owner_fields = FIELDS("KeyOwner", struct key_owner, owner_rows);

static const struct query insert
    = { "key_create",
        "INSERT INTO api_keys (account_id, id, name, scope, hash, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        NULL };
static const struct query all
    = { "keys_list",
        "SELECT id, name, scope, created_at, last_used_at, revoked_at FROM api_keys "
        "WHERE account_id = $1 ORDER BY id",
        NULL };
static const struct query revoke
    = { "key_revoke",
        "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $3) "
        "WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query find
    = { "key_find",
        "SELECT k.account_id, a.name AS account_name, k.id AS key_id, k.scope, "
        "COALESCE(e.halves, 0) AS email_halves, COALESCE(p.halves, 0) AS phone_halves "
        "FROM api_keys k JOIN accounts a ON a.id = k.account_id "
        "LEFT JOIN credit_balances e ON e.account_id = k.account_id AND e.kind = 'email' "
        "LEFT JOIN credit_balances p ON p.account_id = k.account_id AND p.kind = 'phone' "
        "WHERE k.hash = $1 AND k.revoked_at IS NULL",
        NULL };
static const struct query used
    = { "keys_used",
        "UPDATE api_keys SET last_used_at = $2 "
        "WHERE id IN (SELECT value FROM json_each($1)) "
        "AND (last_used_at IS NULL OR last_used_at <= $3)",
        "UPDATE api_keys SET last_used_at = $2 "
        "WHERE id IN (SELECT json_array_elements_text($1::json)) "
        "AND (last_used_at IS NULL OR last_used_at <= $3)" };

static const struct query *const queries[] = { &insert, &all, &revoke, &find, &used };
const struct query_table key_queries = QUERY_TABLE(queries);

static void write_checksum(struct str checked, char ret_text[CHECKSUM_CHARACTERS]) {
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    unsigned char hash[KEY_HASH_BYTES];
    key_hash(checked, hash);
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | hash[i];
    number %= CHECKSUM_SPACE;
    for (int i = CHECKSUM_CHARACTERS - 1; i >= 0; i--, number /= 62)
        ret_text[i] = digits[number % 62];
}

void key_hash(struct str key, unsigned char ret_hash[KEY_HASH_BYTES]) {
    (void) crypto_hash_sha256(ret_hash, (const unsigned char *) key.p, key.n); /* always 0 */
}

struct str key_make(struct arena *arena) {
    struct buf b = buf_in(arena, KEY_CHARACTERS);
    char checksum[CHECKSUM_CHARACTERS];
    buf_str(&b, PREFIX);
    buf_str(&b, rand_base62(arena, RANDOM_CHARACTERS));
    write_checksum(buf_text(&b), checksum);
    buf_bytes(&b, checksum, sizeof checksum);
    return buf_text(&b);
}

bool key_is_wellformed(struct str key) {
    char checksum[CHECKSUM_CHARACTERS];
    if (key.n != KEY_CHARACTERS || !str_starts(key, PREFIX))
        return false;
    for (size_t i = PREFIX.n; i < key.n; i++)
        if (!ascii_is_alnum(key.p[i]))
            return false;
    write_checksum(str_sub(key, 0, CHECKED_CHARACTERS), checksum);
    return memcmp(key.p + CHECKED_CHARACTERS, checksum, sizeof checksum) == 0;
}

struct create_work {
    struct api_key key;
    struct str hash;
};

static enum rc insert_key(struct ctx *ctx, void *arg) {
    const struct create_work *w = arg;
    return db_exec(ctx, &insert,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->key.id),
                           db_v_text(w->key.name), db_v_text(w->key.scope), db_v_blob(w->hash),
                           db_v_opt(w->key.created_at)),
                   NULL);
}

enum rc key_create(struct ctx *ctx, struct str name, struct str scope, struct api_key *ret_key,
                   struct str *ret_clear) {
    unsigned char hash[KEY_HASH_BYTES];
    int64_t now = ctx_now(ctx);
    name = str_trim(name);
    if (str_is_empty(name) || utf8_count(name) > KEY_NAME_MAX)
        return fail(ctx, E_INVALID, "the name of a key has 1 to %d characters", KEY_NAME_MAX);
    if (!str_eq(scope, STR("api")) && !str_eq(scope, STR("admin")))
        return fail(ctx, E_INVALID, "the scope of a key is api or admin");
    struct str clear = key_make(ctx->arena);
    key_hash(clear, hash);
    struct create_work work = { .hash = { (const char *) hash, sizeof hash } };
    work.key = (struct api_key){ .id = uuid_new(ctx->arena, now), .name = name, .scope = scope,
                                 .created_at = opt_int(now) };
    enum rc rc = db_transact(ctx, insert_key, &work);
    if (rc != OK)
        return rc;
    *ret_key = work.key;
    *ret_clear = clear;
    return OK;
}

enum rc keys_list(struct ctx *ctx, struct list *ret_keys) {
    return db_list(ctx, &all, DB_ARGS(db_v_text(ctx->account_id)), &api_key_fields, ret_keys);
}

static enum rc revoke_key(struct ctx *ctx, void *arg) {
    const struct str *id = arg;
    int64_t changes;
    enum rc rc = db_exec(ctx, &revoke,
                         DB_ARGS(db_v_text(ctx->account_id), db_v_text(*id),
                                 db_v_int(ctx_now(ctx))),
                         &changes);
    return rc == OK && changes == 0 ? E_NOT_FOUND : rc;
}

enum rc key_revoke(struct ctx *ctx, struct str id) {
    return db_transact(ctx, revoke_key, &id);
}

enum rc key_find(struct ctx *ctx, struct str hash, struct key_owner *ret_owner) {
    return db_get(ctx, &find, DB_ARGS(db_v_blob(hash)), &owner_fields, ret_owner);
}

struct used_work {
    struct strs ids;
    int64_t every_ms;
};

static enum rc note_used(struct ctx *ctx, void *arg) {
    const struct used_work *w = arg;
    int64_t now = ctx_now(ctx);
    return db_exec(ctx, &used,
                   DB_ARGS(sql_texts(ctx->arena, w->ids), db_v_int(now),
                           db_v_int(now - w->every_ms)),
                   NULL);
}

enum rc keys_used(struct ctx *ctx, struct strs ids, int64_t every_ms) {
    struct used_work work = { ids, every_ms };
    return db_transact(ctx, note_used, &work);
}
