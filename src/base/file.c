#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/rand.h"

const char *error_text(int error) {
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

static enum rc open_failed(struct ctx *ctx, const char *path) {
    enum rc rc = errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
    return fail(ctx, rc, "open %s: %s", path, error_text(errno));
}

/* Up to `max` + 1 bytes, so that one too many is noticed. */
static enum rc read_all(struct ctx *ctx, int fd, const char *path, struct buf *b) {
    enum { PIECE = 4096 };
    while (buf_result(b) == OK) {
        char *space = buf_space(b, PIECE);
        ssize_t n = space ? read(fd, space, PIECE) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(ctx, E_IO, "read %s: %s", path, error_text(errno));
        if (n == 0)
            break;
        buf_added(b, (size_t) n);
    }
    return OK;
}

enum rc file_read(struct ctx *ctx, const char *path, size_t max, struct str *ret_text) {
    enum { SLACK = 8192 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return open_failed(ctx, path);
    struct buf b = buf_in(ctx->arena, max + SLACK);
    enum rc rc = read_all(ctx, fd, path, &b);
    (void) close(fd); /* opened for reading: nothing can be lost */
    if (rc)
        return rc;
    if (buf_result(&b) != OK || b.n > max)
        return fail(ctx, E_TOO_LARGE, "%s is larger than %zu bytes", path, max);
    *ret_text = arena_str(ctx->arena, buf_text(&b));
    return OK;
}

static bool write_all(int fd, struct str text) {
    while (text.n) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            text = str_sub(text, (size_t) n, text.n);
    }
    return true;
}

/* The directory part of a path, for fsync. */
static const char *parent(struct ctx *ctx, const char *path) {
    struct str whole = str_of(path);
    size_t slash = str_find_last(whole, '/');
    if (slash == whole.n)
        return ".";
    return slash == 0 ? "/" : arena_cstr(ctx->arena, str_sub(whole, 0, slash));
}

enum rc file_sync_directory(struct ctx *ctx, const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return open_failed(ctx, path);
    bool synced = fsync(fd) == 0;
    int error = errno;
    (void) close(fd); /* opened for reading */
    return synced ? OK : fail(ctx, E_IO, "sync %s: %s", path, error_text(error));
}

/* Written under another name and linked: link(2), unlike rename(2), refuses to
 * replace what another process made meanwhile. */
enum rc file_create(struct ctx *ctx, const char *path, struct str text) {
    /* A name of its own each time: a draft left by a crash may be a second name of
     * the finished file, and must not be written to again. */
    struct str suffix = rand_base62(ctx->arena, 12);
    struct str draft = arena_printf(ctx->arena, "%s.%.*s.new", path, STR_FMT(suffix));
    int fd = open(draft.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return open_failed(ctx, draft.p);
    bool written = write_all(fd, text) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && written) {
        written = false;
        error = errno;
    }
    bool linked = written && link(draft.p, path) == 0;
    if (written && !linked)
        error = errno;
    (void) unlink(draft.p); /* a left-over draft is harmless */
    if (linked)
        return file_sync_directory(ctx, parent(ctx, path));
    return error == EEXIST ? E_CONFLICT : fail(ctx, E_IO, "create %s: %s", path, error_text(error));
}
