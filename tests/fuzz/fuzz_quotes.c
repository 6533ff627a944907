/* Any bytes as the text and as the HTML of a message: what is cut is UTF-8, no longer than what it was
 * cut from, and nothing only when there was nothing; the snippet is one short line. */
#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "net/mime_read.h"
#include "reply/html_text.h"
#include "reply/quotes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool says_something(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] > ' ' && (unsigned char) s.p[i] < 0x7F)
            return true;
    return false;
}

static void check_cut(struct arena *arena, struct str text) {
    struct str said = quotes_cut(arena, text);
    ASSERT(utf8_is_valid(said) && said.n <= text.n);
    ASSERT(said.n || !says_something(text));
    struct str snippet = quotes_snippet(arena, said);
    ASSERT(utf8_is_valid(snippet) && utf8_count(snippet) <= SNIPPET_CHARACTERS + 1);
    ASSERT(str_find(snippet, '\n') == snippet.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new_with(SIZE_MAX / 2);
    struct str text = mime_to_utf8(arena, (struct str){ (const char *) data, size }, STR_NONE);
    check_cut(arena, text);
    struct str html = html_to_text(arena, text);
    ASSERT(utf8_is_valid(html));
    check_cut(arena, html);
    arena_free(&arena);
    return 0;
}
