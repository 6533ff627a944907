/* Bounces written for this project (tests/data/bounces), with what was expected of each before any
 * rule was read: kind, recipients, reason, hard or soft. How far we agree is printed. */
#include <jansson.h>

#include "base/file.h"
#include "net/mime_read.h"
#include "reply/inbound.h"
#include "test.h"

#define FOLDER "tests/data/bounces/"
#define THIRD FOLDER "third/"
#define FOURTH FOLDER "fourth/"

struct part {
    const char *folder, *prefix; /* of the names of its mails */
};

struct score {
    int mails, kinds, recipients, reasons_of, reasons, hard;
};

static json_t *load(struct arena *arena, const char *folder) {
    json_error_t error;
    json_t *root = json_load_file(arena_printf(arena, "%sexpected.json", folder).p, 0, &error);
    if (!root)
        fail_case("%s: %s", folder, error.text);
    return root;
}

static const char *member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static const struct bounce *find(const struct inbound *in, const char *recipient) {
    const struct bounce *b = in->bounces.p;
    for (size_t i = 0; i < in->bounces.n; i++)
        if (str_eq(b[i].recipient, str_of(recipient)))
            return &b[i];
    return NULL;
}

static void judge_recipient(const char *name, const struct inbound *in, const json_t *one, struct score *score) {
    const char *recipient = member(one, "recipient"), *reason = member(one, "reason");
    bool hard = json_is_true(json_object_get(one, "hard"));
    const struct bounce *b = find(in, recipient);
    const char *ours = b ? bounce_reason_word(b->reason) : "nobody";
    bool is_judged = strcmp(reason, "*") != 0; /* of a delay that has several */
    bool agrees = !is_judged || strcmp(ours, reason) == 0, agrees_hard = b && b->is_hard == hard;
    score->recipients++;
    score->reasons_of += is_judged;
    score->reasons += is_judged && agrees;
    score->hard += agrees_hard;
    if (!b || !agrees || !agrees_hard)
        print_message("%s: %s is %s%s, ours: %s%s: %.*s\n", name, recipient, reason, hard ? ", hard" : "", ours,
                      b && b->is_hard ? ", hard" : "", STR_FMT(b ? b->diagnostic : STR_NONE));
}

static void judge(const char *folder, const char *name, const json_t *expected, struct score *score) {
    struct ctx ctx = test_ctx();
    const char *path = arena_printf(ctx.arena, "%s%s", folder, name).p, *kind = member(expected, "kind");
    struct str source;
    struct inbound in;
    size_t k;
    json_t *one;
    assert_int_equal(file_read(&ctx, path, 1 << 20, &source), OK);
    inbound_read(ctx.arena, source, &in);
    bool agrees = strcmp(inbound_kind_word(in.kind), kind) == 0;
    score->mails++;
    score->kinds += agrees;
    if (!agrees)
        print_message("%s: %s, ours: %s (%s)\n", name, kind, inbound_kind_word(in.kind), in.rule);
    json_array_foreach(json_object_get(expected, "bounces"), k, one)
        judge_recipient(name, &in, one, score);
    arena_free(&ctx.arena);
}

static bool agree_enough(const char *what, int agree, int of, int percent) {
    print_message("%s: %d of %d agree, %.1f %%; at least %d %%\n", what, agree, of, 100.0 * agree / of, percent);
    return agree * 100 >= of * percent;
}

static void judge_part(const struct part *part, int mails, int reasons) {
    struct ctx ctx = test_ctx();
    json_t *root = load(ctx.arena, part->folder);
    struct score score = { 0 };
    const char *name;
    json_t *expected;
    mime_start();
    json_object_foreach(root, name, expected)
        if (str_starts(str_of(name), str_of(part->prefix)))
            judge(part->folder, name, expected, &score);
    json_decref(root);
    arena_free(&ctx.arena);
    assert_true(score.mails >= mails && score.reasons_of >= reasons);
    bool kinds = agree_enough("kinds", score.kinds, score.mails, 95);
    bool reasons_agree = agree_enough("reasons", score.reasons, score.reasons_of, 90);
    bool hard = agree_enough("hard or soft", score.hard, score.recipients, 95);
    assert_true(kinds && reasons_agree && hard);
}

static void test_mails(void **state) {
    (void) state;
    judge_part(&(struct part) { FOLDER, "" }, 60, 50);
}

static void test_half_in_view(void **state) {
    (void) state;
    judge_part(&(struct part) { THIRD, "c-" }, 48, 47);
}

static void test_half_held_back(void **state) {
    (void) state;
    judge_part(&(struct part) { THIRD, "d-" }, 54, 53);
}

static void test_fourth_part(void **state) {
    (void) state;
    judge_part(&(struct part) { FOURTH, "" }, 40, 40);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_mails), cmocka_unit_test(test_half_in_view),
                                        cmocka_unit_test(test_half_held_back),
                                        cmocka_unit_test(test_fourth_part) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
