#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "net/dns_answer.h"
#include "test.h"

/* Messages are written by hand: the question's name is at offset 12, and \300\14 points
 * there (RFC 1035, 4.1.4). */
struct message {
    unsigned flags, answers, authority;
    const char *records;
    size_t n;
};

#define HEAD_BYTES 12
#define QUESTION "\1a\3org\0\0\17\0\1"
#define RECORDS(text) (text), sizeof(text) - 1

static struct str build(struct arena *arena, const struct message *m) {
    struct buf b = buf_in(arena, 4096);
    const unsigned char head[HEAD_BYTES] = { 0x12, 0x34, (unsigned char) (m->flags >> 8),
                                             (unsigned char) m->flags, 0, 1, 0,
                                             (unsigned char) m->answers, 0,
                                             (unsigned char) m->authority };
    buf_bytes(&b, head, sizeof head);
    buf_bytes(&b, QUESTION, sizeof QUESTION - 1);
    buf_bytes(&b, m->records, m->n);
    return buf_text(&b);
}

static struct dns_answer read_it(struct arena *arena, const struct message *m, enum dns_type type) {
    struct dns_answer answer = { .state = DNS_FAILED };
    assert_int_equal(dns_answer_read(arena, build(arena, m), STR("a.org"), type, &answer), OK);
    return answer;
}

static void test_mx(void **state) {
    struct arena *arena = arena_new();
    (void) state;
    const struct message m = {
        0x8180, 3, 0,
        RECORDS("\300\14\0\17\0\1\0\0\1\54\0\7\0\12\2MX\300\14"       /* 10 MX.a.org, 300 s */
                "\300\14\0\17\0\1\0\0\0\74\0\3\0\0\0"                   /* 0 ".", 60 s */
                "\1b\300\16\0\17\0\1\0\0\0\1\0\7\0\12\2mx\300\14") };   /* of b.org: not ours */
    struct dns_answer answer = read_it(arena, &m, DNS_MX);
    assert_int_equal(answer.state, DNS_FOUND);
    assert_int_equal(answer.n, 2);
    assert_int_equal(answer.ttl_s, 60);
    assert_int_equal(answer.records[0].preference, 10);
    assert_str(answer.records[0].name, "mx.a.org");
    assert_str(answer.records[1].name, "");
    arena_free(&arena);
}

static void test_srv(void **state) {
    struct arena *arena = arena_new();
    (void) state;
    const struct message m = { 0x8180, 1, 0,
                               RECORDS("\300\14\0\41\0\1\0\0\1\54\0\14\0\1\0\2\3\341\3IMP\300\14") };
    const struct message cut = { 0x8180, 1, 0, RECORDS("\300\14\0\41\0\1\0\0\1\54\0\6\0\1\0\2\3\341") };
    struct dns_answer answer = read_it(arena, &m, DNS_SRV);
    assert_int_equal(answer.n, 1);
    assert_int_equal(answer.records[0].preference, 1);
    assert_int_equal(answer.records[0].weight, 2);
    assert_int_equal(answer.records[0].port, 993);
    assert_str(answer.records[0].name, "imp.a.org");
    assert_int_equal(dns_answer_read(arena, build(arena, &cut), STR("a.org"), DNS_SRV, &answer), E_PROTO);
    arena_free(&arena);
}

static void test_txt(void **state) {
    struct arena *arena = arena_new();
    (void) state;
    const struct message m = { 0x8180, 2, 0,
                               RECORDS("\300\14\0\20\0\1\0\0\1\54\0\7\2v=\3spf"
                                       "\300\14\0\20\0\1\0\0\1\54\0\1\0") };
    const struct message wrong = { 0x8180, 1, 0, RECORDS("\300\14\0\20\0\1\0\0\1\54\0\3\3ab") };
    struct dns_answer answer = read_it(arena, &m, DNS_TXT);
    assert_int_equal(answer.n, 2);
    assert_str(answer.records[0].text, "v=spf");
    assert_str(answer.records[1].text, "");
    assert_int_equal(dns_answer_read(arena, build(arena, &wrong), STR("a.org"), DNS_TXT, &answer), E_PROTO);
    arena_free(&arena);
}

static void test_addresses(void **state) {
    struct arena *arena = arena_new();
    char text[INET6_ADDRSTRLEN];
    (void) state;
    const struct message ip4 = { 0x8180, 1, 0, RECORDS("\300\14\0\1\0\1\0\0\0\12\0\4\177\0\0\1") };
    struct dns_answer answer = read_it(arena, &ip4, DNS_A);
    assert_int_equal(answer.n, 1);
    assert_string_equal(inet_ntop(AF_INET, &answer.records[0].ip4, text, sizeof text), "127.0.0.1");
    const struct message ip6 = { 0x8180, 1, 0, RECORDS("\300\14\0\34\0\1\0\0\0\12\0\20\40\1\15\270"
                                                       "\0\0\0\0\0\0\0\0\0\0\0\1") };
    answer = read_it(arena, &ip6, DNS_AAAA);
    assert_string_equal(inet_ntop(AF_INET6, &answer.records[0].ip6, text, sizeof text), "2001:db8::1");
    assert_int_equal(read_it(arena, &ip4, DNS_AAAA).state, DNS_NONE);
    arena_free(&arena);
}

static void test_alias(void **state) {
    struct arena *arena = arena_new();
    (void) state;
    const struct message whole = {
        0x8180, 2, 0,
        RECORDS("\300\14\0\5\0\1\0\0\0\12\0\4\1b\300\16"            /* a.org is b.org */
                "\1b\300\16\0\1\0\1\0\0\0\5\0\4\177\0\0\1") };
    struct dns_answer answer = read_it(arena, &whole, DNS_A);
    assert_int_equal(answer.n, 1);
    assert_int_equal(answer.ttl_s, 5);
    assert_false(str_is_set(answer.alias));
    const struct message alone = { 0x8180, 1, 0, RECORDS("\300\14\0\5\0\1\0\0\0\12\0\4\1b\300\16") };
    answer = read_it(arena, &alone, DNS_A);
    assert_int_equal(answer.state, DNS_NONE);
    assert_str(answer.alias, "b.org");
    const struct message circle = {
        0x8180, 2, 0,
        RECORDS("\300\14\0\5\0\1\0\0\0\12\0\4\1b\300\16" "\1b\300\16\0\5\0\1\0\0\0\12\0\2\300\14") };
    assert_int_equal(dns_answer_read(arena, build(arena, &circle), STR("a.org"), DNS_A, &answer),
                     E_PROTO);
    arena_free(&arena);
}

static void test_nothing(void **state) {
    struct arena *arena = arena_new();
    (void) state;
    /* SOA: TTL 600, last number 60 */
    #define SOA "\300\14\0\6\0\1\0\0\2\130\0\30\300\14\300\14\0\0\0\1\0\0\16\20\0\0\2\130\0\1\121\200\0\0\0\74"
    const struct message none = { 0x8180, 0, 1, RECORDS(SOA) };
    struct dns_answer answer = read_it(arena, &none, DNS_MX);
    assert_int_equal(answer.state, DNS_NONE);
    assert_int_equal(answer.ttl_s, 60);
    const struct message no_name = { 0x8183, 0, 1, RECORDS(SOA) };
    assert_int_equal(read_it(arena, &no_name, DNS_MX).state, DNS_NO_NAME);
    const struct message bare = { 0x8183, 0, 0, RECORDS("") };
    assert_int_equal(read_it(arena, &bare, DNS_MX).ttl_s, 300);
    arena_free(&arena);
}

static void test_failures(void **state) {
    static const unsigned flags[] = { 0x8181, 0x8182, 0x8184, 0x8185 };
    struct arena *arena = arena_new();
    (void) state;
    for (size_t i = 0; i < LENGTH(flags); i++) {
        const struct message m = { flags[i], 0, 0, RECORDS("") };
        assert_int_equal(read_it(arena, &m, DNS_MX).state, DNS_FAILED);
    }
    arena_free(&arena);
}

static void test_malformed(void **state) {
    static const struct message messages[] = {
        { 0x0180, 0, 0, RECORDS("") },                                        /* a question */
        { 0x8180, 1, 0, RECORDS("") },                                        /* no record */
        { 0x8180, 1, 0, RECORDS("\300\14\0\17\0\1\0\0\1\54\0\2\0\12") },      /* MX without host */
        { 0x8180, 1, 0, RECORDS("\300\14\0\17\0\1\0\0\1\54\0\7\0\12\77MX\300\14") },
        { 0x8180, 1, 0, RECORDS("\300\14\0\17\0\1\0\0\1\54\0\4\0\12\300\77") }, /* points ahead */
        { 0x8180, 1, 0, RECORDS("\300\14\0\17\0\1\0\0\1\54\0\377\0\12\2MX\300\14") },
    };
    struct arena *arena = arena_new();
    (void) state;
    for (size_t i = 0; i < LENGTH(messages); i++) {
        struct dns_answer answer = { .state = DNS_TIMED_OUT };
        if (dns_answer_read(arena, build(arena, &messages[i]), STR("a.org"), DNS_MX, &answer) != E_PROTO)
            test_fail("message %zu was read", i);
        assert_int_equal(answer.state, DNS_TIMED_OUT);
    }
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mx),       cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_srv),      cmocka_unit_test(test_txt),
        cmocka_unit_test(test_alias),    cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_failures), cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
