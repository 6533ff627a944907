/* GMime writes everything whose coding is an art: encoded words, parameters, bodies. Headers
 * that are ASCII by construction are given to it raw, because it takes a long URL for a word
 * that has to be encoded. The bytes are built with LF, and get their CRLF at the end. */
#include "net/mime.h"

#include <gmime/gmime.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { FOLD_AT = 76 };

void mime_start(void) {
    g_mime_init();
}

/* Text for a C library, in one line. */
static const char *one_line(struct arena *arena, struct str text) {
    struct str copy = arena_str(arena, text);
    char *p = arena_alloc(arena, copy.n + 1);
    for (size_t i = 0; i < copy.n; i++)
        p[i] = (unsigned char) copy.p[i] < ' ' || copy.p[i] == '\177' ? ' ' : copy.p[i];
    return p;
}

static bool is_address(struct str address) {
    for (size_t i = 0; i < address.n; i++)
        if ((unsigned char) address.p[i] <= ' ' || strchr("<>,;:\"()[]\\\177", address.p[i]))
            return false;
    return str_find(address, '@') < address.n;
}

static bool is_plain(struct str value) {
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < ' ' || value.p[i] > '~')
            return false;
    return true;
}

/* Lines end at spaces (RFC 5322, 2.2.3); a word that is longer than a line has one alone. */
static struct str fold(struct arena *arena, size_t name, struct str value) {
    struct buf b = buf_in(arena, 3 * value.n + 16);
    struct str rest = value, word;
    size_t line = name + 1;
    while (str_word(&rest, &word)) {
        bool breaks = line > 1 && line + 1 + word.n > FOLD_AT && line != name + 1;
        buf_str(&b, breaks ? STR("\n ") : STR(" "));
        line = (breaks ? 0 : line) + 1 + word.n;
        buf_str(&b, word);
    }
    buf_char(&b, '\n');
    buf_char(&b, '\0');
    return buf_text(&b);
}

static void add_address(struct arena *arena, InternetAddressList *list, const struct mime_address *a) {
    const char *name = str_is_empty(a->name) ? NULL : one_line(arena, a->name);
    InternetAddress *one = internet_address_mailbox_new(name, arena_cstr(arena, a->address));
    internet_address_set_charset(one, "utf-8");
    internet_address_list_add(list, one);
    g_object_unref(one);
}

static GMimePart *part_new(const char *type, const char *subtype, struct str content) {
    GMimePart *part = g_mime_part_new_with_type(type, subtype);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(content.p ? content.p : "", content.n);
    GMimeDataWrapper *wrapper
        = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, wrapper);
    g_object_unref(wrapper);
    g_object_unref(stream);
    return part;
}

/* With LF alone, and one at the end: then no line runs into what follows. */
static struct str text_lines(struct arena *arena, struct str text) {
    struct buf b = buf_in(arena, text.n + 2);
    for (size_t i = 0; i < text.n; i++) {
        bool is_break = text.p[i] == '\r';
        if (is_break && i + 1 < text.n && text.p[i + 1] == '\n')
            continue;
        buf_char(&b, is_break ? '\n' : text.p[i]);
    }
    if (!b.n || b.p[b.n - 1] != '\n')
        buf_char(&b, '\n');
    return buf_text(&b);
}

static GMimeObject *text_part(struct arena *arena, const char *subtype, struct str text) {
    GMimePart *part = part_new("text", subtype, text_lines(arena, text));
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    g_mime_part_set_content_encoding(
        part, g_mime_part_get_best_content_encoding(part, GMIME_ENCODING_CONSTRAINT_7BIT));
    return GMIME_OBJECT(part);
}

static GMimeObject *file_part(struct arena *arena, const struct mime_file *file) {
    size_t slash = str_find(file->media_type, '/');
    bool is_typed = slash && slash + 1 < file->media_type.n && is_plain(file->media_type);
    GMimePart *part
        = part_new(is_typed ? one_line(arena, str_sub(file->media_type, 0, slash)) : "application",
                   is_typed ? one_line(arena, str_sub(file->media_type, slash + 1, file->media_type.n))
                            : "octet-stream",
                   file->content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_mime_object_set_disposition(GMIME_OBJECT(part), GMIME_DISPOSITION_ATTACHMENT);
    g_mime_part_set_filename(part, one_line(arena, file->name));
    return GMIME_OBJECT(part);
}

/* Takes over `part`. */
static void add_part(GMimeMultipart *to, GMimeObject *part) {
    g_mime_multipart_add(to, part);
    g_object_unref(part);
}

static GMimeObject *body_part(struct arena *arena, const struct mime_message *m) {
    if (!str_is_set(m->html))
        return text_part(arena, "plain", m->text);
    if (!str_is_set(m->text))
        return text_part(arena, "html", m->html);
    GMimeMultipart *both = g_mime_multipart_new_with_subtype("alternative");
    add_part(both, text_part(arena, "plain", m->text));
    add_part(both, text_part(arena, "html", m->html));
    return GMIME_OBJECT(both);
}

static GMimeObject *content_of(struct arena *arena, const struct mime_message *m) {
    const struct mime_file *file = m->files.p;
    GMimeObject *body = body_part(arena, m);
    if (!m->files.n)
        return body;
    GMimeMultipart *mixed = g_mime_multipart_new_with_subtype("mixed");
    add_part(mixed, body);
    for (size_t i = 0; i < m->files.n; i++)
        add_part(mixed, file_part(arena, &file[i]));
    return GMIME_OBJECT(mixed);
}

static void add_header(struct arena *arena, GMimeObject *object, const struct mime_header *h) {
    GMimeHeaderList *list = g_mime_object_get_header_list(object);
    g_mime_header_list_append(list, h->name, "", NULL);
    g_mime_header_set_raw_value(g_mime_header_list_get_header(list, h->name),
                                fold(arena, strlen(h->name), h->value).p);
}

/* Bytes that are none would go out as they are, or as something else. */
static bool is_utf8(const struct mime_message *m) {
    const struct mime_file *file = m->files.p;
    bool good = utf8_is_valid(m->from.name) && utf8_is_valid(m->to.name) && utf8_is_valid(m->subject)
                && utf8_is_valid(m->text) && utf8_is_valid(m->html);
    for (size_t i = 0; good && i < m->files.n; i++)
        good = utf8_is_valid(file[i].name);
    return good;
}

static enum rc check(const struct mime_message *m) {
    const struct mime_file *file = m->files.p;
    size_t bytes = m->text.n + m->html.n + m->subject.n;
    if (!is_utf8(m))
        return E_INVALID;
    if (!is_address(m->from.address) || !is_address(m->to.address) || !is_address(m->message_id))
        return E_INVALID;
    for (size_t i = 0; i < m->n_headers; i++) {
        bytes += m->headers[i].value.n;
        if (!is_plain(m->headers[i].value))
            return E_INVALID;
    }
    for (size_t i = 0; i < m->files.n; i++)
        bytes += file[i].content.n;
    return bytes > MIME_MAX_BYTES / 4 * 3 ? E_TOO_LARGE : OK;
}

static enum rc with_crlf(struct arena *arena, const GByteArray *bytes, struct str *ret_source) {
    struct buf b = buf_in(arena, MIME_MAX_BYTES);
    struct str rest = { (const char *) bytes->data, bytes->len }, line;
    while (rest.n && str_cut(&rest, '\n', &line)) {
        buf_str(&b, line);
        buf_str(&b, STR("\r\n"));
    }
    enum rc rc = buf_result(&b);
    if (rc == OK)
        *ret_source = buf_text(&b);
    return rc;
}

static GMimeMessage *message_new(struct arena *arena, const struct mime_message *m) {
    GMimeMessage *message = g_mime_message_new(TRUE);
    add_address(arena, g_mime_message_get_from(message), &m->from);
    add_address(arena, g_mime_message_get_to(message), &m->to);
    g_mime_message_set_subject(message, one_line(arena, m->subject), "utf-8");
    for (size_t i = 0; i < m->n_headers; i++)
        add_header(arena, GMIME_OBJECT(message), &m->headers[i]);
    GMimeObject *content = content_of(arena, m);
    g_mime_message_set_mime_part(message, content);
    g_object_unref(content);
    return message;
}

enum rc mime_write(struct arena *arena, const struct mime_message *m, struct str *ret_source) {
    enum rc rc = check(m);
    if (rc != OK)
        return rc;
    struct mime_header id
        = { "Message-ID", arena_printf(arena, "<%.*s>", STR_FMT(m->message_id)) };
    GMimeMessage *message = message_new(arena, m);
    add_header(arena, GMIME_OBJECT(message), &id);
    GMimeStream *stream = g_mime_stream_mem_new();
    (void) g_mime_object_write_to_stream(GMIME_OBJECT(message), NULL, stream); /* memory takes it */
    rc = with_crlf(arena, g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream)), ret_source);
    g_object_unref(stream);
    g_object_unref(message);
    return rc;
}

struct str mime_date(struct arena *arena, int64_t ms) {
    static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct str iso = time_iso(arena, ms); /* 2025-08-29T14:54:16Z */
    int64_t month = 1;
    (void) !str_to_i64(str_sub(iso, 5, 7), &month); /* two digits */
    return arena_printf(arena, "%s, %.*s %s %.*s %.*s +0000", days[ms / DAY_MS % 7],
                        STR_FMT(str_sub(iso, 8, 10)), months[month - 1], STR_FMT(str_sub(iso, 0, 4)),
                        STR_FMT(str_sub(iso, 11, 19)));
}
