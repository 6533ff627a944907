#include "search/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "search/manifest.h"
#include "search/replica.h"
#include "search/segment_check.h"
#include "store/changes.h"

/* A server takes files away that a manifest from a moment ago names. */
enum { TRIES = 5, PAUSE_MS = 50 };

static enum rc add_index(struct ctx *ctx, const char *folder, enum index_kind kind,
                         struct index_inspection *in, int64_t *seq) {
    struct index_options options;
    struct manifest manifest;
    enum rc rc = replica_options(ctx, folder, kind, &options);
    if (rc == OK)
        rc = manifest_read(ctx, &options, &manifest);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < manifest.n; i++) {
        const struct segment *s = manifest.segments[i];
        in->rows[kind == INDEX_COMPANIES] += s->source.rows - s->dead_rows;
        in->bytes += (int64_t) s->bytes;
        in->files++;
        if (rc == OK && segment_check(s, NULL) != OK)
            rc = fail(ctx, E_INVALID, "%s: a file is not as it was written", options.folder);
        segment_close(&manifest.segments[i]);
    }
    *seq = manifest.seq < *seq ? manifest.seq : *seq;
    return rc;
}

/* Whether anything changed since; E_NOT_FOUND when the feed does not go back so far. */
static enum rc look_behind(struct ctx *ctx, int64_t seq, bool *ret_is_behind) {
    struct changes_reader reader;
    struct change_position now;
    struct change change;
    enum rc rc = changes_read(ctx, (struct change_position){ .number = seq }, &reader, &now);
    if (rc != OK)
        return rc;
    *ret_is_behind = changes_next(&reader, &change);
    return changes_close(&reader);
}

static enum rc look(struct ctx *ctx, const char *folder, struct index_inspection *in) {
    static const enum index_state states[] = {
        [E_NOT_FOUND] = INDEX_MISSING, [E_CONFLICT] = INDEX_OF_ANOTHER, [E_INVALID] = INDEX_DAMAGED,
    };
    int64_t seq = INT64_MAX;
    struct index_inspection found = { .state = INDEX_IN_ORDER, .is_open = in->is_open };
    enum rc rc = add_index(ctx, folder, INDEX_PEOPLE, &found, &seq);
    if (rc == OK)
        rc = add_index(ctx, folder, INDEX_COMPANIES, &found, &seq);
    if (rc == E_NOT_FOUND || rc == E_CONFLICT || rc == E_INVALID) {
        found = (struct index_inspection){ .state = states[rc], .is_open = in->is_open,
                                           .reason = ctx->err.text };
        ctx_clear_error(ctx);
        rc = OK;
    } else if (rc == OK) {
        rc = look_behind(ctx, seq, &found.is_behind);
        found.state = rc == E_NOT_FOUND ? INDEX_TOO_OLD : INDEX_IN_ORDER;
        rc = rc == E_NOT_FOUND ? OK : rc;
    }
    if (rc == OK)
        *in = found;
    return rc;
}

/* Whether a process has the index open; E_NOT_FOUND without such an index. */
static enum rc is_open(struct ctx *ctx, const char *folder, int i, bool *ret_is_open) {
    int lock = open(arena_printf(ctx->arena, "%s/%d.lock", folder, i).p, O_RDWR | O_CLOEXEC);
    if (lock < 0 && errno == ENOENT)
        return E_NOT_FOUND;
    if (lock < 0)
        return fail(ctx, E_IO, "open the lock of %s/%d: %s", folder, i, error_text(errno));
    *ret_is_open = flock(lock, LOCK_SH | LOCK_NB) != 0;
    (void) close(lock); /* nothing was written; that lets go of the lock, too */
    return OK;
}

enum rc index_inspect(struct ctx *ctx, const char *folder, int i,
                      struct index_inspection *ret_inspection) {
    struct index_inspection in = { .state = INDEX_MISSING };
    const char *own = arena_printf(ctx->arena, "%s/%d", folder, i).p;
    enum rc rc = is_open(ctx, folder, i, &in.is_open);
    for (int try = 1; rc == OK && in.state != INDEX_IN_ORDER; try++) {
        rc = look(ctx, own, &in);
        if (!in.is_open || try == TRIES)
            break;
        (void) nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000 }, NULL); /* or less */
    }
    if (rc == OK)
        *ret_inspection = in;
    return rc;
}
