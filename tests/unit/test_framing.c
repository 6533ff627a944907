/* Every row is fed whole, byte by byte, and cut in two at every position: the verdict
 * must be the same. A row that is refused may have good messages before the bad one. */
#include "test.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/framing.h"
#include "http_rows.h"

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
        { "long Connection", GET HOST "Connection: ", "a,", FRAMING_VALUE_MAX, "\r\n\r\n", 400 },
        { "body at the limit", CHUNKED, "64\r\n0123456789012345678901234567890123456789012345678901234567"
          "890123456789012345678901234567890123456789\r\n", BODY_MAX / 100, "0\r\n\r\n", 0 },
        { "body over the limit", CHUNKED, "64\r\n0123456789012345678901234567890123456789012345678901234567"
          "890123456789012345678901234567890123456789\r\n", BODY_MAX / 100, "1\r\na\r\n0\r\n\r\n", 413 },
        { "endless chunk size", CHUNKED, "0", 100000, "", 400 },
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

/* However the name is cut; other names stay. */
static void test_cookie_is_hidden(void **state) {
    (void) state;
    static const char in[] = GET HOST "cookie: a=b\r\nCookies: c\r\nX-Cookie: d\r\n\r\n";
    static const char out[] = GET HOST "cooki~: a=b\r\nCooki~s: c\r\nX-Cookie: d\r\n\r\n";
    for (size_t cut = 1; cut < sizeof in; cut++) {
        struct framing f;
        framing_init(&f);
        struct verdict v = { 0, 0 };
        char text[sizeof in];
        memcpy(text, in, sizeof in);
        feed(&f, text, cut, &v);
        feed(&f, text + cut, sizeof in - 1 - cut, &v);
        assert_int_equal(v.messages, 1);
        assert_string_equal(text, out);
        framing_done(&f);
    }
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
        cmocka_unit_test(test_cookie_is_hidden),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
