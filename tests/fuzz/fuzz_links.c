/* Links within the HTML of messages, and tokens that come back. What is not a link stays byte
 * for byte; no token that was not written is read. */
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "sequence/links.h"

#define ID "0198f652-73a2-7d41-914e-e511382bb808"

static struct secrets *secrets;

static void load(void) {
    char path[] = "/tmp/fuzz-links-XXXXXX";
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) != 0 || unlink(path) != 0 || secrets_load(&ctx, path, &secrets) != OK)
        abort();
    (void) unlink(path);
    arena_free(&ctx.arena);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n) {
    if (!secrets)
        load();
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, n };
    struct link_style style = { secrets, arena, STR("https://o.example"), STR(ID), STR(ID) };
    struct buf out = buf_in(arena, 64 * n + 1000000);
    struct link_to to = { .url = STR("https://a.example/") };
    links_track(&style, text, &out);
    struct str after = buf_text(&out);
    if (!str_contains(after, STR("https://o.example/t/c/")) && !str_eq(after, text))
        abort();
    for (int kind = LINK_UNSUBSCRIBE; kind <= LINK_CONSENT; kind++)
        if (link_read(secrets, arena, (enum link_kind) kind, text, &to) == OK)
            abort();
    arena_free(&arena);
    return 0;
}
