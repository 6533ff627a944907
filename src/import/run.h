/* A whole import: reads rows, normalises, writes batch by batch. Memory does not grow
 * with the file. Interrupted at any point it can be run again: batches are transactions
 * and a row that is there already changes nothing. */
#ifndef IMPORT_RUN_H
#define IMPORT_RUN_H

#include "base/ctx.h"
#include "data/csv.h"
#include "import/rows.h"

struct import_summary {
    int64_t imported, updated, unchanged, rejected;
};

struct import_options {
    enum import_kind kind;
    enum reader_format format;
    struct strs overrides; /* "Their Header=our_field" (data/headers.h) */
    bool dry_run;        /* does everything and keeps nothing */
    const struct lead_list *into; /* IMPORT_LEADS: see import/leads.h */

    /* Called for every rejected row, with its beginning (cells with commas between them when
     * the reader could read it), and after every batch; `arg` is passed on. */
    void (*on_rejected)(void *arg, size_t line, struct str reason, struct str text);
    void (*on_progress)(void *arg, uint64_t bytes, const struct import_summary *so_far);
    void *arg;
};

/* Imports from `fd`, which stays the caller's. Failures of single rows are only counted;
 * E_INVALID (a wrong choice of columns), E_UNSUPPORTED (no text file), E_IO and E_DB end
 * it, with the reason in ctx->err; what earlier batches wrote stays. *ret_summary is
 * filled in any case. */
MUST_USE enum rc import_run(struct ctx *ctx, int fd, const struct import_options *options,
                            struct import_summary *ret_summary);

#endif
