/* Signatures as Standard Webhooks 1.0.0 has them, scheme v1. */
#ifndef WEBHOOK_SIGNATURE_H
#define WEBHOOK_SIGNATURE_H

#include "base/buf.h"

/* What is signed: the id, the seconds since 1970, the body, as they are sent. */
struct webhook_signed {
    struct str id, body;
    int64_t timestamp;
};

/* Appends "v1," and the HMAC in base64 by a key (store/webhook_secrets.h); a space comes before
 * when something is there already. */
void webhook_sign(struct buf *b, const struct webhook_signed *what, struct str key);

#endif
