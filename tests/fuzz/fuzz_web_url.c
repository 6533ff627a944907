/* Any text as a web address: what is taken has a host, and is taken again as it is. */
#include "base/check.h"
#include "net/web_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct address_rules strict;
    struct arena *arena = arena_new();
    struct str url = STR_NONE, again = STR_NONE, reason = STR_NONE, host = STR_NONE, path = STR_NONE;
    struct str text = { (const char *) data, size };
    if (web_url_read(arena, text, &strict, &url, &reason) == OK) {
        web_url_split(arena, url, &host, &path);
        ASSERT(host.n > 0 && path.n > 0 && path.p[0] == '/');
        ASSERT(web_url_read(arena, url, &strict, &again, &reason) == OK);
        ASSERT(str_eq(url, again));
    }
    arena_free(&arena);
    return 0;
}
