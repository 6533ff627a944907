/* The text of a bounce is read in lines. A line that begins with an address, or with a code before
 * one, begins what is said of that recipient; a line that names a recipient who is known already goes
 * on with that. The copy of the other message begins at a line that says so, or at one that begins
 * headers as a server writes them. */
#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/vec.h"
#include "reply/bounce.h"
#include "reply/phrases.h"

enum { LINES_MAX = 400, LINE_BYTES = 2000, SIGN_LINES = 80, BLOCK_BYTES = 4096, ADDRESS_BYTES = 254 };

enum kind { FAILED = SIGN_FAILED, DELAYED = SIGN_DELAYED, DONE = SIGN_DONE };

struct sign {
    enum kind kind;
    struct str part;
};

#define SENDER(part)
#define SUBJECT(kind, part)
#define TEXT(kind, part)
#define ORIGINAL(part)
#define COMPLAINT(part)

static const struct str senders[] = {
#undef SENDER
#define SENDER(part) STR(part),
#include "reply/bounce_signs.def"
#undef SENDER
#define SENDER(part)
};

static const struct sign subjects[] = {
#undef SUBJECT
#define SUBJECT(kind, part) { kind, STR(part) },
#include "reply/bounce_signs.def"
#undef SUBJECT
#define SUBJECT(kind, part)
};

static const struct sign texts[] = {
#undef TEXT
#define TEXT(kind, part) { kind, STR(part) },
#include "reply/bounce_signs.def"
#undef TEXT
#define TEXT(kind, part)
};

static const struct str originals[] = {
#undef ORIGINAL
#define ORIGINAL(part) STR(part),
#include "reply/bounce_signs.def"
#undef ORIGINAL
#define ORIGINAL(part)
};

static const struct str complaints[] = {
#undef COMPLAINT
#define COMPLAINT(part) STR(part),
#include "reply/bounce_signs.def"
};

/* --- signs --- */

static bool has_one(struct str s, const struct str *parts, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_contains(s, parts[i]))
            return true;
    return false;
}

static enum bounce_sign sign_in(struct str s, const struct sign *signs, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_contains(s, signs[i].part))
            return (enum bounce_sign) signs[i].kind;
    return SIGN_NONE;
}

static struct phrase_line folded(struct str line) {
    struct phrase_line f;
    f.n = 0;
    phrase_add(&f, str_sub(line, 0, PHRASE_LINE_BYTES));
    return f;
}

/* The lines that say something are often broken in two, so each is read with the next. */
static enum bounce_sign sign_of_text(struct str text, struct str *ret_line) {
    struct str rest = text, line, next = STR("");
    enum bounce_sign found = SIGN_NONE;
    for (int i = 0; i < SIGN_LINES && rest.n && str_cut(&rest, '\n', &line); i++) {
        struct str ahead = rest;
        struct phrase_line f = folded(line);
        if (!f.n)
            continue;
        if (ahead.n && str_cut(&ahead, '\n', &next))
            phrase_add(&f, str_sub(next, 0, PHRASE_LINE_BYTES));
        enum bounce_sign sign = has_one(phrase_text(&f), complaints, LENGTH(complaints))
                                    ? SIGN_COMPLAINT
                                    : sign_in(phrase_text(&f), texts, LENGTH(texts));
        bool is_stronger = sign && (!found || (found == SIGN_FAILED && sign != SIGN_FAILED));
        if (is_stronger) {
            found = sign;
            *ret_line = str_trim(line);
        }
    }
    return found;
}

static bool is_sent_by_daemon(const struct inbound *in) {
    struct phrase_line f = folded(in->from.address), name = folded(in->from.name);
    struct str local = str_sub(phrase_text(&f), 0, str_find(phrase_text(&f), '@'));
    return has_one(local, senders, LENGTH(senders)) || has_one(phrase_text(&name), senders, LENGTH(senders));
}

static bool has_empty_return_path(struct arena *arena, const struct inbound *in) {
    return str_eq(mime_header(arena, in->message, "Return-Path"), STR("<>"));
}

static bool has_message(const struct inbound *in) {
    const struct mime_part *part = in->message->parts.p;
    for (size_t i = 0; i < in->message->parts.n; i++)
        if (part[i].message)
            return true;
    return false;
}

/* What programs say in their texts people say in subjects too ("Ihr Angebot wurde abgelehnt"). */
static enum bounce_sign sign_of_subject(struct str subject, bool is_daemon) {
    enum bounce_sign sign = sign_in(subject, subjects, LENGTH(subjects));
    return sign || !is_daemon ? sign : sign_in(subject, texts, LENGTH(texts));
}

bool bounce_may_be(struct arena *arena, const struct inbound *in) {
    return is_sent_by_daemon(in) && has_empty_return_path(arena, in);
}

/* Somebody's program answers (RFC 3834, 5): under a subject of theirs, and with words about when. Daemons
 * say the same of their reports. */
static bool is_note(struct arena *arena, const struct inbound *in) {
    return !is_sent_by_daemon(in) && !has_message(in)
           && str_starts_nocase(mime_header(arena, in->message, "Auto-Submitted"), STR("auto-replied"));
}

/* A daemon or an empty return path (RFC 5321, 4.5.5) with a subject or words, but an answer without
 * a daemon's name not by its subject, which may be ours; or words with a subject
 * or with the message itself, since some programs write under a person's address. A note of absence
 * only by words that say that something failed. */
enum bounce_sign bounce_sign(struct arena *arena, const struct inbound *in, struct str *ret_evidence) {
    struct phrase_line f = folded(in->subject);
    struct str line = STR_NONE;
    bool is_daemon = is_sent_by_daemon(in);
    enum bounce_sign subject = sign_of_subject(phrase_text(&f), is_daemon);
    bool has_failed = mime_has_header(in->message, "X-Failed-Recipients");
    bool is_answer = in->in_reply_to.n || str_starts_nocase(in->subject, STR("Re:"))
                     || (str_starts_nocase(in->subject, STR("Fw")) && !str_contains(in->text, STR("MAILER-DAEMON")));
    bool has_empty_path = has_empty_return_path(arena, in), says_answer = is_note(arena, in);
    bool is_odd = is_daemon || has_failed || has_empty_path || subject || has_message(in)
                  || mime_has_header(in->message, "Auto-Submitted");
    /* what people write is not searched for what programs say */
    enum bounce_sign text = is_odd ? sign_of_text(in->text, &line) : SIGN_NONE;
    if (text == SIGN_COMPLAINT || has_one(phrase_text(&f), complaints, LENGTH(complaints))) {
        *ret_evidence = text == SIGN_COMPLAINT ? line : in->subject;
        return SIGN_COMPLAINT;
    }
    bool is_one = has_failed || (is_daemon && (subject || text))
                  || (has_empty_path && (text == SIGN_FAILED || (subject && !says_answer && (text || !is_answer))))
                  || ((subject || has_message(in)) && text && !is_answer && !says_answer);
    if (!is_one)
        return SIGN_NONE;
    *ret_evidence = subject ? in->subject : line;
    return subject == SIGN_DELAYED || subject == SIGN_DONE ? subject
           : text == SIGN_DELAYED || text == SIGN_DONE     ? text
                                                           : SIGN_FAILED;
}

/* --- addresses --- */

static bool is_local_char(char c) {
    return ascii_is_alnum(c) || (unsigned char) c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool is_domain_char(char c) {
    return ascii_is_alnum(c) || (unsigned char) c >= 0x80 || c == '-' || c == '.';
}

/* The address at the beginning of `s`, also "quoted local"@; its length, or 0. */
static size_t address_length(struct str s) {
    size_t n = 0;
    if (s.n && s.p[0] == '"')
        for (n = 1; n < s.n && n < ADDRESS_BYTES && s.p[n - 1 + (n == 1)] != '"';)
            n++;
    while (n < s.n && is_local_char(s.p[n]))
        n++;
    if (!n || n >= s.n || s.p[n] != '@')
        return 0;
    size_t domain = ++n;
    while (n < s.n && is_domain_char(s.p[n]))
        n++;
    while (n > domain && (s.p[n - 1] == '.' || s.p[n - 1] == '-'))
        n--;
    return n > domain && n <= ADDRESS_BYTES ? n : 0;
}

static struct str lower(struct arena *arena, struct str s) {
    char *p = arena_alloc(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    return (struct str){ p, s.n };
}

struct str bounce_find_address(struct arena *arena, struct str *rest) {
    while (rest->n) {
        size_t n = address_length(*rest), skip = 1;
        if (n) {
            struct str address = lower(arena, str_sub(*rest, 0, n));
            *rest = str_sub(*rest, n, rest->n);
            return address;
        }
        while (skip < rest->n && is_local_char(rest->p[0]) && is_local_char(rest->p[skip]))
            skip++;
        *rest = str_sub(*rest, skip, rest->n);
    }
    return STR_NONE;
}

struct str bounce_address(struct arena *arena, struct str field) {
    struct str rest = str_sub(field, 0, 2 * ADDRESS_BYTES);
    return bounce_find_address(arena, &rest);
}

/* --- blocks --- */

struct reading {
    struct arena *arena;
    struct bounce_block *blocks;
    struct buf *texts;
    size_t n, current;
    bool in_transcript;
};

static void add_line(struct reading *r, size_t block, struct str line) {
    struct buf *b = &r->texts[block];
    if (b->n)
        buf_char(b, ' ');
    buf_str(b, str_sub(line, 0, BLOCK_BYTES - 1 > b->n ? BLOCK_BYTES - 1 - b->n : 0));
}

static size_t block_of(struct reading *r, struct str recipient) {
    for (size_t i = 1; i < r->n; i++)
        if (str_eq(r->blocks[i].recipient, recipient))
            return i;
    if (r->n >= BOUNCES_MAX)
        return 0;
    r->blocks[r->n].recipient = recipient;
    r->texts[r->n] = buf_in(r->arena, BLOCK_BYTES);
    return r->n++;
}

static bool is_known(const struct reading *r, struct str recipient) {
    for (size_t i = 1; i < r->n; i++)
        if (str_eq(r->blocks[i].recipient, recipient))
            return true;
    return false;
}

/* Marks, codes and words before a recipient: "<", "550 5.1.1", "rfc822;", "To:". */
static struct str without_lead(struct str line) {
    static const struct str leads[] = { STR("rfc822;"), STR("to:"), STR("recipient:"), STR("rcpt to:"),
                                        STR("mailto:"), STR("address:"), STR("final-recipient:"), STR("rcpt:") };
    for (size_t before = line.n + 1; line.n < before;) {
        before = line.n;
        while (line.n && line.p[0] && (strchr("<>([\"'*-: \t", line.p[0]) || ascii_is_space(line.p[0])))
            line = str_sub(line, 1, line.n);
        for (size_t i = 0; i < LENGTH(leads); i++)
            if (str_starts_nocase(line, leads[i]))
                line = str_sub(line, leads[i].n, line.n);
        size_t digits = 0;
        while (digits < line.n && (ascii_is_digit(line.p[digits]) || line.p[digits] == '.'))
            digits++;
        if (digits >= 3 && digits < line.n && line.p[digits] == ' ')
            line = str_sub(line, digits, line.n);
    }
    return line;
}

static bool begins_original(struct str line) {
    struct phrase_line f = folded(line);
    return has_one(phrase_text(&f), originals, LENGTH(originals)) || str_starts_nocase(line, STR("Received: "))
           || str_starts_nocase(line, STR("Return-Path:"));
}

/* In sendmail's transcript a talk with the next server begins, or what is said of a host. */
static bool leaves_block(struct reading *r, struct str line) {
    r->in_transcript |= str_contains(line, STR("ranscript of session follows"));
    return r->in_transcript
           && (str_contains(line, STR("hile talking to")) || (line.n > 3 && ascii_is_digit(line.p[0]) && line.p[3] == ' '));
}

static void take_line(struct reading *r, struct str line) {
    if (leaves_block(r, line))
        r->current = 0;
    struct str lead = without_lead(line);
    size_t n = address_length(lead);
    if (n) {
        r->current = block_of(r, lower(r->arena, str_sub(lead, 0, n)));
    } else {
        struct str rest = line;
        for (struct str a = bounce_find_address(r->arena, &rest); str_is_set(a); a = bounce_find_address(r->arena, &rest))
            if (is_known(r, a))
                r->current = block_of(r, a);
    }
    add_line(r, r->current, line);
}

struct list bounce_blocks(struct arena *arena, struct str text, struct str *ret_original) {
    struct reading r = { .arena = arena, .n = 1 };
    struct str rest = text, line;
    r.blocks = ARENA_ARRAY(arena, BOUNCES_MAX, struct bounce_block);
    r.texts = ARENA_ARRAY(arena, BOUNCES_MAX, struct buf);
    r.texts[0] = buf_in(arena, BLOCK_BYTES);
    *ret_original = STR("");
    for (int i = 0; i < LINES_MAX && rest.n && str_cut(&rest, '\n', &line); i++) {
        line = str_sub(str_trim(line), 0, LINE_BYTES);
        if (begins_original(line)) {
            bool is_header = str_find(line, ':') < line.n && line.p[0] == 'R';
            *ret_original = is_header ? str_sub(text, (size_t) (line.p - text.p), text.n) : rest;
            break;
        }
        if (line.n)
            take_line(&r, line);
    }
    for (size_t i = 0; i < r.n; i++)
        r.blocks[i].text = buf_text(&r.texts[i]);
    return (struct list){ r.blocks, r.n };
}
