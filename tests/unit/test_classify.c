/* The classes of replies: the held part of the gold set (tests/data/replies), which neither
 * the phrases nor the model were made from, and what single replies must not become. */
#include <jansson.h>

#include "reply/classify.h"
#include "test.h"

#define FOLDER "tests/data/replies/"

struct tally {
    int table[REPLY_CLASSES][REPLY_CLASSES]; /* [true][given] */
    int rows;
    int languages[6];
};

static const char *const languages[] = { "en", "de", "fr", "es", "pt", "nl" };

static const char *name_of(size_t class) {
    return class < LABELS_COUNT ? label_name((enum label) class).p : "none";
}

static struct str member(const json_t *row, const char *name) {
    return str_of(json_string_value(json_object_get(row, name)));
}

static enum label label_in(const json_t *row) {
    struct str name = member(row, "label");
    enum label label = label_of(name);
    assert_true(label != LABEL_NONE || !str_is_set(name));
    return label;
}

static void judge(struct arena *arena, struct tally *tally, const json_t *row) {
    struct reply reply = { .subject = member(row, "subject"), .text = member(row, "text") };
    struct reply_class class = reply_class_of(arena, &reply);
    enum label label = label_in(row);
    tally->table[label][class.label]++;
    tally->rows++;
    for (size_t i = 0; i < LENGTH(languages); i++)
        tally->languages[i] += str_eq(member(row, "language"), str_of(languages[i]));
    assert_true(class.label == LABEL_NONE || class.n_evidence > 0);
}

/* Calls `judge` for the rows of one part, "held" or "train"; returns how many others. */
static int read_part(const char *label, const char *part, struct tally *tally) {
    char path[128];
    (void) snprintf(path, sizeof path, FOLDER "%s.jsonl", label);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    int others = 0;
    static char line[32768];
    struct arena *arena = arena_new();
    while (fgets(line, sizeof line, file)) {
        json_t *row = json_loads(line, 0, NULL);
        assert_non_null(row);
        if (str_eq(member(row, "split"), str_of(part)))
            judge(arena, tally, row);
        else
            others++;
        json_decref(row);
        arena_reset(arena);
    }
    arena_free(&arena);
    assert_int_equal(fclose(file), 0);
    return others;
}

static double f1_of(const struct tally *tally, size_t class) {
    int of_class = 0, given = 0;
    for (size_t i = 0; i < REPLY_CLASSES; i++) {
        of_class += tally->table[class][i];
        given += tally->table[i][class];
    }
    return 2.0 * tally->table[class][class] / (of_class + given);
}

static void print_tally(const struct tally *tally) {
    for (size_t i = 0; i < REPLY_CLASSES; i++) {
        print_message("%-30s", name_of(i));
        for (size_t k = 0; k < REPLY_CLASSES; k++)
            print_message("%5d", tally->table[i][k]);
        print_message("   F1 %.3f\n", f1_of(tally, i));
    }
}

static void test_held_part(void **state) {
    (void) state;
    struct tally tally = { 0 };
    int train = 0;
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        train += read_part(name_of(i), "held", &tally);
    print_tally(&tally);
    double sum = 0;
    for (size_t i = 0; i < LABELS_COUNT; i++)
        sum += f1_of(&tally, i) / LABELS_COUNT;
    const int *interested = tally.table[LABEL_INTERESTED];
    int refused = interested[LABEL_HARD_NO] + interested[LABEL_NOT_INTERESTED], all = 0;
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        all += interested[i];
    print_message("%d of %d replies, macro F1 %.3f, %d of %d interested ones taken for a refusal\n",
                  tally.rows, tally.rows + train, sum, refused, all);
    assert_true(tally.rows * 3 >= tally.rows + train);
    assert_true(sum >= 0.90);
    assert_true(refused * 100 < all);
    for (size_t i = 0; i < LENGTH(languages); i++)
        assert_true(tally.languages[i] >= 30);
}

/* Says what was expected and what came, with its certainty. */
static void expect(const struct reply *reply, enum label label) {
    struct arena *arena = arena_new();
    struct reply_class class = reply_class_of(arena, reply);
    if (class.label != label)
        fail_case("%.*s: expected %s, got %s (%s %.2f)", STR_FMT(reply->text), name_of(label),
                  name_of(class.label), name_of(class.likeliest), class.confidence);
    arena_free(&arena);
}

static const struct {
    const char *text;
    enum label label;
} plain[] = {
    { "", LABEL_NONE },
    { "\n\n", LABEL_NONE },
    { "\xFF\xFE\x80", LABEL_NONE },
    { "Not interested.", LABEL_NOT_INTERESTED },
    { "I'm not interested", LABEL_NOT_INTERESTED },
    { "I\xE2\x80\x99m no longer interested, thank you.", LABEL_NOT_INTERESTED },
    { "interested!", LABEL_INTERESTED },
    { "unsubscribe", LABEL_HARD_NO },
    { "Your mail was in my spam folder. Yes, I'd like to see a demo.", LABEL_INTERESTED },
    { "Please don't hesitate to call me, we are interested.", LABEL_INTERESTED },
    { "Please stop emailing me.", LABEL_HARD_NO },
    { "I left the company, please write to info@example.com.", LABEL_NOT_THE_RIGHT_PERSON },
    { "I have forwarded this to my colleague.", LABEL_FORWARDED_TO_THE_RIGHT_PERSON },
    { "Meet Ana, our CTO, in cc. Ana, over to you.", LABEL_INTRODUCTION },
    { "I am out of the office. In urgent cases write to Ana, ana@example.com.", LABEL_OOO },
    { "Try me again next quarter.", LABEL_ASKED_TO_CIRCLE_BACK_LATER },
};

static void test_single_replies(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(plain); i++) {
        struct reply reply = { .text = str_of(plain[i].text) };
        expect(&reply, plain[i].label);
    }
}

static void test_headers_count(void **state) {
    (void) state;
    struct reply machine = { .text = STR("I will answer when I am back."), .is_automatic = true };
    expect(&machine, LABEL_OOO);
    struct reply subject = { .subject = STR("Abwesenheitsnotiz: Frage"), .text = STR("Bis bald!") };
    expect(&subject, LABEL_OOO);
    struct reply ours = { .subject = STR("Re: remove the pain of unsubscribe lists"),
                          .text = STR("Yes, please send me the pricing.") };
    expect(&ours, LABEL_INTERESTED);
    struct reply copied = { .text = STR("Ana can tell you more."), .adds_people = true };
    struct arena *arena = arena_new();
    assert_int_equal(reply_class_of(arena, &copied).likeliest, LABEL_INTRODUCTION);
    arena_free(&arena);
}

static void test_probabilities_and_evidence(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct reply reply = { .text = STR("Kein Interesse, nehmen Sie mich bitte aus dem Verteiler!") };
    struct reply_class class = reply_class_of(arena, &reply);
    assert_int_equal(class.label, LABEL_HARD_NO);
    double sum = 0;
    for (size_t i = 0; i < REPLY_CLASSES; i++)
        sum += class.probabilities[i];
    assert_true(sum > 0.999 && sum < 1.001);
    assert_true(class.confidence == class.probabilities[LABEL_HARD_NO]);
    assert_int_equal(class.evidence[0].kind, EVIDENCE_PHRASE);
    assert_true(str_contains(class.evidence[0].text, STR("verteiler")));
    for (size_t i = 1; i < class.n_evidence; i++)
        assert_true(class.evidence[i].weight <= class.evidence[i - 1].weight);
    arena_free(&arena);
}

/* Every word of a pattern is as reply/tokens.h makes it, or the phrase never occurs. */
static bool word_is_good(struct arena *arena, const struct phrase *phrase, struct str word) {
    if (str_starts(word, STR("?")) || str_starts(word, STR("%")) || str_starts(word, STR("@")))
        word = str_sub(word, 1, word.n);
    if (str_ends(word, STR("~")))
        word.n--;
    struct tokens tokens = reply_tokens(arena, word);
    bool good = token_is_bound(word) || str_contains(word, STR("#")) || str_contains(word, STR("_"))
                || (tokens.n == 5 && str_eq(tokens.p[2].word, word));
    if (!good)
        print_error("\"%s\": \"%.*s\" is no word as texts have them\n", phrase->pattern, STR_FMT(word));
    return good;
}

static void test_patterns(void **state) {
    (void) state;
    size_t n;
    const struct phrase *phrases = class_phrases_all(&n);
    struct arena *arena = arena_new();
    int faults = 0;
    for (size_t i = 0; i < n; i++) {
        struct str rest = str_of(phrases[i].pattern);
        for (struct str slot; str_word(&rest, &slot);) {
            if (str_eq(slot, STR("*")) || str_eq(slot, STR("**")))
                continue;
            for (struct str word; str_cut(&slot, '|', &word);)
                faults += !word_is_good(arena, &phrases[i], word);
        }
        arena_reset(arena);
    }
    arena_free(&arena);
    assert_int_equal(faults, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_part),
        cmocka_unit_test(test_single_replies),
        cmocka_unit_test(test_headers_count),
        cmocka_unit_test(test_probabilities_and_evidence),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
