/* The body is the first plain text, unless it says nothing or only that it is HTML; what is attached
 * is none. Texts that follow each other without a file name are one body (Apple Mail parts it around
 * pictures). */
#include "reply/inbound.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "reply/automatic.h"
#include "reply/bounce.h"
#include "reply/html_text.h"
#include "reply/quotes.h"

enum { BODIES_MAX = 10, NO_HTML_BYTES = 300 };

static const struct {
    const char *word;
} kinds[] = {
#define KIND(name, word, doc) { word },
#include "reply/inbound_kinds.def"
#undef KIND
};

const char *inbound_kind_word(enum inbound_kind kind) {
    return kinds[kind < INBOUND_KINDS ? kind : 0].word;
}

static const struct {
    const char *word;
    enum bounce_group group;
} reasons[] = {
#define REASON(name, word, group, doc) { word, BOUNCE_OF_##group },
#include "reply/bounce_reasons.def"
#undef REASON
};

const char *bounce_reason_word(enum bounce_reason reason) {
    return reasons[reason < BOUNCE_REASONS ? reason : 0].word;
}

enum bounce_group bounce_reason_group(enum bounce_reason reason) {
    return reasons[reason < BOUNCE_REASONS ? reason : 0].group;
}

/* --- text --- */

static bool is_body(const struct mime_part *part, const char *media_type) {
    return str_eq(part->media_type, str_of(media_type)) && !part->is_attachment
           && !str_is_set(part->file_name);
}

static struct str plain_text(struct arena *arena, const struct mime_read *m) {
    struct buf b = buf_in(arena, BODIES_MAX * MIME_TEXT_MAX_BYTES);
    const struct mime_part *part = m->parts.p;
    for (size_t i = 0, n = 0; i < m->parts.n && n < BODIES_MAX && b.n < MIME_TEXT_MAX_BYTES; i++) {
        if (!is_body(&part[i], "text/plain"))
            continue;
        if (n++)
            buf_char(&b, '\n');
        buf_str(&b, mime_part_text(arena, &part[i]));
    }
    return str_sub(buf_text(&b), 0, MIME_TEXT_MAX_BYTES);
}

static struct str html_as_text(struct arena *arena, const struct mime_read *m) {
    const struct mime_part *part = m->parts.p;
    for (size_t i = 0; i < m->parts.n; i++)
        if (is_body(&part[i], "text/html"))
            return html_to_text(arena, mime_part_text(arena, &part[i]));
    return STR_NONE;
}

/* "Your mail program cannot show HTML" in place of the text. */
static bool says_only_html(struct str text) {
    static const struct str phrases[] = { STR("view this message in html"), STR("HTML email"), STR("HTML mail"),
                                          STR("HTML format"), STR("html-compatible") };
    for (size_t i = 0; text.n < NO_HTML_BYTES && i < LENGTH(phrases); i++)
        if (str_contains(text, phrases[i]))
            return true;
    return false;
}

static struct str body_text(struct arena *arena, const struct mime_read *m) {
    struct str plain = plain_text(arena, m);
    if (str_trim(plain).n && !says_only_html(plain))
        return plain;
    struct str html = html_as_text(arena, m);
    return str_trim(html).n ? html : plain;
}

/* --- the whole --- */

static struct mime_address first_address(const struct mime_read *m) {
    const struct mime_address *from = m->from.p, *sender = m->sender.p;
    return m->from.n ? from[0] : m->sender.n ? sender[0] : (struct mime_address){ .address = STR("") };
}

void inbound_read(struct arena *arena, struct str source, struct inbound *ret_inbound) {
    const struct mime_read *m = mime_read(arena, source);
    struct inbound in = {
        .message = m,
        .from = first_address(m),
        .subject = str_is_set(m->subject) ? m->subject : STR(""),
        .message_id = m->message_id,
        .in_reply_to = m->in_reply_to,
        .references = m->references,
        .date = m->date,
        .date_offset_minutes = m->date_offset_minutes,
        .outrider_id = mime_header(arena, m, MESSAGE_ID_HEADER),
        .text = body_text(arena, m),
    };
    in.last_message = quotes_cut(arena, in.text);
    in.snippet = quotes_snippet(arena, in.last_message);
    if (!bounce_read(arena, &in))
        automatic_read(arena, &in);
    *ret_inbound = in;
}
