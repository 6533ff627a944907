/* An account with a user, a mailbox and a sequence, for tests of what is sent; on either
 * engine, with a clock that the test moves. world_start(state, &world) first, world_done last. */
#ifndef TESTS_SEQUENCE_WORLD_H
#define TESTS_SEQUENCE_WORLD_H

#include "account.h"

#include "base/buf.h"
#include "base/rand.h"
#include "json/reader.h"
#include "net/mime.h"
#include "sequence/compose.h"
#include "sequence/definition.h"
#include "store/mailboxes.h"
#include "store/messages.h"
#include "store/secrets.h"
#include "store/services.h"
#include "store/users.h"

/* Friday, 29 August 2025, 14:54:16 UTC. */
#define WORLD_START_MS INT64_C(1756479256000)

struct world {
    struct ctx *ctx;
    struct services services;
    struct secrets *secrets;
    struct user user;
    struct mailbox mailbox;
    struct sequence sequence;
};

static inline enum rc world_connect(struct ctx *ctx, void *arg) {
    struct str id;
    return mailbox_connect(ctx, arg, &id);
}

static inline void world_mailbox(struct world *w, const char *email, int64_t gap_s) {
    struct ctx *ctx = w->ctx;
    const struct mailbox_settings settings = {
        .display_name = STR("Ann M\xc3\xbcller, \"Sales\""), .email_provider = STR("other"),
        .smtp_host = STR("127.0.0.1"), .smtp_port = opt_int(1), .smtp_security = STR("none"),
        .smtp_user = STR("u"), .imap_host = STR("127.0.0.1"), .imap_port = opt_int(1),
        .imap_security = STR("none"), .imap_user = STR("u"), .time_zone = STR("UTC"),
        .signature = STR("-- \nAnn"), .gap_min_s = opt_int(gap_s), .gap_max_s = opt_int(gap_s),
        .daily_email_limit = opt_int(5), .ramp_start = opt_int(0),
    };
    struct mailbox_connect c = { .email = str_of(email), .user_id = w->user.id, .auth = STR("password"),
                                 .settings = &settings, .secret = { .smtp_password = STR("p") },
                                 .unchecked = true };
    assert_ok(ctx, db_transact(ctx, world_connect, &c));
    assert_ok(ctx, mailbox_by_email(ctx, str_of(email), &w->mailbox));
}

static inline void world_start(void **state, struct world *w) {
    struct ctx *ctx = account_start(state);
    *w = (struct world){ .ctx = ctx };
    test_clock.ms = WORLD_START_MS;
    mime_start();
    struct str path = arena_printf(ctx->arena, "/tmp/test-key-%d-%.*s", getpid(), STR_FMT(ctx->account_id));
    assert_ok(ctx, secrets_load(ctx, path.p, &w->secrets));
    (void) unlink(path.p);
    w->services = (struct services){ .secrets = w->secrets };
    w->services.mail.public_url = STR("https://o.example");
    ctx->services = &w->services;
    assert_ok(ctx, user_create(ctx, &(struct user_new){ STR("ann@acme.example"), STR("Ann"), STR("Able"),
                                                        STR("admin"), STR_NONE },
                               &w->user));
    world_mailbox(w, "ann@mail.acme.example", 60);
}

static inline void world_done(struct world *w) {
    secrets_free(&w->secrets);
}

/* `json` is a document as of `outrider sequence apply`; it becomes active. */
static inline void world_sequence(struct world *w, const char *json) {
    struct ctx *ctx = w->ctx;
    struct sequence_definition definition = { 0 };
    struct json_position at;
    json_t *root;
    assert_ok(ctx, json_parse(ctx->arena, str_of(json), &root, &at));
    assert_ok(ctx, json_read_fields(ctx, &sequence_definition_fields, root, STR(""), &definition));
    definition.created_by_user_id = w->user.id;
    assert_ok(ctx, sequence_create(ctx, &definition, &w->sequence));
    assert_ok(ctx, test_db_exec(ctx, "UPDATE sequences SET status = 'active', launched_at = 1"));
    assert_ok(ctx, sequence_get(ctx, w->sequence.id, &w->sequence));
}

static inline const struct sequence_stage *world_stage(const struct world *w, size_t at) {
    return (const struct sequence_stage *) w->sequence.stages.p + at;
}

struct world_insert {
    struct world *world;
    struct list leads;
};

static inline enum rc world_insert_work(struct ctx *ctx, void *arg) {
    struct world_insert *insert = arg;
    return leads_insert(ctx, &insert->world->sequence, &insert->leads);
}

/* A lead of the sequence; on the arena. `data` is JSON. */
static inline const struct sequence_lead *world_lead(struct world *w, const char *email, const char *data) {
    struct sequence_lead *lead = ARENA_NEW(w->ctx->arena, struct sequence_lead);
    *lead = (struct sequence_lead){ .id = uuid_new(w->ctx->arena, ctx_now(w->ctx)),
                                    .contact_id = uuid_new(w->ctx->arena, ctx_now(w->ctx)),
                                    .email = str_of(email), .data = str_of(data), .user_id = w->user.id,
                                    .mailbox_id = w->mailbox.id };
    struct world_insert insert = { w, { lead, 1 } };
    assert_ok(w->ctx, db_transact(w->ctx, world_insert_work, &insert));
    return lead;
}

struct world_compose {
    const struct sequence_lead *lead;
    const struct sequence *sequence;
    const struct sequence_stage *stage;
    int64_t due_at;
};

static inline enum rc world_compose_work(struct ctx *ctx, void *arg) {
    const struct world_compose *c = arg;
    const struct composing what
        = { .lead = c->lead, .sequence = c->sequence, .stage = c->stage, .due_at = c->due_at };
    return message_compose(ctx, &what);
}

static inline enum rc world_try_compose(struct world *w, const struct sequence_lead *lead, size_t stage) {
    struct world_compose c = { lead, &w->sequence, world_stage(w, stage), ctx_now(w->ctx) };
    ctx_clear_error(w->ctx);
    return db_transact(w->ctx, world_compose_work, &c);
}

static inline struct message world_message(struct world *w, const struct sequence_lead *lead, size_t stage) {
    struct message m = { 0 };
    assert_ok(w->ctx, message_of_stage(w->ctx, lead->id, world_stage(w, stage)->id, &m));
    return m;
}

static inline struct message world_compose(struct world *w, const struct sequence_lead *lead, size_t stage) {
    assert_ok(w->ctx, world_try_compose(w, lead, stage));
    return world_message(w, lead, stage);
}

struct world_move {
    struct str id;
    const struct message_move *move;
};

static inline enum rc world_move_work(struct ctx *ctx, void *arg) {
    const struct world_move *m = arg;
    return message_move(ctx, m->id, m->move);
}

static inline enum rc world_move(struct world *w, struct str id, struct message_move move) {
    struct world_move m = { id, &move };
    ctx_clear_error(w->ctx);
    return db_transact(w->ctx, world_move_work, &m);
}

#endif
