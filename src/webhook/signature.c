#include "webhook/signature.h"

#include <sodium.h>

#include "base/check.h"
#include "base/hmac.h"

enum { STAMP_MAX = 24 };

void webhook_sign(struct buf *b, const struct webhook_signed *what, struct str key) {
    unsigned char mac[HMAC_BYTES];
    char text[sodium_base64_ENCODED_LEN(HMAC_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    struct buf stamp = buf_on_heap(STAMP_MAX);
    buf_printf(&stamp, ".%lld.", (long long) what->timestamp);
    const struct str parts[] = { what->id, buf_text(&stamp), what->body };
    hmac_sha256(key, parts, LENGTH(parts), mac);
    (void) sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL); /* returns text */
    buf_printf(b, "%sv1,%s", b->n ? " " : "", text);
    buf_done(&stamp);
}
