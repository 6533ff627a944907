/* The installation's secret key: a file outside the database, so that the database
 * alone gives nothing away. From it come two keys, one for hashes (removals: is this
 * the person who was removed?) and one for sealing (mailbox passwords, webhook
 * secrets). Losing the file makes both useless; docs/operations.md says to keep a copy
 * beside the backups.
 *
 * Life cycle: secrets_load once per process; secrets_free.
 * Thread rule: immutable after loading, shared. */
#ifndef STORE_SECRETS_H
#define STORE_SECRETS_H

#include <stdint.h>

#include "base/ctx.h"

struct secrets;

enum { SECRETS_HASH_BYTES = 32 };

/* Reads the key file at `path`, and makes it, readable by its owner alone, when there
 * is none. E_DENIED when others may read it, E_INVALID when it is not a key file, E_IO:
 * with the reason in ctx->err, which never holds any of its content. */
MUST_USE enum rc secrets_load(struct ctx *ctx, const char *path, struct secrets **ret_secrets);

/* Wipes the keys; nulls *secrets. Accepts NULL. */
void secrets_free(struct secrets **secrets);

/* Keyed BLAKE2b of `value` for the purpose `kind` ("email", "linkedin", …): the same
 * value hashes differently for another kind. SECRETS_HASH_BYTES raw bytes on `arena`. */
struct str secrets_hash(const struct secrets *secrets, struct arena *arena, const char *kind,
                        struct str value);

/* Encrypts and authenticates `plain` (XChaCha20-Poly1305, a random nonce). `place`
 * names where it is kept ("mailbox:ID") and must be the same when it is opened, so
 * that a sealed value cannot be moved to another row. Bytes on `arena`. */
struct str secrets_seal(const struct secrets *secrets, struct arena *arena, struct str place,
                        struct str plain);

/* E_INVALID when `sealed` was changed, is for another place or under another key. */
MUST_USE enum rc secrets_open(const struct secrets *secrets, struct arena *arena, struct str place,
                              struct str sealed, struct str *ret_plain);

#endif
