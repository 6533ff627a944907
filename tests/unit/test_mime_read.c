/* What is read from messages as they come: headers of any coding, parts of any depth, character sets
 * that are wrong, and that nothing takes more memory than its limits. */
#include "test.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "net/mime_read.h"

static struct ctx ctx;

static const struct mime_read *read(const char *source) {
    return mime_read(ctx.arena, str_of(source));
}

static void test_headers(void **state) {
    (void) state;
    static const struct {
        const char *source, *name, *value;
    } cases[] = {
        { "Subject: plain\n\n", "subject", "plain" },
        { "Subject:no space\r\n\r\n", "Subject", "no space" },
        { "SUBJECT : before the colon\n\n", "Subject", "before the colon" },
        { "Subject: two\r\n\tlines\r\n\r\n", "Subject", "two lines" },
        { "Subject:\r\n =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n", "Subject", "Grüße" },
        { "Subject: =?iso-8859-1?q?caf=e9?= =?utf-8?b?w6k=?=\n\n", "Subject", "caféé" },
        { "Subject: =?windows-1252?Q?=80_5?=\n\n", "Subject", "€ 5" },
        { "Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\n\n", "Subject", "日本" },
        { "Subject: =?gb18030?B?1tDOxA==?=\n\n", "Subject", "中文" },
        { "Subject: =?koi8-r?B?8NLJ18XU?=\n\n", "Subject", "Привет" },
        { "Subject: raw \xC3\xBC\n\n", "Subject", "raw ü" },
        { "Subject: raw \xFC\n\n", "Subject", "raw ü" },
        { "Subject: raw \x1B$BF|K\\\x1B(B\n\n", "Subject", "raw 日本" },
        { "Subject: =?nonsense?Q?a=FC?=\n\n", "Subject", "aü" },
        { "Subject: =?utf-8?Q?broken\n\n", "Subject", "=?utf-8?Q?broken" },
        { "X-A: 1\nX-A: 2\n\n", "x-a", "1" },
        { "From here to there\nSubject: envelope line\n\n", "Subject", "envelope line" },
        { "\r\n\r\nSubject: late\r\n\r\n", "Subject", "late" },
        { "Subject: last", "Subject", "last" },
        { "Subject: mac\rX-A: 1\r\rbody", "X-A", "1" },
        { "Subject: a\n\nSubject: b", "X-A", NULL },
        { "no header\nSubject: body\n\n", "Subject", NULL },
        { "", "Subject", NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str value = mime_header(ctx.arena, read(cases[i].source), cases[i].name);
        if (!str_eq(value, str_of(cases[i].value)) || str_is_set(value) != (cases[i].value != NULL))
            fail_case("%s: got %.*s", cases[i].source, STR_FMT(value));
    }
}

/* "Name <address>; ..." */
static struct str shown(struct list list) {
    struct buf b = buf_in(ctx.arena, 10000);
    const struct mime_address *a = list.p;
    for (size_t i = 0; i < list.n; i++)
        buf_printf(&b, "%s%.*s<%.*s>", i ? "; " : "", STR_FMT(a[i].name), STR_FMT(a[i].address));
    return buf_text(&b);
}

static void test_addresses(void **state) {
    (void) state;
    static const struct {
        const char *from, *shown;
    } cases[] = {
        { "a@b.example", "<a@b.example>" },
        { "Ann B <a@b.example>", "Ann B<a@b.example>" },
        { "\"B, Ann\" <a@b.example>, c@d.example", "B, Ann<a@b.example>; <c@d.example>" },
        { "=?utf-8?Q?J=C3=BCrgen?= <a@b.example>", "Jürgen<a@b.example>" },
        { "J\xC3\xBCrgen <a@b.example>", "Jürgen<a@b.example>" },
        { "J\xFCrgen <a@b.example>", "Jürgen<a@b.example>" },
        { "a@b.example (Ann)", "Ann<a@b.example>" },
        { "team: a@b.example, c@d.example;", "<a@b.example>; <c@d.example>" },
        { "undisclosed-recipients:;", "" },
        { "<>", "" },
        { "", "" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str source = arena_printf(ctx.arena, "From: %s\n\n", cases[i].from);
        struct str got = shown(mime_read(ctx.arena, source)->from);
        if (!str_eq(got, str_of(cases[i].shown)))
            fail_case("%s: got %.*s", cases[i].from, STR_FMT(got));
    }
    const struct mime_read *m = read("To: a@b.example\nCc: c@d.example\nSender: e@f.example\n"
                                     "Reply-To: R <g@h.example>\n\n");
    assert_str(shown(m->to), "<a@b.example>");
    assert_str(shown(m->cc), "<c@d.example>");
    assert_str(shown(m->sender), "<e@f.example>");
    assert_str(shown(m->reply_to), "R<g@h.example>");
}

static void test_ids(void **state) {
    (void) state;
    const struct mime_read *m
        = read("Message-ID: <1@a.example>\r\nIn-Reply-To: <2@a.example> (his of Monday)\r\n"
               "References: <3@a.example>\r\n <4@a.example><5@\r\n a.example>\r\n\r\n");
    assert_str(m->message_id, "1@a.example");
    assert_int_equal(m->in_reply_to.n, 1);
    assert_str(m->in_reply_to.p[0], "2@a.example");
    assert_int_equal(m->references.n, 3);
    assert_str(m->references.p[2], "5@a.example");
    m = read("In-Reply-To: Your message of Monday 2@a.example\nReferences: <>\n\n");
    assert_str(m->in_reply_to.p[0], "2@a.example");
    assert_int_equal(m->references.n, 0);
    assert_false(str_is_set(m->message_id));
}

static void test_dates(void **state) {
    (void) state;
    static const struct {
        const char *date;
        int64_t ms; /* -1: none */
        int minutes;
    } cases[] = {
        { "Fri, 29 Aug 2025 14:54:16 +0000", 1756479256000, 0 },
        { "Fri, 29 Aug 2025 16:54:16 +0200 (CEST)", 1756479256000, 120 },
        { "Fri, 29 Aug 2025 11:54:16 -0300 (GMT-03:00)", 1756479256000, -180 },
        { "29 Aug 25 14:54:16 GMT", 1756479256000, 0 },
        { "yesterday", -1, 0 },
        { "", -1, 0 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct mime_read *m
            = mime_read(ctx.arena, arena_printf(ctx.arena, "Date: %s\n\n", cases[i].date));
        if (m->date.set != (cases[i].ms >= 0) || (m->date.set && m->date.v != cases[i].ms)
            || m->date_offset_minutes != cases[i].minutes)
            fail_case("%s: got %lld %d", cases[i].date, (long long) m->date.v, m->date_offset_minutes);
    }
}

/* "depth media_type name text" of each part, "[" ... "]" around those of a message in it. */
static void show_parts(struct buf *b, const struct mime_read *m) {
    const struct mime_part *part = m->parts.p;
    for (size_t i = 0; i < m->parts.n; i++) {
        struct str text = part[i].message ? STR("") : mime_part_text(ctx.arena, &part[i]);
        buf_printf(b, "%zu %.*s", part[i].depth, STR_FMT(part[i].media_type));
        if (str_is_set(part[i].file_name))
            buf_printf(b, " name=%.*s%s", STR_FMT(part[i].file_name), part[i].is_attachment ? "!" : "");
        if (text.n)
            buf_printf(b, " '%.*s'", STR_FMT(str_trim(text)));
        if (part[i].message) {
            buf_str(b, STR(" ["));
            show_parts(b, part[i].message);
            buf_str(b, STR("]"));
        }
        buf_str(b, STR("|"));
    }
}

static void test_parts(void **state) {
    (void) state;
    static const struct {
        const char *source, *parts;
    } cases[] = {
        { "Subject: a\n\nbody\n", "0 text/plain 'body'|" },
        { "body without headers", "0 text/plain 'body without headers'|" },
        { "", "0 text/plain|" },
        { "Content-Type: text/html\n\n<b>", "0 text/html '<b>'|" },
        { "Content-Type: nonsense\n\nx", "0 application/octet-stream 'x'|" },
        { "Content-Type: multipart/alternative; boundary=b\n\npreamble\n--b\n\none\n--b\n"
          "Content-Type: text/html\n\ntwo\n--b--\nepilogue",
          "1 text/plain 'one'|1 text/html 'two'|" },
        { "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nno end", "1 text/plain 'no end'|" },
        { "Content-Type: multipart/mixed; boundary=\"b\"\n\n--other\nContent-Type: text/html\n\nx\n--other--\n",
          "1 text/html 'x'|" },
        { "Content-Type: multipart/mixed\n\n--b\nContent-Type: text/html\n\nx\n--b--\n", "1 text/html 'x'|" },
        { "Content-Type: multipart/mixed; boundary=b\n\nno parts at all\n-- \nme",
          "0 text/plain 'no parts at all\n-- \nme'|" },
        { "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=ab\n\n"
          "--ab\n\none\n--a\nContent-Type: application/pdf; name=\"x.pdf\"\n\n--a--\n",
          "2 text/plain 'one'|1 application/pdf name=x.pdf|" },
        { "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
          "Content-Disposition: attachment; filename*0*=utf-8''%E2%82%AC%20; filename*1=rates.csv\n"
          "Content-Transfer-Encoding: base64\n\nYSxi\n--a--",
          "1 text/plain name=€ rates.csv! 'a,b'|" },
        { "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
          "Content-Disposition: inline; filename=\"=?utf-8?Q?=C3=BC.txt?=\"\n\n\n--a--",
          "1 text/plain name=ü.txt|" },
        { "Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n\nfailed\n--r\n"
          "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\nAction: failed\n--r\n"
          "Content-Type: message/rfc822\n\nSubject: inner\n\ninner body\n--r--\n",
          "1 text/plain 'failed'|1 message/delivery-status 'Reporting-MTA: dns; a\n\nAction: failed'|"
          "1 message/rfc822 [2 text/plain 'inner body'|]|" },
        { "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoKaGk=",
          "0 message/rfc822 [1 text/plain 'hi'|]|" },
        { "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: x\n\nhi\n--d--",
          "1 message/rfc822 [2 text/plain 'hi'|]|" },
        { "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n--b--", "1 text/plain|1 text/plain|" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buf b = buf_in(ctx.arena, 100000);
        show_parts(&b, read(cases[i].source));
        if (!str_eq(buf_text(&b), str_of(cases[i].parts)))
            fail_case("%s\n\ngot      %.*s\nexpected %s", cases[i].source, STR_FMT(buf_text(&b)), cases[i].parts);
    }
    assert_str(read("Content-Type: multipart/report; report-type=disposition-notification; boundary=r\n\n")->report_type,
               "disposition-notification");
}

static void test_text(void **state) {
    (void) state;
    static const struct {
        const char *headers, *body, *text;
    } cases[] = {
        { "Content-Type: text/plain; charset=utf-8", "\xC3\xBC", "ü" },
        { "Content-Type: text/plain; charset=\"UTF-8\"", "caf\xE9", "café" },
        { "Content-Type: text/plain; charset=utf-8", "\xC3\xBC \xC3\xA4 \xFF", "ü ä \xEF\xBF\xBD" },
        { "X: 1", "\xC3\xBC", "ü" },
        { "X: 1", "\xFC", "ü" },
        { "Content-Type: text/plain; charset=us-ascii", "\xC3\xBC", "ü" },
        { "Content-Type: text/plain; charset=iso-8859-1", "\x93quoted\x94 \x80", "“quoted” €" },
        { "Content-Type: text/plain; charset=iso-8859-1", "\xC3\xBC", "ü" },
        { "Content-Type: text/plain; charset=utf-7", "Hi +AOQ-!", "Hi ä!" },
        { "Content-Type: text/plain; charset=gb2312", "\xD6\xD0\xCE\xC4", "中文" },
        { "Content-Type: text/plain; charset=gb18030", "\x81\x30\x81\x30", "\xC2\x80" },
        { "Content-Type: text/plain; charset=iso-2022-jp", "\x1B$BF|K\\\x1B(B", "日本" },
        { "Content-Type: text/plain; charset=iso-2022-jp", "日本", "日本" },
        { "X: 1", "\x1B$BF|K\\\x1B(B", "日本" },
        { "Content-Type: text/plain; charset=shift_jis", "\x93\xFA\x96\x7B", "日本" },
        { "Content-Type: text/plain; charset=ks_c_5601-1987", "\xC7\xD1", "한" },
        { "Content-Type: text/plain; charset=windows-1251", "\xCF\xF0", "Пр" },
        { "Content-Type: text/plain; charset=koi8-r", "\xF0\xD2", "Пр" },
        { "Content-Type: text/plain; charset=x-unknown", "\xFC", "ü" },
        { "Content-Type: text/plain; charset=../../etc", "\xFC", "ü" },
        { "Content-Type: text/plain; charset=big5", "\xA4\xA4", "中" },
        { "Content-Transfer-Encoding: quoted-printable", "a=\r\nb=C3=BC=20\r\n", "abü \n" },
        { "Content-Transfer-Encoding: QUOTED-PRINTABLE", "=ZZ", "=ZZ" },
        { "Content-Transfer-Encoding: base64", "w7w=\r\n", "ü" },
        { "Content-Transfer-Encoding: base64", "w7\r\nw= !!", "ü" },
        { "Content-Transfer-Encoding: 8bit", "a\r\nb\rc\n", "a\nb\nc\n" },
        { "Content-Type: text/plain; format=flowed", "one \r\ntwo\r\n> q \r\n> r\r\n-- \r\nme\r\n",
          "one two\n> q r\n-- \nme" },
        { "Content-Type: text/plain; format=flowed; delsp=yes", "on \r\ne\r\n  x\r\n", "one\n x" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str source = arena_printf(ctx.arena, "%s\r\n\r\n%s", cases[i].headers, cases[i].body);
        const struct mime_read *m = mime_read(ctx.arena, source);
        struct str text = mime_part_text(ctx.arena, m->parts.p);
        if (!str_eq(text, str_of(cases[i].text)))
            fail_case("%s: %s: got '%.*s'", cases[i].headers, cases[i].body, STR_FMT(text));
    }
    struct str zero = STR("\n\na\0b");
    assert_str(mime_part_text(ctx.arena, mime_read(ctx.arena, zero)->parts.p), "ab");
}

static void test_fields(void **state) {
    (void) state;
    struct str rest = STR("\nReporting-MTA: dns; a\n\n\nFinal-Recipient: rfc822;\n b@c.example\nbroken\n\nX: 1");
    struct list fields = { 0 };
    assert_true(mime_fields(ctx.arena, &rest, &fields));
    assert_str(mime_field_find(ctx.arena, fields, "reporting-mta"), "dns; a");
    assert_true(mime_fields(ctx.arena, &rest, &fields));
    assert_str(mime_field_find(ctx.arena, fields, "Final-Recipient"), "rfc822; b@c.example");
    assert_true(mime_fields(ctx.arena, &rest, &fields));
    assert_int_equal(fields.n, 0);
    assert_true(mime_fields(ctx.arena, &rest, &fields));
    assert_str(mime_field_find(ctx.arena, fields, "x"), "1");
    assert_false(mime_fields(ctx.arena, &rest, &fields));
}

/* --- limits --- */

static void repeat(struct buf *b, const char *text, size_t bytes) {
    while (b->n < bytes)
        buf_str(b, str_of(text));
}

static size_t leaves(const struct mime_read *m) {
    size_t n = 0;
    const struct mime_part *part = m->parts.p;
    for (size_t i = 0; i < m->parts.n; i++)
        n += 1 + (part[i].message ? leaves(part[i].message) : 0);
    return n;
}

/* A message of two megabytes of one thing: what is kept is bounded, and it says that it was cut. */
static void test_limits(void **state) {
    (void) state;
    static const struct {
        const char *what, *begin, *again;
        bool is_cut;
    } cases[] = {
        { "headers", "", "a:b\n", true },
        { "folds", "Subject: x", "\n =?utf-8?Q?=FC?=", false },
        { "addresses", "To: a@b.example", ",a@b.example", false },
        { "groups", "To: ", "a:", false },
        { "comments", "To: ", "(", false },
        { "ids", "References: ", "<a>", false },
        { "parameters", "Content-Type: text/plain", ";a=b", false },
        { "continuations", "Content-Type: text/plain", ";a*1*=utf-8''b", false },
        { "parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n", true },
        { "parts with headers", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: a/b; c=d\n\n", true },
        { "messages", "", "Content-Type: message/rfc822\n\n", true },
        { "digest", "Content-Type: multipart/digest; boundary=b\n\n", "--b\n\nTo: a@b.example\n\n", true },
        { "multiparts", "", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", true },
        { "multiparts without a boundary", "", "Content-Type: multipart/mixed\n\n--b\n", true },
        { "one line", "\n", "a", false },
        { "empty lines", "a: b\n", "\n", false },
        { "uuencode", "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n", "`\n", false },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct arena *arena = arena_new();
        struct buf b = buf_on_heap(4 << 20);
        buf_str(&b, str_of(cases[i].begin));
        repeat(&b, cases[i].again, 2 << 20);
        const struct mime_read *m = mime_read(arena, buf_text(&b));
        size_t used = arena_used(arena);
        if (used > MIME_MEMORY_MAX_BYTES)
            fail_case("%s: %zu bytes", cases[i].what, used);
        if (m->is_cut != cases[i].is_cut)
            fail_case("%s: %s", cases[i].what, m->is_cut ? "cut" : "not cut");
        assert_true(leaves(m) <= MIME_PARTS_MAX);
        if (m->parts.n)
            assert_true(mime_part_text(arena, m->parts.p).n <= MIME_TEXT_MAX_BYTES);
        buf_done(&b);
        arena_free(&arena);
    }
}

/* A character at the limit is whole or not there. */
static void test_text_limit(void **state) {
    (void) state;
    struct buf b = buf_in(ctx.arena, 8 << 20);
    buf_str(&b, STR("\na"));
    repeat(&b, "\xE2\x82\xAC", MIME_TEXT_MAX_BYTES + 10);
    struct str text = mime_part_text(ctx.arena, mime_read(ctx.arena, buf_text(&b))->parts.p);
    assert_true(text.n <= MIME_TEXT_MAX_BYTES && text.n > MIME_TEXT_MAX_BYTES - 4);
    assert_true(utf8_is_valid(text));
}

static int start(void **state) {
    (void) state;
    mime_start();
    ctx = test_ctx();
    return 0;
}

static int stop(void **state) {
    (void) state;
    arena_free(&ctx.arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers), cmocka_unit_test(test_addresses), cmocka_unit_test(test_ids),
        cmocka_unit_test(test_dates),   cmocka_unit_test(test_parts),     cmocka_unit_test(test_text),
        cmocka_unit_test(test_fields),  cmocka_unit_test(test_limits),    cmocka_unit_test(test_text_limit),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
