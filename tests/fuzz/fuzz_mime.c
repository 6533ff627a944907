/* Messages from any input: what is written is ASCII in lines that SMTP takes, and no value
 * becomes a header of its own. The input's lines are subject, names, text and a file. */
#include <stdlib.h>

#include "base/arena.h"
#include "net/mime.h"

static void check(struct str source) {
    struct str rest = source, line;
    bool is_header = true;
    while (rest.n && str_cut(&rest, '\n', &line)) {
        if (line.n < 1 || line.n > 999 || line.p[line.n - 1] != '\r')
            abort();
        is_header &= line.n > 1;
        if (is_header && str_starts_nocase(line, STR("Bcc:")))
            abort();
        for (size_t i = 0; i + 1 < line.n; i++)
            if ((unsigned char) line.p[i] >= 128)
                abort();
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n) {
    static bool started;
    if (!started)
        mime_start();
    started = true;
    struct arena *arena = arena_new();
    struct str rest = { (const char *) data, n }, part[4] = { { 0 } };
    for (size_t i = 0; i < 4; i++)
        if (!str_cut(&rest, '\1', &part[i]))
            part[i] = STR("");
    struct mime_file file = { part[3], STR("text/plain"), part[2] };
    struct mime_message m = { .from = { part[1], STR("a@b.example") }, .to = { part[0], STR("c@d.example") },
                              .subject = part[0], .message_id = STR("1@b.example"), .text = part[2],
                              .html = part[1], .files = { &file, 1 } };
    struct str source;
    if (mime_write(arena, &m, &source) == OK)
        check(source);
    arena_free(&arena);
    return 0;
}
