/* Any bytes as what a mail server sends. Where a reply ends must not depend on how the bytes
 * were cut into pieces, and what is whole must be readable. */
#include "base/arena.h"
#include "base/check.h"
#include "net/smtp_reply.h"
#include "verify/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES_MAX_BYTES = 128 }; /* every cut is tried for so many bytes */

static void check_pieces(struct str bytes, enum smtp_scan whole, size_t end) {
    size_t most = bytes.n < PIECES_MAX_BYTES ? bytes.n : PIECES_MAX_BYTES;
    for (size_t cut = 0; cut < most; cut++) {
        size_t n = 0;
        enum smtp_scan scan = smtp_reply_scan(str_sub(bytes, 0, cut), &n);
        if (scan == SMTP_WHOLE)
            ASSERT(whole == SMTP_WHOLE && n == end);
        else if (scan == SMTP_BROKEN)
            ASSERT(whole == SMTP_BROKEN);
    }
}

static void check_reply(struct str reply) {
    struct arena *arena = arena_new();
    struct reply parsed;
    ASSERT(smtp_reply_code(reply) >= 200 && smtp_reply_code(reply) <= 599);
    (void) smtp_reply_offers(reply, STR("STARTTLS"));
    if (reply_parse(arena, reply, &parsed) == OK)
        ASSERT(parsed.code == smtp_reply_code(reply));
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str rest = { (const char *) data, size };
    for (;;) {
        size_t n = 0;
        enum smtp_scan scan = smtp_reply_scan(rest, &n);
        check_pieces(rest, scan, n);
        if (scan != SMTP_WHOLE)
            return 0;
        ASSERT(n > 0 && n <= rest.n && n <= SMTP_REPLY_MAX_BYTES);
        check_reply(str_sub(rest, 0, n));
        rest = str_sub(rest, n, rest.n);
    }
}
