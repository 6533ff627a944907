/* Any bytes as a message: every text is UTF-8 without NUL and with LF alone, every part lies in the
 * source or on the arena, and no more is kept than the limits allow. */
#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "net/mime_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct str s) {
    ASSERT(utf8_is_valid(s));
    ASSERT(!s.n || !memchr(s.p, '\0', s.n));
}

static void check_addresses(struct list list) {
    const struct mime_address *a = list.p;
    ASSERT(list.n <= MIME_ADDRESSES_MAX);
    for (size_t i = 0; i < list.n; i++) {
        check_text(a[i].name);
        check_text(a[i].address);
        ASSERT(str_is_set(a[i].address));
    }
}

static size_t check_message(struct arena *arena, const struct mime_read *m, size_t depth) {
    const struct mime_part *part = m->parts.p;
    const struct mime_field *field = m->fields.p;
    size_t n = m->parts.n;
    ASSERT(depth <= MIME_DEPTH_MAX + 1 && m->fields.n <= MIME_HEADERS_MAX);
    check_text(m->subject);
    check_text(m->message_id);
    check_addresses(m->from);
    check_addresses(m->to);
    for (size_t i = 0; i < m->fields.n && i < 20; i++)
        check_text(mime_header(arena, m, arena_cstr(arena, field[i].name)));
    for (size_t i = 0; i < m->parts.n; i++) {
        struct str text = mime_part_text(arena, &part[i]);
        check_text(text);
        check_text(part[i].file_name);
        ASSERT(text.n <= MIME_TEXT_MAX_BYTES && !memchr(text.p ? text.p : "", '\r', text.n));
        if (part[i].message)
            n += check_message(arena, part[i].message, depth + 1);
    }
    ASSERT(n <= MIME_PARTS_MAX);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool started;
    if (!started)
        mime_start();
    started = true;
    struct arena *arena = arena_new_with(SIZE_MAX / 2);
    const struct mime_read *m = mime_read(arena, (struct str){ (const char *) data, size });
    ASSERT(arena_used(arena) <= MIME_MEMORY_MAX_BYTES);
    (void) check_message(arena, m, 0);
    arena_free(&arena);
    return 0;
}
