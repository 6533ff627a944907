/* Any bytes as a connection's input: the verdict is the same whole, byte by byte and cut
 * in two (the first byte says where), nothing but the two hidden things is changed, and
 * what was consumed never passes the end. */
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 100 };

struct verdict {
    int status, messages;
    size_t end; /* of the last whole message */
};

static void feed(struct framing *f, char *bytes, size_t n, size_t from, struct verdict *v) {
    size_t used = 0;
    enum framing_event event;
    do {
        size_t step = 0;
        event = framing_read(f, bytes + used, n - used, &step);
        used += step;
        ASSERT(used <= n);
        if (event == FRAMING_HEAD) {
            ASSERT(framing_method(f).n > 0 && framing_target(f).p[0] == '/');
            event = framing_limit_body(f, BODY_MAX);
        }
        if (event == FRAMING_MESSAGE) {
            v->messages++;
            v->end = from + used;
        }
        ASSERT(f->body_n <= BODY_MAX || event == FRAMING_REFUSED);
    } while (event != FRAMING_MORE && event != FRAMING_REFUSED);
    ASSERT(event == FRAMING_REFUSED || used == n);
    ASSERT((event == FRAMING_REFUSED) == (f->status != 0));
    v->status = f->status;
}

/* `step` bytes at a time; 0: the whole. */
static struct verdict judge(const uint8_t *data, size_t size, size_t step) {
    struct framing f;
    framing_init(&f);
    struct verdict v = { 0, 0, 0 };
    for (size_t at = 0; at < size;) {
        size_t n = step && size - at > step ? step : size - at;
        char *piece = mem_alloc(n); /* a block of its own: reading past it is seen */
        memcpy(piece, data + at, n);
        feed(&f, piece, n, at, &v);
        for (size_t i = 0; i < n; i++) {
            char before = (char) data[at + i];
            ASSERT(piece[i] == before || (before == '?' && piece[i] == '#')
                   || ((before == 'e' || before == 'E') && piece[i] == '~'));
        }
        mem_free(piece);
        at += n;
    }
    framing_done(&f);
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    struct verdict whole = judge(data + 1, size - 1, 0);
    for (size_t step = 1; step <= (size_t) data[0] + 1; step += data[0] ? data[0] : 1) {
        struct verdict cut = judge(data + 1, size - 1, step);
        ASSERT(cut.status == whole.status && cut.messages == whole.messages
               && cut.end == whole.end);
    }
    return 0;
}
