/* Whole small files: configuration, keys. What is large or streamed (imports,
 * backups) is read piece by piece where it is used. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/ctx.h"
#include "base/rc.h"
#include "base/str.h"

/* English text of an errno: static storage and, unlike strerror, safe in threads. */
const char *error_text(int error);

/* The content of `path`, at most `max` bytes, NUL-terminated behind its end, on the
 * arena. E_NOT_FOUND without such a file, E_TOO_LARGE, E_DENIED, E_IO; the reason,
 * which names the file, is in ctx->err. */
MUST_USE enum rc file_read(struct ctx *ctx, const char *path, size_t max, struct str *ret_text);

/* Makes `path` with `text`, readable by its owner alone, complete and on disk when
 * this returns OK: a crash leaves the file or no file. E_CONFLICT, without a message,
 * when there is one already: it is never replaced. */
MUST_USE enum rc file_create(struct ctx *ctx, const char *path, struct str text);

/* Makes the names in a directory durable after a rename or a new file. */
MUST_USE enum rc file_sync_directory(struct ctx *ctx, const char *path);

#endif
