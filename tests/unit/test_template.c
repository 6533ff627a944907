/* Templates: what they render to, which fields they need, and what is refused where. */
#include "test.h"

#include "sequence/template.h"

/* The values that the tables below render with. */
static const struct {
    const char *name, *value;
} values[] = {
    { "first_name", "Ada" },
    { "company_name", "Bolt & <Nut>" },
    { "title", "Chief\r\nEngineer" },
    { "blank", " \t" },
    { "sender.first_name", "Bo" },
    { "sender.name", "Bo O'Hara" },
    { "sender.signature", "Bo & Co" },
};

static struct template_values make_values(struct arena *arena, uint64_t seed) {
    struct map *map = ARENA_NEW(arena, struct map);
    *map = map_in(arena);
    for (size_t i = 0; i < LENGTH(values); i++) {
        struct str *value = ARENA_NEW(arena, struct str);
        *value = str_of(values[i].value);
        assert_null(map_put(map, str_of(values[i].name), value));
    }
    static const struct str signature = { "<b>Bo</b>", 9 };
    struct map *html = ARENA_NEW(arena, struct map);
    *html = map_in(arena);
    assert_null(map_put(html, STR("sender.signature"), (void *) (uintptr_t) &signature));
    return (struct template_values){ map, html, seed };
}

static struct template *parsed(struct arena *arena, const char *text) {
    struct template *template;
    struct template_error error;
    if (template_parse(arena, str_of(text), &template, &error) != OK)
        fail_case("%s: byte %zu: %.*s", text, error.offset, STR_FMT(error.message));
    return template;
}

static const struct {
    const char *text;
    enum template_form form;
    const char *rendered;
} renderings[] = {
    { "", TEMPLATE_PLAIN, "" },
    { "Hi", TEMPLATE_PLAIN, "Hi" },
    { "Hi {{first_name}}!", TEMPLATE_PLAIN, "Hi Ada!" },
    { "{{ first_name }}", TEMPLATE_PLAIN, "Ada" },
    { "{{first_name|there}}", TEMPLATE_PLAIN, "Ada" },
    { "Hi {{nick_name|there}},", TEMPLATE_PLAIN, "Hi there," },
    { "Hi {{nick_name | old friend }},", TEMPLATE_PLAIN, "Hi old friend," },
    { "Hi{{nick_name|}},", TEMPLATE_PLAIN, "Hi," },
    { "{{blank|nothing}}", TEMPLATE_PLAIN, "nothing" },
    { "{{nick_name|a|b}}", TEMPLATE_PLAIN, "a|b" },
    { "{{nick_name|<b>you</b>}}", TEMPLATE_HTML, "<b>you</b>" },
    { "{{company_name}}", TEMPLATE_PLAIN, "Bolt & <Nut>" },
    { "<p>{{company_name}}</p>", TEMPLATE_HTML, "<p>Bolt &amp; &lt;Nut&gt;</p>" },
    { "{{sender.name}} & I", TEMPLATE_HTML, "Bo O&#39;Hara & I" },
    { "{{sender.signature}}", TEMPLATE_HTML, "<b>Bo</b>" },
    { "{{sender.signature}}", TEMPLATE_PLAIN, "Bo & Co" },
    { "To the {{title}}", TEMPLATE_LINE, "To the Chief  Engineer" },
    { "a\nb\x7F", TEMPLATE_LINE, "a b " },
    { "a\nb", TEMPLATE_PLAIN, "a\nb" },
    { "{{sender.first_name}}", TEMPLATE_PLAIN, "Bo" },
    { "{{#if title}}T{{/if}}", TEMPLATE_PLAIN, "T" },
    { "{{#if nick_name}}T{{/if}}", TEMPLATE_PLAIN, "" },
    { "{{#if blank}}T{{else}}F{{/if}}", TEMPLATE_PLAIN, "F" },
    { "{{#if nick_name}}{{nick_name}}{{else}}{{first_name}}{{/if}}.", TEMPLATE_PLAIN, "Ada." },
    { "{{#if title}}{{#if nick_name}}1{{else}}2{{/if}}{{else}}3{{/if}}", TEMPLATE_PLAIN, "2" },
    { "{{ #if title }}T{{ else }}F{{ /if }}", TEMPLATE_PLAIN, "T" },
    { "{one}", TEMPLATE_PLAIN, "{one}" },
    { "p { color: red } {{first_name}}", TEMPLATE_HTML, "p { color: red } Ada" },
    { "a | b", TEMPLATE_PLAIN, "a | b" },
    { "} {", TEMPLATE_PLAIN, "} {" },
    { "{|}", TEMPLATE_PLAIN, "" },
    { "{same|same}", TEMPLATE_PLAIN, "same" },
    { "{{{first_name}}|Ada}", TEMPLATE_PLAIN, "Ada" },
    { "{Ada|{{first_name}}}", TEMPLATE_PLAIN, "Ada" },
    { "{{{first_name}}|{Ada|Ada}}", TEMPLATE_PLAIN, "Ada" },
    { "{x{y}|x{y}}", TEMPLATE_PLAIN, "x{y}" },
    { "\\{a\\|b\\}", TEMPLATE_PLAIN, "{a|b}" },
    { "\\{{first_name}}", TEMPLATE_PLAIN, "{{first_name}}" },
    { "C:\\dir \\\\", TEMPLATE_PLAIN, "C:\\dir \\" },
    { "\\", TEMPLATE_PLAIN, "\\" },
    { "{a\\|b|a\\|b}", TEMPLATE_PLAIN, "a|b" },
    { "{{#if title}}{T|T}{{/if}}", TEMPLATE_PLAIN, "T" },
    { "{{{#if title}}T{{/if}}|T}", TEMPLATE_PLAIN, "T" },
};

static void test_renders(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct template_values with = make_values(arena, 1);
    for (size_t i = 0; i < LENGTH(renderings); i++) {
        struct buf out = buf_in(arena, 1000);
        struct str missing = STR_NONE;
        enum rc rc = template_render(parsed(arena, renderings[i].text), renderings[i].form, &with,
                                     &out, &missing);
        if (rc != OK || !str_eq(buf_text(&out), str_of(renderings[i].rendered)))
            fail_case("%s: got %s %.*s, missing %.*s", renderings[i].text, rc_name(rc),
                      STR_FMT(buf_text(&out)), STR_FMT(missing));
    }
    arena_free(&arena);
}

static const struct {
    const char *text;
    enum rc rc;
    size_t line, column;
    const char *part; /* of the message */
} faults[] = {
    { "{{", E_INVALID, 1, 1, "no }}" },
    { "Hi\nyou {{first_name}", E_INVALID, 2, 5, "no }}" },
    { "\xC3\xA9{{}}", E_INVALID, 1, 2, "not the name" },
    { "{{First}}", E_INVALID, 1, 1, "\"First\"" },
    { "{{first name}}", E_INVALID, 1, 1, "not the name" },
    { "{{1st}}", E_INVALID, 1, 1, "not the name" },
    { "{{_x}}", E_INVALID, 1, 1, "not the name" },
    { "{{sender.}}", E_INVALID, 1, 1, "no field" },
    { "{{sender.shoe_size}}", E_INVALID, 1, 1, "shoe_size" },
    { "{{#if}}x{{/if}}", E_INVALID, 1, 1, "not the name" },
    { "{{#unless a}}", E_INVALID, 1, 1, "not the name" },
    { "a{{#if b}}c", E_INVALID, 1, 2, "no {{/if}}" },
    { "{{#if b}}c{{else}}d", E_INVALID, 1, 1, "no {{/if}}" },
    { "{{#if b}}c{{else}}d{{else}}e{{/if}}", E_INVALID, 1, 1, "no {{/if}}" },
    { "x{{/if}}", E_INVALID, 1, 2, "no {{#if}}" },
    { "{{else}}", E_INVALID, 1, 1, "no {{#if}}" },
    { "{a|{{#if b}}c}{{/if}}", E_INVALID, 1, 4, "no {{/if}}" },
    { "{{#if b}}{a|{{/if}}c}", E_INVALID, 1, 10, "same braces" },
    { "{{{{{{{{{{{a}}|b}|c}|d}|e}|f}|g}|h}|i}|j}", E_TOO_LARGE, 1, 10, "deep" },
};

static void test_faults(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(faults); i++) {
        struct template *template;
        struct template_error e = { 0 };
        enum rc rc = template_parse(arena, str_of(faults[i].text), &template, &e);
        if (rc != faults[i].rc || e.line != faults[i].line || e.column != faults[i].column
            || !str_contains(e.message, str_of(faults[i].part)))
            fail_case("%s: got %s at %zu:%zu: %.*s", faults[i].text, rc_name(rc), e.line, e.column,
                      STR_FMT(e.message));
    }
    arena_free(&arena);
}

/* Names in order; '!' marks a required one, '@' one of the sender. */
static const struct {
    const char *text, *uses;
} needs[] = {
    { "plain {a|b}", "" },
    { "{{a}}", "a!" },
    { "{{a|}}", "a" },
    { "{{a|x}} {{a}}", "a!" },
    { "{{a}} {{b|c}} {{a}}", "a! b" },
    { "{{#if a}}{{a}}{{/if}}", "a" },
    { "{{#if a}}{{a}}{{/if}}{{a}}", "a!" },
    { "{{#if a}}{{b}}{{else}}{{a}}{{/if}}", "a! b!" },
    { "{{#if a}}{{#if b}}{{a}}{{b}}{{/if}}{{b|}}{{/if}}", "a b" },
    { "{x|{{a}}}", "a!" },
    { "{{sender.email}}{{email}}", "sender.email!@ email!" },
    { "{{#if sender.name}}x{{/if}}", "sender.name@" },
};

static void test_uses(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(needs); i++) {
        struct list uses = template_uses(parsed(arena, needs[i].text));
        const struct template_use *use = uses.p;
        struct buf told = buf_in(arena, 1000);
        for (size_t k = 0; k < uses.n; k++)
            buf_printf(&told, "%s%.*s%s%s", k ? " " : "", STR_FMT(use[k].name),
                       use[k].is_required ? "!" : "", use[k].is_sender ? "@" : "");
        if (!str_eq(buf_text(&told), str_of(needs[i].uses)))
            fail_case("%s: got %.*s", needs[i].text, STR_FMT(buf_text(&told)));
    }
    arena_free(&arena);
}

static void test_what_is_missing_is_told_and_not_sent(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct template_values with = make_values(arena, 1);
    static const char *const texts[] = { "Hi {{nick_name}}, {{first_name}} {{other}}",
                                         "{{#if first_name}}{{nick_name}}{{/if}}",
                                         "{{#if nick_name}}x{{else}}{{nick_name}}{{/if}}" };
    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct buf out = buf_in(arena, 1000);
        struct str missing = STR_NONE;
        assert_int_equal(template_render(parsed(arena, texts[i]), TEMPLATE_PLAIN, &with, &out,
                                         &missing),
                         E_NOT_FOUND);
        assert_str(missing, "nick_name");
    }
    arena_free(&arena);
}

static struct str rendered(struct arena *arena, const char *text, uint64_t seed) {
    struct template_values with = make_values(arena, seed);
    struct buf out = buf_in(arena, 1000);
    struct str missing;
    assert_int_equal(template_render(parsed(arena, text), TEMPLATE_PLAIN, &with, &out, &missing), OK);
    return arena_str(arena, buf_text(&out));
}

/* Each of nine leads in a hundred gets each of three; two choices are independent. */
static void test_choices_are_even_and_stable(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    size_t counts[3][3] = { { 0 } };
    for (int i = 0; i < 900; i++) {
        uint64_t seed = template_seed(arena_printf(arena, "lead %d", i), STR("stage"));
        struct str text = rendered(arena, "{0|1|2}{0|1|2}", seed);
        assert_int_equal(text.n, 2);
        counts[text.p[0] - '0'][text.p[1] - '0']++;
        if (i < 50)
            assert_true(str_eq(text, rendered(arena, "{0|1|2}{0|1|2}", seed)));
        arena_reset(arena);
    }
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 3; b++)
            assert_in_range(counts[a][b], 60, 140);
    arena_free(&arena);
}

/* These are in mails that were sent: a change of the arithmetic would write others. */
static void test_seeds_are_for_ever(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    static const struct {
        const char *lead, *stage, *text;
    } cases[] = {
        { "lead-1", "stage-1", "fed" }, { "lead-1", "stage-2", "acc" }, { "lead-2", "stage-1", "cdf" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_str(rendered(arena, "{a|b|c|d|e|f}{a|b|c|d|e|f}{a|b|c|d|e|f}",
                            template_seed(str_of(cases[i].lead), str_of(cases[i].stage))),
                   cases[i].text);
    arena_free(&arena);
}

static struct str repeated(struct arena *arena, const char *text, size_t times) {
    struct buf b = buf_in(arena, 4 * 1024 * 1024);
    for (size_t i = 0; i < times; i++)
        buf_str(&b, str_of(text));
    return buf_text(&b);
}

static void test_bounds(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct template *template;
    struct template_error error;
    struct template_values with = make_values(arena, 1);
    struct str missing;
    assert_int_equal(template_parse(arena, repeated(arena, "x", TEMPLATE_MAX_BYTES), &template,
                                    &error),
                     OK);
    assert_int_equal(template_parse(arena, repeated(arena, "x", TEMPLATE_MAX_BYTES + 1), &template,
                                    &error),
                     E_TOO_LARGE);
    assert_int_equal(template_parse(arena, repeated(arena, "{{a}}", TEMPLATE_NODES_MAX), &template,
                                    &error),
                     OK);
    assert_int_equal(template_parse(arena, repeated(arena, "{{a}}", TEMPLATE_NODES_MAX + 1),
                                    &template, &error),
                     E_TOO_LARGE);
    /* Linear: each of these would take minutes otherwise. */
    static const char *const hard[] = { "{", "|", "}", "{|", "{ ", "\\" };
    for (size_t i = 0; i < LENGTH(hard); i++) {
        struct str text = repeated(arena, hard[i], TEMPLATE_MAX_BYTES / 2);
        enum rc rc = template_parse(arena, text, &template, &error);
        assert_int_equal(rc, hard[i][0] == '\\' ? E_TOO_LARGE : i == 0 ? E_INVALID : OK);
    }
    struct buf small = buf_in(arena, 4);
    assert_int_equal(template_render(parsed(arena, "Hello {{first_name}}"), TEMPLATE_PLAIN, &with,
                                     &small, &missing),
                     E_TOO_LARGE);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renders),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_what_is_missing_is_told_and_not_sent),
        cmocka_unit_test(test_choices_are_even_and_stable),
        cmocka_unit_test(test_seeds_are_for_ever),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
