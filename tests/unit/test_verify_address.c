/* Addresses: what is taken and in which form, and the reason of each refusal. The examples
 * of RFC 5321, 5322, 6531 and 6532 first. */
#include "test.h"

#include "base/buf.h"
#include "verify/address.h"

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"
#define LOCAL_64 "1234567890123456789012345678901234567890123456789012345678901234"

enum { QUOTED = 1, UTF8 = 2, IDN = 4, LITERAL = 8, DOTLESS = 16, NUMERIC = 32 };

static int marks_of(const struct address *a) {
    return a->is_quoted * QUOTED | a->is_utf8 * UTF8 | a->is_idn * IDN | a->is_literal * LITERAL
           | a->is_dotless * DOTLESS | a->is_numeric * NUMERIC;
}

static void test_accepted(void **state) {
    (void) state;
    static const struct {
        const char *text, *local, *domain;
        int marks;
    } cases[] = {
        { "smith@example.com", "smith", "example.com", 0 },
        { "Smith.John@EXAMPLE.com", "Smith.John", "example.com", 0 },
        { "user+tag@mail.example.co.uk", "user+tag", "mail.example.co.uk", 0 },
        { "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~", "example.com", 0 },
        { "1@2.de", "1", "2.de", 0 },
        { "a@b-c--d.de", "a", "b-c--d.de", 0 },
        { "a@r3---sn.example.com", "a", "r3---sn.example.com", 0 },
        { LOCAL_64 "@example.com", LOCAL_64, "example.com", 0 },
        { "a@" LABEL_63 ".com", "a", LABEL_63 ".com", 0 },
        { "postmaster@com", "postmaster", "com", DOTLESS },
        { "a@1.2.3.4", "a", "1.2.3.4", NUMERIC },
        { "a@example.4com", "a", "example.4com", 0 },
        { "a@7", "a", "7", DOTLESS | NUMERIC },
        /* quotation marks, needed and not */
        { "\"john smith\"@example.com", "\"john smith\"", "example.com", QUOTED },
        { "\"john.smith\"@example.com", "john.smith", "example.com", 0 },
        { "\"j\\ohn\"@example.com", "john", "example.com", 0 },
        { "\"a\\\"b\\\\c\\ d\"@example.com", "\"a\\\"b\\\\c d\"", "example.com", QUOTED },
        { "\"a@b\"@example.com", "\"a@b\"", "example.com", QUOTED },
        { "\"a..b\"@example.com", "\"a..b\"", "example.com", QUOTED },
        { "\"\"@example.com", "\"\"", "example.com", QUOTED },
        { "\" \"@example.com", "\" \"", "example.com", QUOTED },
        { "\"(no comment)\"@example.com", "\"(no comment)\"", "example.com", QUOTED },
        /* literals */
        { "a@[192.0.2.1]", "a", "[192.0.2.1]", LITERAL },
        { "a@[192.000.002.001]", "a", "[192.000.002.001]", LITERAL },
        { "a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]", LITERAL },
        { "a@[ipv6:::ffff:192.0.2.1]", "a", "[ipv6:::ffff:192.0.2.1]", LITERAL },
        /* international */
        { "j\xC3\xA9r\xC3\xB4me@example.com", "j\xC3\xA9r\xC3\xB4me", "example.com", UTF8 },
        { "\xE7\x94\xA8\xE6\x88\xB7@\xE4\xBE\x8B\xE5\xAD\x90.\xE5\xB9\xBF\xE5\x91\x8A",
          "\xE7\x94\xA8\xE6\x88\xB7", "xn--fsqu00a.xn--4rr70v", UTF8 | IDN },
        { "bob@M\xC3\x9CNCHEN.de", "bob", "xn--mnchen-3ya.de", IDN },
        { "bob@mu\xCC\x88nchen.de", "bob", "xn--mnchen-3ya.de", IDN },
        { "bob@stra\xC3\x9F" "e.de", "bob", "xn--strae-oqa.de", IDN },
        { "bob@\xEF\xBC\xA5xample\xE3\x80\x82" "com", "bob", "example.com", 0 },
        { "bob@XN--Mnchen-3ya.de", "bob", "xn--mnchen-3ya.de", IDN },
        { "\xF0\x9F\x98\x80@example.com", "\xF0\x9F\x98\x80", "example.com", UTF8 },
        { "\"\xC3\xA9 \"@example.com", "\"\xC3\xA9 \"", "example.com", QUOTED | UTF8 },
        /* Persian and Hindi need the joiners */
        { "\xD9\x86\xE2\x80\x8C\xD8\xA7@example.com", "\xD9\x86\xE2\x80\x8C\xD8\xA7",
          "example.com", UTF8 },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct address a;
        enum address_fault fault = address_parse(arena, str_of(cases[i].text), &a);
        if (fault != ADDRESS_OK)
            fail_case("%s: %s", cases[i].text, address_fault(fault)->word);
        assert_str(a.local, cases[i].local);
        assert_str(a.domain, cases[i].domain);
        assert_str(a.text, arena_printf(arena, "%s@%s", cases[i].local, cases[i].domain).p);
        if (marks_of(&a) != cases[i].marks)
            fail_case("%s: marks %x", cases[i].text, (unsigned) marks_of(&a));
    }
    arena_free(&arena);
}

#define CASE(text, fault) { STR(text), FAULT_##fault }

static void test_refused(void **state) {
    (void) state;
    static const struct {
        struct str text;
        enum address_fault fault;
    } cases[] = {
        CASE("", EMPTY), CASE("bob", NO_AT), CASE("bob.example.com", NO_AT),
        CASE("@example.com", NO_LOCAL), CASE("bob@", NO_DOMAIN), CASE("@", NO_LOCAL),
        CASE("bob@example@com", MANY_ATS), CASE("bob@@example.com", MANY_ATS),
        CASE(".bob@example.com", DOT_FIRST), CASE("bob.@example.com", DOT_LAST),
        CASE("b..ob@example.com", DOTS), CASE(".@example.com", DOT_FIRST),
        CASE("bob@.example.com", LABEL_EMPTY), CASE("bob@example..com", LABEL_EMPTY),
        CASE("bob@example.com.", LABEL_EMPTY), CASE("bob@.", LABEL_EMPTY),
        CASE("bob smith@example.com", SPACE), CASE("bob@exa mple.com", SPACE),
        CASE("bob,smith@example.com", CHARACTER), CASE("bob@example,com", CHARACTER),
        CASE("bob:smith@example.com", CHARACTER), CASE("<bob@example.com>", CHARACTER),
        CASE("bob@example.com>", CHARACTER), CASE("Bob <bob@example.com>", SPACE),
        CASE("bob@exam_ple.com", CHARACTER), CASE("bob@exam!ple.com", CHARACTER),
        CASE("bob\\@example.com", QUOTE), CASE("bo\"b@example.com", QUOTE),
        CASE("\"bob@example.com", QUOTE), CASE("\"bob\"smith@example.com", CHARACTER),
        CASE("\"bob\\\"@example.com", QUOTE), CASE("bob@\"example.com\"", QUOTE),
        CASE("bo\x01" "b@example.com", CONTROL), CASE("bob@example.com\n", CONTROL),
        CASE("bo\0b@example.com", CONTROL), CASE("bob@exam\0ple.com", CONTROL),
        CASE("bob@example.com\r\n", CONTROL), CASE("bob\r\n@example.com", CONTROL),
        CASE("bob@-example.com", HYPHEN), CASE("bob@example-.com", HYPHEN),
        CASE("bob@" LABEL_63 "4.com", LABEL_LENGTH), CASE(LOCAL_64 "5@example.com", LOCAL_LENGTH),
        CASE("a@" LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63 ".com", DOMAIN_LENGTH),
        CASE(LOCAL_64 "@" LABEL_63 "." LABEL_63 "." LABEL_63 ".com", LENGTH),
        /* UTF-8: cut off, overlong, half a surrogate pair; what is not seen */
        CASE("b\xC3@example.com", NOT_UTF8), CASE("\xC0\xAF@example.com", NOT_UTF8),
        CASE("\xED\xA0\x80@example.com", NOT_UTF8), CASE("bob@ex\xC3.com", IDN),
        CASE("b\xC2\xA0o@example.com", INVISIBLE), CASE("b\xE2\x80\x8Bo@example.com", INVISIBLE),
        CASE("\xE2\x80\xAE" "bob@example.com", INVISIBLE),
        CASE("\xCC\x88" "bob@example.com", INVISIBLE),
        CASE("b\xC2\x85@example.com", INVISIBLE), CASE("b\xEE\x80\x80@example.com", INVISIBLE),
        CASE("b\xEF\xBF\xBE@example.com", INVISIBLE),
        /* UTS 46: not in the tables, joiner alone, mixed directions, bad punycode */
        CASE("bob@a\xE2\x80\x8D" "b.de", IDN), CASE("bob@\xD7\x90" "a.com", IDN),
        CASE("bob@0a.\xD7\x90.com", IDN), CASE("bob@xn--a.com", IDN),
        CASE("bob@\xE2\x98\x83.com", IDN),
        /* literals */
        CASE("a@[192.0.2.256]", LITERAL), CASE("a@[192.0.2]", LITERAL),
        CASE("a@[192.0.2.0001]", LITERAL), CASE("a@[44444444444]", LITERAL), CASE("a@[192.0.2.]", LITERAL),
        CASE("a@[192.0.2.1.5]", LITERAL), CASE("a@[1.2.3.a]", LITERAL), CASE("a@[]", LITERAL),
        CASE("a@[2001:db8::1]", LITERAL), CASE("a@[IPv6:2001:db8::1", LITERAL),
        CASE("a@[IPv6:2001:db8:::1]", LITERAL), CASE("a@[IPv6:192.0.2.1]", LITERAL),
        CASE("a@[tag:text]", LITERAL), CASE("a@[192.0.2.1].com", CHARACTER),
        CASE("a@[192.0.2.1\0]", LITERAL), CASE("a@x[192.0.2.1]", CHARACTER),
        /* RFC 5322, section 3.4.1 and 4.4, A.5, A.6: allowed in a header alone */
        CASE("bob(at work)@example.com", COMMENT), CASE("(x)bob@example.com", COMMENT),
        CASE("bob@(x)example.com", COMMENT), CASE("bob@example.com(x(y)\\)z)", COMMENT),
        CASE("pete(A nice \\) chap)@silly.test(his host)", COMMENT),
        CASE(" bob@example.com", FOLDING), CASE("bob@example.com ", FOLDING),
        CASE("bob @ example.com", FOLDING), CASE("bob\r\n @example.com", FOLDING),
        CASE("\"bob\tsmith\"@example.com", FOLDING), CASE("a@[192.0.2.1] ", FOLDING),
        CASE("john . smith@example.com", FOLDING), CASE("\"a\".b@example.com", OBSOLETE),
        CASE("a.\"b c\"@example.com", OBSOLETE), CASE("\"a\x01\"@example.com", OBSOLETE),
        CASE("bob(x@example.com", COMMENT_OPEN), CASE("bob@example.com(x\\)", COMMENT_OPEN),
        CASE("bob(x)smith@example.com", SPACE), CASE("bob@exam(x)ple.com", SPACE),
        CASE("bob)@example.com", CHARACTER),
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct address a = { .text = STR("untouched") };
        enum address_fault fault = address_parse(arena, cases[i].text, &a);
        if (fault != cases[i].fault)
            fail_case("%.*s: %s, expected %s", STR_FMT(cases[i].text), address_fault(fault)->word,
                      address_fault(cases[i].fault)->word);
        assert_str(a.text, "untouched");
    }
    arena_free(&arena);
}

/* 254 bytes are the limit of the whole, 253 of the domain; a text may be longer than what
 * it means, but not without end. */
static void test_limits(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct address a;
    struct str domain = STR(LABEL_63 "." LABEL_63 "." LABEL_63);
    for (size_t local = 60; local <= 64; local++) {
        struct str text = arena_printf(arena, "%.*s@%.*s", (int) local, LOCAL_64, STR_FMT(domain));
        enum address_fault expected = text.n <= 254 ? ADDRESS_OK : FAULT_LENGTH;
        assert_int_equal(address_parse(arena, text, &a), expected);
    }
    for (size_t n = 62; n <= 66; n++) {
        struct buf b = buf_in(arena, 1000);
        buf_char(&b, '"');
        for (size_t i = 0; i < n; i++)
            buf_str(&b, STR("\\a"));
        buf_str(&b, STR("\"@example.com"));
        assert_int_equal(address_parse(arena, buf_text(&b), &a),
                         n <= 64 ? ADDRESS_OK : FAULT_LOCAL_LENGTH);
    }
    struct buf b = buf_in(arena, 4000);
    while (b.n < ADDRESS_TEXT_MAX_BYTES + 1)
        buf_char(&b, '(');
    assert_int_equal(address_parse(arena, buf_text(&b), &a), FAULT_LENGTH);
    arena_free(&arena);
}

/* The slices of a plain address are the caller's text, so that a million cost nothing. */
static void test_plain_address_allocates_nothing(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct address a;
    struct str text = STR("bob.smith+x@mail.example.com");
    assert_int_equal(address_parse(arena, text, &a), ADDRESS_OK);
    assert_ptr_equal(a.text.p, text.p);
    assert_ptr_equal(a.domain.p, text.p + 12);
    assert_int_equal(arena_used(arena), 0);
    arena_free(&arena);
}

static void test_every_fault_has_its_words(void **state) {
    (void) state;
    assert_string_equal(address_fault(ADDRESS_OK)->word, "ok");
    assert_int_equal(address_fault(FAULT_OBSOLETE)->kind, FAULT_NOT_FOR_SMTP);
    assert_int_equal(address_fault(FAULT_DOTS)->kind, FAULT_MALFORMED);
    assert_string_equal(address_fault(FAULT_DOTS)->sentence, "two dots follow each other");
    assert_string_equal(address_fault((enum address_fault) 999)->word, "ok");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_plain_address_allocates_nothing),
        cmocka_unit_test(test_every_fault_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
