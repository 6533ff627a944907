/* The tree is cut here, in slices of the source, and GMime undoes what is bounded by then: encoded
 * words, addresses, parameters, dates, transfer codings. GMime's own parser makes objects for all
 * that it meets, a hundred times the bytes of a message that is nothing but boundaries, headers or
 * addresses, and knows no limit but of depth.
 *
 * A multipart is cut at the lines of its boundary before what is in it is looked at, so a part that
 * lacks its end stops where the outer one does. A multipart whose boundary is not said, or not
 * found, has that of the first line with two hyphens before a header; without such a line it is
 * text. */
#include "net/mime_read.h"

#include <gmime/gmime.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/vec.h"

enum { MESSAGES_MAX = 10, PART_HEADER_BYTES = 2048 };

/* What is left to spend on one source. */
struct reader {
    struct arena *arena;
    GMimeParserOptions *options;
    size_t headers, parts, messages, inner_bytes;
    bool is_cut;
};

/* What the headers of a part or message say about its body. */
struct kind {
    struct str media_type, boundary, charset, file_name, report_type;
    enum mime_coding coding;
    bool is_attachment, is_flowed, deletes_space;
};

static bool spend(struct reader *r, size_t *from, size_t amount) {
    bool is_left = *from >= amount;
    *from -= is_left ? amount : *from;
    r->is_cut |= !is_left;
    return is_left;
}

/* --- lines and headers --- */

static struct str without_cr(struct str line) {
    return line.n && line.p[line.n - 1] == '\r' ? str_sub(line, 0, line.n - 1) : line;
}

static bool next_line(struct str *rest, struct str *ret_line) {
    if (!rest->n || !str_cut(rest, '\n', ret_line))
        return false;
    *ret_line = without_cr(*ret_line);
    return true;
}

/* Up to where the name ends (RFC 5322, 2.2; space before the colon is its obsolete form). */
static bool is_field(struct str line, size_t *ret_colon) {
    size_t n = 0;
    while (n < line.n && line.p[n] > ' ' && line.p[n] != ':' && line.p[n] != '\177')
        n++;
    size_t colon = n;
    while (colon < line.n && (line.p[colon] == ' ' || line.p[colon] == '\t'))
        colon++;
    *ret_colon = colon;
    return n > 0 && colon < line.n && line.p[colon] == ':';
}

static bool is_fold(struct str line) {
    return line.n && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* One header with its folds, off *rest. */
static struct mime_field take_field(struct str line, size_t colon, struct str *rest) {
    struct mime_field field = { .name = str_trim(str_sub(line, 0, colon)) };
    const char *begin = line.p + colon + 1, *end = line.p + line.n;
    struct str ahead = *rest, next;
    while (next_line(&ahead, &next) && is_fold(next)) {
        *rest = ahead;
        end = next.p + next.n;
    }
    field.raw = str_trim((struct str){ begin, (size_t) (end - begin) });
    return field;
}

/* What a mailbox file writes before a message. */
static bool is_envelope(struct str line) {
    return str_starts(line, STR("From ")) || str_starts(line, STR(">From "));
}

static void add_field(struct arena *arena, struct list *fields, struct mime_field field, size_t *left) {
    if (!*left)
        return;
    --*left;
    *(struct mime_field *) list_add(arena, fields, sizeof field) = field;
}

/* Headers up to an empty line, which is taken, or to a line that is none, which is not: then the
 * body begins without a word. */
static struct list take_fields(struct arena *arena, struct str *rest, size_t *left) {
    struct list fields = { 0 };
    struct str ahead = *rest, line;
    while (next_line(&ahead, &line)) {
        size_t colon = 0;
        bool is_skipped = !fields.n && is_envelope(line);
        if (!line.n)
            *rest = ahead;
        if (!line.n || (!is_skipped && !is_field(line, &colon)))
            return fields;
        if (!is_skipped)
            add_field(arena, &fields, take_field(line, colon, &ahead), left);
        *rest = ahead;
    }
    *rest = (struct str){ rest->p ? rest->p + rest->n : "", 0 };
    return fields;
}

bool mime_fields(struct arena *arena, struct str *rest, struct list *ret_fields) {
    size_t left = MIME_HEADERS_MAX;
    struct str before = *rest, line;
    while (next_line(&before, &line) && !line.n)
        *rest = before;
    if (!rest->n)
        return false;
    size_t n = rest->n;
    *ret_fields = take_fields(arena, rest, &left);
    if (rest->n == n) /* no header: passed over */
        (void) next_line(rest, &line);
    return true;
}

static const struct mime_field *find(struct list fields, const char *name) {
    const struct mime_field *field = fields.p;
    for (size_t i = 0; i < fields.n; i++)
        if (str_eq_nocase(field[i].name, str_of(name)))
            return &field[i];
    return NULL;
}

/* --- values --- */

/* Without folds and control characters, trimmed, of bounded size; for a C library, as UTF-8. */
static const char *unfolded(struct arena *arena, struct str raw) {
    struct str s = str_sub(raw, 0, MIME_HEADER_MAX_BYTES);
    struct buf b = buf_in(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        bool is_control = (unsigned char) s.p[i] < ' ' && s.p[i] != '\x1B';
        if (!is_control)
            buf_char(&b, s.p[i]);
        else if (s.p[i] == '\t' || (s.p[i] == '\n' && i + 1 < s.n && !is_fold(str_sub(s, i + 1, s.n))))
            buf_char(&b, ' ');
    }
    return arena_cstr(arena, str_trim(mime_to_utf8(arena, buf_text(&b), STR_NONE)));
}

/* GMime's text as ours, which may be anything: words of a header are in any character set. */
static struct str taken(struct arena *arena, const char *text) {
    struct buf b = buf_in(arena, 4 * MIME_HEADER_MAX_BYTES);
    struct str s = mime_to_utf8(arena, str_sub(str_of(text), 0, MIME_HEADER_MAX_BYTES), STR_NONE);
    for (size_t i = 0; i < s.n; i++)
        buf_char(&b, (unsigned char) s.p[i] < ' ' || s.p[i] == '\177' ? ' ' : s.p[i]);
    return str_trim(buf_text(&b));
}

static struct str decoded(struct arena *arena, GMimeParserOptions *options, struct str raw) {
    char *text = g_mime_utils_header_decode_text(options, unfolded(arena, raw));
    struct str value = taken(arena, text);
    g_free(text);
    return value;
}

struct str mime_field_find(struct arena *arena, struct list fields, const char *name) {
    const struct mime_field *field = find(fields, name);
    return field ? decoded(arena, NULL, field->raw) : STR_NONE;
}

struct str mime_header(struct arena *arena, const struct mime_read *message, const char *name) {
    return mime_field_find(arena, message->fields, name);
}

bool mime_has_header(const struct mime_read *message, const char *name) {
    return find(message->fields, name) != NULL;
}

static void add_addresses(struct reader *r, InternetAddressList *from, struct list *to) {
    for (int i = 0; i < internet_address_list_length(from) && to->n < MIME_ADDRESSES_MAX; i++) {
        InternetAddress *one = internet_address_list_get_address(from, i);
        if (INTERNET_ADDRESS_IS_GROUP(one)) {
            add_addresses(r, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one)), to);
            continue;
        }
        const char *name = internet_address_get_name(one);
        const char *address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
        *(struct mime_address *) list_add(r->arena, to, sizeof(struct mime_address))
            = (struct mime_address){ name ? taken(r->arena, name) : STR_NONE,
                                     address ? taken(r->arena, address) : STR("") };
    }
}

/* GMime goes into itself for a group in a group; nobody else writes one. */
static struct str without_groups_in_groups(struct str raw) {
    size_t colons = 0;
    for (size_t i = 0; i < raw.n; i++)
        if (raw.p[i] == ':' && ++colons > MIME_ADDRESSES_MAX)
            return str_sub(raw, 0, i);
    return raw;
}

static struct list addresses_of(struct reader *r, struct list fields, const char *name) {
    struct list addresses = { 0 };
    const struct mime_field *field = find(fields, name);
    if (!field)
        return addresses;
    InternetAddressList *list = internet_address_list_parse(
        r->options, unfolded(r->arena, without_groups_in_groups(field->raw)));
    if (list) {
        add_addresses(r, list, &addresses);
        g_object_unref(list);
    }
    return addresses;
}

/* "<a@b> <c@d>"; a fold inside of an id is none of it (some clients break long ones). Without
 * brackets, words with an @ are ids. */
static struct strs ids_of(struct reader *r, struct list fields, const char *name) {
    struct strs ids = { 0 };
    const struct mime_field *field = find(fields, name);
    struct str rest = field ? str_of(unfolded(r->arena, field->raw)) : STR(""), word;
    bool has_brackets = str_find(rest, '<') < rest.n;
    while (has_brackets && ids.n < MIME_IDS_MAX && str_find(rest, '<') < rest.n) {
        rest = str_sub(rest, str_find(rest, '<') + 1, rest.n);
        struct buf id = buf_in(r->arena, rest.n + 1);
        for (size_t i = 0; i < rest.n && rest.p[i] != '>' && rest.p[i] != '<'; i++)
            if (rest.p[i] != ' ')
                buf_char(&id, rest.p[i]);
        if (id.n)
            strs_add(r->arena, &ids, buf_text(&id));
    }
    while (!has_brackets && ids.n < MIME_IDS_MAX && str_word(&rest, &word))
        if (str_find(word, '@') < word.n)
            strs_add(r->arena, &ids, word);
    return ids;
}

static void read_date(struct reader *r, struct mime_read *m) {
    const struct mime_field *field = find(m->fields, "Date");
    GDateTime *date
        = field ? g_mime_utils_header_decode_date(unfolded(r->arena, field->raw)) : NULL;
    if (!date)
        return;
    m->date = opt_int(g_date_time_to_unix(date) * 1000);
    m->date_offset_minutes = (int) (g_date_time_get_utc_offset(date) / (60 * 1000000));
    g_date_time_unref(date);
}

/* --- what a part is --- */

static struct str lower(struct arena *arena, const char *text) {
    struct str s = str_trim(taken(arena, text));
    char *p = arena_alloc(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    return (struct str){ p, s.n };
}

static struct str parameter(struct reader *r, const char *value) {
    return value ? taken(r->arena, value) : STR_NONE;
}

static void read_type(struct reader *r, struct str raw, struct kind *kind) {
    GMimeContentType *type = g_mime_content_type_parse(
        r->options, unfolded(r->arena, str_sub(raw, 0, PART_HEADER_BYTES)));
    const char *name = g_mime_content_type_get_parameter(type, "name");
    const char *format = g_mime_content_type_get_parameter(type, "format");
    const char *delsp = g_mime_content_type_get_parameter(type, "delsp");
    char *media_type = g_mime_content_type_get_mime_type(type);
    kind->media_type = lower(r->arena, media_type);
    kind->boundary = parameter(r, g_mime_content_type_get_parameter(type, "boundary"));
    kind->charset = parameter(r, g_mime_content_type_get_parameter(type, "charset"));
    kind->report_type = parameter(r, g_mime_content_type_get_parameter(type, "report-type"));
    kind->file_name = parameter(r, name);
    kind->is_flowed = format && str_eq_nocase(str_of(format), STR("flowed"));
    kind->deletes_space = delsp && str_eq_nocase(str_of(delsp), STR("yes"));
    g_free(media_type);
    g_object_unref(type);
}

static void read_disposition(struct reader *r, struct str raw, struct kind *kind) {
    GMimeContentDisposition *said = g_mime_content_disposition_parse(
        r->options, unfolded(r->arena, str_sub(raw, 0, PART_HEADER_BYTES)));
    if (!said)
        return;
    const char *name = g_mime_content_disposition_get_parameter(said, "filename");
    kind->is_attachment = g_mime_content_disposition_is_attachment(said);
    if (name)
        kind->file_name = taken(r->arena, name);
    g_object_unref(said);
}

static enum mime_coding coding_of(struct str said) {
    static const struct {
        struct str said;
        enum mime_coding coding;
    } codings[] = {
        { STR("base64"), MIME_BASE64 },         { STR("quoted-printable"), MIME_QUOTED },
        { STR("x-uuencode"), MIME_UUENCODE },   { STR("uuencode"), MIME_UUENCODE },
        { STR("x-uue"), MIME_UUENCODE },
    };
    for (size_t i = 0; i < LENGTH(codings); i++)
        if (str_starts_nocase(said, codings[i].said))
            return codings[i].coding;
    return MIME_PLAIN;
}

/* `usual` is the type where none is said (RFC 2046, 5.1.5). */
static struct kind kind_of(struct reader *r, struct list fields, struct str usual) {
    struct kind kind = { .media_type = usual };
    const struct mime_field *type = find(fields, "Content-Type"),
                            *disposition = find(fields, "Content-Disposition"),
                            *coding = find(fields, "Content-Transfer-Encoding");
    if (type && type->raw.n)
        read_type(r, type->raw, &kind);
    if (disposition)
        read_disposition(r, disposition->raw, &kind);
    if (coding)
        kind.coding = coding_of(coding->raw);
    return kind;
}

/* --- the tree --- */

/* What is around a part while it is read. */
struct place {
    struct mime_read *message;
    size_t depth;
};

static void read_entity(struct reader *r, struct place in, struct kind kind, struct str body);
static struct mime_read *read_message(struct reader *r, struct str source, size_t depth);

enum line_kind { LINE_OTHER, LINE_BOUNDARY, LINE_END };

static enum line_kind line_kind(struct str line, struct str boundary) {
    if (!str_starts(line, STR("--")) || !str_starts(str_sub(line, 2, line.n), boundary))
        return LINE_OTHER;
    struct str behind = str_sub(line, 2 + boundary.n, line.n);
    if (!str_trim(behind).n)
        return LINE_BOUNDARY;
    return str_starts(behind, STR("--")) && !str_trim(str_sub(behind, 2, behind.n)).n ? LINE_END
                                                                                      : LINE_OTHER;
}

/* What looks most like one: a line with two hyphens that a header follows. */
static struct str guessed_boundary(struct str body) {
    struct str line, next;
    size_t colon;
    while (next_line(&body, &line)) {
        struct str ahead = body;
        if (line.n > 2 && str_starts(line, STR("--")) && next_line(&ahead, &next)
            && str_starts_nocase(next, STR("Content-")) && is_field(next, &colon))
            return str_trim(str_sub(line, 2, line.n));
    }
    return STR_NONE;
}

/* The next part, up to its boundary; false when there is none. *rest begins behind a boundary. */
static bool take_part(struct str *rest, struct str boundary, struct str *ret_part) {
    struct str line;
    if (!str_is_set(*rest))
        return false;
    const char *begin = rest->p, *end = rest->p;
    while (next_line(rest, &line)) {
        enum line_kind kind = line_kind(line, boundary);
        if (kind != LINE_OTHER) {
            *ret_part = (struct str){ begin, (size_t) (end - begin) };
            if (kind == LINE_END)
                *rest = STR_NONE;
            return true;
        }
        end = line.p + line.n;
    }
    *ret_part = (struct str){ begin, (size_t) (end - begin) };
    *rest = STR_NONE;
    return end > begin;
}

static bool find_boundary(struct str *rest, struct str boundary) {
    struct str line;
    while (!str_is_empty(boundary) && next_line(rest, &line))
        if (line_kind(line, boundary) == LINE_BOUNDARY)
            return true;
    return false;
}

static void read_part(struct reader *r, struct place in, struct str source, struct str usual) {
    struct list fields = take_fields(r->arena, &source, &r->headers);
    read_entity(r, in, kind_of(r, fields, usual), source);
}

/* False when there are no boundaries in it. */
static bool read_multipart(struct reader *r, struct place in, const struct kind *kind, struct str body) {
    struct str rest = body, part, boundary = kind->boundary;
    bool is_digest = str_eq(kind->media_type, STR("multipart/digest"));
    if (!find_boundary(&rest, boundary)) {
        rest = body;
        boundary = guessed_boundary(body);
        if (!find_boundary(&rest, boundary))
            return false;
    }
    in.depth++;
    while (r->parts && take_part(&rest, boundary, &part))
        read_part(r, in, part, is_digest ? STR("message/rfc822") : STR("text/plain"));
    r->is_cut |= !r->parts;
    return true;
}

static bool is_message(struct str media_type) {
    return str_eq(media_type, STR("message/rfc822")) || str_eq(media_type, STR("message/global"))
           || str_eq(media_type, STR("message/news"))
           || str_eq(media_type, STR("text/rfc822-headers"))
           || str_eq(media_type, STR("message/global-headers"));
}

static const struct mime_read *inner_message(struct reader *r, const struct mime_part *part) {
    struct str source = part->raw;
    if (part->depth >= MIME_DEPTH_MAX || !spend(r, &r->messages, 1))
        return NULL;
    if (part->coding != MIME_PLAIN) {
        source = mime_decode(r->arena, source, part->coding, r->inner_bytes);
        (void) spend(r, &r->inner_bytes, source.n);
    }
    return read_message(r, source, part->depth + 1);
}

static void read_entity(struct reader *r, struct place in, struct kind kind, struct str body) {
    bool is_multipart = str_starts(kind.media_type, STR("multipart/"));
    if (is_multipart && in.depth < MIME_DEPTH_MAX && read_multipart(r, in, &kind, body))
        return;
    r->is_cut |= in.depth >= MIME_DEPTH_MAX;
    if (!spend(r, &r->parts, 1))
        return;
    struct mime_part *part = list_add(r->arena, &in.message->parts, sizeof *part);
    *part = (struct mime_part){
        .media_type = is_multipart ? STR("text/plain") : kind.media_type,
        .charset = kind.charset,
        .file_name = kind.file_name,
        .raw = body,
        .coding = kind.coding,
        .is_attachment = kind.is_attachment,
        .is_flowed = kind.is_flowed,
        .deletes_space = kind.deletes_space,
        .depth = in.depth,
    };
    if (!is_message(kind.media_type))
        return;
    const struct mime_read *inner = inner_message(r, part);
    /* the list does not move while what is in the part is read: that has a list of its own */
    part->message = inner;
}

static struct mime_read *read_message(struct reader *r, struct str source, size_t depth) {
    struct mime_read *m = ARENA_NEW(r->arena, struct mime_read);
    struct str line, ahead = source;
    while (next_line(&ahead, &line) && !str_trim(line).n)
        source = ahead;
    struct str body = source;
    m->fields = take_fields(r->arena, &body, &r->headers);
    m->header = str_sub(source, 0, source.n - body.n);
    struct kind kind = kind_of(r, m->fields, STR("text/plain"));
    m->media_type = kind.media_type;
    m->report_type = str_is_set(kind.report_type) ? kind.report_type : STR_NONE;
    const struct mime_field *subject = find(m->fields, "Subject");
    m->subject = subject ? decoded(r->arena, r->options, subject->raw) : STR_NONE;
    m->from = addresses_of(r, m->fields, "From");
    m->sender = addresses_of(r, m->fields, "Sender");
    m->to = addresses_of(r, m->fields, "To");
    m->cc = addresses_of(r, m->fields, "Cc");
    m->reply_to = addresses_of(r, m->fields, "Reply-To");
    struct strs ids = ids_of(r, m->fields, "Message-ID");
    m->message_id = ids.n ? ids.p[0] : STR_NONE;
    m->in_reply_to = ids_of(r, m->fields, "In-Reply-To");
    m->references = ids_of(r, m->fields, "References");
    read_date(r, m);
    read_entity(r, (struct place){ m, depth }, kind, body);
    return m;
}

/* Lines of old Macintosh programs end with CR alone. */
static struct str with_some_lf(struct arena *arena, struct str source) {
    size_t cr = str_find(source, '\r');
    if (cr == source.n || str_find(source, '\n') < source.n)
        return source;
    source = str_sub(source, 0, MIME_INNER_MAX_BYTES);
    char *p = arena_alloc(arena, source.n);
    for (size_t i = 0; i < source.n; i++)
        p[i] = source.p[i] == '\r' ? '\n' : source.p[i];
    return (struct str){ p, source.n };
}

const struct mime_read *mime_read(struct arena *arena, struct str source) {
    struct reader r = { .arena = arena,
                        .headers = MIME_HEADERS_MAX,
                        .parts = MIME_PARTS_MAX,
                        .messages = MESSAGES_MAX,
                        .inner_bytes = MIME_INNER_MAX_BYTES };
    r.is_cut = source.n > MIME_READ_MAX_BYTES;
    r.options = g_mime_parser_options_get_default();
    struct mime_read *m
        = read_message(&r, with_some_lf(arena, str_sub(source, 0, MIME_READ_MAX_BYTES)), 0);
    m->is_cut = r.is_cut || !r.headers;
    return m;
}
