#include "http/errors.h"

#include "base/check.h"

static const struct error_code codes[] = {
#define ERROR(code, status, title, detail) { #code, status, title, detail },
#include "http/errors.def"
#undef ERROR
};

/* What the client is told when nothing else is known. The rest is ours alone. */
static const char *const code_of_rc[RC_COUNT] = {
    [OK] = "internal_server_error",
    [E_NOT_FOUND] = "not_found",
    [E_INVALID] = "malformed_request",
    [E_CONFLICT] = "conflict",
    [E_LIMIT] = "rate_limited",
    [E_TOO_LARGE] = "content_too_large",
    [E_TIMEOUT] = "request_timeout",
    [E_IO] = "internal_server_error",
    [E_PROTO] = "internal_server_error",
    [E_DB] = "internal_server_error",
    [E_DENIED] = "forbidden",
    [E_CREDITS] = "insufficient_credits",
    [E_REMOVED] = "unavailable_for_legal_reasons",
    [E_CANCELED] = "service_unavailable",
    [E_UNSUPPORTED] = "unsupported_value",
};

const struct error_code *error_codes(size_t *ret_n) {
    *ret_n = LENGTH(codes);
    return codes;
}

const struct error_code *error_find(const char *code) {
    for (size_t i = 0; i < LENGTH(codes); i++)
        if (!strcmp(codes[i].code, code))
            return &codes[i];
    return NULL;
}

const struct error_code *error_of_status(int status) {
    for (size_t i = 0; i < LENGTH(codes); i++)
        if (codes[i].status == status)
            return &codes[i];
    return NULL;
}

static const struct error_code *row_of(const char *code) {
    const struct error_code *row = error_find(code);
    ASSERT(row); /* a code that http/errors.def does not have */
    return row;
}

/* The problems to be answered: none when the failure is ours. */
static const struct problem *shown_problems(const struct ctx *ctx, enum rc rc) {
    bool internal = row_of(code_of_rc[rc])->status == 500;
    return internal && ctx->err.rc != OK ? NULL : ctx->problems;
}

int errors_status(const struct ctx *ctx, enum rc rc) {
    ASSERT(rc != OK);
    const struct problem *first = shown_problems(ctx, rc);
    return row_of(first ? first->code : code_of_rc[rc])->status;
}

/* Unique for this occurrence and found in the log by its first part. */
static void write_id(struct json_writer *w, const struct ctx *ctx, size_t index) {
    if (!str_is_set(ctx->request_id))
        return;
    struct str id = arena_printf(ctx->arena, "%.*s-%zu", STR_FMT(ctx->request_id), index);
    json_put_str(w, "id", id);
}

static void write_source(struct json_writer *w, const struct problem *p) {
    static const char *const members[] = {
        [IN_NOTHING] = NULL,
        [IN_BODY] = "pointer",
        [IN_QUERY] = "parameter",
        [IN_HEADER] = "header",
    };
    if (!members[p->in])
        return;
    json_key(w, STR("source"));
    json_begin_object(w);
    json_put_str(w, members[p->in], p->where);
    json_end_object(w);
}

static void write_error(struct json_writer *w, const struct ctx *ctx, size_t index,
                        const struct error_code *row, const struct problem *p) {
    json_begin_object(w);
    write_id(w, ctx, index);
    json_put_str(w, "status", arena_printf(ctx->arena, "%d", row->status));
    json_put_str(w, "code", str_of(row->code));
    json_put_str(w, "title", str_of(row->title));
    json_put_str(w, "detail", p && p->detail.n ? p->detail : str_of(row->detail));
    if (p)
        write_source(w, p);
    json_end_object(w);
}

/* The row for an error without a problem. */
static const struct error_code *general_row(enum rc rc, int status) {
    const struct error_code *row = row_of(code_of_rc[rc]);
    const struct error_code *other = row->status == status ? NULL : error_of_status(status);
    return other ? other : row;
}

void errors_write(struct json_writer *w, const struct ctx *ctx, enum rc rc, int status) {
    json_begin_object(w);
    json_put_str(w, "object", STR("error"));
    json_key(w, STR("_errors"));
    json_begin_array(w);
    size_t index = 1;
    for (const struct problem *p = shown_problems(ctx, rc); p; p = p->next)
        write_error(w, ctx, index++, row_of(p->code), p);
    if (index == 1)
        write_error(w, ctx, index, general_row(rc, status), NULL);
    json_end_array(w);
    json_end_object(w);
}
