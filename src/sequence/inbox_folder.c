#include "sequence/inbox_folder.h"

#include "base/log.h"
#include "sequence/inbox_message.h"
#include "store/services.h"

enum {
    WINDOW = 200,                    /* UIDs that are asked for at once */
    WINDOW_MAX = 1 << 30,
    HEADER_MAX_BYTES = 256 * 1024,
    SOURCE_MAX_BYTES = 4 * 1024 * 1024, /* of one message; what is behind is attachments */
};

struct reading {
    const struct inbox_session *s;
    struct ctx *ctx;
    struct str folder;
    struct folder_position at;
};

static enum rc move_work(struct ctx *ctx, void *arg) {
    const struct reading *r = arg;
    enum rc rc = inbox_hold(ctx, r->s->mailbox->id, r->s->owner);
    return rc == OK ? folder_position_set(ctx, r->s->mailbox->id, r->folder, &r->at) : rc;
}

/* Others' mail moves it, too. */
static enum rc keep_position(struct reading *r) {
    return db_transact(r->ctx, move_work, r);
}

/* --- one message --- */

static enum rc take(struct reading *r, int64_t uid, const struct inbox_place *place, bool *ret_given) {
    struct str source = STR_NONE;
    struct inbound in;
    const struct imap_want whole = { uid, IMAP_MESSAGE, SOURCE_MAX_BYTES };
    enum rc rc = imap_fetch(r->s->imap, r->ctx->arena, &whole, &source);
    *ret_given = rc == OK;
    if (rc != OK)
        return rc;
    inbound_read(r->ctx->arena, source, &in);
    return inbox_receive(r->ctx, r->s->mailbox, &in, source, place);
}

/* *ret_given: the server gave what it was asked for. */
static enum rc look(struct reading *r, int64_t uid, bool *ret_given) {
    const struct inbox_place place
        = { r->s->owner, r->folder, { r->at.uid_validity, opt_int(uid + 1) } };
    enum inbox_interest interest = INBOX_OTHER;
    struct str header = STR_NONE;
    struct inbound in;
    const struct imap_want headers = { uid, IMAP_HEADER, HEADER_MAX_BYTES };
    enum rc rc = imap_fetch(r->s->imap, r->ctx->arena, &headers, &header);
    *ret_given = rc == OK;
    if (rc == OK) {
        inbound_read(r->ctx->arena, header, &in);
        rc = inbox_interest(r->ctx, r->s->mailbox, &in, &interest);
    }
    if (rc == OK && interest != INBOX_OTHER)
        rc = take(r, uid, &place, ret_given);
    return rc == E_NOT_FOUND ? OK : rc; /* deleted since */
}

/* One that nothing can be done with must not keep those behind it: at once where it is the
 * message, after many tries where it may be the server. */
static enum rc look_or_leave(struct reading *r, int64_t uid) {
    bool given = false;
    enum rc rc = look(r, uid, &given);
    bool is_message = rc == E_TOO_LARGE || rc == E_CONFLICT || (rc == E_INVALID && given);
    bool is_server = rc == E_PROTO || (rc == E_INVALID && !given);
    if (!is_message && !(is_server && r->s->leaves_out))
        return rc;
    log_warn(r->ctx, "a message could not be read, leaving it out", LOG_S("mailbox", r->s->mailbox->id),
             LOG_I("uid", uid), LOG_C("why", rc_text(rc)), LOG_S("error", r->ctx->err.text));
    ctx_clear_error(r->ctx);
    r->at.uid_next = opt_int(uid + 1);
    enum rc kept = keep_position(r);
    return kept == OK && rc == E_PROTO ? rc : kept; /* then the connection is of no more use */
}

static bool stops(const struct ctx *ctx) {
    return ctx->services->jobs_stopping && ctx->services->jobs_stopping();
}

/* --- the folder --- */

static enum rc look_at_all(struct reading *r, struct ints uids) {
    struct arena *kept = r->ctx->arena, *arena = arena_new();
    struct str why = STR_NONE;
    enum rc rc = OK;
    r->ctx->arena = arena;
    for (size_t i = 0; rc == OK && i < uids.n; i++) {
        if (uids.p[i] < r->at.uid_next.v)
            continue;
        rc = stops(r->ctx) ? E_CANCELED : look_or_leave(r, uids.p[i]);
        if (rc == OK)
            r->at.uid_next = opt_int(uids.p[i] + 1);
        why = arena_str(kept, r->ctx->err.text);
        ctx_clear_error(r->ctx); /* it lies on the arena */
        arena_reset(arena);
    }
    r->ctx->arena = kept;
    arena_free(&arena);
    return rc == OK ? OK : fail(r->ctx, rc, "%.*s", STR_FMT(why));
}

/* `end`: the first UID that was not given when the folder was opened. A server with gaps
 * between its UIDs is asked for more at once. */
static enum rc read_new(struct reading *r, int64_t end) {
    int64_t window = WINDOW;
    enum rc rc = OK;
    while (rc == OK && r->at.uid_next.v < end) {
        struct ints uids = { 0 };
        int64_t last = end - r->at.uid_next.v > window ? r->at.uid_next.v + window - 1 : end - 1;
        rc = imap_search_range(r->s->imap, r->ctx->arena, r->at.uid_next.v, last, &uids);
        if (rc == OK)
            rc = look_at_all(r, uids);
        if (rc == OK) {
            r->at.uid_next = opt_int(last + 1);
            rc = keep_position(r);
        }
        window = uids.n ? WINDOW : window < WINDOW_MAX ? window * 2 : window;
    }
    return rc;
}

/* The UID behind the last message, where the server does not say it when a folder is opened. */
static enum rc find_end(struct reading *r, struct imap_selected *selected) {
    struct ints uids = { 0 };
    if (selected->uid_next > 0)
        return OK;
    selected->uid_next = 1;
    if (selected->exists <= 0)
        return OK;
    enum rc rc = imap_search_last(r->s->imap, r->ctx->arena, selected->exists, &uids);
    if (rc == OK && uids.n)
        selected->uid_next = uids.p[uids.n - 1] + 1;
    return rc;
}

static enum rc begin_anew(struct reading *r, const struct imap_selected *selected) {
    struct ints uids = { 0 };
    int64_t from = selected->exists > INBOX_RESYNC ? selected->exists - INBOX_RESYNC + 1 : 1;
    enum rc rc = selected->exists > 0 ? imap_search_last(r->s->imap, r->ctx->arena, from, &uids) : OK;
    r->at = (struct folder_position){ opt_int(selected->uid_validity),
                                      opt_int(uids.n ? uids.p[0] : selected->uid_next) };
    return rc == OK ? keep_position(r) : rc;
}

enum rc inbox_read_folder(const struct inbox_session *s, struct str folder) {
    struct reading r = { .s = s, .ctx = s->ctx, .folder = folder };
    struct imap_selected selected;
    enum rc rc = imap_select(s->imap, folder, true, &selected);
    if (rc == OK)
        rc = find_end(&r, &selected);
    if (rc != OK)
        return rc;
    rc = folder_position_get(s->ctx, s->mailbox->id, folder, &r.at);
    if (rc == E_NOT_FOUND) {
        r.at = (struct folder_position){ opt_int(selected.uid_validity), opt_int(selected.uid_next) };
        return keep_position(&r);
    }
    if (rc == OK && r.at.uid_validity.v != selected.uid_validity)
        rc = begin_anew(&r, &selected);
    return rc == OK ? read_new(&r, selected.uid_next) : rc;
}
