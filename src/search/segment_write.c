/* The payload goes to the file at once; references, terms and texts are behind it and wait
 * in spills. */
#include "search/segment_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "base/mem.h"
#include "search/checksum.h"
#include "search/stream.h"

struct segment_writer {
    char *folder;
    uint64_t id;
    int fd;
    struct stream file, refs, terms, text, signs;
    struct str pending; /* the term, until it is known whether it has few rows */
    char pending_text[INDEX_TAG_MAX_BYTES];
    uint32_t few[POSTINGS_FEW_MAX], few_count; /* its rows */
    uint32_t term_count;
    uint64_t ref_count; /* in units of four bytes */
    struct segment_header header;
    enum section section; /* that is being written */
};

static struct str draft_path(struct arena *arena, const char *folder, uint64_t id) {
    return arena_printf(arena, "%s.new", segment_path(arena, folder, id).p);
}

enum rc segment_writer_new(struct ctx *ctx, const char *folder, uint64_t id,
                           struct segment_writer **ret_writer) {
    struct str path = draft_path(ctx->arena, folder, id);
    int fd = open(path.p, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(ctx, E_IO, "open %s: %s", path.p, error_text(errno));
    struct segment_writer *w = MEM_NEW(struct segment_writer);
    w->folder = mem_strdup(folder);
    w->id = id;
    w->fd = fd;
    w->file = stream_to(fd);
    w->file.keeps_sums = true;
    w->refs = stream_spill(w->folder);
    w->terms = stream_spill(w->folder);
    w->text = stream_spill(w->folder);
    w->signs = stream_spill(w->folder);
    if (lseek(fd, (off_t) sizeof w->header, SEEK_SET) < 0)
        w->file.error = errno;
    stream_pad(&w->file, SEGMENT_ALIGN, sizeof w->header);
    w->header.offsets[SECTION_PAYLOAD] = sizeof w->header + w->file.size;
    *ret_writer = w;
    return OK;
}

void segment_writer_free(struct segment_writer **writer) {
    struct segment_writer *w = *writer;
    if (!w)
        return;
    if (w->fd >= 0)
        (void) close(w->fd); /* a draft */
    struct arena *arena = arena_new();
    (void) unlink(draft_path(arena, w->folder, w->id).p); /* else index_open does */
    arena_free(&arena);
    stream_done(&w->file);
    stream_done(&w->refs);
    stream_done(&w->terms);
    stream_done(&w->text);
    stream_done(&w->signs);
    mem_free(w->folder);
    mem_free(w);
    *writer = NULL;
}

/* --- terms --- */

static void begin_term(struct segment_writer *w, uint32_t flag) {
    struct segment_term term = { (uint32_t) w->text.size, (uint32_t) w->ref_count | flag };
    uint64_t sign = sign_of(w->pending);
    if (w->term_count % SEGMENT_STRIDE == 0)
        stream_write(&w->signs, &sign, sizeof sign);
    w->term_count++;
    stream_write(&w->terms, &term, sizeof term);
    stream_write(&w->text, w->pending.p, w->pending.n);
    w->pending = STR_NONE;
}

static void write_chunk(struct segment_writer *w, uint32_t chunk, struct container rows) {
    uint16_t ids[CONTAINER_IDS_MAX];
    uint64_t words[CHUNK_WORDS] = { 0 };
    bool is_list = rows.n <= CONTAINER_IDS_MAX;
    const void *payload = is_list ? (const void *) rows.ids : rows.words;
    if (!payload && is_list) { /* the other form is wanted */
        container_ids(rows, ids);
        payload = ids;
    } else if (!payload) {
        container_add_to(rows, words);
        payload = words;
    }
    if (!is_list)
        stream_pad(&w->file, SEGMENT_ALIGN, sizeof w->header);
    uint64_t at = sizeof w->header + w->file.size - w->header.offsets[SECTION_PAYLOAD];
    if (at / 2 > UINT32_MAX)
        w->file.error = EFBIG;
    struct chunk_ref ref = { (uint16_t) chunk, (uint16_t) (rows.n - 1), (uint32_t) (at / 2) };
    stream_write(&w->refs, &ref, sizeof ref);
    w->ref_count += 2;
    stream_write(&w->file, payload, is_list ? rows.n * sizeof(uint16_t) : sizeof words);
}

static void write_few(struct segment_writer *w) {
    begin_term(w, SEGMENT_FEW);
    stream_write(&w->refs, w->few, w->few_count * sizeof *w->few);
    w->ref_count += w->few_count;
    w->few_count = 0;
}

/* The rows that waited, of a term that has more. */
static void write_few_as_chunks(struct segment_writer *w) {
    begin_term(w, 0);
    for (uint32_t i = 0; i < w->few_count;) {
        uint16_t ids[POSTINGS_FEW_MAX];
        uint32_t chunk = w->few[i] / CHUNK_ROWS, n = 0;
        for (; i < w->few_count && w->few[i] / CHUNK_ROWS == chunk; i++)
            ids[n++] = (uint16_t) (w->few[i] % CHUNK_ROWS);
        write_chunk(w, chunk, (struct container){ .n = n, .ids = ids });
    }
    w->few_count = 0;
}

static void end_term(struct segment_writer *w) {
    if (w->few_count)
        write_few(w);
}

void segment_writer_term(struct segment_writer *w, struct str text) {
    ASSERT(text.n <= sizeof w->pending_text);
    end_term(w);
    memcpy(w->pending_text, text.p, text.n);
    w->pending = (struct str){ w->pending_text, text.n };
}

void segment_writer_chunk(struct segment_writer *w, uint32_t chunk, struct container rows) {
    if (str_is_set(w->pending) && w->few_count + rows.n <= POSTINGS_FEW_MAX) {
        uint16_t ids[POSTINGS_FEW_MAX];
        container_ids(rows, ids);
        for (uint32_t i = 0; i < rows.n; i++)
            w->few[w->few_count++] = chunk * CHUNK_ROWS + ids[i];
        return;
    }
    if (str_is_set(w->pending))
        write_few_as_chunks(w);
    write_chunk(w, chunk, rows);
}

/* --- sections --- */

static void end_section(struct segment_writer *w) {
    w->header.sizes[w->section]
        = sizeof w->header + w->file.size - w->header.offsets[w->section];
}

static void begin_section(struct segment_writer *w, enum section section) {
    end_section(w);
    stream_pad(&w->file, SEGMENT_ALIGN, sizeof w->header);
    w->section = section;
    w->header.offsets[section] = sizeof w->header + w->file.size;
}

static void end_terms(struct segment_writer *w) {
    end_term(w);
    struct segment_term end = { (uint32_t) w->text.size, (uint32_t) w->ref_count };
    if (w->text.size > UINT32_MAX || w->ref_count >= SEGMENT_FEW)
        w->file.error = EFBIG;
    stream_write(&w->terms, &end, sizeof end);
    w->header.terms = w->term_count;
    begin_section(w, SECTION_REFS);
    stream_copy(&w->file, &w->refs);
    begin_section(w, SECTION_TERMS);
    stream_copy(&w->file, &w->terms);
    begin_section(w, SECTION_TEXT);
    stream_copy(&w->file, &w->text);
    begin_section(w, SECTION_SIGNS);
    stream_copy(&w->file, &w->signs);
}

void segment_writer_section(struct segment_writer *w, enum section section) {
    if (section == SECTION_KEYS)
        end_terms(w);
    ASSERT(section == w->section + 1);
    begin_section(w, section);
}

void segment_writer_bytes(struct segment_writer *w, const void *p, size_t n) {
    stream_write(&w->file, p, n);
}

/* --- end --- */

static void write_header(struct segment_writer *w, const struct segment_header *counts) {
    struct segment_header *h = &w->header;
    memcpy(h->magic, SEGMENT_MAGIC, sizeof h->magic);
    h->kind = counts->kind;
    h->rows = counts->rows;
    h->groups = counts->groups;
    h->grouped = counts->grouped;
    h->size = sizeof *h + w->file.size;
    h->sums = checksum(0, w->file.sums, w->file.sum_count * sizeof *w->file.sums);
    h->header = checksum(0, h, offsetof(struct segment_header, header));
    ssize_t n = pwrite(w->fd, h, sizeof *h, 0);
    if (n != (ssize_t) sizeof *h && !w->file.error)
        w->file.error = n < 0 ? errno : EIO;
}

/* Closes the file, which is on disk then, or says why not. */
static int close_synced(struct segment_writer *w) {
    int error = w->file.error;
    if (!error && fsync(w->fd) != 0)
        error = errno;
    if (close(w->fd) != 0 && !error)
        error = errno;
    w->fd = -1;
    return error;
}

enum rc segment_writer_finish(struct ctx *ctx, struct segment_writer **writer,
                              const struct segment_header *counts) {
    struct segment_writer *w = *writer;
    ASSERT(w->section == SECTION_VALUES);
    begin_section(w, SECTION_SUMS);
    stream_flush(&w->file);
    w->file.keeps_sums = false;
    stream_write(&w->file, w->file.sums, w->file.sum_count * sizeof *w->file.sums);
    end_section(w);
    stream_flush(&w->file);
    write_header(w, counts);
    int error = close_synced(w);
    struct str path = segment_path(ctx->arena, w->folder, w->id);
    if (!error && rename(draft_path(ctx->arena, w->folder, w->id).p, path.p) != 0)
        error = errno;
    enum rc rc = error ? fail(ctx, E_IO, "write %s: %s", path.p, error_text(error))
                       : file_sync_directory(ctx, w->folder);
    if (rc != OK)
        (void) unlink(path.p); /* else index_open does */
    segment_writer_free(writer);
    return rc;
}
