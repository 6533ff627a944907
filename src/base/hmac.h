/* HMAC-SHA256 (RFC 2104), for what is signed with a shared secret. */
#ifndef BASE_HMAC_H
#define BASE_HMAC_H

#include "base/str.h"

enum { HMAC_BYTES = 32 };

/* Of the parts one after the other. */
void hmac_sha256(struct str key, const struct str *parts, size_t n, unsigned char ret_mac[HMAC_BYTES]);

#endif
