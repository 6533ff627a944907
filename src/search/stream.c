#include "search/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "search/checksum.h"

enum { BUFFER_BYTES = STREAM_BLOCK_BYTES };

struct stream stream_to(int fd) {
    return (struct stream){ .fd = fd, .buffer = mem_alloc(BUFFER_BYTES) };
}

struct stream stream_spill(const char *folder) {
    return (struct stream){ .fd = -1, .folder = folder, .buffer = mem_alloc(BUFFER_BYTES) };
}

void stream_done(struct stream *s) {
    if (s->folder && s->fd >= 0)
        (void) close(s->fd); /* its content is of no use any more */
    mem_free(s->buffer);
    mem_free(s->sums);
    s->buffer = NULL;
    s->sums = NULL;
}

static void keep_sum(struct stream *s) {
    if (!s->keeps_sums || s->n == 0)
        return;
    if (s->sum_count == s->sum_room) {
        s->sum_room = s->sum_room ? s->sum_room * 2 : 64;
        s->sums = mem_resize(s->sums, s->sum_room * sizeof *s->sums);
    }
    s->sums[s->sum_count++] = checksum(0, s->buffer, s->n);
}

/* Its name is gone at once; one that a crash leaves is removed by index_open. */
static void open_spill(struct stream *s) {
    struct arena *arena = arena_new();
    struct str path = arena_printf(arena, "%s/spill-XXXXXX", s->folder);
    s->fd = mkostemp((char *) (uintptr_t) path.p, O_CLOEXEC);
    if (s->fd < 0)
        s->error = errno;
    else
        (void) unlink(path.p);
    arena_free(&arena);
}

void stream_flush(struct stream *s) {
    if (s->fd < 0 && s->folder && !s->error)
        open_spill(s);
    keep_sum(s);
    if (!s->keeps_sums)
        s->checksum = checksum(s->checksum, s->buffer, s->n);
    for (size_t at = 0; at < s->n && !s->error;) {
        ssize_t n = write(s->fd, s->buffer + at, s->n - at);
        if (n > 0)
            at += (size_t) n;
        else if (n < 0 && errno != EINTR)
            s->error = errno;
    }
    s->n = 0;
}

void stream_write(struct stream *s, const void *p, size_t n) {
    const unsigned char *from = p;
    s->size += n;
    while (n) {
        size_t room = BUFFER_BYTES - s->n, part = n < room ? n : room;
        memcpy(s->buffer + s->n, from, part);
        s->n += part;
        from += part;
        n -= part;
        if (s->n == BUFFER_BYTES)
            stream_flush(s);
    }
}

void stream_pad(struct stream *s, size_t to, size_t origin) {
    static const unsigned char zeros[64];
    size_t over = (size_t) ((s->size + origin) % to);
    if (over)
        stream_write(s, zeros, to - over);
}

static void read_back(struct stream *s, struct stream *spill) {
    unsigned char *piece = mem_alloc(BUFFER_BYTES);
    for (off_t at = 0;;) {
        ssize_t n = pread(spill->fd, piece, BUFFER_BYTES, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            s->error = errno;
        if (n <= 0)
            break;
        stream_write(s, piece, (size_t) n);
        at += n;
    }
    mem_free(piece);
}

void stream_copy(struct stream *s, struct stream *spill) {
    if (spill->fd >= 0) {
        stream_flush(spill);
        read_back(s, spill);
    } else {
        stream_write(s, spill->buffer, spill->n);
    }
    if (!s->error)
        s->error = spill->error;
}
