/* What is taken, and that no spelling of a host leads past the rules: the hosts of the web
 * platform's own tests are read as those say, or not at all. */
#include "test.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <unistd.h>

#include "net/web_url.h"
#include "shared_data.h"

enum { CORPUS_MAX_BYTES = 1024 * 1024 };

static const struct address_rules strict;
static const struct address_rules lax = { .allow_private = true };

static enum rc read_with(struct arena *arena, const char *text, const struct address_rules *rules, struct str *ret_url) {
    struct str reason = STR_NONE;
    enum rc rc = web_url_read(arena, str_of(text), rules, ret_url, &reason);
    assert_true(rc == OK || str_is_set(reason));
    return rc;
}

static void test_what_is_taken(void **state) {
    static const char *const fine[][2] = {
        { "https://hooks.example.com/a?b=c", "https://hooks.example.com/a?b=c" },
        { "HTTPS://Hooks.example.com", "https://Hooks.example.com/" },
        { "http://1.1.1.1:8080/x", "http://1.1.1.1:8080/x" },
        { "http://[2001:4860:4860::8888]/", "http://[2001:4860:4860::8888]/" },
        { "https://x.example/a#part", "https://x.example/a" },
    };
    static const char *const bad[] = {
        "", "x", "//x.example/", "ftp://x.example/", "file:///etc/passwd", "http://", "http://?x", "http://u@x.example/",
        "http://u:p@x.example/", "http://x.example:99999/", "http://x .example/", "http://x.example/\n", "http://[::1",
        "gopher://x.example/", "javascript:alert(1)", "http://localhost/", "http://a.localhost:80/",
    };
    struct arena *arena = arena_new();
    struct str url = STR_NONE;
    (void) state;
    for (size_t i = 0; i < LENGTH(fine); i++) {
        assert_int_equal(read_with(arena, fine[i][0], &strict, &url), OK);
        assert_string_equal(arena_cstr(arena, url), fine[i][1]);
    }
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (read_with(arena, bad[i], &strict, &url) == OK)
            fail_case("%s was taken", bad[i]);
    arena_free(&arena);
}

static void test_spellings_of_an_address(void **state) {
    static const char *const spellings[] = {
        "127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "0",
        "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "10.1.2.3", "0x0a010203",
        "169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "[fe80::1%25eth0]", "100.64.0.1",
    };
    struct arena *arena = arena_new();
    struct str url = STR_NONE;
    (void) state;
    for (size_t i = 0; i < LENGTH(spellings); i++) {
        struct str text = arena_printf(arena, "http://%s/", spellings[i]);
        if (read_with(arena, text.p, &strict, &url) == OK)
            fail_case("%s was taken as %.*s", text.p, STR_FMT(url));
    }
    arena_free(&arena);
}

static void test_allowed_networks(void **state) {
    struct address_rules rules = { .n = 2 };
    struct arena *arena = arena_new();
    struct str url = STR_NONE;
    (void) state;
    assert_int_equal(address_network_read(STR("10.1.0.0/16"), &rules.networks[0]), OK);
    assert_int_equal(address_network_read(STR("fd00::/8"), &rules.networks[1]), OK);
    assert_int_equal(read_with(arena, "http://10.1.2.3/", &rules, &url), OK);
    assert_int_equal(read_with(arena, "http://[fd00::1]/", &rules, &url), OK);
    assert_int_equal(read_with(arena, "http://10.2.2.3/", &rules, &url), E_INVALID);
    assert_int_equal(read_with(arena, "http://127.0.0.1/", &rules, &url), E_INVALID);
    arena_free(&arena);
}

static struct str member(const json_t *object, const char *name) {
    return str_of(json_string_value(json_object_get(object, name)));
}

/* jansson takes no half surrogates, which the file has in paths: other characters stand for them. */
static json_t *load_rows(struct arena *arena) {
    int fd = open_shared_data(SHARED_DATA "corpora/wpt_urltestdata.json");
    char *text = arena_alloc(arena, CORPUS_MAX_BYTES);
    ssize_t n = 0, more = 0;
    json_error_t error;
    while ((more = read(fd, text + n, CORPUS_MAX_BYTES - (size_t) n)) > 0)
        n += more;
    close(fd);
    for (char *p = text; p + 2 < text + n; p++)
        if (p[0] == '\\' && p[1] == 'u' && (p[2] == 'd' || p[2] == 'D'))
            p[2] = '1';
    json_t *root = json_loadb(text, (size_t) n, JSON_ALLOW_NUL, &error);
    if (!root)
        fail_case("%s at %d", error.text, error.line);
    return root;
}

static bool same_host(struct arena *arena, struct str a, struct str b) {
    unsigned char left[16], right[16];
    if (!str_starts(a, STR("[")) || !str_starts(b, STR("[")))
        return str_eq_nocase(a, b);
    struct str inner_a = str_sub(a, 1, str_find(a, ']')), inner_b = str_sub(b, 1, str_find(b, ']'));
    return inet_pton(AF_INET6, arena_cstr(arena, inner_a), left) == 1
           && inet_pton(AF_INET6, arena_cstr(arena, inner_b), right) == 1 && memcmp(left, right, 16) == 0
           && str_eq(str_sub(a, str_find(a, ']'), a.n), str_sub(b, str_find(b, ']'), b.n));
}

/* Of those that begin with http: or https: and stand alone. */
static void test_hosts_of_the_web_platform(void **state) {
    struct arena *arena = arena_new();
    int same = 0, refused = 0;
    json_t *root = load_rows(arena), *row;
    size_t i;
    (void) state;
    json_array_foreach(root, i, row) {
        struct str input = member(row, "input"), url = STR_NONE, host, path, expected = member(row, "host");
        bool is_web = str_starts(input, STR("http://")) || str_starts(input, STR("https://"));
        if (!json_is_object(row) || !is_web || json_is_true(json_object_get(row, "failure")))
            continue;
        if (read_with(arena, arena_cstr(arena, input), &lax, &url) != OK) {
            refused++;
            continue;
        }
        web_url_split(arena, url, &host, &path);
        bool has_default = str_ends(host, str_starts(url, STR("https:")) ? STR(":443") : STR(":80"));
        struct str bare = has_default ? str_sub(host, 0, str_find_last(host, ':')) : host;
        bool is_ascii = true;
        for (size_t k = 0; k < bare.n; k++)
            is_ascii &= (unsigned char) bare.p[k] < 0x80 && bare.p[k] != '%';
        if (is_ascii && !same_host(arena, bare, expected))
            fail_case("%.*s: %.*s, not %.*s", STR_FMT(input), STR_FMT(bare), STR_FMT(expected));
        same++;
    }
    print_message("%d read the same, %d refused\n", same, refused);
    assert_true(same > 50);
    json_decref(root);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_spellings_of_an_address),
        cmocka_unit_test(test_allowed_networks),
        cmocka_unit_test(test_hosts_of_the_web_platform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
