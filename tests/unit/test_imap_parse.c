#include "base/buf.h"
#include "net/imap_parse.h"
#include "test.h"

static const struct {
    const char *bytes;
    enum imap_scan scan;
    size_t n;
} scans[] = {
    { "* OK\r\n", IMAP_WHOLE, 6 },
    { "* OK\n", IMAP_WHOLE, 5 },
    { "* OK\r\n* 1 EXISTS\r\n", IMAP_WHOLE, 6 },
    { "* 1 FETCH (BODY[] {3}\r\na\r\n)\r\n", IMAP_WHOLE, 29 },
    { "* x {2+}\r\nab {1}\r\nc\r\n", IMAP_WHOLE, 21 },
    { "* x {0}\r\n\r\n", IMAP_WHOLE, 11 },
    { "* x {a}\r\n", IMAP_WHOLE, 9 },
    { "* x {-1}\r\n", IMAP_WHOLE, 10 },
    { "* x {}\r\n", IMAP_WHOLE, 8 },
    { "* x 3}\r\n", IMAP_WHOLE, 8 },
    { "", IMAP_MORE, 0 },
    { "* OK", IMAP_MORE, 0 },
    { "* x {3}\r\n", IMAP_MORE, 0 },
    { "* x {3}\r\nabc", IMAP_MORE, 0 },
    { "* x {3}\r\nabc)", IMAP_MORE, 0 },
    { "* x {300}\r\n", IMAP_BROKEN, 0 },
    { "* x {99999999999999999999}\r\n", IMAP_WHOLE, 28 }, /* no number, so no literal */
};

static void test_scan(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(scans); i++) {
        size_t n = 0;
        enum imap_scan scan = imap_response_scan(str_of(scans[i].bytes), 200, &n);
        if (scan != scans[i].scan || n != scans[i].n)
            test_fail("%s: %d, %zu bytes", scans[i].bytes, (int) scan, n);
    }
}

/* The response as text again: atoms plain, strings in <>, lists in (). */
static void show(struct buf *b, const struct imap_value *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct imap_value *v = &values[i];
        if (i)
            buf_char(b, ' ');
        if (v->type == IMAP_LIST) {
            buf_char(b, '(');
            show(b, v->items, v->n);
            buf_char(b, ')');
        } else if (v->type == IMAP_NIL) {
            buf_char(b, '-');
        } else {
            buf_printf(b, v->type == IMAP_STRING ? "<%.*s>" : "%.*s", STR_FMT(v->text));
        }
    }
}

static const struct {
    const char *response, *shown; /* "kind number name [code] text values" */
} responses[] = {
    { "* OK [UIDVALIDITY 7] valid\r\n", "0 -1 OK [UIDVALIDITY 7] valid" },
    { "* ok hello [x]\r\n", "0 -1 ok hello [x]" },
    { "a1 NO [AUTHENTICATIONFAILED] no\r\n", "1 -1 NO [AUTHENTICATIONFAILED] no" },
    { "* OK\r\n", "0 -1 OK" },
    { "* BYE [x\r\n", "0 -1 BYE [x" },
    { "+ aGVsbG8=\r\n", "2 -1  aGVsbG8=" },
    { "+\r\n", "2 -1 " },
    { "* 12 EXISTS\r\n", "0 12 EXISTS" },
    { "* SEARCH 1 22\r\n", "0 -1 SEARCH 1 22" },
    { "* LIST (\\HasNoChildren \\Sent) \"/\" \"a \\\"b\\\\\"\r\n", "0 -1 LIST (\\HasNoChildren \\Sent) </> <a \"b\\>" },
    { "* LIST () NIL {5}\r\na b\r\n\r\n", "0 -1 LIST () - <a b\r\n>" },
    { "* 1 FETCH (UID 7 BODY[HEADER.FIELDS (TO)]<0> {2}\r\n)( X NIL)\r\n",
      "0 1 FETCH (UID 7 BODY[HEADER.FIELDS (TO)]<0> <)(> X -)" },
    { "* X ((a)(b))(\"\")\r\n", "0 -1 X ((a) (b)) (<>)" },
    { "* X {a}\r\n", "0 -1 X {a}" },
    { "* \r\n", NULL },
    { "*\r\n", NULL },
    { "\r\n", NULL },
    { "* X (\r\n", NULL },
    { "* X )\r\n", NULL },
    { "* X \"a\r\n", NULL },
    { "* X \"a\\\r\n", NULL },
    { "a1 FETCH x\r\n", NULL },
};

static void test_parse(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(responses); i++) {
        struct arena *arena = arena_new();
        struct imap_response r;
        struct buf b = buf_in(arena, 10000);
        enum rc rc = imap_response_parse(arena, str_of(responses[i].response), &r);
        if (rc == OK) {
            buf_printf(&b, "%d %lld %.*s", (int) r.kind, (long long) r.number, STR_FMT(r.name));
            if (str_is_set(r.code))
                buf_printf(&b, " [%.*s]", STR_FMT(r.code));
            if (r.text.n)
                buf_printf(&b, " %.*s", STR_FMT(r.text));
            if (r.n)
                buf_char(&b, ' ');
            show(&b, r.values, r.n);
        }
        struct str wanted = str_of(responses[i].shown);
        if ((rc == OK) != str_is_set(wanted) || (rc == OK && !str_eq(buf_text(&b), wanted)))
            test_fail("%s: %.*s", responses[i].response, STR_FMT(buf_text(&b)));
        arena_free(&arena);
    }
}

/* Nesting, values and literals are bounded; one more is refused. */
static void test_bounds(void **state) {
    (void) state;
    for (int over = 0; over < 2; over++) {
        struct arena *arena = arena_new();
        struct imap_response r;
        struct buf deep = buf_in(arena, 10000), wide = buf_in(arena, 1000000);
        buf_str(&deep, STR("* X "));
        for (int i = 0; i < IMAP_DEPTH_MAX + over; i++)
            buf_char(&deep, '(');
        for (int i = 0; i < IMAP_DEPTH_MAX + over; i++)
            buf_char(&deep, ')');
        buf_str(&wide, STR("* X"));
        for (int i = 0; i < IMAP_VALUES_MAX + over; i++)
            buf_str(&wide, STR(" a"));
        assert_int_equal(imap_response_parse(arena, buf_text(&deep), &r), over ? E_PROTO : OK);
        assert_int_equal(imap_response_parse(arena, buf_text(&wide), &r), over ? E_PROTO : OK);
        arena_free(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
