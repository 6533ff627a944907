/* An account with a running sequence of tasks and leads in it, for tests of what happens to
 * leads: user u1, sequence s1 with the stages g1 (call, at once), g2 (LinkedIn visit, a day
 * later) and g3 (custom task, two hours later), leads l1 and l2, contacts c1 and c2. */
#ifndef TESTS_LEADS_H
#define TESTS_LEADS_H

#include "account.h"

#include "sequence/planner.h"
#include "sequence/progress.h"
#include "store/secrets.h"
#include "store/services.h"

static inline void leads_exec(struct ctx *ctx, const char *const *statements, size_t n) {
    for (size_t i = 0; i < n; i++)
        assert_ok(ctx, test_db_exec(ctx, statements[i]));
}
#define LEADS_EXEC(ctx, ...)                                                                 \
    leads_exec((ctx), (const char *const[]){ __VA_ARGS__ },                                  \
               sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

#define STAGE_ROW(id, position, type, automatic, days, hours, priority)                       \
    "INSERT INTO sequence_stages (account_id, sequence_id, id, position, type, automatic, "   \
    "delay_days, delay_hours, priority) SELECT id, 's1', '" id "', " position ", '" type      \
    "', " automatic ", " days ", " hours ", '" priority "' FROM accounts"
#define LEAD_ROW(id, contact, email, data)                                                    \
    "INSERT INTO sequence_leads (account_id, id, sequence_id, contact_id, email, data, user_id, " \
    "mailbox_id, status, next_at, waits_for, created_at, updated_at) SELECT id, '" id         \
    "', 's1', '" contact "', '" email "', '" data "', 'u1', 'm1', 'pending', 1000000, 'plan', " \
    "1000000, 1000000 FROM accounts"

/* u1's mailbox m1. */
#define LEADS_MAILBOX                                                                         \
    "INSERT INTO mailboxes (account_id, id, user_id, email, email_provider, status, reason, auth, " \
    "smtp_host, smtp_port, smtp_security, smtp_user, imap_host, imap_port, imap_security, "   \
    "imap_user, secret_version, refresh_lease_until, aliases, time_zone, working_hours, "     \
    "daily_email_limit, ramp_start, ramp_step, gap_min_s, gap_max_s, auth_failures, created_at, " \
    "updated_at) SELECT id, 'm1', 'u1', 'ulla@me.example', 'other', 'active', 'ready', "      \
    "'password', 'h', 1, 'tls', 'u', 'h', 1, 'tls', 'u', 1, 0, '[]', 'UTC', '[]', 50, 0, 0, " \
    "60, 60, 0, 1, 1 FROM accounts"
/* An active sequence s2 without stages. */
#define LEADS_SECOND_SEQUENCE                                                                 \
    "INSERT INTO sequences (account_id, id, name, name_key, kind, status, created_by_user_id, " \
    "settings, fields_used, fields_required, sender_fields_required, created_at, updated_at) " \
    "SELECT id, 's2', 'Second', 'second', 'sequence', 'active', 'u1', '{}', '[]', '[]', '[]', 1, 1 " \
    "FROM accounts"

/* Everything anew; the clock is at START_MS. */
static inline void leads_fill(struct ctx *ctx) {
    test_clock.ms = START_MS;
    LEADS_EXEC(ctx, "DELETE FROM events", "DELETE FROM tasks", "DELETE FROM sequence_leads",
               "DELETE FROM contacts", "DELETE FROM sequence_stages", "DELETE FROM sequences",
               "DELETE FROM exclusions", "DELETE FROM users",
               "INSERT INTO users (account_id, id, email, first_name, last_name, role, status, "
               "created_at) SELECT id, 'u1', 'ulla@me.example', 'Ulla', 'User', 'admin', 'active', 1 "
               "FROM accounts",
               "INSERT INTO sequences (account_id, id, name, name_key, kind, status, "
               "created_by_user_id, settings, fields_used, fields_required, "
               "sender_fields_required, created_at, updated_at) SELECT id, 's1', 'First', 'first', "
               "'sequence', 'active', 'u1', '{}', '[]', '[]', '[]', 1, 1 FROM accounts",
               STAGE_ROW("g1", "0", "phone_call", "0", "0", "0", "normal"),
               STAGE_ROW("g2", "1", "linkedin_visit", "0", "1", "0", "normal"),
               STAGE_ROW("g3", "2", "custom_task", "0", "0", "2", "low"),
               "INSERT INTO contacts (account_id, id, email, created_at, updated_at) "
               "SELECT id, 'c1', 'ann@x.example', 1, 1 FROM accounts",
               "INSERT INTO contacts (account_id, id, email, created_at, updated_at) "
               "SELECT id, 'c2', 'bob@y.example', 1, 1 FROM accounts",
               LEAD_ROW("l1", "c1", "ann@x.example", "{}"),
               LEAD_ROW("l2", "c2", "bob@y.example", "{}"));
}

static inline struct ctx *leads_start(void **state) {
    struct ctx *ctx = account_start(state);
    leads_fill(ctx);
    return ctx;
}

/* What adding leads needs of the process; freed with secrets_free. */
static inline void leads_secrets(struct ctx *ctx, struct services *services, struct secrets **secrets) {
    struct str path = arena_printf(ctx->arena, "/tmp/test-key-%d-%.*s", getpid(), STR_FMT(ctx->account_id));
    secrets_free(secrets); /* of the test before */
    assert_ok(ctx, secrets_load(ctx, path.p, secrets));
    assert_int_equal(unlink(path.p), 0);
    *services = (struct services){ .secrets = *secrets };
    ctx->services = services;
}

struct lead_read {
    const char *id;
    struct lead_plan lead;
};

static inline enum rc lead_read_work(struct ctx *ctx, void *arg) {
    struct lead_read *w = arg;
    return lead_plan_lock(ctx, str_of(w->id), &w->lead);
}

static inline struct lead_plan lead_now(struct ctx *ctx, const char *id) {
    struct lead_read work = { .id = id };
    assert_ok(ctx, db_transact(ctx, lead_read_work, &work));
    return work.lead;
}

/* Runs the planner until nothing is due. Returns how many leads it looked at. */
static inline int64_t plan_all(struct ctx *ctx) {
    int64_t all = 0, n = 1;
    for (int turns = 0; n; turns++) {
        assert_ok(ctx, planner_step(ctx, 10, &n));
        assert_true(turns < 100);
        all += n;
    }
    return all;
}

static inline int64_t count_rows(struct ctx *ctx, const char *sql) {
    struct query *query = ARENA_NEW(ctx->arena, struct query);
    int64_t n = -1;
    *query = (struct query){ "count", sql, NULL };
    assert_ok(ctx, db_get_int(ctx, query, DB_NO_ARGS, &n));
    return n;
}

/* "status reason stage waits" with - for what is absent. */
static inline const char *lead_text_of(struct ctx *ctx, const char *id) {
    struct lead_plan l = lead_now(ctx, id);
    struct str none = STR("-");
    struct str reason = str_is_set(l.reason) ? l.reason : none;
    struct str stage = str_is_set(l.stage_id) ? l.stage_id : none;
    struct str waits = str_is_set(l.waits_for) ? l.waits_for : none;
    return arena_printf(ctx->arena, "%.*s %.*s %.*s %.*s", STR_FMT(l.status), STR_FMT(reason),
                        STR_FMT(stage), STR_FMT(waits))
        .p;
}
#define assert_lead(ctx, id, expected) assert_string_equal(lead_text_of((ctx), (id)), (expected))

#endif
