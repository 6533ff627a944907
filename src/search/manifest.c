#include "search/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "search/checksum.h"
#include "search/stream.h"

/* Changes with every change of the manifest's or the segments' layout. */
#define MANIFEST_MAGIC "OUTRIDX\x03"
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
    struct entry entry = { .id = s->id, .rows = s->source.rows, .checksum = s->header->sums };
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

static bool read_dead(struct segment *s, uint32_t chunks, struct str *rest) {
    struct dead_chunk *dead = MEM_NEW(struct dead_chunk); /* in the file it is not aligned */
    bool sound = true;
    for (uint32_t i = 0; i < chunks && sound; i++) {
        const void *from = take(rest, sizeof *dead);
        if (from)
            memcpy(dead, from, sizeof *dead);
        sound = from && dead->chunk < s->source.chunks
                && segment_kill_chunk(s, (uint32_t) dead->chunk, dead->words);
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
    bool sound = s->source.rows == entry.rows && s->header->sums == entry.checksum
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
    if (head->segments > rest->n / sizeof(struct entry) || head->segments > MANIFEST_SEGMENTS_MAX)
        return fail(ctx, E_INVALID, "%s: the manifest has too many segments", options->folder);
    return OK;
}

static enum rc read_all(struct ctx *ctx, const struct index_options *options, struct str rest,
                        struct manifest *ret_manifest) {
    struct head head;
    enum rc rc = read_head(ctx, options, &rest, &head);
    struct manifest m = { 0 };
    if (rc != OK)
        return rc;
    m.seq = head.seq;
    m.next_id = head.next_id;
    rc = read_segments(ctx, options, rest, head.segments, &m);
    if (rc == OK)
        *ret_manifest = m;
    return rc;
}

/* The file has a bit for every row of some chunks, which is not for the caller's memory. */
enum rc manifest_read(struct ctx *ctx, const struct index_options *options,
                      struct manifest *ret_manifest) {
    struct ctx file = { .arena = arena_new(), .clock = ctx->clock };
    struct str text, path = path_in(ctx->arena, options->folder, MANIFEST_NAME);
    enum rc rc = file_read(&file, path.p, MANIFEST_MAX_BYTES, &text);
    if (rc == OK)
        rc = read_all(ctx, options, text, ret_manifest);
    else
        rc = fail(ctx, rc == E_TOO_LARGE ? E_INVALID : rc, "%.*s", STR_FMT(file.err.text));
    arena_free(&file.arena);
    return rc;
}

/* --- cleaning --- */

/* The number in "0000000000000012.seg"; 0, which is none, for other names. */
static uint64_t id_of(struct str name) {
    enum { DIGITS = 16 };
    uint64_t id = 0;
    if (name.n <= DIGITS || !str_eq(str_sub(name, DIGITS, name.n), STR(".seg")))
        return 0;
    for (size_t i = 0; i < DIGITS; i++) {
        char c = name.p[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return 0;
        id = id << 4 | (uint64_t) (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return id;
}

static bool is_named(const struct manifest *m, struct str name) {
    bool found = m && str_eq(name, STR(MANIFEST_NAME));
    uint64_t id = id_of(name);
    for (size_t i = 0; m && id && i < m->n && !found; i++)
        found = m->segments[i]->id == id;
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
        if (entry->d_name[0] != '.' && !is_named(m, str_of(entry->d_name)))
            (void) unlinkat(dirfd(dir), entry->d_name, 0); /* else next time */
    (void) closedir(dir);
    return OK;
}

void manifest_forget(const char *folder) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    if (manifest_clean(&ctx, folder, NULL) != OK)
        log_warn(&ctx, "search index not removed", LOG_S("reason", ctx.err.text));
    arena_free(&ctx.arena);
}
