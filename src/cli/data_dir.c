/* Two lock files, with flock(2), so that a killed process leaves nothing behind:
 * use.lock is shared by everybody and exclusive for whoever replaces the database;
 * serve.lock is exclusive for the server. */
#include "cli/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum rc data_dir_make(struct ctx *ctx, const char *path) {
    struct stat info;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(ctx, E_IO, "cannot make the data directory %s: %s", path, error_text(errno));
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return fail(ctx, E_IO, "%s is not a directory", path);
    return OK;
}

/* The open, locked file, or -1. */
static int lock_file(struct ctx *ctx, const char *directory, const char *name, int operation) {
    struct str path = arena_printf(ctx->arena, "%s/%s", directory, name);
    int fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        (void) fail(ctx, E_IO, "open %s: %s", path.p, error_text(errno));
        return -1;
    }
    if (flock(fd, operation | LOCK_NB) == 0)
        return fd;
    if (errno != EWOULDBLOCK)
        (void) fail(ctx, E_IO, "lock %s: %s", path.p, error_text(errno));
    (void) close(fd); /* nothing was written */
    return -1;
}

enum rc data_dir_take(struct ctx *ctx, const char *path, enum data_dir_use use,
                      struct data_dir_lock *ret_lock) {
    struct data_dir_lock lock = DATA_DIR_UNLOCKED;
    lock.use_fd = lock_file(ctx, path, "use.lock", use == DATA_DIR_ALONE ? LOCK_EX : LOCK_SH);
    if (lock.use_fd < 0 && use == DATA_DIR_ALONE)
        return fail(ctx, E_CONFLICT, "%s is in use by a server or another command; stop it first",
                    path);
    if (lock.use_fd < 0)
        return fail(ctx, E_CONFLICT, "%s is being restored; try again when that is done", path);
    if (use == DATA_DIR_SERVER) {
        lock.server_fd = lock_file(ctx, path, "serve.lock", LOCK_EX);
        if (lock.server_fd < 0) {
            data_dir_release(&lock);
            return fail(ctx, E_CONFLICT, "another server uses %s; stop it first, or use PostgreSQL "
                        "to run several", path);
        }
    }
    *ret_lock = lock;
    return OK;
}

void data_dir_release(struct data_dir_lock *lock) {
    if (lock->server_fd >= 0)
        (void) close(lock->server_fd); /* nothing was written */
    if (lock->use_fd >= 0)
        (void) close(lock->use_fd);
    *lock = DATA_DIR_UNLOCKED;
}
