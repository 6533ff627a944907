/* What follows from what in the life of a mailbox, and that refusals must last. */
#include "db.h"

#include "base/clock.h"
#include "store/accounts.h"
#include "store/mailbox_state.h"
#include "store/migrations.h"
#include "store/secrets.h"
#include "store/services.h"
#include "store/users.h"

static const char *const reasons[] = { "connecting", "check_failed", "ready", "unchecked", "paused",
                                       "login_refused", "token_revoked" };

/* What each event makes of each of the reasons; "" is no change. */
static const struct {
    enum mailbox_event event;
    const char *after[LENGTH(reasons)];
} table[] = {
    { MAILBOX_CONNECTED, { "connecting", "connecting", "connecting", "connecting", "connecting",
                           "connecting", "connecting" } },
    { MAILBOX_TEST_PASSED, { "ready", "ready", "", "ready", "", "ready", "" } },
    { MAILBOX_TEST_FAILED, { "check_failed", "check_failed", "", "", "", "", "" } },
    { MAILBOX_PAUSED, { "", "", "paused", "paused", "", "", "" } },
    { MAILBOX_RESUMED, { "", "", "", "", "ready", "", "" } },
    { MAILBOX_REFUSED, { "", "", "login_refused", "login_refused", "", "", "" } },
    { MAILBOX_TOKEN_REVOKED, { "token_revoked", "token_revoked", "token_revoked", "token_revoked",
                               "token_revoked", "", "" } },
};

static void test_table(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(table); i++)
        for (size_t k = 0; k < LENGTH(reasons); k++) {
            struct mailbox_state next = { STR_NONE, STR("") };
            bool changes = mailbox_state_next((struct mailbox_state){ STR(""), str_of(reasons[k]) },
                                              table[i].event, &next);
            if (changes != (table[i].after[k][0] != 0) || !str_eq(next.reason, str_of(table[i].after[k])))
                fail_case("event %zu in %s: %.*s", i, reasons[k], STR_FMT(next.reason));
        }
}

static int64_t now_ms;
static int64_t fake_now(const struct clock *clock) {
    (void) clock;
    return now_ms;
}
static const struct clock fake_clock = { fake_now };

struct world {
    struct services services;
    struct secrets *secrets;
    struct mailbox mailbox;
};

static enum rc connect_work(struct ctx *ctx, void *arg) {
    return mailbox_connect(ctx, arg, &((struct mailbox_connect *) arg)->email);
}

static void connect_one(struct test_db *t, struct world *w) {
    struct ctx *ctx = &t->ctx;
    struct account account;
    struct user user;
    int applied;
    const struct mailbox_settings settings = {
        .email_provider = STR("other"), .smtp_host = STR("s"), .smtp_port = opt_int(465),
        .smtp_security = STR("tls"), .smtp_user = STR("u"), .imap_host = STR("i"),
        .imap_port = opt_int(993), .imap_security = STR("tls"), .imap_user = STR("u"),
    };
    now_ms = clock_now(&clock_system);
    ctx->clock = &fake_clock;
    assert_ok(ctx, db_migrate(ctx, migrations, migrations_count, false, &applied));
    assert_ok(ctx, account_create(ctx, STR("One"), &account));
    ctx->account_id = account.id;
    struct str path = arena_printf(ctx->arena, "/tmp/test-key-%d-%.*s", getpid(), STR_FMT(account.id));
    assert_ok(ctx, secrets_load(ctx, path.p, &w->secrets));
    (void) unlink(path.p);
    w->services = (struct services){ .secrets = w->secrets };
    ctx->services = &w->services;
    assert_ok(ctx, user_create(ctx, &(struct user_new){ STR("a@b.example"), STR("A"), STR("B"), STR("admin"), STR_NONE },
                               &user));
    struct mailbox_connect c = { .email = STR("M@b.example"), .user_id = user.id, .auth = STR("password"),
                                 .settings = &settings, .secret = { .smtp_password = STR("p\"\n") },
                                 .unchecked = true };
    assert_ok(ctx, db_transact(ctx, connect_work, &c));
    assert_ok(ctx, mailbox_by_email(ctx, STR("m@B.example"), &w->mailbox));
}

static struct mailbox now(struct test_db *t, const struct world *w) {
    struct mailbox mailbox;
    assert_ok(&t->ctx, mailbox_get(&t->ctx, w->mailbox.id, &mailbox));
    return mailbox;
}

static void test_secrets(void **state) {
    struct test_db *t = *state;
    struct world w = { 0 };
    struct mailbox_secret secret;
    connect_one(t, &w);
    assert_ok(&t->ctx, mailbox_secret_read(&t->ctx, &w.mailbox, &secret));
    assert_true(str_eq(secret.smtp_password, STR("p\"\n")));
    assert_ok(&t->ctx, mailbox_event(&t->ctx, w.mailbox.id, MAILBOX_DELETED, STR_NONE));
    assert_rc(&t->ctx, mailbox_secret_read(&t->ctx, &w.mailbox, &secret), E_NOT_FOUND);
    secrets_free(&w.secrets);
}

/* Minutes between refusals; the status after all of them. */
static const struct {
    int minutes[4];
    size_t n;
    const char *status;
} refusals[] = {
    { { 0 }, 1, "active" },
    { { 0, 30 }, 2, "active" },
    { { 0, 1, 1 }, 3, "active" },
    { { 0, 12, 0, 0 }, 4, "active" }, /* those of one minute are one */
    { { 0, 5, 5 }, 3, "needs_reconnection" },
    { { 0, 1, 1, 8 }, 4, "needs_reconnection" },
};

static void test_refusals(void **state) {
    struct test_db *t = *state;
    struct world w = { 0 };
    connect_one(t, &w);
    for (size_t i = 0; i < LENGTH(refusals); i++) {
        assert_ok(&t->ctx, mailbox_login_worked(&t->ctx, w.mailbox.id, STR("smtp")));
        for (size_t k = 0; k < refusals[i].n; k++) {
            now_ms += refusals[i].minutes[k] * MINUTE_MS;
            assert_ok(&t->ctx, mailbox_login_refused(&t->ctx, w.mailbox.id, STR("smtp"), STR("535 no")));
        }
        struct mailbox mailbox = now(t, &w);
        if (!str_eq(mailbox.status, str_of(refusals[i].status)))
            fail_case("case %zu: %.*s", i, STR_FMT(mailbox.status));
        assert_true(str_eq(mailbox.detail, STR("535 no")));
        assert_ok(&t->ctx, mailbox_event(&t->ctx, w.mailbox.id, MAILBOX_TEST_PASSED, STR_NONE));
    }
    secrets_free(&w.secrets);
}

/* Which of the two takes the login after each refusal by "smtp", minutes later. */
static const struct {
    const char *works;
    const char *status;
} others[] = { { "imap", "needs_reconnection" }, { "smtp", "active" } };

static void test_refusals_of_one_server(void **state) {
    struct test_db *t = *state;
    struct world w = { 0 };
    connect_one(t, &w);
    for (size_t i = 0; i < LENGTH(others); i++) {
        for (size_t k = 0; k < 3; k++) {
            now_ms += 8 * MINUTE_MS;
            assert_ok(&t->ctx, mailbox_login_refused(&t->ctx, w.mailbox.id, STR("smtp"), STR("535 no")));
            assert_ok(&t->ctx, mailbox_login_worked(&t->ctx, w.mailbox.id, str_of(others[i].works)));
        }
        struct mailbox mailbox = now(t, &w);
        if (!str_eq(mailbox.status, str_of(others[i].status)))
            fail_case("case %zu: %.*s", i, STR_FMT(mailbox.status));
        assert_ok(&t->ctx, mailbox_login_worked(&t->ctx, w.mailbox.id, STR("smtp")));
        assert_ok(&t->ctx, mailbox_event(&t->ctx, w.mailbox.id, MAILBOX_TEST_PASSED, STR_NONE));
    }
    secrets_free(&w.secrets);
}

static void test_health(void **state) {
    struct test_db *t = *state;
    struct world w = { 0 };
    struct mailbox_health health;
    connect_one(t, &w);
    assert_ok(&t->ctx, mailboxes_health(&t->ctx, &health));
    assert_int_equal(health.total.v, 1);
    assert_int_equal(health.ailing.v, 0);
    assert_false(str_is_set(health.one));
    assert_ok(&t->ctx, mailbox_event(&t->ctx, w.mailbox.id, MAILBOX_TOKEN_REVOKED, STR("invalid_grant")));
    assert_ok(&t->ctx, mailboxes_health(&t->ctx, &health));
    assert_int_equal(health.ailing.v, 1);
    assert_true(str_eq(health.one, STR("m@b.example")));
    assert_ok(&t->ctx, mailbox_event(&t->ctx, w.mailbox.id, MAILBOX_DELETED, STR_NONE));
    assert_ok(&t->ctx, mailboxes_health(&t->ctx, &health));
    assert_int_equal(health.total.v, 0);
    secrets_free(&w.secrets);
}

static void test_throttled(void **state) {
    struct test_db *t = *state;
    struct world w = { 0 };
    connect_one(t, &w);
    assert_false(w.mailbox.throttled_until.set);
    assert_ok(&t->ctx, mailbox_throttle(&t->ctx, w.mailbox.id, now_ms + HOUR_MS, STR("451 4.7.1 slowly")));
    struct mailbox mailbox = now(t, &w);
    assert_int_equal(mailbox.throttled_until.v, now_ms + HOUR_MS);
    assert_true(str_eq(mailbox.status, STR("active")) && str_eq(mailbox.detail, STR("451 4.7.1 slowly")));
    secrets_free(&w.secrets);
}

static void test_one_refreshes(void **state) {
    struct test_db *t = *state;
    struct world w = { 0 };
    struct mailbox_secret secret = { .access_token = STR("a2"), .refresh_token = STR("r2") }, read;
    bool mine = false, again = true;
    connect_one(t, &w);
    assert_ok(&t->ctx, mailbox_refresh_claim(&t->ctx, &w.mailbox, MINUTE_MS, &mine));
    assert_ok(&t->ctx, mailbox_refresh_claim(&t->ctx, &w.mailbox, MINUTE_MS, &again));
    assert_true(mine && !again);
    assert_ok(&t->ctx, mailbox_refresh_release(&t->ctx, &w.mailbox));
    assert_ok(&t->ctx, mailbox_refresh_claim(&t->ctx, &w.mailbox, MINUTE_MS, &again));
    assert_true(again);
    now_ms += MINUTE_MS; /* the first one died */
    assert_ok(&t->ctx, mailbox_refresh_claim(&t->ctx, &w.mailbox, MINUTE_MS, &again));
    assert_true(again);
    assert_ok(&t->ctx, mailbox_tokens_store(&t->ctx, &w.mailbox, &secret, opt_int(now_ms + 5)));
    assert_rc(&t->ctx, mailbox_tokens_store(&t->ctx, &w.mailbox, &secret, opt_int(now_ms)), E_CONFLICT);
    assert_ok(&t->ctx, mailbox_refresh_claim(&t->ctx, &w.mailbox, MINUTE_MS, &mine));
    assert_false(mine); /* what it knows is old */
    struct mailbox mailbox = now(t, &w);
    assert_int_equal(mailbox.token_expires_at.v, now_ms + 5);
    assert_ok(&t->ctx, mailbox_secret_read(&t->ctx, &mailbox, &read));
    assert_true(str_eq(read.refresh_token, STR("r2")));
    secrets_free(&w.secrets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        BOTH_ENGINES(test_secrets),
        BOTH_ENGINES(test_refusals),
        BOTH_ENGINES(test_refusals_of_one_server),
        BOTH_ENGINES(test_health),
        BOTH_ENGINES(test_throttled),
        BOTH_ENGINES(test_one_refreshes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
