#include "store/webhook_secrets.h"

#include <sodium.h>

#include "base/rand.h"

enum { NEW_BYTES = 32 };
#define PREFIX STR("whsec_")

struct str webhook_secret_new(struct arena *arena) {
    unsigned char key[NEW_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof key, sodium_base64_VARIANT_ORIGINAL)];
    rand_bytes(key, sizeof key);
    (void) sodium_bin2base64(text, sizeof text, key, sizeof key, sodium_base64_VARIANT_ORIGINAL); /* returns text */
    struct str secret = arena_printf(arena, "whsec_%s", text);
    sodium_memzero(key, sizeof key);
    return secret;
}

enum rc webhook_secret_key(struct arena *arena, struct str secret, struct str *ret_key) {
    unsigned char *key = arena_alloc(arena, WEBHOOK_KEY_MAX_BYTES);
    size_t n = 0;
    struct str text = str_starts(secret, PREFIX) ? str_sub(secret, PREFIX.n, secret.n) : secret;
    if (str_is_empty(text)
        || sodium_base642bin(key, WEBHOOK_KEY_MAX_BYTES, text.p, text.n, NULL, &n, NULL,
                             sodium_base64_VARIANT_ORIGINAL) != 0
        || n < WEBHOOK_KEY_MIN_BYTES)
        return E_INVALID;
    *ret_key = (struct str){ (const char *) key, n };
    return OK;
}
