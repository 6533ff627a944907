#include "test.h"

#include "net/address.h"

/* Registries of special-purpose addresses, their edges, and IPv4 inside IPv6. */
static void test_addresses(void **state) {
    (void) state;
    static const struct {
        const char *text;
        bool is_public;
    } cases[] = {
        { "8.8.8.8", true },           { "1.1.1.1", true },
        { "9.255.255.255", true },     { "10.0.0.0", false },
        { "10.255.255.255", false },   { "11.0.0.0", true },
        { "100.63.255.255", true },    { "100.64.0.0", false },
        { "100.127.255.255", false },  { "100.128.0.0", true },
        { "127.0.0.1", false },        { "127.255.255.255", false },
        { "169.254.169.254", false },  { "172.15.255.255", true },
        { "172.16.0.0", false },       { "172.31.255.255", false },
        { "172.32.0.0", true },        { "192.0.0.8", false },
        { "192.0.2.1", false },        { "192.168.1.1", false },
        { "198.18.0.1", false },       { "198.19.255.255", false },
        { "198.20.0.0", true },        { "203.0.113.9", false },
        { "224.0.0.1", false },        { "255.255.255.255", false },
        { "0.0.0.0", false },          { "2606:4700:4700::1111", true },
        { "::", false },               { "::1", false },
        { "::ffff:127.0.0.1", false }, { "::ffff:8.8.8.8", true },
        { "::127.0.0.1", false },      { "64:ff9b::10.0.0.1", false },
        { "64:ff9b::8.8.8.8", false },  { "64:ff9b:1::1", false },
        { "fe80::1", false },          { "fc00::1", false },
        { "fdff::1", false },          { "ff02::1", false },
        { "2001:db8::1", false },      { "2001::1", false },
        { "2002:7f00:1::", false },    { "3fff::1", false },
        { "3ffe::1", true },           { "5f00::1", false },
        { "localhost", false },        { "8.8.8", false },
        { "0x7f.1", false },           { "", false },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (address_text_is_public(str_of(cases[i].text)) != cases[i].is_public)
            fail_case("%s: expected %s", cases[i].text, cases[i].is_public ? "public" : "refused");
}

static void test_networks(void **state) {
    static const struct {
        const char *network, *address;
        bool is_in;
    } cases[] = {
        { "10.1.0.0/16", "10.1.255.255", true }, { "10.1.0.0/16", "10.2.0.0", false },
        { "127.0.0.1", "127.0.0.1", true },      { "127.0.0.1", "127.0.0.2", false },
        { "127.0.0.0/8", "::ffff:127.9.9.9", true }, { "fd00::/8", "fdff::1", true },
        { "fd00::/8", "fe80::1", false },        { "0.0.0.0/0", "10.0.0.1", true },
        { "0.0.0.0/0", "::1", false },           { "::/0", "10.0.0.1", true },
        { "10.0.0.0/9", "10.127.0.1", true },    { "10.0.0.0/9", "10.128.0.1", false },
    };
    static const char *const bad[] = { "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.1/8", "x", "::/129",
                                       "10.0.0/8", "fd00::1/8", "10.0.0.0/8/8", "10.0.0.0 /8" };
    struct address_network network;
    (void) state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct address_rules rules = { .n = 1 };
        assert_int_equal(address_network_read(str_of(cases[i].network), &rules.networks[0]), OK);
        if (address_text_is_allowed(&rules, str_of(cases[i].address)) != cases[i].is_in)
            fail_case("%s in %s", cases[i].address, cases[i].network);
    }
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (address_network_read(str_of(bad[i]), &network) != E_INVALID)
            fail_case("%s was taken", bad[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_addresses), cmocka_unit_test(test_networks) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
