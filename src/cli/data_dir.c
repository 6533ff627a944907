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

/* E_CONFLICT, without a message, when somebody holds it. */
static enum rc lock_file(struct ctx *ctx, const char *directory, const char *name, int operation,
                         int *ret_fd) {
    struct str path = arena_printf(ctx->arena, "%s/%s", directory, name);
    int fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(ctx, E_IO, "open %s: %s", path.p, error_text(errno));
    if (flock(fd, operation | LOCK_NB) == 0) {
        *ret_fd = fd;
        return OK;
    }
    int error = errno;
    (void) close(fd); /* nothing was written */
    return error == EWOULDBLOCK ? E_CONFLICT
                                : fail(ctx, E_IO, "lock %s: %s", path.p, error_text(error));
}

enum rc data_dir_take(struct ctx *ctx, const char *path, enum data_dir_use use,
                      struct data_dir_lock *ret_lock) {
    bool alone = use == DATA_DIR_ALONE;
    struct data_dir_lock lock = DATA_DIR_UNLOCKED;
    enum rc rc = lock_file(ctx, path, "use.lock", alone ? LOCK_EX : LOCK_SH, &lock.use_fd);
    if (rc == E_CONFLICT && alone)
        return fail(ctx, rc, "%s is in use by a server or another command; stop it first", path);
    if (rc == E_CONFLICT)
        return fail(ctx, rc, "%s is being restored; try again when that is done", path);
    if (rc == OK && use == DATA_DIR_SERVER)
        rc = lock_file(ctx, path, "serve.lock", LOCK_EX, &lock.server_fd);
    if (rc != OK)
        data_dir_release(&lock);
    if (rc == E_CONFLICT)
        return fail(ctx, rc, "another server uses %s; stop it first, or use PostgreSQL to run "
                    "several", path);
    if (rc == OK)
        *ret_lock = lock;
    return rc;
}

void data_dir_release(struct data_dir_lock *lock) {
    if (lock->server_fd >= 0)
        (void) close(lock->server_fd); /* nothing was written */
    if (lock->use_fd >= 0)
        (void) close(lock->use_fd);
    *lock = DATA_DIR_UNLOCKED;
}
