#include "base/hmac.h"

#include <sodium.h>

void hmac_sha256(struct str key, const struct str *parts, size_t n, unsigned char ret_mac[HMAC_BYTES]) {
    crypto_auth_hmacsha256_state state;
    /* These return 0. */
    (void) crypto_auth_hmacsha256_init(&state, (const unsigned char *) key.p, key.n);
    for (size_t i = 0; i < n; i++)
        (void) crypto_auth_hmacsha256_update(&state, (const unsigned char *) parts[i].p, parts[i].n);
    (void) crypto_auth_hmacsha256_final(&state, ret_mac);
}
