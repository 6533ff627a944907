/* Lists: what is on them, what lies below an entry, replacing them; and suggestions. */
#include "test.h"

#include "verify/offline.h"

enum { DISPOSABLE = 1, FREE = 2, SPECIAL = 4, ROLE = 8 };

static int marks_of(const struct lists *lists, struct arena *arena, const char *text) {
    struct offline o;
    verify_offline(lists, arena, str_of(text), &o);
    if (o.fault != ADDRESS_OK)
        fail_case("%s: %s", text, address_fault(o.fault)->word);
    return o.marks.is_disposable * DISPOSABLE | o.marks.is_free * FREE
           | o.marks.is_special_use * SPECIAL | o.marks.is_role * ROLE;
}

static void test_embedded(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int marks;
    } cases[] = {
        { "bob@acme-corp.com", 0 },
        { "bob@mailinator.com", DISPOSABLE },
        { "bob@MAILINATOR.com", DISPOSABLE },
        { "bob@x.y.mailinator.com", DISPOSABLE },
        { "bob@acmailinator.com", 0 },
        { "bob@mailinator.com.acme-corp.com", 0 },
        { "bob@gmail.com", FREE },
        { "bob@mail.gmail.com", FREE },
        { "bob@yahoo.co.uk", FREE },
        /* a private suffix with disposable neighbours takes nobody else along */
        { "bob@000webmail.ddnss.de", DISPOSABLE },
        { "bob@acme.ddnss.de", 0 },
        { "bob@x.localhost", SPECIAL },
        { "bob@acme.test", SPECIAL },
        { "bob@invalid", SPECIAL },
        { "bob@acme-test.com", 0 },
        { "bob@x.onion", SPECIAL },
        { "bob@1.in-addr.arpa", SPECIAL },
        { "info@acme-corp.com", ROLE },
        { "INFO@acme-corp.com", ROLE },
        { "no-reply@acme-corp.com", ROLE },
        { "no_reply@acme-corp.com", ROLE },
        { "customer.service@acme-corp.com", ROLE },
        { "sales2@acme-corp.com", ROLE },
        { "sales+de@acme-corp.com", ROLE },
        { "sales2024@acme-corp.com", 0 },
        { "salesman@acme-corp.com", 0 },
        { "bob+info@acme-corp.com", 0 },
        { "paris@acme-corp.com", 0 },
        { "info@mailinator.com", DISPOSABLE | ROLE },
        { "postmaster@[192.0.2.1]", ROLE },
    };
    struct lists *lists = lists_new();
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int marks = marks_of(lists, arena, cases[i].text);
        if (marks != cases[i].marks)
            fail_case("%s: %d, expected %d", cases[i].text, marks, cases[i].marks);
    }
    arena_free(&arena);
    lists_free(&lists);
    assert_null(lists);
}

static void replace(struct lists *lists, enum list_kind kind, const char *text) {
    size_t line = 0;
    enum rc rc = lists_replace(lists, kind, str_of(text), &line);
    if (rc != OK)
        fail_case("%s, line %zu", list_kind_name(kind), line);
}

static void test_replaced(void **state) {
    (void) state;
    struct lists *lists = lists_new();
    struct arena *arena = arena_new();
    replace(lists, LIST_DISPOSABLE, "# ours\n\n  Throw.example \r\nm\xC3\xBCll.de # a comment\n"
                                    "xn--fuball-cta.de\nco.uk\n");
    assert_int_equal(marks_of(lists, arena, "bob@throw.example"), DISPOSABLE);
    assert_int_equal(marks_of(lists, arena, "bob@m\xC3\xBCll.de"), DISPOSABLE);
    assert_int_equal(marks_of(lists, arena, "bob@xn--mll-hoa.de"), DISPOSABLE);
    assert_int_equal(marks_of(lists, arena, "bob@fu\xC3\x9F" "ball.de"), DISPOSABLE);
    assert_int_equal(marks_of(lists, arena, "bob@mailinator.com"), 0);
    /* an entry that is a public suffix is itself alone */
    assert_int_equal(marks_of(lists, arena, "bob@co.uk"), DISPOSABLE);
    assert_int_equal(marks_of(lists, arena, "bob@acme.co.uk"), 0);
    /* the allow list is asked first, and for what lies below too */
    replace(lists, LIST_ALLOWED, "throw.example\n");
    assert_int_equal(marks_of(lists, arena, "bob@throw.example"), 0);
    assert_int_equal(marks_of(lists, arena, "bob@a.throw.example"), 0);
    replace(lists, LIST_ROLE, "Board-Room1\n");
    assert_int_equal(marks_of(lists, arena, "boardroom@acme-corp.com"), ROLE);
    assert_int_equal(marks_of(lists, arena, "info@acme-corp.com"), 0);
    replace(lists, LIST_DISPOSABLE, "");
    assert_int_equal(marks_of(lists, arena, "bob@co.uk"), 0);
    arena_free(&arena);
    lists_free(&lists);
}

static void test_bad_lines(void **state) {
    (void) state;
    static const struct {
        enum list_kind kind;
        const char *text;
        size_t line;
    } cases[] = {
        { LIST_DISPOSABLE, "a.com\nb c.com\n", 2 },
        { LIST_DISPOSABLE, "bob@a.com", 1 },
        { LIST_FREE, "# x\n\na..com\n", 3 },
        { LIST_ALLOWED, "a.com\n.\n", 2 },
        { LIST_ROLE, "info\nsales team\n", 2 },
        { LIST_ROLE, "info@acme.com\n", 1 },
        { LIST_ROLE, "...\n", 1 },
    };
    struct lists *lists = lists_new();
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        size_t line = 0;
        enum rc rc = lists_replace(lists, cases[i].kind, str_of(cases[i].text), &line);
        if (rc != E_INVALID || line != cases[i].line)
            fail_case("%s: %d, line %zu", cases[i].text, (int) rc, line);
    }
    /* a refused list changes nothing */
    assert_int_equal(marks_of(lists, arena, "info@mailinator.com"), DISPOSABLE | ROLE);
    arena_free(&arena);
    lists_free(&lists);
}

static void test_suggestions(void **state) {
    (void) state;
    static const struct {
        const char *text, *suggestion;
    } cases[] = {
        { "bob@gmial.com", "bob@gmail.com" },
        { "bob@gmali.com", "bob@gmail.com" },
        { "bob@gmai.com", "bob@gmail.com" },
        { "bob@gmaill.com", "bob@gmail.com" },
        { "bob@gmsil.com", "bob@gmail.com" },
        { "bob@gmail.con", "bob@gmail.com" },
        { "bob@gmail.co", "bob@gmail.com" },
        { "bob@gmail.cmo", "bob@gmail.com" },
        { "bob@gmial.con", "bob@gmail.com" },
        { "bob@gmailcom", "bob@gmail.com" },
        { "\"b b\"@yahooo.com", "\"b b\"@yahoo.com" },
        { "bob@yaho.co.uk", "bob@yahoo.co.uk" },
        { "bob@hotmial.com", "bob@hotmail.com" },
        { "bob@hotnial.com", "bob@hotmail.com" },
        { "bob@outlok.com", "bob@outlook.com" },
        { "bob@otlok.com", "bob@outlook.com" },
        { "bob@iclod.com", "bob@icloud.com" },
        { "bob@protonmial.com", "bob@protonmail.com" },
        { "bob@gmx.ent", "bob@gmx.net" },
        { "bob@aol.cm", "bob@aol.com" },
        { "bob@alo.com", "bob@aol.com" },
        /* right, or somebody else's */
        { "bob@gmail.com", NULL },
        { "bob@ymail.com", NULL },
        { "bob@mail.com", NULL },
        { "bob@email.com", NULL },
        { "bob@yahoo.de", NULL },
        { "bob@googlemail.com", NULL },
        { "bob@aon.com", NULL },
        { "bob@all.com", NULL },
        { "bob@cos.net", NULL },
        { "bob@acme.com", NULL },
        { "bob@gmail.acme.com", NULL },
        { "bob@gmial.de", NULL },
        { "bob@outlook.acme.com", NULL },
        { "bob@com", NULL },
        { "bob@[192.0.2.1]", NULL },
        { "bob@averyveryverylongdomainnamethatnobodyhas.com", NULL },
    };
    struct lists *lists = lists_new();
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct offline o;
        verify_offline(lists, arena, str_of(cases[i].text), &o);
        bool same = cases[i].suggestion ? str_eq(o.suggestion, str_of(cases[i].suggestion))
                                        : !str_is_set(o.suggestion);
        if (!same)
            fail_case("%s: %.*s", cases[i].text, STR_FMT(o.suggestion));
    }
    replace(lists, LIST_SUGGESTED, "bigmail.example\n");
    struct offline o;
    verify_offline(lists, arena, STR("bob@bgimail.example"), &o);
    assert_str(o.suggestion, "bob@bigmail.example");
    verify_offline(lists, arena, STR("bob@gmali.com"), &o);
    assert_str(o.suggestion, NULL);
    arena_free(&arena);
    lists_free(&lists);
}

static void test_findings(void **state) {
    (void) state;
    static const struct {
        const char *text;
        enum reason reason;
    } cases[] = {
        { "bob@acme-corp.com", REASON_NOT_CHECKED }, { "bob", REASON_SYNTAX },
        { "bob@acme.test", REASON_SPECIAL_USE },     { "bob@mailinator.com", REASON_DISPOSABLE },
        { "bob@com", REASON_DOTLESS },               { "bob@1.2.3.4", REASON_NUMERIC },
        { "bob@[127.0.0.1]", REASON_NOT_PUBLIC },    { "bob@[8.8.8.8]", REASON_ADDRESS_LITERAL },
        { "bob@[IPv6:::1]", REASON_NOT_PUBLIC },     { "info@acme-corp.com", REASON_NOT_CHECKED },
    };
    struct lists *lists = lists_new();
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct offline o;
        verify_offline(lists, arena, str_of(cases[i].text), &o);
        struct findings findings = offline_findings(&o);
        struct verdict verdict = verdict_of(&findings);
        if (verdict.reason != cases[i].reason || verdict.catch_all)
            fail_case("%s: %s", cases[i].text, reason_facts(verdict.reason)->detail);
    }
    arena_free(&arena);
    lists_free(&lists);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embedded),    cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_bad_lines),   cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
