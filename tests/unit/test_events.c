/* What is recorded, what of it a history and the statistics show, and what a removal leaves. */
#include "engagement.h"

#include "store/contacts.h"
#include "store/events.h"

static enum rc record_work(struct ctx *ctx, void *arg) {
    return event_record(ctx, arg);
}

static void record(struct ctx *ctx, struct event event) {
    assert_ok(ctx, db_transact(ctx, record_work, &event));
}

static struct list of_lead(struct ctx *ctx, const char *lead) {
    struct list events;
    assert_ok(ctx, events_of_lead(ctx, str_of(lead), &events));
    return events;
}

#define assert_text(actual, expected) assert_string_equal(arena_cstr(ctx->arena, (actual)), (expected))
#define assert_has(text, part)                                                        \
    do                                                                                \
        if (!str_contains((text), STR(part)))                                         \
            fail_case("no %s in %.*s", part, STR_FMT(text));                          \
    while (0)

/* What the lead tells need not be said, and what a webhook shows is kept as it was. */
static void test_a_lead_tells_the_rest(void **state) {
    struct ctx *ctx = engagement_start(state);
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1"),
                                .stage_id = STR("g1"), .data = STR("{\"subject\":\"Hi\"}") });
    assert_ok(ctx, test_db_exec(ctx, "UPDATE users SET first_name = 'Later'"));
    struct list events = of_lead(ctx, "l1");
    assert_int_equal(events.n, 1);
    const struct recorded_event *e = events.p;
    assert_text(e->kind, "email_sent");
    assert_text(e->user_id, "u1");
    assert_text(e->contact_id, "c1");
    assert_text(e->sequence_id, "s1");
    assert_int_equal(e->at.v, START_MS);
    assert_has(e->data, "\"subject\"");
    assert_has(e->snapshot, "Ulla");
    assert_has(e->snapshot, "Bell & Co");
    assert_has(e->snapshot, "First");
    assert_has(e->snapshot, "ann@x.example");
}

static void test_only_what_webhooks_tell_has_a_snapshot(void **state) {
    struct ctx *ctx = engagement_start(state);
    record(ctx, (struct event){ .kind = EVENT_TASK_CREATED, .lead_id = STR("l1") });
    const struct recorded_event *e = of_lead(ctx, "l1").p;
    assert_false(str_is_set(e->snapshot));
    assert_text(e->data, "{}");
}

static int64_t last_contacted(struct ctx *ctx) {
    struct list found;
    struct str email = STR("ann@x.example");
    assert_ok(ctx, contacts_among(ctx, (struct strs){ &email, 1 }, (struct strs){ 0 }, &found));
    assert_int_equal(found.n, 1);
    const struct contact *c = found.p;
    return c->last_contacted_at.set ? c->last_contacted_at.v : 0;
}

static void test_contacting_moves_the_time_forward_only(void **state) {
    struct ctx *ctx = engagement_start(state);
    record(ctx, (struct event){ .kind = EVENT_EMAIL_OPENED, .lead_id = STR("l1") });
    assert_int_equal(last_contacted(ctx), 0);
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .at = opt_int(5000), .lead_id = STR("l1") });
    assert_int_equal(last_contacted(ctx), 5000);
    record(ctx, (struct event){ .kind = EVENT_CALL_LOGGED, .at = opt_int(4000),
                                .contact_id = STR("c1") });
    assert_int_equal(last_contacted(ctx), 5000);
    record(ctx, (struct event){ .kind = EVENT_CALL_LOGGED, .at = opt_int(6000),
                                .contact_id = STR("c1") });
    assert_int_equal(last_contacted(ctx), 6000);
}

static void test_a_history_has_the_newest(void **state) {
    struct ctx *ctx = engagement_start(state);
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1"),
                                .data = STR("{\"description\":\"Hello\"}") });
    record(ctx, (struct event){ .kind = EVENT_TASK_CREATED, .lead_id = STR("l1") });
    record(ctx, (struct event){ .kind = EVENT_CALL_LOGGED, .contact_id = STR("c1"),
                                .data = STR("{\"notes\":\"Rang twice\"}") });
    record(ctx, (struct event){ .kind = EVENT_EMAIL_OPENED, .lead_id = STR("l2") });
    struct str ids[] = { STR("c1"), STR("c2"), STR("nobody") };
    struct list found;
    assert_ok(ctx, events_recent(ctx, (struct strs){ ids, 3 }, 2, &found));
    assert_int_equal(found.n, 3);
    const struct activity *a = found.p;
    assert_text(a[0].event_type, "call_logged");
    assert_text(a[0].notes, "Rang twice");
    assert_false(str_is_set(a[0].sequence_id));
    assert_text(a[1].event_type, "email_sent");
    assert_text(a[1].description, "Hello");
    assert_text(a[1].sequence_name, "First");
    assert_text(a[1].sequence_type, "sequence");
    assert_text(a[2].contact_id, "c2");
}

static void test_counts_of_a_sequence(void **state) {
    struct ctx *ctx = engagement_start(state);
    for (int i = 0; i < 3; i++)
        record(ctx, (struct event){ .kind = EVENT_EMAIL_OPENED, .lead_id = STR("l1"),
                                    .stage_id = STR("g1") });
    record(ctx, (struct event){ .kind = EVENT_EMAIL_OPENED, .lead_id = STR("l2"),
                                .stage_id = STR("g1") });
    record(ctx, (struct event){ .kind = EVENT_LEAD_REPLIED, .lead_id = STR("l2") });
    struct list found;
    assert_ok(ctx, events_count(ctx, STR("s1"), &found));
    assert_int_equal(found.n, 2);
    const struct event_count *c = found.p;
    assert_text(c[0].kind, "email_opened");
    assert_text(c[0].stage_id, "g1");
    assert_int_equal(c[0].events.v, 4);
    assert_int_equal(c[0].leads.v, 2);
    assert_text(c[1].kind, "lead_replied");
    assert_false(str_is_set(c[1].stage_id));
}

struct who {
    struct str email, profile;
};

static enum rc forget_work(struct ctx *ctx, void *arg) {
    const struct who *who = arg;
    return contacts_forget(ctx, who->email, who->profile);
}

/* By address or profile, of a contact or of a lead alone: counted, and no longer told. */
static void test_a_removal_empties_events(void **state) {
    static const struct {
        struct who who;
        const char *lead, *kept;
    } cases[] = {
        { { { "ann@x.example", 13 }, { NULL, 0 } }, "l1", "l2" },
        { { { NULL, 0 }, { "in/bob", 6 } }, "l2", "l1" },
    };
    struct ctx *ctx = engagement_start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        engagement_fill(ctx);
        record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1"),
                                    .data = STR("{\"to\":\"ann@x.example\"}") });
        record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l2"),
                                    .data = STR("{\"to\":\"bob\"}") });
        struct who who = cases[i].who;
        assert_ok(ctx, db_transact(ctx, forget_work, &who));
        const struct recorded_event *gone = of_lead(ctx, cases[i].lead).p;
        const struct recorded_event *kept = of_lead(ctx, cases[i].kept).p;
        assert_text(gone->data, "{}");
        assert_false(str_is_set(gone->snapshot));
        assert_false(str_is_set(gone->contact_id));
        assert_has(kept->data, "to");
        assert_true(str_is_set(kept->snapshot));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_a_lead_tells_the_rest),
        BOTH_ENGINES(test_only_what_webhooks_tell_has_a_snapshot),
        BOTH_ENGINES(test_contacting_moves_the_time_forward_only),
        BOTH_ENGINES(test_a_history_has_the_newest),
        BOTH_ENGINES(test_counts_of_a_sequence),
        BOTH_ENGINES(test_a_removal_empties_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
