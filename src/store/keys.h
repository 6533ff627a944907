/* API keys. The form, which anybody can check without the database (secret scanners do):
 *
 *   outr_live_ + 30 characters of [0-9A-Za-z] + 6 characters of checksum
 *
 * The checksum is the first 8 bytes of the SHA-256 of the 40 characters before it, as a
 * big-endian number modulo 62^6, in base 62 (digits, capitals, small letters), most
 * significant first. 30 random characters are 178 bits; the checksum only keeps typing
 * mistakes and made-up keys away from the database.
 *
 * Kept is the SHA-256 of the whole key; the key itself is shown once. */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include <stdint.h>

#include "base/ctx.h"
#include "base/field.h"

enum { KEY_CHARACTERS = 46, KEY_HASH_BYTES = 32, KEY_NAME_MAX = 100 };

struct api_key {
    struct str id, name, scope;
    struct opt_int created_at, last_used_at, revoked_at;
};
extern const struct fields api_key_fields;

/* A new key in clear text. */
struct str key_make(struct arena *arena);
/* True when form and checksum are right; says nothing about whether the key exists. */
bool key_is_wellformed(struct str key);
void key_hash(struct str key, unsigned char ret_hash[KEY_HASH_BYTES]);

/* Makes a key of ctx's account; transacts itself. `scope` is "api" or "admin". The
 * clear key is in *ret_clear and nowhere else. E_INVALID with the reason in ctx->err. */
MUST_USE enum rc key_create(struct ctx *ctx, struct str name, struct str scope,
                            struct api_key *ret_key, struct str *ret_clear);

/* All of ctx's account, revoked ones too, oldest first. List of struct api_key. */
MUST_USE enum rc keys_list(struct ctx *ctx, struct list *ret_keys);

/* From now on it opens nothing; transacts itself. Every process notices within a
 * second. E_NOT_FOUND when the account has no such key; again is OK. */
MUST_USE enum rc key_revoke(struct ctx *ctx, struct str id);

/* Whom a key belongs to, with what every request wants to know about the account. */
struct key_owner {
    struct str account_id, account_name, key_id, scope;
    struct opt_int email_halves, phone_halves; /* credits */
};

/* E_NOT_FOUND for an unknown or revoked key. Not scoped: this is what finds the scope. */
MUST_USE enum rc key_find(struct ctx *ctx, struct str hash, struct key_owner *ret_owner);

/* Notes that these keys (ids, of any account) were used now, unless that was noted in
 * the last `every_ms`. Transacts itself. */
MUST_USE enum rc keys_used(struct ctx *ctx, struct strs ids, int64_t every_ms);

#endif
