/* The classes of a reply as the API names them. */
#include "data/labels.h"
#include "test.h"

/* Copied from the API's documentation of the workflow event. */
static const struct {
    const char *name;
    enum label_info info;
} documented[] = {
    { "interested", LABEL_INFO_NOTHING },
    { "hard_no", LABEL_INFO_NOTHING },
    { "introduction", LABEL_INFO_NOTHING },
    { "not_interested", LABEL_INFO_NOTHING },
    { "ooo", LABEL_INFO_RETURN_DATE },
    { "asked_to_circle_back_later", LABEL_INFO_FOLLOW_UP_DATE },
    { "not_the_right_person", LABEL_INFO_THIRD_PARTY },
    { "forwarded_to_the_right_person", LABEL_INFO_THIRD_PARTY },
};

static void test_documented_names(void **state) {
    (void) state;
    assert_int_equal(LABELS_COUNT, LENGTH(documented));
    assert_int_equal(enum_labels.n, LENGTH(documented));
    for (size_t i = 0; i < LENGTH(documented); i++) {
        enum label label = label_of(str_of(documented[i].name));
        assert_int_equal(label, i);
        assert_str(label_name(label), documented[i].name);
        assert_str(enum_labels.values[i], documented[i].name);
        assert_int_equal(label_row(label)->info, documented[i].info);
    }
    assert_str(label_row(LABEL_INTERESTED)->title, "Interested");
}

static void test_unknown_names(void **state) {
    (void) state;
    assert_int_equal(label_of(STR("Interested")), LABEL_NONE);
    assert_int_equal(label_of(STR("")), LABEL_NONE);
    assert_int_equal(label_of(STR_NONE), LABEL_NONE);
    assert_str(label_name(LABEL_NONE), NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented_names),
        cmocka_unit_test(test_unknown_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
