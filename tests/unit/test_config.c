#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/config.h"

#define SETTINGS(...) \
    .settings = (const struct str[]){ __VA_ARGS__ }, \
    .n_settings = LENGTH(((const struct str[]){ __VA_ARGS__ }))
#define ENVIRONMENT(...) .environment = (const char *const[]){ __VA_ARGS__, NULL }

static void test_the_table(void **state) {
    (void) state;
    for (size_t i = 0; i < config_keys_count; i++) {
        const struct config_key *key = &config_keys[i];
        struct str name = str_of(key->name);
        if (i > 0)
            assert_true(str_compare(str_of(config_keys[i - 1].name), name) < 0);
        size_t dot = str_find(name, '.');
        assert_true(dot > 0 && dot == str_find_last(name, '.') && dot + 1 < name.n);
        assert_int_equal(key->type == CONFIG_CHOICE, key->choices != NULL);
        assert_true(key->type == CONFIG_INT ? key->min < key->max : key->max == 0);
        assert_true(strlen(key->doc) > 10);
    }
}

static void test_defaults(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct config c;
    assert_int_equal(config_load(&ctx, &(struct config_from){ 0 }, &c), OK);
    assert_int_equal(c.verify.smtp_port, 25);
    assert_int_equal(c.verify.per_hour, 15000);
    assert_true(c.verify.probe);
    assert_false(c.verify.allow_private);
    assert_int_equal(c.verify.dns_servers.n, 0);
    assert_int_equal(c.rate_limit.usual, 500);
    assert_int_equal(c.rate_limit.people_search, 300);
    assert_int_equal(c.rate_limit.people_find, 350);
    assert_int_equal(c.rate_limit.call_recording, 50);
    assert_int_equal(c.reveal.timeout_ms, 20000);
    assert_int_equal(c.log.level, LOG_INFO);
    assert_true(c.sequence.clock_scale == 1 && c.webhook.retry_scale == 1);
    arena_free(&ctx.arena);
}

/* One value that is good and one that is not, for each type and each bound. */
static void test_values(void **state) {
    (void) state;
    static const struct {
        const char *setting;
        const char *printed; /* NULL: refused */
    } cases[] = {
        { "verify.probe=false", "false" },
        { "verify.probe= true ", "true" },
        { "verify.probe=yes", NULL },
        { "verify.probe=", NULL },
        { "verify.smtp_port=1", "1" },
        { "verify.smtp_port=65535", "65535" },
        { "verify.smtp_port=0", NULL },
        { "verify.smtp_port=65536", NULL },
        { "verify.smtp_port=25x", NULL },
        { "verify.smtp_port=99999999999999999999", NULL },
        { "verify.retry_scale=0", "0" },
        { "verify.retry_scale=0.001", "0.001" },
        { "verify.retry_scale=.5", "0.5" },
        { "verify.retry_scale=-1", NULL },
        { "verify.retry_scale=inf", NULL },
        { "verify.retry_scale=0x10", NULL },
        { "verify.retry_scale=1.2.3", NULL },
        { "verify.retry_scale=.", NULL },
        { "verify.helo=mx.example.org", "mx.example.org" },
        { "verify.helo=", "" },
        { "verify.helo=a\r\nMAIL", NULL },
        { "verify.helo=\xff", NULL },
        { "log.level=debug", "debug" },
        { "log.level=loud", NULL },
        { "log.format=json", "json" },
        { "verify.dns_servers=192.0.2.1:53", "192.0.2.1:53" },
        { "verify.dns_servers=192.0.2.1:53, [::1]:5353 127.0.0.1:1",
          "192.0.2.1:53, [::1]:5353, 127.0.0.1:1" },
        { "verify.dns_servers=192.0.2.1", NULL },
        { "verify.dns_servers=192.0.2.256:53", NULL },
        { "verify.dns_servers=192.0.2.1:0", NULL },
        { "verify.dns_servers=192.0.2.1:65536", NULL },
        { "verify.dns_servers=::1:53", NULL },
        { "verify.dns_servers=[::1:53", NULL },
        { "verify.dns_servers=dns.example.org:53", NULL },
        { "verify.source_addresses=192.0.2.1,2001:db8::1", "192.0.2.1, 2001:db8::1" },
        { "verify.source_addresses=192.0.2.1:25", NULL },
        { "verify.source_addresses=[2001:db8::1]", NULL },
        { "verify.source_addresses=", "" },
        { "verify.site_connects=0", "0" },
        { "verify.site_connections=0", NULL },
        { "database.url=postgresql://u:hush@h/d", "(set)" },
        { "database.url=", "" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct config c;
        struct str setting = str_of(cases[i].setting);
        struct config_from from = { .settings = &setting, .n_settings = 1 };
        enum rc rc = config_load(&ctx, &from, &c);
        if ((rc == OK) != (cases[i].printed != NULL))
            print_error("case %s\n", cases[i].setting);
        assert_int_equal(rc, cases[i].printed ? OK : E_INVALID);
        struct str name = str_sub(setting, 0, str_find(setting, '='));
        if (rc != OK)
            assert_true(str_contains(ctx.err.text, name));
        for (size_t k = 0; rc == OK && k < config_keys_count; k++) {
            struct buf b = buf_in(ctx.arena, 1000);
            config_print_value(&b, &c, &config_keys[k]);
            if (str_eq(str_of(config_keys[k].name), name)) {
                assert_str(buf_text(&b), cases[i].printed);
                assert_int_equal(c.source[k], FROM_OPTION);
            } else {
                assert_int_equal(c.source[k], FROM_DEFAULT);
            }
        }
        arena_free(&ctx.arena);
    }
}

static const char *write_file(struct ctx *ctx, const char *text) {
    static char path[] = "/tmp/outrider-config-XXXXXX";
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    assert_int_equal(close(fd), 0);
    return arena_cstr(ctx->arena, str_of(path));
}

static void test_priority(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    const char *file = write_file(&ctx, "; comment\n"
                                        "# another\n"
                                        "[verify]\n"
                                        "smtp_port = 1001 ; of the file\n"
                                        "per_hour=1001\r\n"
                                        "retry_scale: 3\n"
                                        "[rate_limit]\n"
                                        "default = 1001\n");
    struct config_from from = {
        .file = file,
        ENVIRONMENT("HOME=/", "OUTRIDER_VERIFY_PER_HOUR=1002", "OUTRIDER_RATE_LIMIT_DEFAULT=1002",
                    "OUTRIDER_RATE_LIMIT_PEOPLE_FIND=1002"),
        SETTINGS(STR("rate_limit.default=999"), STR("rate_limit.default=1003")),
    };
    struct config c;
    assert_int_equal(config_load(&ctx, &from, &c), OK);
    assert_int_equal(c.verify.smtp_port, 1001);
    assert_int_equal(c.verify.per_hour, 1002);
    assert_int_equal(c.rate_limit.usual, 1003);
    assert_int_equal(c.rate_limit.people_find, 1002);
    assert_true(c.verify.retry_scale == 3);
    assert_int_equal(c.reveal.timeout_ms, 20000);
    assert_int_equal(unlink(file), 0);
    arena_free(&ctx.arena);
}

static void test_environment(void **state) {
    (void) state;
    static const struct {
        const char *entry;
        enum rc rc;
        const char *named;
    } cases[] = {
        { "OUTRIDER_VERIFY_PROBE=maybe", E_INVALID, "verify.probe (OUTRIDER_VERIFY_PROBE)" },
        { "OUTRIDER_VERIFY_PROBES=true", E_INVALID, "OUTRIDER_VERIFY_PROBES" },
        { "OUTRIDER_RATE_LIMIT_=1", E_INVALID, "OUTRIDER_RATE_LIMIT_" },
        { "OUTRIDER_PORT=tcp://10.0.0.1:80", OK, NULL },
        { "OUTRIDER_SERVICE_HOST=10.0.0.1", OK, NULL },
        { "OUTRIDER_=", OK, NULL },
        { "verify_probe=maybe", OK, NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct config c;
        struct config_from from = { ENVIRONMENT(cases[i].entry) };
        assert_int_equal(config_load(&ctx, &from, &c), cases[i].rc);
        if (cases[i].named)
            assert_true(str_contains(ctx.err.text, str_of(cases[i].named)));
        arena_free(&ctx.arena);
    }
}

static void test_bad_files(void **state) {
    (void) state;
    static const char long_line[] = "verify.helo = "
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        { "[verify]\nprobes = true\n", "verify.probes" },
        { "[verfy]\nprobe = true\n", "verfy.probe" },
        { "probe = true\n", "probe" },
        { "[verify]\nprobe = perhaps\n", "'perhaps' must be true or false" },
        { "[verify]\nprobe = true\nprobe = false\n", "given twice" },
        { "[verify]\nhelo = a\n  b\n", "given twice" },
        { "[verify]\n\nprobe\n", "line 3" },
        { "[verify\nprobe = true\n", "line 1" },
        { long_line, "line 1" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        const char *file = write_file(&ctx, cases[i].text);
        struct config c = { .verify.smtp_port = 7 };
        assert_int_equal(config_load(&ctx, &(struct config_from){ .file = file }, &c), E_INVALID);
        assert_true(str_contains(ctx.err.text, str_of(file)));
        if (!str_contains(ctx.err.text, str_of(cases[i].named)))
            print_error("case %zu: %.*s\n", i, STR_FMT(ctx.err.text));
        assert_true(str_contains(ctx.err.text, str_of(cases[i].named)));
        assert_int_equal(c.verify.smtp_port, 7);
        assert_int_equal(unlink(file), 0);
        arena_free(&ctx.arena);
    }
    struct ctx ctx = test_ctx();
    struct config c;
    assert_int_equal(config_read_ini(&ctx, "f", STR("[verify]\0\nprobe=x"), &c), E_INVALID);
    ctx_clear_error(&ctx);
    assert_int_equal(config_load(&ctx, &(struct config_from){ .file = "/nonexistent/x" }, &c),
                     E_NOT_FOUND);
    assert_true(str_contains(ctx.err.text, STR("/nonexistent/x")));
    arena_free(&ctx.arena);
}

static void test_messages_hold_no_secret(void **state) {
    (void) state;
    static const char *const settings[] = {
        "database.url=postgresql://u:hush\x01@h/d", "postgresql://u:hush@h/d",
        "databse.url=postgresql://u:hush@h/d",
    };
    for (size_t i = 0; i < LENGTH(settings); i++) {
        struct ctx ctx = test_ctx();
        struct config c;
        struct str setting = str_of(settings[i]);
        struct config_from from = { .settings = &setting, .n_settings = 1 };
        assert_int_equal(config_load(&ctx, &from, &c), E_INVALID);
        assert_false(str_contains(ctx.err.text, STR("hush")));
        arena_free(&ctx.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_messages_hold_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
