#include "base/buf.h"
#include "net/smtp_reply.h"
#include "test.h"

static const struct {
    const char *bytes;
    enum smtp_scan scan;
    size_t n;
} scans[] = {
    { "220 ready\r\n", SMTP_WHOLE, 11 },
    { "220 ready\n", SMTP_WHOLE, 10 },
    { "220\r\n", SMTP_WHOLE, 5 },
    { "250-a\r\n250-b\r\n250 c\r\n", SMTP_WHOLE, 21 },
    { "250-a\r\n250\r\n", SMTP_WHOLE, 12 },
    { "250 one\r\n354 two\r\n", SMTP_WHOLE, 9 },
    { "", SMTP_MORE, 0 },
    { "2", SMTP_MORE, 0 },
    { "250", SMTP_MORE, 0 },
    { "250 no end", SMTP_MORE, 0 },
    { "250-a\r\n", SMTP_MORE, 0 },
    { "250-a\r\n25", SMTP_MORE, 0 },
    { "\r\n", SMTP_BROKEN, 0 },
    { "hello\r\n", SMTP_BROKEN, 0 },
    { "hello", SMTP_BROKEN, 0 },
    { "150 too low\r\n", SMTP_BROKEN, 0 },
    { "650 too high\r\n", SMTP_BROKEN, 0 },
    { "2x0 no\r\n", SMTP_BROKEN, 0 },
    { "2500 long\r\n", SMTP_BROKEN, 0 },
    { "250_no\r\n", SMTP_BROKEN, 0 },
    { "250-a\r\n550 b\r\n", SMTP_BROKEN, 0 },
    { "250-a\r\n55", SMTP_MORE, 0 },
    { "250-a\r\n550", SMTP_BROKEN, 0 },
    { "GET / HTTP/1.1\r\n", SMTP_BROKEN, 0 },
};

static void test_scan(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(scans); i++) {
        size_t n = 0;
        enum smtp_scan scan = smtp_reply_scan(str_of(scans[i].bytes), &n);
        if (scan != scans[i].scan || n != scans[i].n)
            test_fail("%s: %d, %zu bytes", scans[i].bytes, (int) scan, n);
    }
}

static void test_zero_byte(void **state) {
    size_t n = 0;
    (void) state;
    assert_int_equal(smtp_reply_scan((struct str){ "250 a\0b\r\n", 9 }, &n), SMTP_BROKEN);
    assert_int_equal(smtp_reply_scan((struct str){ "250 a\0", 6 }, &n), SMTP_BROKEN);
}

static enum smtp_scan scan_of(size_t line, size_t lines, bool ended) {
    struct buf b = buf_on_heap((size_t) 1 << 20);
    size_t n = 0;
    for (size_t i = 0; i < lines; i++) {
        buf_str(&b, i + 1 < lines || !ended ? STR("250-") : STR("250 "));
        for (size_t j = 6; j < line; j++)
            buf_char(&b, 'x');
        buf_str(&b, STR("\r\n"));
    }
    enum smtp_scan scan = smtp_reply_scan(buf_text(&b), &n);
    buf_done(&b);
    return scan;
}

static void test_limits(void **state) {
    (void) state;
    assert_int_equal(scan_of(SMTP_LINE_MAX_BYTES, 1, true), SMTP_WHOLE);
    assert_int_equal(scan_of(SMTP_LINE_MAX_BYTES + 1, 1, true), SMTP_BROKEN);
    assert_int_equal(scan_of(10, SMTP_LINES_MAX, true), SMTP_WHOLE);
    assert_int_equal(scan_of(10, SMTP_LINES_MAX + 1, true), SMTP_BROKEN);
    assert_int_equal(scan_of(SMTP_REPLY_MAX_BYTES / 16, 16, true), SMTP_WHOLE);
    assert_int_equal(scan_of(SMTP_REPLY_MAX_BYTES / 16, 17, true), SMTP_BROKEN);
    assert_int_equal(scan_of(SMTP_REPLY_MAX_BYTES / 16, 17, false), SMTP_BROKEN);
}

static void test_offers(void **state) {
    static const char reply[] = "250-pipelining.example greets you\r\n250-SIZE 1000\r\n"
                                "250-starttls\r\n250 8BITMIME\r\n";
    (void) state;
    assert_int_equal(smtp_reply_code(str_of(reply)), 250);
    assert_true(smtp_reply_offers(str_of(reply), STR("STARTTLS")));
    assert_true(smtp_reply_offers(str_of(reply), STR("SIZE")));
    assert_true(smtp_reply_offers(str_of(reply), STR("8BITMIME")));
    assert_false(smtp_reply_offers(str_of(reply), STR("PIPELINING")));
    assert_false(smtp_reply_offers(str_of("250 PIPELINING\r\n"), STR("PIPELINING")));
    assert_false(smtp_reply_offers(str_of("250-a\r\n250-XSTARTTLS\r\n250\r\n"), STR("STARTTLS")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
