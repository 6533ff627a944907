#include "search/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "search/checksum.h"
#include "search/stream.h"

/* Changes with every change of the manifest's or the segments' layout. */
#define MANIFEST_MAGIC "OUTRIDX\x01"
#define MANIFEST_NAME "manifest"

enum { MANIFEST_MAX_BYTES = 32 * 1024 * 1024 };

struct head {
    char magic[8];
    uint64_t identity;
    int64_t seq;
    uint64_t next_id;
    uint32_t kind, segments;
};

/* Followed by its dead chunks. */
struct entry {
    uint64_t id;
    uint32_t rows, checksum, dead_chunks, unused;
};

struct dead_chunk {
    uint64_t chunk;
    uint64_t words[CHUNK_WORDS];
};

static struct str path_in(struct arena *arena, const char *folder, const char *name) {
    return arena_printf(arena, "%s/%s", folder, name);
}

/* --- writing --- */

static void write_entry(struct stream *out, const struct segment *s) {
    struct entry entry = { .id = s->id, .rows = s->source.rows, .checksum = s->checksum };
    for (uint32_t i = 0; i < s->source.chunks; i++)
        entry.dead_chunks += s->dead_counts[i] != 0;
    stream_write(out, &entry, sizeof entry);
    for (uint64_t i = 0; i < s->source.chunks; i++) {
        if (s->dead_counts[i] == 0)
            continue;
        stream_write(out, &i, sizeof i);
        stream_write(out, s->dead[i], CHUNK_WORDS * sizeof *s->dead[i]);
    }
}

static int write_all(int fd, const struct index_options *options, const struct manifest *m) {
    struct head head = { .identity = options->identity,
                         .seq = m->seq,
                         .next_id = m->next_id,
                         .kind = options->kind,
                         .segments = (uint32_t) m->n };
    memcpy(head.magic, MANIFEST_MAGIC, sizeof head.magic);
    struct stream out = stream_to(fd);
    stream_write(&out, &head, sizeof head);
    for (size_t i = 0; i < m->n; i++)
        write_entry(&out, m->segments[i]);
    stream_flush(&out);
    uint32_t sum = out.checksum;
    stream_write(&out, &sum, sizeof sum);
    stream_flush(&out);
    int error = out.error;
    stream_done(&out);
    return error || fsync(fd) == 0 ? error : errno;
}

enum rc manifest_write(struct ctx *ctx, const struct index_options *options,
                       const struct manifest *m) {
    struct str path = path_in(ctx->arena, options->folder, MANIFEST_NAME);
    struct str draft = path_in(ctx->arena, options->folder, MANIFEST_NAME ".new");
    int fd = open(draft.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(ctx, E_IO, "open %s: %s", draft.p, error_text(errno));
    int error = write_all(fd, options, m);
    if (close(fd) != 0 && !error)
        error = errno;
    if (!error && rename(draft.p, path.p) != 0)
        error = errno;
    if (error)
        return fail(ctx, E_IO, "write %s: %s", path.p, error_text(error));
    return file_sync_directory(ctx, options->folder);
}

/* --- reading --- */

/* Takes `size` bytes off the front; NULL when there are fewer. */
static const void *take(struct str *rest, size_t size) {
    const void *p = rest->p;
    if (rest->n < size)
        return NULL;
    *rest = str_sub(*rest, size, rest->n);
    return p;
}

static bool kill_chunk(struct segment *s, const struct dead_chunk *dead) {
    if (dead->chunk >= s->source.chunks)
        return false;
    uint32_t first = (uint32_t) dead->chunk * CHUNK_ROWS;
    uint64_t words[CHUNK_WORDS]; /* in the file they are not aligned */
    memcpy(words, (const char *) dead + offsetof(struct dead_chunk, words), sizeof words);
    for (uint32_t id = words_next(words, 0); id < CHUNK_ROWS; id = words_next(words, id + 1)) {
        if (id >= source_chunk_rows(&s->source, (uint32_t) dead->chunk))
            return false;
        (void) segment_kill(s, first + id); /* true: all are alive yet */
    }
    return true;
}

static bool read_dead(struct segment *s, uint32_t chunks, struct str *rest) {
    struct dead_chunk *dead = MEM_NEW(struct dead_chunk);
    bool sound = true;
    for (uint32_t i = 0; i < chunks && sound; i++) {
        const void *from = take(rest, sizeof *dead);
        if (from)
            memcpy(dead, from, sizeof *dead);
        sound = from && kill_chunk(s, dead);
    }
    mem_free(dead);
    return sound;
}

static enum rc read_segment(struct ctx *ctx, const struct index_options *options,
                            struct str *rest, struct manifest *m) {
    struct entry entry;
    const void *from = take(rest, sizeof entry);
    if (!from)
        return fail(ctx, E_INVALID, "%s: the manifest ends too early", options->folder);
    memcpy(&entry, from, sizeof entry);
    struct segment *s = NULL;
    enum rc rc = segment_open(ctx, options->folder, entry.id, &s);
    if (rc != OK)
        return rc == E_NOT_FOUND ? E_INVALID : rc;
    m->segments[m->n++] = s;
    bool sound = s->source.rows == entry.rows && s->checksum == entry.checksum
                 && (s->source.values[0] != NULL) == (options->kind == INDEX_COMPANIES)
                 && read_dead(s, entry.dead_chunks, rest);
    return sound ? OK : fail(ctx, E_INVALID, "%s: a segment is not the manifest's", options->folder);
}

static enum rc read_segments(struct ctx *ctx, const struct index_options *options,
                             struct str rest, uint32_t n, struct manifest *m) {
    enum rc rc = OK;
    m->segments = ARENA_ARRAY(ctx->arena, (size_t) n + 1, struct segment *);
    while (m->n < n && rc == OK)
        rc = read_segment(ctx, options, &rest, m);
    if (rc == OK && rest.n)
        rc = fail(ctx, E_INVALID, "%s: the manifest goes on", options->folder);
    for (size_t i = 0; i < m->n && rc != OK; i++)
        segment_close(&m->segments[i]);
    return rc;
}

static enum rc read_head(struct ctx *ctx, const struct index_options *options, struct str *rest,
                         struct head *head) {
    uint32_t sum;
    if (rest->n < sizeof *head + sizeof sum || memcmp(rest->p, MANIFEST_MAGIC, 8) != 0)
        return fail(ctx, E_CONFLICT, "%s is not of this version", options->folder);
    rest->n -= sizeof sum;
    memcpy(&sum, rest->p + rest->n, sizeof sum);
    if (sum != checksum(0, rest->p, rest->n))
        return fail(ctx, E_INVALID, "%s: the manifest is damaged", options->folder);
    memcpy(head, take(rest, sizeof *head), sizeof *head);
    if (head->kind != options->kind || head->identity != options->identity)
        return fail(ctx, E_CONFLICT, "%s is of another database", options->folder);
    if (head->segments > rest->n / sizeof(struct entry))
        return fail(ctx, E_INVALID, "%s: the manifest is too short", options->folder);
    return OK;
}

enum rc manifest_read(struct ctx *ctx, const struct index_options *options,
                      struct manifest *ret_manifest) {
    struct str rest, path = path_in(ctx->arena, options->folder, MANIFEST_NAME);
    struct head head;
    enum rc rc = file_read(ctx, path.p, MANIFEST_MAX_BYTES, &rest);
    if (rc == OK)
        rc = read_head(ctx, options, &rest, &head);
    if (rc != OK)
        return rc == E_TOO_LARGE ? E_INVALID : rc;
    struct manifest m = { .seq = head.seq, .next_id = head.next_id };
    rc = read_segments(ctx, options, rest, head.segments, &m);
    if (rc == OK)
        *ret_manifest = m;
    return rc;
}

/* --- cleaning --- */

static bool is_named(struct ctx *ctx, const char *folder, const struct manifest *m,
                     const char *name) {
    if (!m)
        return false;
    bool found = str_eq(str_of(name), STR(MANIFEST_NAME));
    struct str path = path_in(ctx->arena, folder, name);
    for (size_t i = 0; i < m->n && !found; i++)
        found = str_eq(segment_path(ctx->arena, folder, m->segments[i]->id), path);
    return found;
}

enum rc manifest_clean(struct ctx *ctx, const char *folder, const struct manifest *m) {
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return fail(ctx, E_IO, "make %s: %s", folder, error_text(errno));
    /* First: a crash here leaves no manifest that names what is gone. */
    if (!m && unlink(path_in(ctx->arena, folder, MANIFEST_NAME).p) != 0 && errno != ENOENT)
        return fail(ctx, E_IO, "remove the manifest of %s: %s", folder, error_text(errno));
    enum rc rc = m ? OK : file_sync_directory(ctx, folder);
    DIR *dir = rc == OK ? opendir(folder) : NULL;
    if (!dir)
        return rc == OK ? fail(ctx, E_IO, "read %s: %s", folder, error_text(errno)) : rc;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && !is_named(ctx, folder, m, entry->d_name))
            (void) unlink(path_in(ctx->arena, folder, entry->d_name).p); /* else next time */
    (void) closedir(dir);
    return OK;
}
