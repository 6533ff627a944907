/* Signing secrets of webhooks as Standard Webhooks 1.0.0 writes them: "whsec_" and 24 to 64
 * random bytes in base64. Pure functions, any thread. */
#ifndef STORE_WEBHOOK_SECRETS_H
#define STORE_WEBHOOK_SECRETS_H

#include "base/arena.h"
#include "base/str.h"

enum { WEBHOOK_KEY_MIN_BYTES = 24, WEBHOOK_KEY_MAX_BYTES = 64 };

/* A new one of 32 bytes. */
struct str webhook_secret_new(struct arena *arena);

/* The bytes of a secret, with "whsec_" or without, on the arena. E_INVALID when it is no
 * base64 (padded) or of another length. */
MUST_USE enum rc webhook_secret_key(struct arena *arena, struct str secret, struct str *ret_key);

#endif
