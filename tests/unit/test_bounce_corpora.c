/* The published bounces: how far we agree with what is expected of each is printed, and every
 * disagreement is one that docs/replies.md gives a reason for. */
#include <jansson.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "net/mime_read.h"
#include "reply/inbound.h"
#include "shared_data.h"

#define BOUNCES SHARED_DATA "corpora/bounces/"

struct score {
    int cases, reasons, hard;
    bool is_shown; /* what disagrees */
};

static json_t *load(const char *path) {
    json_error_t error;
    struct ctx ctx = test_ctx();
    struct str text;
    assert_int_equal(close(open_shared_data(path)), 0);
    assert_int_equal(file_read(&ctx, path, 4 << 20, &text), OK);
    json_t *root = json_loadb(text.p, text.n, 0, &error);
    if (!root)
        fail_case("%s: %s", path, error.text);
    arena_free(&ctx.arena);
    return root;
}

/* "user_unknown" is theirs without what parts words. */
static bool is_same_word(const char *ours, const char *theirs) {
    for (; *ours || *theirs; ours++) {
        if (*ours == '_')
            continue;
        if (*ours != *theirs)
            return false;
        theirs++;
    }
    return true;
}

/* A vacation message is no bounce: it agrees when it is told to be one. */
static const char *word_of(const struct inbound *in, size_t i) {
    const struct bounce *bounce = in->bounces.p;
    if (in->kind == INBOUND_OUT_OF_OFFICE)
        return "vacation";
    return i < in->bounces.n ? bounce_reason_word(bounce[i].reason) : "none";
}

static bool is_hard(const struct inbound *in, size_t i) {
    const struct bounce *bounce = in->bounces.p;
    return i < in->bounces.n && bounce[i].is_hard;
}

/* Recipients come in any order: the one with the expected reason, else any that is left. */
static size_t pick(const struct inbound *in, const char *reason, bool *used) {
    size_t n = in->bounces.n ? in->bounces.n : 1;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n && i < 64; i++)
            if (!used[i] && (pass || is_same_word(word_of(in, i), reason))) {
                used[i] = true;
                return i;
            }
    return SIZE_MAX;
}

/* The same message with other ends of lines. */
static struct str with_ends(struct arena *arena, struct str source, struct str end) {
    struct buf b = buf_in(arena, 2 * source.n + 2);
    for (size_t i = 0; i < source.n; i++) {
        if (source.p[i] == '\n')
            buf_str(&b, end);
        else if (source.p[i] != '\r')
            buf_char(&b, source.p[i]);
    }
    return buf_text(&b);
}

static void judge(const char *name, const struct inbound *in, const json_t *expected, struct score *score) {
    bool used[64] = { false };
    size_t k;
    json_t *one;
    json_array_foreach(expected, k, one) {
        const char *reason = json_string_value(json_object_get(one, "reason"));
        bool hard = json_is_true(json_object_get(one, "hard"));
        size_t i = pick(in, reason, used);
        bool agrees = is_same_word(word_of(in, i), reason), agrees_hard = is_hard(in, i) == hard;
        const struct bounce *bounce = i < in->bounces.n ? (const struct bounce *) in->bounces.p + i : NULL;
        score->cases++;
        score->reasons += agrees;
        score->hard += agrees_hard;
        if ((!agrees || !agrees_hard) && score->is_shown)
            print_message("%s: %s%s, ours: %s%s (%s): %.*s\n", name, reason, hard ? ", hard" : "", word_of(in, i),
                          is_hard(in, i) ? ", hard" : "", inbound_kind_word(in->kind),
                          STR_FMT(bounce ? bounce->diagnostic : STR_NONE));
    }
}

static struct score score_of(const json_t *root, struct str end, bool is_shown) {
    struct score score = { .is_shown = is_shown };
    const char *name;
    const json_t *expected;
    json_object_foreach((json_t *) (uintptr_t) root, name, expected) {
        struct ctx ctx = test_ctx();
        struct str source;
        struct inbound in;
        const char *path = arena_printf(ctx.arena, "%s%s", BOUNCES, name).p;
        assert_int_equal(file_read(&ctx, path, 4 << 20, &source), OK);
        inbound_read(ctx.arena, with_ends(ctx.arena, source, end), &in);
        judge(name, &in, expected, &score);
        arena_free(&ctx.arena);
    }
    return score;
}

static void test_bounces(void **state) {
    (void) state;
    static const struct str ends[] = { STR("\n"), STR("\r\n"), STR("\r") };
    json_t *root = load(BOUNCES "expected.json");
    mime_start();
    for (size_t i = 0; i < LENGTH(ends); i++) {
        struct score score = score_of(root, ends[i], i == 0);
        print_message("bounces: %d of %d reasons agree, %.1f %%; %d of %d hard or soft, %.1f %%\n", score.reasons,
                      score.cases, 100.0 * score.reasons / score.cases, score.hard, score.cases,
                      100.0 * score.hard / score.cases);
        if (score.reasons * 10 < score.cases * 9 || score.hard * 20 < score.cases * 19)
            fail_case("expected at least 90 %% and 95 %%");
    }
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_bounces) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
