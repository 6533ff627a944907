/* One command at a time; untagged responses that come meanwhile go to the command's
 * collector or are passed over. */
#include "net/imap.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/vec.h"
#include "net/imap_parse.h"
#include "net/sasl.h"

enum { SAID_MAX_BYTES = 1000, LOGOUT_MS = 1000, COMMAND_MAX_BYTES = 64 * 1024 };
/* Every response may take reply_ms; all of a command not more than this. */
#define COMMAND_MS (10 * MINUTE_MS)

struct imap {
    struct peer *peer;
    struct arena *scratch;  /* of one command */
    struct arena *response; /* of one response, so that any number of them takes no more */
    bool news;              /* a message came since the folder was opened, between commands */
    int64_t reply_ms;
    size_t response_max;
    unsigned tag;
    struct str tag_text;
    struct strs capabilities; /* slices of capability_text */
    char *capability_text;
    struct buf said;
};

/* Untagged responses of a command. */
typedef void collect(void *arg, const struct imap_response *response);

/* --- responses --- */

static enum rc next_response(struct imap *imap, int64_t ms, struct imap_response *ret_response) {
    size_t n = 0;
    enum rc rc = OK;
    for (;;) {
        struct str received = peer_received(imap->peer);
        enum imap_scan scan = imap_response_scan(received, imap->response_max, &n);
        if (scan == IMAP_BROKEN)
            return E_PROTO;
        if (scan == IMAP_WHOLE)
            break;
        rc = peer_receive(imap->peer, ms, imap->response_max + 1);
        if (rc != OK)
            return rc == E_TOO_LARGE ? E_PROTO : rc;
    }
    arena_reset(imap->response);
    struct str own = arena_str(imap->response, str_sub(peer_received(imap->peer), 0, n));
    peer_take(imap->peer, n);
    rc = imap_response_parse(imap->response, own, ret_response);
    imap->news |= rc == OK && str_eq_nocase(ret_response->name, STR("EXISTS"));
    return rc;
}

static void note_capabilities(struct imap *imap, struct str words) {
    struct str word;
    mem_free(imap->capability_text);
    imap->capability_text = mem_strdup(arena_cstr(imap->scratch, words));
    words = str_of(imap->capability_text);
    imap->capabilities.n = 0;
    while (imap->capabilities.n < 100 && str_word(&words, &word))
        imap->capabilities.p[imap->capabilities.n++] = word;
}

static void note_code(struct imap *imap, struct str code) {
    struct str rest = code, word;
    if (str_word(&rest, &word) && str_eq_nocase(word, STR("CAPABILITY")))
        note_capabilities(imap, rest);
}

static void note_said(struct imap *imap, const struct imap_response *r) {
    buf_clear(&imap->said);
    if (str_is_set(r->code))
        buf_printf(&imap->said, "[%.*s] ", STR_FMT(str_sub(r->code, 0, SAID_MAX_BYTES / 2)));
    buf_str(&imap->said, str_sub(r->text, 0, SAID_MAX_BYTES - imap->said.n));
}

/* --- commands --- */

static enum rc say(struct imap *imap, struct str text) {
    return peer_send(imap->peer, text, imap->reply_ms);
}

/* `command` is not on the scratch arena, which begins anew here. */
static enum rc begin(struct imap *imap, struct str command) {
    arena_reset(imap->scratch);
    imap->tag_text = arena_printf(imap->scratch, "o%u", ++imap->tag);
    buf_clear(&imap->said);
    return say(imap, arena_printf(imap->scratch, "%.*s %.*s\r\n", STR_FMT(imap->tag_text), STR_FMT(command)));
}

/* Reads until the command's end, or until the server asks for more (*ret_continue, when it
 * is not NULL). */
static enum rc finish(struct imap *imap, collect *take, void *arg, bool *ret_continue) {
    for (int64_t until = monotonic_ms() + COMMAND_MS; monotonic_ms() < until;) {
        struct imap_response r;
        enum rc rc = next_response(imap, imap->reply_ms, &r);
        if (rc != OK)
            return rc;
        if (r.kind == IMAP_CONTINUE && ret_continue) {
            *ret_continue = true;
            return OK;
        }
        if (r.kind == IMAP_CONTINUE)
            return E_PROTO;
        note_code(imap, r.code);
        if (r.kind == IMAP_UNTAGGED && str_eq_nocase(r.name, STR("BYE")))
            note_said(imap, &r);
        if (r.kind == IMAP_UNTAGGED && take)
            take(arg, &r);
        if (r.kind != IMAP_TAGGED || !str_eq(r.tag, imap->tag_text))
            continue;
        if (ret_continue)
            *ret_continue = false;
        if (str_eq_nocase(r.name, STR("OK")))
            return OK;
        note_said(imap, &r);
        return E_INVALID;
    }
    return E_TIMEOUT;
}

static enum rc run(struct imap *imap, struct str command, collect *take, void *arg) {
    enum rc rc = begin(imap, command);
    return rc == OK ? finish(imap, take, arg, NULL) : rc;
}

/* A quoted string (RFC 3501, 9); false for what needs a literal. */
static bool add_quoted(struct buf *b, struct str text) {
    buf_char(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\r' || c == '\n' || c == '\0' || (unsigned char) c >= 0x80)
            return false;
        if (c == '"' || c == '\\')
            buf_char(b, '\\');
        buf_char(b, c);
    }
    buf_char(b, '"');
    return buf_result(b) == OK;
}

/* --- login --- */

static void take_capabilities(void *arg, const struct imap_response *r) {
    struct imap *imap = arg;
    struct buf b = buf_in(imap->scratch, IMAP_LINE_MAX_BYTES);
    if (!str_eq_nocase(r->name, STR("CAPABILITY")))
        return;
    for (size_t i = 0; i < r->n; i++) {
        buf_str(&b, r->values[i].text);
        buf_char(&b, ' ');
    }
    note_capabilities(imap, buf_text(&b));
}

bool imap_can(const struct imap *imap, struct str capability) {
    for (size_t i = 0; i < imap->capabilities.n; i++)
        if (str_eq_nocase(imap->capabilities.p[i], capability))
            return true;
    return false;
}

static enum rc greet(struct imap *imap) {
    struct imap_response r;
    enum rc rc = next_response(imap, imap->reply_ms, &r);
    if (rc != OK)
        return rc;
    note_code(imap, r.code);
    if (r.kind == IMAP_UNTAGGED && str_eq_nocase(r.name, STR("OK")))
        return imap->capabilities.n ? OK : run(imap, STR("CAPABILITY"), take_capabilities, imap);
    note_said(imap, &r);
    return str_eq_nocase(r.name, STR("BYE")) ? E_LIMIT : E_PROTO;
}

static enum rc start_tls(struct imap *imap, struct arena *arena, struct str *reason) {
    if (!imap_can(imap, STR("STARTTLS"))) {
        *reason = STR("the server does not offer STARTTLS");
        return E_UNSUPPORTED;
    }
    enum rc rc = run(imap, STR("STARTTLS"), NULL, NULL);
    if (rc == OK)
        rc = peer_start_tls(imap->peer, arena, reason);
    return rc == OK ? run(imap, STR("CAPABILITY"), take_capabilities, imap) : rc;
}

/* AUTHENTICATE with the answer behind the server's "+"; another "+" tells why it refuses, and
 * an empty line gets the real response. */
static enum rc authenticate(struct imap *imap, struct str command, struct str secret) {
    struct buf kept = buf_on_heap(COMMAND_MAX_BYTES);
    bool more = false;
    enum rc rc = begin(imap, command);
    if (rc == OK)
        rc = finish(imap, take_capabilities, imap, &more);
    buf_str(&kept, secret);
    buf_str(&kept, STR("\r\n"));
    if (rc == OK && more)
        rc = buf_result(&kept) == OK ? say(imap, buf_text(&kept)) : E_TOO_LARGE;
    buf_done(&kept);
    if (rc == OK && more)
        rc = finish(imap, take_capabilities, imap, &more);
    if (rc == OK && more) {
        rc = say(imap, STR("\r\n"));
        if (rc == OK)
            rc = finish(imap, take_capabilities, imap, NULL);
    }
    return rc;
}

static enum rc log_in(struct imap *imap, const struct imap_options *o, struct arena *arena) {
    struct buf b = buf_in(arena, COMMAND_MAX_BYTES);
    if (str_is_set(o->access_token))
        return authenticate(imap, STR("AUTHENTICATE XOAUTH2"), sasl_xoauth2(arena, o->user, o->access_token));
    if (imap_can(imap, STR("AUTH=PLAIN")))
        return authenticate(imap, STR("AUTHENTICATE PLAIN"), sasl_plain(arena, o->user, o->password));
    buf_str(&b, STR("LOGIN "));
    bool quoted = add_quoted(&b, o->user);
    buf_char(&b, ' ');
    quoted = quoted && add_quoted(&b, o->password);
    return quoted ? run(imap, buf_text(&b), take_capabilities, imap) : E_UNSUPPORTED;
}

/* A server that is busy says so with a code (RFC 5530); then the password may be right. */
static enum rc login_result(struct imap *imap, enum rc rc) {
    if (rc != E_INVALID)
        return rc;
    struct str said = buf_text(&imap->said);
    bool busy = str_starts_nocase(said, STR("[UNAVAILABLE]")) || str_starts_nocase(said, STR("[INUSE]"))
                || str_starts_nocase(said, STR("[LIMIT]"));
    return busy ? E_LIMIT : E_DENIED;
}

static enum rc open_session(struct imap *imap, const struct imap_options *options, struct arena *arena,
                            struct str *reason) {
    enum rc rc = greet(imap);
    if (rc == OK && options->peer.security == PEER_STARTTLS)
        rc = start_tls(imap, arena, reason);
    if (rc == OK)
        rc = login_result(imap, log_in(imap, options, arena));
    if (rc == OK) /* a server may offer more to whom it knows */
        rc = run(imap, STR("CAPABILITY"), take_capabilities, imap);
    return rc;
}

enum rc imap_open(const struct imap_options *options, struct arena *arena, struct imap **ret_imap,
                  struct str *ret_reason) {
    struct imap *imap = MEM_NEW(struct imap);
    struct str reason = STR_NONE;
    *imap = (struct imap){
        .scratch = arena_new(),
        .response = arena_new(),
        .reply_ms = options->reply_ms,
        .response_max = options->response_max,
        .capabilities = { mem_array(100, sizeof(struct str)), 0 },
        .said = buf_on_heap(SAID_MAX_BYTES + 8),
    };
    enum rc rc = peer_open(&options->peer, arena, &imap->peer, &reason);
    if (rc == OK)
        rc = open_session(imap, options, arena, &reason);
    if (rc == OK) {
        *ret_imap = imap;
        return OK;
    }
    if (!str_is_set(reason))
        reason = imap->said.n ? arena_str(arena, buf_text(&imap->said)) : str_of(rc_text(rc));
    *ret_reason = reason;
    imap_close(&imap);
    return rc;
}

void imap_close(struct imap **imap) {
    if (!*imap)
        return;
    if ((*imap)->peer)
        (void) !peer_send((*imap)->peer, STR("o0 LOGOUT\r\n"), LOGOUT_MS); /* a courtesy */
    peer_close(&(*imap)->peer);
    arena_free(&(*imap)->scratch);
    arena_free(&(*imap)->response);
    mem_free((*imap)->capabilities.p);
    mem_free((*imap)->capability_text);
    buf_done(&(*imap)->said);
    mem_free(*imap);
    *imap = NULL;
}

struct str imap_said(const struct imap *imap) {
    return buf_text(&imap->said);
}

/* --- folders --- */

struct folders {
    struct arena *arena;
    struct list list;
};

/* * LIST (\HasNoChildren \Sent) "/" "Sent" */
static void take_folder(void *arg, const struct imap_response *r) {
    struct folders *found = arg;
    if (!str_eq_nocase(r->name, STR("LIST")) || r->n < 3 || r->values[0].type != IMAP_LIST)
        return;
    struct imap_folder *folder = list_add(found->arena, &found->list, sizeof *folder);
    folder->name = arena_str(found->arena, r->values[2].text);
    for (size_t i = 0; i < r->values[0].n; i++)
        strs_add(found->arena, &folder->flags, arena_str(found->arena, r->values[0].items[i].text));
}

enum rc imap_folders(struct imap *imap, struct arena *arena, struct list *ret_folders) {
    struct folders found = { .arena = arena };
    bool asks = imap_can(imap, STR("SPECIAL-USE")) && imap_can(imap, STR("LIST-EXTENDED"));
    enum rc rc = run(imap, asks ? STR("LIST \"\" \"*\" RETURN (SPECIAL-USE)") : STR("LIST \"\" \"*\""),
                     take_folder, &found);
    if (rc == OK)
        *ret_folders = found.list;
    return rc;
}

/* Names that servers and programs without RFC 6154 give; the last part of a path counts. */
static const struct {
    struct str use, name;
} usual_names[] = {
    { { "\\Sent", 5 }, { "Sent", 4 } },
    { { "\\Sent", 5 }, { "Sent Items", 10 } },
    { { "\\Sent", 5 }, { "Sent Messages", 13 } },
    { { "\\Sent", 5 }, { "Sent Mail", 9 } },
    { { "\\Sent", 5 }, { "Gesendet", 8 } },
    { { "\\Sent", 5 }, { "Gesendete Objekte", 17 } },
    { { "\\Junk", 5 }, { "Junk", 4 } },
    { { "\\Junk", 5 }, { "Spam", 4 } },
    { { "\\Junk", 5 }, { "Junk E-mail", 11 } },
    { { "\\Junk", 5 }, { "Bulk Mail", 9 } },
};

static bool has_name(struct str path, struct str name) {
    size_t at = path.n - name.n;
    return path.n >= name.n && str_eq_nocase(str_sub(path, at, path.n), name)
           && (at == 0 || path.p[at - 1] == '/' || path.p[at - 1] == '.');
}

static bool can_be_opened(const struct imap_folder *folder) {
    for (size_t i = 0; i < folder->flags.n; i++)
        if (str_eq_nocase(folder->flags.p[i], STR("\\Noselect"))
            || str_eq_nocase(folder->flags.p[i], STR("\\NonExistent")))
            return false;
    return true;
}

struct str imap_special(struct list folders, struct str use) {
    const struct imap_folder *all = folders.p;
    for (size_t i = 0; i < folders.n; i++)
        for (size_t k = 0; k < all[i].flags.n; k++)
            if (str_eq_nocase(all[i].flags.p[k], use))
                return all[i].name;
    for (size_t u = 0; u < LENGTH(usual_names); u++)
        for (size_t i = 0; i < folders.n && str_eq_nocase(usual_names[u].use, use); i++)
            if (has_name(all[i].name, usual_names[u].name) && can_be_opened(&all[i]))
                return all[i].name;
    return STR_NONE;
}

static void take_selected(void *arg, const struct imap_response *r) {
    struct imap_selected *selected = arg;
    struct str rest = r->code, word;
    if (str_eq_nocase(r->name, STR("EXISTS")))
        selected->exists = r->number;
    if (!str_word(&rest, &word))
        return;
    struct str value = str_trim(rest);
    /* a number that cannot be read stays unknown */
    if (str_eq_nocase(word, STR("UIDVALIDITY")))
        (void) !str_to_i64(value, &selected->uid_validity);
    if (str_eq_nocase(word, STR("UIDNEXT")))
        (void) !str_to_i64(value, &selected->uid_next);
}

enum rc imap_select(struct imap *imap, struct str folder, bool read_only,
                    struct imap_selected *ret_selected) {
    struct buf b = buf_on_heap(COMMAND_MAX_BYTES);
    struct imap_selected selected = { -1, -1, -1 };
    buf_str(&b, read_only ? STR("EXAMINE ") : STR("SELECT "));
    enum rc rc = add_quoted(&b, folder) ? run(imap, buf_text(&b), take_selected, &selected) : E_UNSUPPORTED;
    buf_done(&b);
    imap->news = false;
    if (rc == OK)
        *ret_selected = selected;
    return rc;
}

/* --- messages --- */

struct uids {
    struct arena *arena;
    struct ints list;
};

static void take_uids(void *arg, const struct imap_response *r) {
    struct uids *found = arg;
    for (size_t i = 0; str_eq_nocase(r->name, STR("SEARCH")) && i < r->n; i++) {
        int64_t uid;
        if (str_to_i64(r->values[i].text, &uid) == OK && uid > 0)
            ints_add(found->arena, &found->list, uid);
    }
}

enum rc imap_search_header(struct imap *imap, struct arena *arena, struct str name, struct str value,
                           struct ints *ret_uids) {
    struct buf b = buf_on_heap(COMMAND_MAX_BYTES);
    struct uids found = { .arena = arena };
    buf_str(&b, STR("UID SEARCH HEADER "));
    bool quoted = add_quoted(&b, name);
    buf_char(&b, ' ');
    quoted = quoted && add_quoted(&b, value);
    enum rc rc = quoted ? run(imap, buf_text(&b), take_uids, &found) : E_UNSUPPORTED;
    buf_done(&b);
    if (rc == OK)
        *ret_uids = found.list;
    return rc;
}

static int compare_uids(const void *a, const void *b) {
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

/* Servers may give them in any order, and "7:*" gives the last one even when it is below 7. */
static enum rc search(struct imap *imap, struct arena *arena, struct str command, struct ints *ret_uids) {
    struct uids found = { .arena = arena };
    enum rc rc = run(imap, command, take_uids, &found);
    if (rc != OK)
        return rc;
    if (found.list.n)
        qsort(found.list.p, found.list.n, sizeof *found.list.p, compare_uids);
    *ret_uids = found.list;
    return OK;
}

enum rc imap_search_range(struct imap *imap, struct arena *arena, int64_t from, int64_t to,
                          struct ints *ret_uids) {
    return search(imap, arena, arena_printf(arena, "UID SEARCH UID %lld:%lld", (long long) from, (long long) to),
                  ret_uids);
}

enum rc imap_search_last(struct imap *imap, struct arena *arena, int64_t from, struct ints *ret_uids) {
    return search(imap, arena, arena_printf(arena, "UID SEARCH %lld:*", (long long) from), ret_uids);
}

struct fetched {
    struct arena *arena;
    int64_t uid;
    struct str message;
};

/* * 3 FETCH (UID 7 BODY[] {1234} …); others may come between. */
static void take_message(void *arg, const struct imap_response *r) {
    struct fetched *f = arg;
    int64_t uid;
    if (!str_eq_nocase(r->name, STR("FETCH")) || r->n < 1 || r->values[0].type != IMAP_LIST)
        return;
    const struct imap_value *list = &r->values[0];
    const struct imap_value *of = imap_find(list->items, list->n, STR("UID"), false);
    const struct imap_value *body = imap_find(list->items, list->n, STR("BODY["), true);
    if (of && body && body->type == IMAP_STRING && str_to_i64(of->text, &uid) == OK && uid == f->uid)
        f->message = arena_str(f->arena, body->text);
}

enum rc imap_fetch(struct imap *imap, struct arena *arena, const struct imap_want *want, struct str *ret_message) {
    static const char *const parts[] = { [IMAP_MESSAGE] = "", [IMAP_HEADER] = "HEADER" };
    struct fetched fetched = { .arena = arena, .uid = want->uid };
    struct str command = arena_printf(arena, "UID FETCH %lld (UID BODY.PEEK[%s]<0.%lld>)", (long long) want->uid,
                                      parts[want->part], (long long) want->max);
    enum rc rc = run(imap, command, take_message, &fetched);
    if (rc == OK && !str_is_set(fetched.message))
        rc = E_NOT_FOUND;
    if (rc == OK)
        *ret_message = fetched.message;
    return rc;
}

enum rc imap_append(struct imap *imap, struct str folder, struct str flags, struct str message) {
    struct buf b = buf_on_heap(COMMAND_MAX_BYTES);
    bool more = false;
    buf_str(&b, STR("APPEND "));
    bool quoted = add_quoted(&b, folder);
    buf_printf(&b, " (%.*s) {%zu}", STR_FMT(flags), message.n);
    enum rc rc = quoted ? begin(imap, buf_text(&b)) : E_UNSUPPORTED;
    buf_done(&b);
    if (rc == OK)
        rc = finish(imap, NULL, NULL, &more);
    if (rc == OK && !more)
        rc = E_PROTO;
    if (rc == OK)
        rc = say(imap, message);
    if (rc == OK)
        rc = say(imap, STR("\r\n"));
    return rc == OK ? finish(imap, NULL, NULL, NULL) : rc;
}

/* --- waiting --- */

/* EXISTS, EXPUNGE, RECENT and FETCH are news; "* OK Still here" is not. */
static bool is_news(const struct imap_response *r) {
    return r->number >= 0;
}

enum rc imap_idle_begin(struct imap *imap, bool *ret_news) {
    bool more = false, came = false;
    *ret_news = false;
    if (!imap_can(imap, STR("IDLE")))
        return E_UNSUPPORTED;
    enum rc rc = begin(imap, STR("IDLE"));
    if (rc == OK)
        rc = finish(imap, NULL, NULL, &more);
    if (rc == OK && !more)
        rc = E_PROTO;
    if (rc == OK) /* what came together with the "+" is not seen by who watches the socket */
        rc = imap_idle_news(imap, &came);
    *ret_news = came || imap->news;
    imap->news = false;
    return rc;
}

int imap_fd(const struct imap *imap) {
    return peer_fd(imap->peer);
}

/* At most `ms` for each response; E_TIMEOUT when none is news. */
static enum rc wait_for_news(struct imap *imap, int64_t ms) {
    for (;;) {
        struct imap_response r;
        enum rc rc = next_response(imap, ms, &r);
        if (rc != OK || is_news(&r))
            return rc;
        if (str_eq_nocase(r.name, STR("BYE")))
            return E_IO;
    }
}

enum rc imap_idle_news(struct imap *imap, bool *ret_news) {
    enum rc rc = wait_for_news(imap, 0);
    *ret_news = rc == OK;
    return rc == E_TIMEOUT ? OK : rc;
}

enum rc imap_idle_end(struct imap *imap) {
    enum rc rc = say(imap, STR("DONE\r\n"));
    return rc == OK ? finish(imap, NULL, NULL, NULL) : rc;
}

enum rc imap_idle(struct imap *imap, int64_t ms) {
    bool came = false;
    enum rc rc = imap_idle_begin(imap, &came);
    if (rc != OK)
        return rc;
    enum rc news = came ? OK : wait_for_news(imap, ms);
    if (news != OK && news != E_TIMEOUT)
        return news;
    rc = imap_idle_end(imap);
    return rc == OK ? news : rc;
}
