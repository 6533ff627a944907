#include "test.h"

#include <stdlib.h>

#include "cli/commands.h"
#include "cli/report.h"

enum { ARGS_MAX = 12 };

/* What --help, or a failure, printed. */
static struct str printed(struct cli *cli, enum rc rc) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    if (rc == OK)
        cli_help(cli, out);
    else
        cli_report(cli, rc, out);
    assert_int_equal(fclose(out), 0);
    struct str kept = arena_str(cli->ctx.arena, (struct str){ text, n });
    free(text);
    return kept;
}

static enum rc parse(struct cli *cli, const char *const *args) {
    const char *argv[ARGS_MAX + 1] = { "outrider" };
    int argc = 1;
    for (; args[argc - 1]; argc++)
        argv[argc] = args[argc - 1];
    *cli = (struct cli){ .ctx = test_ctx(), .out = stdout };
    return cli_parse(cli, argc, argv);
}

static void test_accepted(void **state) {
    (void) state;
    static const struct {
        const char *args[ARGS_MAX];
        const char *word;
        const char *data_dir;
        size_t n_set;
    } cases[] = {
        { { "config" }, "config", "./var", 0 },
        { { "--data-dir", "d", "config" }, "config", "d", 0 },
        { { "config", "--data-dir=d" }, "config", "d", 0 },
        { { "--data-dir=config", "config", "--data-dir", "e" }, "config", "e", 0 },
        { { "--set", "a=1", "config", "--set=b=2", "--set", "config" }, "config", "./var", 3 },
        { { "config", "--data-dir", "--odd" }, "config", "--odd", 0 },
        { { "config", "--" }, "config", "./var", 0 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct cli cli;
        assert_int_equal(parse(&cli, cases[i].args), OK);
        assert_string_equal(cli.command->word, cases[i].word);
        assert_str(cli_option(&cli, "data-dir"), cases[i].data_dir);
        assert_int_equal(cli_option_list(&cli, "set").n, cases[i].n_set);
        assert_false(cli.wants_help);
        arena_free(&cli.ctx.arena);
    }
}

static void test_refused(void **state) {
    (void) state;
    static const struct {
        const char *args[ARGS_MAX];
        const char *message;
    } cases[] = {
        { { NULL }, "no command" },
        { { "bogus" }, "unknown command 'bogus'" },
        { { "bogus", "--help" }, "unknown command 'bogus'" },
        { { "bogus", "--odd" }, "unknown command 'bogus'" },
        { { "--odd", "config" }, "unknown option --odd" },
        { { "config", "--odd" }, "unknown option --odd" },
        { { "config", "--odd=secret" }, "unknown option --odd" },
        { { "config", "-x" }, "unknown option -x" },
        { { "config", "more" }, "unexpected argument 'more'" },
        { { "config", "--", "--sample" }, "unexpected argument '--sample'" },
        { { "config", "-" }, "unexpected argument '-'" },
        { { "config", "--data-dir" }, "--data-dir needs a value" },
        { { "config", "--sample=1" }, "--sample takes no value" },
        { { "config", "--version" }, "unknown option --version" },
        { { "--version", "config" }, "unknown option --version" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct cli cli;
        enum rc rc = parse(&cli, cases[i].args);
        if (rc != E_INVALID || !str_contains(cli.ctx.err.text, str_of(cases[i].message)))
            print_error("case %zu: %.*s\n", i, STR_FMT(cli.ctx.err.text));
        assert_int_equal(rc, E_INVALID);
        assert_true(cli.is_usage_error);
        assert_true(str_contains(printed(&cli, rc), str_of(cases[i].message)));
        assert_false(str_contains(printed(&cli, rc), STR("=secret")));
        arena_free(&cli.ctx.arena);
    }
}

/* Every command explains itself, whatever else stands on the line. */
static void test_help(void **state) {
    (void) state;
    for (size_t t = 0; t < command_tables_count; t++)
        for (size_t i = 0; i < command_tables[t]->n; i++) {
            const struct command *command = &command_tables[t]->rows[i];
            const char *args[ARGS_MAX] = { NULL };
            struct ctx ctx = test_ctx();
            struct str rest = str_of(command->word), word;
            size_t n = 0;
            while (str_word(&rest, &word))
                args[n++] = arena_cstr(ctx.arena, word);
            args[n] = i % 2 ? "--help" : "-h";
            struct cli cli;
            assert_int_equal(parse(&cli, args), OK);
            assert_true(cli.wants_help);
            assert_ptr_equal(cli.command, command);
            struct str text = printed(&cli, OK);
            assert_true(str_starts(text, arena_printf(ctx.arena, "usage: outrider %s", command->word)));
            assert_true(str_contains(text, str_of(command->summary)));
            for (size_t k = 0; k < command->n_options; k++) {
                assert_true(str_contains(text, str_of(command->options[k].doc)));
                assert_true(str_contains(text, str_of(command->options[k].name)));
            }
            assert_true(str_contains(text, STR("--data-dir")));
            assert_true(command->args_min <= command->args_max);
            assert_int_equal(command->args_max > 0, command->arguments != NULL);
            arena_free(&cli.ctx.arena);
            arena_free(&ctx.arena);
        }
}

static void test_help_on_all(void **state) {
    (void) state;
    struct cli cli;
    assert_int_equal(parse(&cli, (const char *[]){ "--help", NULL }), OK);
    struct str text = printed(&cli, OK);
    for (size_t t = 0; t < command_tables_count; t++)
        for (size_t i = 0; i < command_tables[t]->n; i++)
            assert_true(str_contains(text, str_of(command_tables[t]->rows[i].word)));
    arena_free(&cli.ctx.arena);
}

static void test_passwords_are_hidden(void **state) {
    (void) state;
    static const struct {
        const char *url, *message, *hidden;
    } cases[] = {
        { "postgresql://u:hush@h/d", "cannot reach postgresql://u:hush@h/d: no",
          "cannot reach postgresql://u:***@h/d: no" },
        { "postgresql://u:hush@h/d", "hush and hush", "*** and ***" },
        { "postgresql://u:p%40ss@h/d", "bad p%40ss or p@ss", "bad *** or ***" },
        { "postgresql://u:p@s/s@h/d", "bad u:p@s/s@h", "bad u:***@h" },
        { "postgresql://u@h/d?password=hush&x=1", "'u@h/d?password=hush&x=1'",
          "'u@h/d?password=***&x=1'" },
        { "postgresql://u@h/d?sslpassword=hush", "hush", "***" },
        { "postgresql://u@h/d", "u at h/d", "u at h/d" },
        { "postgresql://u:@h/d", "u at h/d", "u at h/d" },
        { "", "plain", "plain" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        assert_str(hide_passwords(ctx.arena, str_of(cases[i].message), str_of(cases[i].url)),
                   cases[i].hidden);
        arena_free(&ctx.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_help_on_all),
        cmocka_unit_test(test_passwords_are_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
