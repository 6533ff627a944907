/* Any bytes as what an IMAP server sends. Where a response ends must not depend on how the
 * bytes were cut into pieces, and what is whole is read or refused, within its own bytes. */
#include "base/check.h"
#include "net/imap_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES_MAX_BYTES = 128, RESPONSE_MAX_BYTES = 100000 };

static void check_pieces(struct str bytes, enum imap_scan whole, size_t end) {
    size_t most = bytes.n < PIECES_MAX_BYTES ? bytes.n : PIECES_MAX_BYTES;
    for (size_t cut = 0; cut < most; cut++) {
        size_t n = 0;
        enum imap_scan scan = imap_response_scan(str_sub(bytes, 0, cut), RESPONSE_MAX_BYTES, &n);
        if (scan == IMAP_WHOLE)
            ASSERT(whole == IMAP_WHOLE && n == end);
        else if (scan == IMAP_BROKEN)
            ASSERT(whole == IMAP_BROKEN);
    }
}

static size_t check_values(const struct imap_value *values, size_t n, int depth) {
    size_t count = n;
    ASSERT(depth <= IMAP_DEPTH_MAX);
    for (size_t i = 0; i < n; i++) {
        ASSERT(values[i].type != IMAP_ATOM || values[i].text.n);
        if (values[i].type == IMAP_LIST) {
            count += check_values(values[i].items, values[i].n, depth + 1);
            (void) imap_has(&values[i], STR("\\Sent"));
        }
    }
    (void) imap_find(values, n, STR("BODY["), true);
    return count;
}

static void check_response(struct str text) {
    struct arena *arena = arena_new();
    struct imap_response response;
    if (imap_response_parse(arena, text, &response) == OK) {
        ASSERT(response.kind == IMAP_CONTINUE || response.name.n);
        ASSERT(check_values(response.values, response.n, 0) <= IMAP_VALUES_MAX);
        ASSERT(response.text.n <= text.n && response.code.n <= text.n);
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str rest = { (const char *) data, size };
    for (;;) {
        size_t n = 0;
        enum imap_scan scan = imap_response_scan(rest, RESPONSE_MAX_BYTES, &n);
        check_pieces(rest, scan, n);
        if (scan != IMAP_WHOLE)
            return 0;
        ASSERT(n > 0 && n <= rest.n);
        check_response(str_sub(rest, 0, n));
        rest = str_sub(rest, n, rest.n);
    }
}
