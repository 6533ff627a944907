/* Restoring: the backup is copied to a folder of its own inside the data directory,
 * opened and checked there, and only then takes the place of the database, which is
 * moved aside with its log. A crash in between leaves a data directory without a database
 * but with that folder: cli_restore_interrupted, which everything that opens the database
 * asks first, so that nobody starts on an empty one. The same command then finishes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/database.h"
#include "store/changes.h"
#include "store/migrations.h"

enum { PIECE_BYTES = 1024 * 1024 };

/* The database goes first: without it the state is known to be interrupted, while a
 * database that lost its write-ahead log looks whole. */
static const char *const database_files[] = { "outrider.db", "outrider.db-wal",
                                              "outrider.db-shm" };
static const char draft_name[] = "restoring";

struct restore {
    struct ctx *ctx;
    const char *data_dir;
    const char *file;  /* the backup */
    const char *draft; /* folder with the copy of it */
    const char *aside; /* folder for what was there */
};

static const char *join(struct restore *r, const char *directory, const char *name) {
    return arena_printf(r->ctx->arena, "%s/%s", directory, name).p;
}

static bool write_piece(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t written = write(fd, p, n);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            p += written;
            n -= (size_t) written;
        }
    }
    return true;
}

static bool copy_pieces(int from, int to) {
    char *piece = mem_alloc(PIECE_BYTES);
    ssize_t n;
    bool good = true;
    while (good && (n = read(from, piece, PIECE_BYTES)) != 0)
        good = n > 0 ? write_piece(to, piece, (size_t) n) : errno == EINTR;
    mem_free(piece);
    return good && fsync(to) == 0;
}

static enum rc copy_file(struct ctx *ctx, const char *from_path, const char *to_path) {
    int from = open(from_path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return fail(ctx, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s: %s", from_path,
                    error_text(errno));
    int to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = to >= 0 && copy_pieces(from, to);
    int error = errno;
    (void) close(from); /* opened for reading */
    if (to >= 0 && close(to) != 0 && good) {
        good = false;
        error = errno;
    }
    return good ? OK : fail(ctx, E_IO, "copy %s to %s: %s", from_path, to_path, error_text(error));
}

static enum rc check_opened(struct ctx *ctx) {
    int pending = 0;
    enum rc rc = cli_database_check(ctx, true);
    if (rc == OK)
        rc = db_migrate(ctx, migrations, migrations_count, true, &pending);
    if (rc == OK && (size_t) pending == migrations_count)
        rc = fail(ctx, E_INVALID, "the file is a database, but not one of Outrider");
    /* What was derived from the database as it is now must not be taken for this one's; a
     * migration that adds the feed gives it an origin by itself. */
    return rc == OK && pending == 0 ? changes_new_origin(ctx) : rc;
}

/* Opens the copy as a database of its own. */
static enum rc check_draft(struct restore *r) {
    struct ctx inner = { .arena = r->ctx->arena, .clock = r->ctx->clock };
    struct db *db = NULL;
    struct db_options options = { .data_dir = r->draft };
    enum rc rc = db_open(&inner, &options, &db);
    if (rc == OK) {
        inner.db = db_session_open(db);
        rc = check_opened(&inner);
        db_session_close(&inner.db);
    }
    db_close(&db);
    return rc ? fail(r->ctx, rc, "%s was not restored: %.*s", r->file, STR_FMT(inner.err.text))
              : OK;
}

static enum rc move_aside(struct restore *r) {
    bool kept = false;
    if (mkdir(r->aside, 0700) != 0)
        return fail(r->ctx, E_IO, "make %s: %s", r->aside, error_text(errno));
    for (size_t i = 0; i < LENGTH(database_files); i++) {
        const char *from = join(r, r->data_dir, database_files[i]);
        if (rename(from, join(r, r->aside, database_files[i])) == 0)
            kept = true;
        else if (errno != ENOENT)
            return fail(r->ctx, E_IO, "move %s aside: %s", from, error_text(errno));
    }
    if (!kept)
        (void) rmdir(r->aside); /* empty; left behind it would only be in the way */
    else
        fprintf(stderr, "the database as it was is kept in %s\n", r->aside);
    return OK;
}

static enum rc put_in_place(struct restore *r) {
    const char *from = join(r, r->draft, "outrider.db");
    enum rc rc = move_aside(r);
    if (rc)
        return rc;
    if (rename(from, join(r, r->data_dir, "outrider.db")) != 0)
        return fail(r->ctx, E_IO, "move %s in place: %s", from, error_text(errno));
    return file_sync_directory(r->ctx, r->data_dir);
}

/* What is left is of no use to anybody; failing to remove it harms nothing. */
static void remove_draft(struct restore *r) {
    for (size_t i = 0; i < LENGTH(database_files); i++)
        (void) unlink(join(r, r->draft, database_files[i]));
    (void) unlink(join(r, r->draft, "write.lock"));
    (void) rmdir(r->draft);
}

bool cli_restore_interrupted(struct ctx *ctx, const char *data_dir) {
    struct restore r = { .ctx = ctx };
    return access(join(&r, data_dir, "outrider.db"), F_OK) != 0
           && access(join(&r, data_dir, draft_name), F_OK) == 0;
}

static enum rc run_restore(struct restore *r) {
    remove_draft(r); /* of an interrupted one */
    if (mkdir(r->draft, 0700) != 0)
        return fail(r->ctx, E_IO, "make %s: %s", r->draft, error_text(errno));
    enum rc rc = copy_file(r->ctx, r->file, join(r, r->draft, "outrider.db"));
    if (rc == OK)
        rc = check_draft(r);
    if (rc == OK)
        rc = put_in_place(r);
    remove_draft(r);
    return rc;
}

enum rc cli_restore(struct cli *cli) {
    struct ctx *ctx = &cli->ctx;
    if (!str_is_empty(cli->config.database.url))
        return fail(ctx, E_UNSUPPORTED, "use PostgreSQL's own pg_restore for this database");
    enum rc rc = data_dir_make(ctx, cli->data_dir);
    if (rc == OK)
        rc = data_dir_take(ctx, cli->data_dir, DATA_DIR_ALONE, &cli->lock);
    if (rc)
        return rc;
    long long now = ctx_now(ctx);
    struct restore r = {
        .ctx = ctx,
        .data_dir = cli->data_dir,
        .file = cli->args.p[0].p,
        .draft = arena_printf(ctx->arena, "%s/%s", cli->data_dir, draft_name).p,
        .aside = arena_printf(ctx->arena, "%s/before-restore-%lld", cli->data_dir, now).p,
    };
    return run_restore(&r);
}
