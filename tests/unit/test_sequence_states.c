/* The table of transitions: exactly these, and every transient state ends. */
#include "sequence_world.h"

#include "sequence/states.h"

static const struct {
    enum sequence_status from;
    enum sequence_event event;
    enum sequence_status to;
    bool guarded;
} allowed[] = {
    { SEQUENCE_DRAFT, SEQUENCE_LAUNCH, SEQUENCE_ACTIVE, true },
    { SEQUENCE_DRAFT, SEQUENCE_ARCHIVE, SEQUENCE_ARCHIVING, false },
    { SEQUENCE_ACTIVE, SEQUENCE_PAUSE, SEQUENCE_PAUSING, false },
    { SEQUENCE_ACTIVE, SEQUENCE_ARCHIVE, SEQUENCE_ARCHIVING, false },
    { SEQUENCE_PAUSING, SEQUENCE_SETTLED, SEQUENCE_PAUSED, false },
    { SEQUENCE_PAUSED, SEQUENCE_RESUME, SEQUENCE_RESUMING, true },
    { SEQUENCE_PAUSED, SEQUENCE_ARCHIVE, SEQUENCE_ARCHIVING, false },
    { SEQUENCE_RESUMING, SEQUENCE_SETTLED, SEQUENCE_ACTIVE, false },
    { SEQUENCE_ARCHIVING, SEQUENCE_SETTLED, SEQUENCE_ARCHIVED, false },
};

static void test_exactly_these(void **state) {
    (void) state;
    for (int from = SEQUENCE_DRAFT; from <= SEQUENCE_ARCHIVED; from++)
        for (int event = SEQUENCE_LAUNCH; event <= SEQUENCE_SETTLED; event++) {
            const struct sequence_transition *found
                = sequence_transition((enum sequence_status) from, (enum sequence_event) event);
            size_t i = 0;
            while (i < LENGTH(allowed)
                   && ((int) allowed[i].from != from || (int) allowed[i].event != event))
                i++;
            bool is_allowed = i < LENGTH(allowed);
            if ((found != NULL) != is_allowed)
                fail_case("state %d, event %d", from, event);
            if (is_allowed) {
                assert_int_equal(found->to, allowed[i].to);
                assert_int_equal(found->guard != NULL, allowed[i].guarded);
            }
        }
}

static void test_transient_states_end(void **state) {
    (void) state;
    static const enum sequence_status transient[]
        = { SEQUENCE_PAUSING, SEQUENCE_RESUMING, SEQUENCE_ARCHIVING };
    for (size_t i = 0; i < LENGTH(transient); i++) {
        const struct sequence_transition *settled = sequence_transition(transient[i], SEQUENCE_SETTLED);
        assert_non_null(settled);
        assert_null(sequence_transition(settled->to, SEQUENCE_SETTLED));
    }
}

static void test_ids(void **state) {
    (void) state;
    static const struct {
        const char *text;
        bool good;
    } ids[] = { { "311d73f042157b352c724975970e4369dba30777", true },
                { "311d73f042157b352c724975970e4369dba3077", false },
                { "311d73f042157b352c724975970e4369dba307770", false },
                { "311D73f042157b352c724975970e4369dba30777", false },
                { "g11d73f042157b352c724975970e4369dba30777", false },
                { "", false } };
    for (size_t i = 0; i < LENGTH(ids); i++)
        if (sequence_id_is_valid(str_of(ids[i].text)) != ids[i].good)
            fail_case("%s", ids[i].text);
}

/* Lists are sorted by the id: what was made later comes later, also within a millisecond. */
static void test_ids_sort_by_time(void **state) {
    struct world w;
    struct str last = STR("");
    world_start(state, &w);
    for (int i = 0; i < 10; i++) {
        world_sequence(&w, arena_printf(w.ctx->arena, "{\"name\":\"%d\",\"stages\":[]}", i).p);
        assert_true(sequence_id_is_valid(w.sequence.id));
        assert_true(str_compare(last, w.sequence.id) < 0);
        last = w.sequence.id;
    }
    world_done(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exactly_these),
        cmocka_unit_test(test_transient_states_end),
        cmocka_unit_test(test_ids),
        BOTH_ENGINES(test_ids_sort_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
