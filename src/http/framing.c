/* The framing of requests (RFC 9112, with the tokens of RFC 9110, section 5.6).
 *
 * One state per place in the grammar, one function per state. A function reads a run
 * of bytes that its state allows and stops behind the byte that ends the run, so that
 * long values cost one table look-up per byte, and a split anywhere resumes in the
 * same state. The stricter reading is always taken: where RFC 9112 lets a recipient be
 * lenient (empty lines, bare LF, white space), a front proxy and we could disagree. */
#include "http/framing.h"

#include "base/limits.h"
#include "base/check.h"

enum state {
    METHOD,
    TARGET_START,
    TARGET,
    ESCAPE_HIGH,
    ESCAPE_LOW,
    VERSION,
    LINE_LF,
    NAME_START,
    NAME,
    VALUE_START,
    VALUE,
    VALUE_LF,
    HEAD_LF,
    BODY,
    CHUNK_SIZE,
    CHUNK_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    CLOSED,
    REFUSED,
    STATE_COUNT,
};

enum { TOKEN_BYTE = 1, TARGET_BYTE = 2, VALUE_BYTE = 4, HOST_BYTE = 8 };

/* RFC 9110, section 5.6.2 (token) and 5.5 (field values: VCHAR, obs-text, SP, HTAB). */
static unsigned char classes[256];

static bool among(struct str set, int c) {
    return str_find(set, (char) c) < set.n;
}

__attribute__((constructor)) static void fill_classes(void) {
    for (int c = 0; c < 256; c++) {
        bool alnum = ascii_is_alnum((char) c);
        if (alnum || among(STR("!#$%&'*+-.^_`|~"), c))
            classes[c] |= TOKEN_BYTE;
        if (c > ' ' && c < 0x7f && !among(STR("\"#<>\\"), c))
            classes[c] |= TARGET_BYTE;
        if (c == '\t' || (c >= ' ' && c != 0x7f))
            classes[c] |= VALUE_BYTE;
        if (alnum || among(STR("-._~"), c))
            classes[c] |= HOST_BYTE;
    }
}

static bool is(char c, unsigned class) {
    return classes[(unsigned char) c] & class;
}

/* All states' functions: read from [p, end), return behind the last byte read. */
typedef const char *reader(struct framing *f, const char *p, const char *end);

static const char *refuse(struct framing *f, const char *p, int status, const char *reason) {
    f->state = REFUSED;
    f->status = status;
    f->reason = reason;
    return p;
}

static const char *bad(struct framing *f, const char *p, const char *reason) {
    return refuse(f, p, 400, reason);
}

/* One byte that must be `c`; `next` follows. */
static const char *expect(struct framing *f, const char *p, char c, enum state next,
                          const char *reason) {
    if (*p != c)
        return bad(f, p, reason);
    f->state = (int) next;
    return p + 1;
}

/* --- header fields that decide on framing, or that must not be there twice --- */

struct framing_header {
    struct str name;
    /* The whole value at its end; NULL: not judged. Returns why it is refused, or NULL. */
    const char *(*judge)(struct framing *f, struct str value);
    bool repeats; /* may be there several times */
};

/* RFC 3986, section 3.2.2, without what no client sends (escapes, sub-delims). */
static const char *judge_host(struct framing *f, struct str value) {
    (void) f; /* the same for all versions */
    bool ipv6 = str_starts(value, STR("["));
    struct str host = str_sub(value, ipv6, str_find(value, ipv6 ? ']' : ':'));
    struct str port = str_sub(value, host.n + (ipv6 ? 2 : 0), value.n);
    if (host.n == 0 || (ipv6 && host.n + 2 > value.n))
        return "Host is not a host name or address";
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (ipv6 ? ascii_hex_value(c) < 0 && c != ':' && c != '.' : !is(c, HOST_BYTE))
            return "Host is not a host name or address";
    }
    if (port.n > 6 || (port.n > 0 && port.p[0] != ':'))
        return "Host has a bad port";
    for (size_t i = 1; i < port.n; i++)
        if (!ascii_is_digit(port.p[i]))
            return "Host has a bad port";
    return NULL;
}

static const char *judge_length(struct framing *f, struct str value) {
    if (value.n == 0 || value.n > 18)
        return "Content-Length is not a length";
    uint64_t length = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (!ascii_is_digit(value.p[i]))
            return "Content-Length is not a length";
        length = length * 10 + (uint64_t) (value.p[i] - '0');
    }
    f->left = length;
    return NULL;
}

static const char *judge_coding(struct framing *f, struct str value) {
    f->chunked = true;
    return str_eq_nocase(value, STR("chunked")) ? NULL : "Transfer-Encoding is not chunked";
}

static const char *judge_expect(struct framing *f, struct str value) {
    (void) f;
    return str_eq_nocase(value, STR("100-continue")) ? NULL : "Expect is not 100-continue";
}

/* Options that we do not know (upgrade, te) mean nothing to us. */
static const char *judge_connection(struct framing *f, struct str value) {
    for (struct str part; str_cut(&value, ',', &part);) {
        part = str_trim(part);
        f->close = f->close || str_eq_nocase(part, STR("close"));
        f->keep_alive = f->keep_alive || str_eq_nocase(part, STR("keep-alive"));
    }
    return NULL;
}

#define NAMED(text) { "" text, sizeof(text) - 1 }
static const struct framing_header headers[] = {
    { NAMED("host"), judge_host, false },
    { NAMED("content-length"), judge_length, false },
    { NAMED("transfer-encoding"), judge_coding, false },
    { NAMED("expect"), judge_expect, false },
    { NAMED("connection"), judge_connection, true },
    { NAMED("authorization"), NULL, false },
    { NAMED("content-type"), NULL, false },
    { NAMED("idempotency-key"), NULL, false },
    { NAMED("cookie"), NULL, false },
};
enum { HOST, LENGTH_OF_BODY };

static const struct framing_header *find_header(const struct framing *f) {
    if (f->at > sizeof f->name)
        return NULL;
    struct str name = { f->name, f->at };
    for (size_t i = 0; i < LENGTH(headers); i++)
        if (str_eq(name, headers[i].name))
            return &headers[i];
    return NULL;
}

static bool seen(const struct framing *f, unsigned row) {
    return f->seen & (1u << row);
}

/* --- the request line --- */

static void begin(struct framing *f) {
    buf_clear(&f->line);
    f->state = METHOD;
    f->method_n = f->head_n = f->headers_n = f->at = 0;
    f->header = NULL;
    f->seen = 0;
    f->minor = f->chunked = f->close = f->keep_alive = false;
    f->left = f->body_n = 0;
    f->body_max = HTTP_BODY_MAX_BYTES;
}

static const char *read_method(struct framing *f, const char *p, const char *end) {
    const char *from = p;
    while (p < end && is(*p, TOKEN_BYTE))
        p++;
    buf_bytes(&f->line, from, (size_t) (p - from));
    if (f->line.n > HTTP_METHOD_MAX_BYTES)
        return bad(f, p, "The method is too long");
    if (p == end)
        return p;
    if (*p != ' ' || f->line.n == 0)
        return bad(f, p, "The request line does not begin with a method");
    f->method_n = f->line.n;
    f->state = TARGET_START;
    return p + 1;
}

static const char *read_target_start(struct framing *f, const char *p, const char *end) {
    (void) end; /* one byte is always there */
    buf_char(&f->line, '/');
    return expect(f, p, '/', TARGET, "The target does not begin with a slash");
}

static const char *read_target(struct framing *f, const char *p, const char *end) {
    const char *from = p;
    while (p < end && *p != '%' && is(*p, TARGET_BYTE))
        p++;
    buf_bytes(&f->line, from, (size_t) (p - from));
    if (f->line.n - f->method_n > HTTP_TARGET_MAX_BYTES)
        return refuse(f, p, 414, "The target is too long");
    if (p == end)
        return p;
    if (*p == '%') {
        buf_char(&f->line, '%');
        f->state = ESCAPE_HIGH;
    } else if (*p == ' ') {
        f->at = 0;
        f->state = VERSION;
    } else {
        return bad(f, p, "The target has a character that must be escaped");
    }
    return p + 1;
}

static const char *read_escape(struct framing *f, const char *p, const char *end) {
    (void) end;
    int digit = ascii_hex_value(*p);
    if (digit < 0)
        return bad(f, p, "The target has a bad escape");
    if (f->state == ESCAPE_HIGH)
        f->escape = (unsigned) digit;
    else if (f->escape == 0 && digit == 0)
        return bad(f, p, "The target has an escaped NUL");
    buf_char(&f->line, *p);
    f->state = f->state == ESCAPE_HIGH ? ESCAPE_LOW : TARGET;
    return p + 1;
}

static const char *read_version(struct framing *f, const char *p, const char *end) {
    static const char text[] = "HTTP/1.";
    static const size_t minor_at = sizeof text - 1;
    for (; p < end && f->at <= minor_at; p++, f->at++) {
        if (f->at == minor_at)
            f->minor = *p == '1';
        if (f->at == minor_at ? *p != '0' && *p != '1' : *p != text[f->at])
            return bad(f, p, "The version is not HTTP/1.0 or HTTP/1.1");
    }
    if (p == end)
        return p;
    return expect(f, p, '\r', LINE_LF, "The version is not HTTP/1.0 or HTTP/1.1");
}

static const char *read_line_lf(struct framing *f, const char *p, const char *end) {
    (void) end;
    return expect(f, p, '\n', NAME_START, "CR without LF");
}

/* --- header lines --- */

static const char *read_name_start(struct framing *f, const char *p, const char *end) {
    (void) end;
    if (*p == '\r') {
        f->state = HEAD_LF;
        return p + 1;
    }
    if (!is(*p, TOKEN_BYTE))
        return bad(f, p, "A header line does not begin with a name");
    if (++f->headers_n > HTTP_HEADERS_MAX)
        return refuse(f, p, 431, "There are too many headers");
    f->at = 0;
    f->state = NAME;
    return p;
}

static const char *keep_name(struct framing *f, const char *p, const char *end) {
    for (; p < end && is(*p, TOKEN_BYTE); p++, f->at++)
        if (f->at < sizeof f->name)
            f->name[f->at] = ascii_lower(*p);
    return p;
}

static const char *read_name(struct framing *f, const char *p, const char *end) {
    const char *stop = keep_name(f, p, end);
    if (stop == end)
        return stop;
    if (*stop != ':')
        return bad(f, stop, "A header name is not followed by a colon");
    f->header = find_header(f);
    f->value_n = 0;
    f->state = VALUE_START;
    if (f->header) {
        unsigned row = (unsigned) (f->header - headers);
        if (seen(f, row) && !f->header->repeats)
            return bad(f, stop, "A header that must be there once is repeated");
        f->seen |= 1u << row;
    }
    return stop + 1;
}

static const char *read_value_start(struct framing *f, const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (p < end)
        f->state = VALUE;
    return p;
}

static const char *read_value(struct framing *f, const char *p, const char *end) {
    const char *from = p;
    while (p < end && is(*p, VALUE_BYTE))
        p++;
    size_t n = (size_t) (p - from);
    if (f->header && f->header->judge) {
        if (f->value_n + n > sizeof f->value)
            return bad(f, p, "A header is too long for what it is");
        memcpy(f->value + f->value_n, from, n);
        f->value_n += n;
    }
    if (p == end)
        return p;
    if (*p != '\r')
        return bad(f, p, "A header has a control character");
    if (f->header && f->header->judge) {
        const char *reason = f->header->judge(f, (struct str){ f->value, f->value_n });
        if (reason)
            return bad(f, p, reason);
    }
    f->state = VALUE_LF;
    return p + 1;
}

static const char *read_value_lf(struct framing *f, const char *p, const char *end) {
    (void) end;
    return expect(f, p, '\n', NAME_START, "CR without LF");
}

/* The message's end: what follows is the next one, or nothing that counts. */
static void finish(struct framing *f) {
    bool last = f->close || (!f->minor && !f->keep_alive);
    begin(f);
    f->state = last ? CLOSED : METHOD;
}

static const char *read_head_lf(struct framing *f, const char *p, const char *end) {
    (void) end;
    if (*p != '\n')
        return bad(f, p, "CR without LF");
    if (f->minor && !seen(f, HOST))
        return bad(f, p, "Host is missing");
    if (f->chunked && seen(f, LENGTH_OF_BODY))
        return bad(f, p, "Content-Length and Transfer-Encoding are both there");
    if (f->chunked && !f->minor)
        return bad(f, p, "Transfer-Encoding is not known in HTTP/1.0");
    f->at = 0;
    f->state = f->chunked ? CHUNK_SIZE : BODY;
    return p + 1;
}

/* --- bodies --- */

static const char *read_body(struct framing *f, const char *p, const char *end) {
    uint64_t there = (uint64_t) (end - p);
    uint64_t n = there < f->left ? there : f->left;
    f->left -= n;
    f->body_n += n;
    return p + n;
}

/* No extensions, though RFC 9112, section 7.1.1, wants them ignored: no client has a use
 * for them, parsers differ in where one ends, and libmicrohttpd 1.0.1 refuses them with
 * a page of its own. */
static const char *read_chunk_size(struct framing *f, const char *p, const char *end) {
    for (int digit; p < end && (digit = ascii_hex_value(*p)) >= 0; p++) {
        /* 15 digits do not overflow; the body's limit is far below */
        if (++f->at > 15)
            return bad(f, p, "A chunk size is too long");
        f->left = f->left << 4 | (uint64_t) digit;
    }
    if (p == end)
        return p;
    if (f->at == 0 || *p != '\r')
        return bad(f, p, "A chunk size is not a hexadecimal number alone");
    if (f->left > f->body_max - f->body_n)
        return refuse(f, p, 413, "The body is too large");
    f->state = CHUNK_LF;
    return p + 1;
}

static const char *read_chunk_lf(struct framing *f, const char *p, const char *end) {
    (void) end;
    f->head_n = 0;
    f->at = 0;
    return expect(f, p, '\n', f->left ? CHUNK_DATA : TRAILER_START, "CR without LF");
}

static const char *read_chunk_data(struct framing *f, const char *p, const char *end) {
    const char *stop = read_body(f, p, end);
    if (f->left == 0)
        f->state = CHUNK_DATA_CR;
    return stop;
}

static const char *read_chunk_data_cr(struct framing *f, const char *p, const char *end) {
    (void) end;
    return expect(f, p, '\r', CHUNK_DATA_LF, "A chunk is not followed by CRLF");
}

static const char *read_chunk_data_lf(struct framing *f, const char *p, const char *end) {
    (void) end;
    return expect(f, p, '\n', CHUNK_SIZE, "A chunk is not followed by CRLF");
}

/* --- trailers: bounded and passed over --- */

static const char *read_trailer_start(struct framing *f, const char *p, const char *end) {
    (void) end;
    f->at = 0;
    if (*p == '\r') {
        f->state = LAST_LF;
        return p + 1;
    }
    if (!is(*p, TOKEN_BYTE))
        return bad(f, p, "A trailer does not begin with a name");
    f->state = TRAILER_NAME;
    return p;
}

static const char *read_trailer_name(struct framing *f, const char *p, const char *end) {
    const char *stop = keep_name(f, p, end);
    if (stop == end)
        return stop;
    if (find_header(f))
        return bad(f, stop, "A trailer has a header that is not allowed there");
    return expect(f, stop, ':', TRAILER_VALUE, "A trailer's name is not followed by a colon");
}

static const char *read_trailer_value(struct framing *f, const char *p, const char *end) {
    while (p < end && is(*p, VALUE_BYTE))
        p++;
    if (p == end)
        return p;
    return expect(f, p, '\r', TRAILER_LF, "A trailer has a control character");
}

static const char *read_trailer_lf(struct framing *f, const char *p, const char *end) {
    (void) end;
    return expect(f, p, '\n', TRAILER_START, "CR without LF");
}

static const char *read_last_lf(struct framing *f, const char *p, const char *end) {
    (void) end;
    return expect(f, p, '\n', BODY, "CR without LF");
}

static const char *read_rest(struct framing *f, const char *p, const char *end) {
    (void) f, (void) p; /* nothing counts any more */
    return end;
}

static const char *read_nothing(struct framing *f, const char *p, const char *end) {
    (void) f, (void) end;
    return p;
}

static reader *const readers[STATE_COUNT] = {
    [METHOD] = read_method,
    [TARGET_START] = read_target_start,
    [TARGET] = read_target,
    [ESCAPE_HIGH] = read_escape,
    [ESCAPE_LOW] = read_escape,
    [VERSION] = read_version,
    [LINE_LF] = read_line_lf,
    [NAME_START] = read_name_start,
    [NAME] = read_name,
    [VALUE_START] = read_value_start,
    [VALUE] = read_value,
    [VALUE_LF] = read_value_lf,
    [HEAD_LF] = read_head_lf,
    [BODY] = read_body,
    [CHUNK_SIZE] = read_chunk_size,
    [CHUNK_LF] = read_chunk_lf,
    [CHUNK_DATA] = read_chunk_data,
    [CHUNK_DATA_CR] = read_chunk_data_cr,
    [CHUNK_DATA_LF] = read_chunk_data_lf,
    [TRAILER_START] = read_trailer_start,
    [TRAILER_NAME] = read_trailer_name,
    [TRAILER_VALUE] = read_trailer_value,
    [TRAILER_LF] = read_trailer_lf,
    [LAST_LF] = read_last_lf,
    [CLOSED] = read_rest,
    [REFUSED] = read_nothing,
};

/* --- exported --- */

void framing_init(struct framing *f) {
    *f = (struct framing){ .line = buf_on_heap(HTTP_HEAD_MAX_BYTES) };
    begin(f);
}

void framing_done(struct framing *f) {
    buf_done(&f->line);
}

static bool in_head(int state) {
    return state < BODY;
}

static bool in_trailers(int state) {
    return state >= TRAILER_START && state <= LAST_LF;
}

/* Bytes from p on that may be read before the limit of this part is passed. */
static const char *head_end(const struct framing *f, const char *p, const char *end, size_t max) {
    size_t room = max - f->head_n;
    return (size_t) (end - p) > room ? p + room : end;
}

/* One step in a part whose bytes are counted. */
static const char *step_counted(struct framing *f, const char *p, const char *end) {
    bool head = in_head(f->state);
    const char *stop = head_end(f, p, end, head ? HTTP_HEAD_MAX_BYTES : HTTP_TRAILERS_MAX_BYTES);
    if (stop == p)
        return refuse(f, p, 431, head ? "The headers are too large" : "The trailers are too large");
    const char *next = readers[f->state](f, p, stop);
    f->head_n += (size_t) (next - p);
    return next;
}

enum { COOKIE_AT = sizeof FRAMING_COOKIE - 2 }; /* the byte in which it differs */

static void exchange_byte(char *p, const char *end, char from, char to) {
    for (; (p = memchr(p, from, (size_t) (end - p))); p++)
        *p = to;
}

void framing_restore_target(char *target, size_t n) {
    exchange_byte(target, target + n, '#', '?');
}

/* What the library must not take apart, in the bytes that a step has read. */
static void hide(const struct framing *f, int state, size_t at, char *p, const char *end) {
    if (state == TARGET)
        exchange_byte(p, end, '?', '#');
    if (state == NAME && at <= COOKIE_AT && f->at > COOKIE_AT
        && memcmp(f->name, "cookie", COOKIE_AT + 1) == 0)
        p[COOKIE_AT - at] = FRAMING_COOKIE[COOKIE_AT];
}

enum framing_event framing_read(struct framing *f, char *bytes, size_t n, size_t *ret_used) {
    char *p = bytes;
    const char *end = bytes + n;
    enum framing_event event = FRAMING_MORE;
    while (event == FRAMING_MORE) {
        int before = f->state;
        if (before == BODY && f->left == 0) {
            finish(f);
            event = FRAMING_MESSAGE;
            break;
        }
        if (before == REFUSED) {
            event = FRAMING_REFUSED;
            break;
        }
        if (p == end)
            break;
        size_t at = f->at;
        bool counted = in_head(before) || in_trailers(before);
        const char *next = counted ? step_counted(f, p, end) : readers[before](f, p, end);
        hide(f, before, at, p, next);
        p += next - p;
        if (before == HEAD_LF && f->state != REFUSED)
            event = FRAMING_HEAD;
    }
    *ret_used = (size_t) (p - bytes);
    return event;
}

enum framing_event framing_limit_body(struct framing *f, size_t max) {
    f->body_max = max;
    if (!f->chunked && f->left > max) {
        refuse(f, NULL, 413, "The body is too large");
        return FRAMING_REFUSED;
    }
    return FRAMING_HEAD;
}

struct str framing_method(const struct framing *f) {
    return str_sub(buf_text(&f->line), 0, f->method_n);
}

struct str framing_target(const struct framing *f) {
    return str_sub(buf_text(&f->line), f->method_n, f->line.n);
}

bool framing_has_body(const struct framing *f) {
    return f->chunked || f->left > 0;
}

enum framing_part framing_part(const struct framing *f) {
    if (f->state == CLOSED || (f->state == METHOD && f->line.n == 0))
        return FRAMING_BETWEEN;
    return in_head(f->state) ? FRAMING_IN_HEAD : FRAMING_IN_BODY;
}

bool framing_closed(const struct framing *f) {
    return f->state == CLOSED;
}
