/* Every row is fed whole, byte by byte, and cut in two at every position: the verdict
 * must be the same. A row that is refused may have good messages before the bad one. */
#include "test.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/framing.h"

#define HOST "Host: a.example\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define GET "GET / HTTP/1.1\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

struct row {
    const char *name;
    struct str bytes;
    int status;  /* 0: accepted */
    int messages; /* complete ones, before the refusal if there is one */
};
#define ROW(name, bytes, status, messages) { name, { bytes, sizeof(bytes) - 1 }, status, messages }

static const struct row rows[] = {
    /* accepted */
    ROW("plain", GET HOST "\r\n", 0, 1),
    ROW("1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0, 1),
    ROW("query with brackets", "GET /users?page[size]=2&page%5Bafter%5D=x HTTP/1.1\r\n" HOST "\r\n", 0, 1),
    ROW("two pipelined", GET HOST "\r\n" GET HOST "\r\n", 0, 2),
    ROW("half a head", GET "Hos", 0, 0),
    ROW("length", POST "Content-Length: 5\r\n\r\nhello", 0, 1),
    ROW("length and next", POST "Content-Length: 5\r\n\r\nhello" GET HOST "\r\n", 0, 2),
    ROW("length 0", POST "Content-Length: 0\r\n\r\n", 0, 1),
    ROW("length with leading zeros", POST "Content-Length: 0005\r\n\r\nhello", 0, 1),
    ROW("body short", POST "Content-Length: 5\r\n\r\nhell", 0, 0),
    ROW("chunked", CHUNKED "5\r\nhello\r\n0\r\n\r\n", 0, 1),
    ROW("chunked in capitals", POST "TRANSFER-ENCODING:CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", 0, 1),
    ROW("chunks and next", CHUNKED "5\r\nhello\r\n1;x=\"y\"\r\n!\r\n00\r\n\r\n" GET HOST "\r\n", 0, 2),
    ROW("trailer", CHUNKED "1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n", 0, 1),
    ROW("expect", POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", 0, 1),
    ROW("no space after colon", GET "Host:a\r\nX:\r\n\r\n", 0, 1),
    ROW("tab in value", GET HOST "X: a\tb\r\n\r\n", 0, 1),
    ROW("obs-text in value", GET HOST "X: \xc3\xa9\r\n\r\n", 0, 1),
    ROW("host with port", GET "Host: localhost:8080\r\n\r\n", 0, 1),
    ROW("host is IPv6", GET "Host: [::1]:8080\r\n\r\n", 0, 1),
    ROW("host is IPv4", GET "Host: 127.0.0.1\r\n\r\n", 0, 1),
    ROW("two Accept", GET HOST "Accept: a\r\nAccept: b\r\n\r\n", 0, 1),
    ROW("upgrade is ignored", GET HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", 0, 1),
    ROW("after close nothing counts", GET HOST "Connection: close\r\n\r\n\x01garbage", 0, 1),
    ROW("close among options", GET HOST "Connection: x, Close\r\n\r\n\x01", 0, 1),
    ROW("1.0 ends after one", "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", 0, 1),
    ROW("1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", 0, 2),
    ROW("unusual method", "PROPFIND / HTTP/1.1\r\n" HOST "\r\n", 0, 1),
    /* lengths */
    ROW("CL+TE", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE+CL order", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("CL differs x2", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, 0),
    ROW("CL same x2", POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", 400, 0),
    ROW("CL +5", POST "Content-Length: +5\r\n\r\nhello", 400, 0),
    ROW("CL 0x5", POST "Content-Length: 0x5\r\n\r\nhello", 400, 0),
    ROW("CL 5,5", POST "Content-Length: 5,5\r\n\r\nhello", 400, 0),
    ROW("CL -1", POST "Content-Length: -1\r\n\r\n", 400, 0),
    ROW("CL empty", POST "Content-Length:\r\n\r\n", 400, 0),
    ROW("CL blank behind", POST "Content-Length: 5 \r\n\r\nhello", 400, 0),
    ROW("CL blank inside", POST "Content-Length: 5 5\r\n\r\nhello", 400, 0),
    ROW("CL overflow", POST "Content-Length: 99999999999999999999\r\n\r\n", 400, 0),
    ROW("TE xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE chunked,identity", POST "Transfer-Encoding: chunked,identity\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE identity", POST "Transfer-Encoding: identity\r\n\r\n", 400, 0),
    ROW("TE empty", POST "Transfer-Encoding:\r\n\r\n", 400, 0),
    ROW("TE blank behind", POST "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE \\vchunked", POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE sp colon", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, 0),
    ROW("TE on HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0),
    /* header lines */
    ROW("obs-fold", GET HOST "X: a\r\n b\r\n\r\n", 400, 0),
    ROW("obs-fold with tab", GET HOST "X: a\r\n\tb\r\n\r\n", 400, 0),
    ROW("fold of the first line", GET " " HOST "\r\n", 400, 0),
    ROW("bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400, 0),
    ROW("bare LF one hdr", GET "Host: a\n\r\n", 400, 0),
    ROW("bare LF at the end", GET HOST "\n", 400, 0),
    ROW("bare CR in value", GET HOST "X: a\rb\r\n\r\n", 400, 0),
    ROW("bare CR at the end", GET HOST "\rX", 400, 0),
    ROW("CR CR LF", GET "Host: a\r\r\n\r\n", 400, 0),
    ROW("NUL in value", GET HOST "X: a\0b\r\n\r\n", 400, 0),
    ROW("DEL in value", GET HOST "X: a\x7f\r\n\r\n", 400, 0),
    ROW("ctl in name", GET HOST "X\x01: a\r\n\r\n", 400, 0),
    ROW("non-ASCII in name", GET HOST "X\xc3\xa9: a\r\n\r\n", 400, 0),
    ROW("empty name", GET HOST ": a\r\n\r\n", 400, 0),
    ROW("no colon", GET HOST "X\r\n\r\n", 400, 0),
    ROW("tab before colon", GET HOST "X\t: a\r\n\r\n", 400, 0),
    ROW("space in name", GET HOST "X Y: a\r\n\r\n", 400, 0),
    ROW("no Host 1.1", GET "\r\n", 400, 0),
    ROW("two Host", GET HOST HOST "\r\n", 400, 0),
    ROW("two Host on 1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400, 0),
    ROW("Host empty", GET "Host:\r\n\r\n", 400, 0),
    ROW("Host with path", GET "Host: a/b\r\n\r\n", 400, 0),
    ROW("Host with user", GET "Host: u@a\r\n\r\n", 400, 0),
    ROW("Host with comma", GET "Host: a, b\r\n\r\n", 400, 0),
    ROW("Host with bad port", GET "Host: a:8o\r\n\r\n", 400, 0),
    ROW("Host with long port", GET "Host: a:123456\r\n\r\n", 400, 0),
    ROW("Host open bracket", GET "Host: [::1\r\n\r\n", 400, 0),
    ROW("Host text behind bracket", GET "Host: [::1]x\r\n\r\n", 400, 0),
    ROW("two Authorization", GET HOST "Authorization: a\r\nauthorization: b\r\n\r\n", 400, 0),
    ROW("two Content-Type", GET HOST "Content-Type: a/b\r\nContent-Type: a/c\r\n\r\n", 400, 0),
    ROW("two Idempotency-Key", GET HOST "Idempotency-Key: 1\r\nIdempotency-Key: 2\r\n\r\n", 400, 0),
    ROW("Expect unknown", POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 400, 0),
    /* the request line */
    ROW("HTTP/1.10", "GET / HTTP/1.10\r\n" HOST "\r\n", 400, 0),
    ROW("HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 400, 0),
    ROW("HTTP/9.9", "GET / HTTP/9.9\r\n" HOST "\r\n", 400, 0),
    ROW("HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 0),
    ROW("http/1.1", "GET / http/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("HTTP/01.1", "GET / HTTP/01.1\r\n" HOST "\r\n", 400, 0),
    ROW("no version", "GET /\r\n" HOST "\r\n", 400, 0),
    ROW("space behind version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400, 0),
    ROW("tab in req line", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("two spaces req", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("two spaces behind target", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("space before method", " GET / HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("empty line first", "\r\n" GET HOST "\r\n", 400, 0),
    ROW("no method", "/ HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("method is no token", "G(T / HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("method too long", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, 0),
    ROW("ctl in target", "GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("non-ASCII target", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("space in target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("backslash", "GET /a\\b HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("absolute form", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("authority form", "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("asterisk form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("empty target", "GET ?a=b HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("bad escape", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("cut escape", "GET /%4 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("escaped NUL", "GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    ROW("escaped NUL in query", "GET /?a=%00 HTTP/1.1\r\n" HOST "\r\n", 400, 0),
    /* chunks */
    ROW("chunk 0x5", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk +5", CHUNKED "+5\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk -5", CHUNKED "-5\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk \"5 \"", CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk \" 5\"", CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk empty size", CHUNKED "\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk overflow", CHUNKED "fffffffffffffffff\r\n", 400, 0),
    ROW("chunk LF only", CHUNKED "5\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk data not CRLF", CHUNKED "5\r\nhelloX\r\n0\r\n\r\n", 400, 0),
    ROW("chunk data then LF", CHUNKED "5\r\nhello\n0\r\n\r\n", 400, 0),
    ROW("chunk extension with ctl", CHUNKED "5;a\x01\r\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("chunk extension with LF", CHUNKED "5;a\nhello\r\n0\r\n\r\n", 400, 0),
    ROW("trailer folded", CHUNKED "0\r\nX: a\r\n b\r\n\r\n", 400, 0),
    ROW("trailer without colon", CHUNKED "0\r\nX\r\n\r\n", 400, 0),
    ROW("trailer Content-Length", CHUNKED "0\r\nContent-Length: 5\r\n\r\n", 400, 0),
    ROW("trailer Host", CHUNKED "0\r\nHost: b\r\n\r\n", 400, 0),
    ROW("trailer bare LF", CHUNKED "0\r\n\n", 400, 0),
    /* good, then bad */
    ROW("bad behind good", GET HOST "\r\nGET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, 1),
    ROW("garbage behind body", POST "Content-Length: 2\r\n\r\nabc\r\n\r\n", 400, 1),
    ROW("empty line behind body", POST "Content-Length: 2\r\n\r\nab\r\n" GET HOST "\r\n", 400, 1),
    /* limits of the body: 1000 bytes here */
    ROW("length over the limit", POST "Content-Length: 1001\r\n\r\n", 413, 0),
    ROW("chunk over the limit", CHUNKED "3e9\r\n", 413, 0),
};

enum { BODY_MAX = 1000 };

struct verdict {
    int status, messages;
};

/* Feeds [from, to) like the gate does. */
static void feed(struct framing *f, char *bytes, size_t n, struct verdict *v) {
    size_t used = 0;
    enum framing_event event;
    do {
        size_t step = 0;
        event = framing_read(f, bytes + used, n - used, &step);
        used += step;
        if (event == FRAMING_HEAD)
            event = framing_limit_body(f, BODY_MAX);
        v->messages += event == FRAMING_MESSAGE;
    } while (event != FRAMING_MORE && event != FRAMING_REFUSED);
    assert_true(event == FRAMING_REFUSED || used == n);
    v->status = f->status;
}

/* In two pieces cut at `cut`, or one byte at a time when it is SIZE_MAX. Each piece is
 * a block of its own, so that the sanitizer sees a read past its end. */
static struct verdict verdict_of(struct str bytes, size_t cut) {
    struct framing f;
    framing_init(&f);
    struct verdict v = { 0, 0 };
    size_t step = cut == SIZE_MAX ? 1 : cut;
    for (size_t at = 0; at < bytes.n;) {
        struct str piece = str_sub(bytes, at, at + step);
        char *copy = mem_alloc(piece.n);
        memcpy(copy, piece.p, piece.n);
        feed(&f, copy, piece.n, &v);
        mem_free(copy);
        at += piece.n;
        step = cut == SIZE_MAX ? 1 : bytes.n;
    }
    framing_done(&f);
    return v;
}

static void check(const struct row *row, size_t cut) {
    struct verdict v = verdict_of(row->bytes, cut);
    if (v.status != row->status || v.messages != row->messages)
        print_error("%s, cut at %zu: status %d, messages %d\n", row->name, cut, v.status,
                    v.messages);
    assert_int_equal(v.status, row->status);
    assert_int_equal(v.messages, row->messages);
}

static void test_every_row_however_it_is_cut(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        check(&rows[i], SIZE_MAX);
        for (size_t cut = 1; cut <= rows[i].bytes.n; cut++)
            check(&rows[i], cut);
    }
}

/* head + `n` times `unit` + tail */
static struct str repeated(struct buf *b, const char *head, const char *unit, size_t n,
                           const char *tail) {
    buf_clear(b);
    buf_str(b, str_of(head));
    for (size_t i = 0; i < n; i++)
        buf_str(b, str_of(unit));
    buf_str(b, str_of(tail));
    return buf_text(b);
}

static void test_limits(void **state) {
    (void) state;
    static const struct {
        const char *name, *head, *unit;
        size_t n;
        const char *tail;
        int status;
    } limits[] = {
        { "longest target", "GET /", "a", HTTP_TARGET_MAX_BYTES - 1, " HTTP/1.1\r\n" HOST "\r\n", 0 },
        { "target too long", "GET /", "a", HTTP_TARGET_MAX_BYTES, " HTTP/1.1\r\n" HOST "\r\n", 414 },
        { "escapes too long", "GET /", "%41", HTTP_TARGET_MAX_BYTES / 3 + 1, " HTTP/1.1\r\n" HOST "\r\n", 414 },
        { "endless target", "GET /", "a", 100000, "", 414 },
        { "most headers", GET HOST, "X: a\r\n", HTTP_HEADERS_MAX - 1, "\r\n", 0 },
        { "too many headers", GET HOST, "X: a\r\n", HTTP_HEADERS_MAX, "\r\n", 431 },
        { "largest head", GET HOST "X: ", "a",
          HTTP_HEAD_MAX_BYTES - sizeof(GET HOST "X: \r\n\r\n") + 1, "\r\n\r\n", 0 },
        { "head too large", GET HOST "X: ", "a",
          HTTP_HEAD_MAX_BYTES - sizeof(GET HOST "X: \r\n\r\n") + 2, "\r\n\r\n", 431 },
        { "endless value", GET HOST "X: ", "a", 100000, "", 431 },
        { "endless name", GET HOST, "a", 100000, "", 431 },
        { "endless space", GET "Host:", " ", 100000, "", 431 },
        { "most cookies", GET HOST "Cookie: ", "a=b;", HTTP_COOKIES_MAX - 1, "c=d\r\n\r\n", 0 },
        { "too many cookies", GET HOST "Cookie: ", "a,", HTTP_COOKIES_MAX, "\r\n\r\n", 431 },
        { "cookie too large", GET HOST "Cookie: a=", "b", HTTP_COOKIE_MAX_BYTES, "\r\n\r\n", 431 },
        { "long Connection", GET HOST "Connection: ", "a,", FRAMING_VALUE_MAX, "\r\n\r\n", 400 },
        { "body at the limit", CHUNKED, "64\r\n0123456789012345678901234567890123456789012345678901234567"
          "890123456789012345678901234567890123456789\r\n", BODY_MAX / 100, "0\r\n\r\n", 0 },
        { "body over the limit", CHUNKED, "64\r\n0123456789012345678901234567890123456789012345678901234567"
          "890123456789012345678901234567890123456789\r\n", BODY_MAX / 100, "1\r\na\r\n0\r\n\r\n", 413 },
        { "endless chunk size", CHUNKED, "0", 100000, "", 400 },
        { "longest extension", CHUNKED "1;", "a", HTTP_CHUNK_LINE_MAX - 1, "\r\na\r\n0\r\n\r\n", 0 },
        { "extension too long", CHUNKED "1;", "a", HTTP_CHUNK_LINE_MAX, "\r\na\r\n0\r\n\r\n", 400 },
        { "endless trailers", CHUNKED "0\r\n", "X: a\r\n", 10000, "", 431 },
    };
    struct buf b = buf_on_heap(1 << 20);
    for (size_t i = 0; i < LENGTH(limits); i++) {
        struct row row = { limits[i].name,
                           repeated(&b, limits[i].head, limits[i].unit, limits[i].n, limits[i].tail),
                           limits[i].status, limits[i].status == 0 };
        check(&row, SIZE_MAX);
        check(&row, row.bytes.n);
        for (size_t cut = 1; cut < row.bytes.n; cut += 611)
            check(&row, cut);
    }
    buf_done(&b);
}

static void test_method_target_and_query(void **state) {
    (void) state;
    struct framing f;
    framing_init(&f);
    char text[] = "POST /a?b=%41?c HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nx?y";
    size_t used = 0;
    assert_int_equal(framing_part(&f), FRAMING_BETWEEN);
    assert_int_equal(framing_read(&f, text, sizeof text - 1, &used), FRAMING_HEAD);
    assert_str(framing_method(&f), "POST");
    assert_str(framing_target(&f), "/a?b=%41?c");
    assert_true(framing_has_body(&f));
    assert_int_equal(framing_part(&f), FRAMING_IN_BODY);
    /* the library is given the target without question marks, the body as it is */
    assert_memory_equal(text, "POST /a#b=%41#c HTTP", 20);
    assert_string_equal(text + used, "x?y");
    framing_restore_target(text + 5, 10);
    assert_memory_equal(text + 5, "/a?b=%41?c", 10);
    framing_done(&f);
}

static void test_parts(void **state) {
    (void) state;
    struct framing f;
    framing_init(&f);
    struct verdict v = { 0, 0 };
    char begin[] = "P";
    feed(&f, begin, 1, &v);
    assert_int_equal(framing_part(&f), FRAMING_IN_HEAD);
    char rest[] = "OST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n";
    feed(&f, rest, sizeof rest - 1, &v);
    assert_int_equal(framing_part(&f), FRAMING_IN_BODY);
    char body[] = "x";
    feed(&f, body, 1, &v);
    assert_int_equal(framing_part(&f), FRAMING_BETWEEN);
    assert_false(framing_closed(&f));
    char last[] = GET HOST "Connection: close\r\n\r\n";
    feed(&f, last, sizeof last - 1, &v);
    assert_true(framing_closed(&f));
    assert_int_equal(v.messages, 2);
    framing_done(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_however_it_is_cut),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_method_target_and_query),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
