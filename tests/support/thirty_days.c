/* Thirty days of a sequence on a clock that the program moves: planner and delivery as a
 * server runs them, a mail server that takes, refuses and loses messages, users who do their
 * tasks, people who reply. What happened is printed as lines of JSON for a checker that knows
 * nothing of this code (tests/lib/thirty_days.py).
 *
 *   thirty_days (sqlite DIR | postgresql URL) LEADS SEED */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/vec.h"
#include "db/sql.h"
#include "json/reader.h"
#include "net/mime.h"
#include "sequence/add_leads.h"
#include "sequence/definition.h"
#include "sequence/delivery.h"
#include "sequence/planner.h"
#include "sequence/planner_private.h"
#include "sequence/progress.h"
#include "sequence/states.h"
#include "store/accounts.h"
#include "store/exclusions.h"
#include "store/migrations.h"
#include "store/secrets.h"
#include "store/services.h"
#include "store/tasks.h"
#include "store/users.h"

/* Monday, 13 October 2025, 06:00 UTC: the clocks of Europe and America are set back within
 * the thirty days, a week apart. */
#define BEGIN_MS INT64_C(1760335200000)
#define END_MS   (BEGIN_MS + 30 * DAY_MS)

enum { ADD_AT_ONCE = 250, MAILBOXES = 3, LEASE_MS = 60000 };

struct simulated_clock {
    struct clock clock;
    int64_t ms;
};

static int64_t simulated_now(const struct clock *clock) {
    return ((const struct simulated_clock *) clock)->ms;
}

enum action_kind { ACT_TASK, ACT_REPLY, ACT_EXCLUDE, ACT_AWAY, ACT_REST, ACT_GO_ON };

struct action {
    int64_t at;
    enum action_kind kind;
    struct str id; /* of a task or a lead */
};

struct simulation {
    struct ctx *ctx;
    struct arena *lasting;
    struct simulated_clock now;
    uint64_t random;
    int64_t answers;
    struct list actions; /* of struct action */
    struct str sequence_id, last_task;
    struct map zones, taken;
};

/* --- chance --- */

static int64_t below(struct simulation *s, int64_t n) {
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (int64_t) (s->random % (uint64_t) n);
}

static bool happens(struct simulation *s, int percent) {
    return below(s, 100) < percent;
}

static void check(struct simulation *s, enum rc rc, const char *what) {
    if (rc == OK)
        return;
    const struct problem *problem = s->ctx->problems;
    fprintf(stderr, "%s: %s: %.*s %.*s\n", what, rc_name(rc), STR_FMT(s->ctx->err.text),
            STR_FMT(problem ? problem->detail : STR("")));
    exit(1);
}

static void act_later(struct simulation *s, enum action_kind kind, int64_t at, struct str id) {
    struct action *a = list_add(s->lasting, &s->actions, sizeof *a);
    *a = (struct action){ at, kind, str_is_set(id) ? arena_str(s->lasting, id) : id };
}

/* --- the world --- */

static enum rc connect_work(struct ctx *ctx, void *arg) {
    struct str id;
    return mailbox_connect(ctx, arg, &id);
}

static const struct {
    const char *user, *email, *zone;
    int64_t limit, ramp_start, ramp_step, gap_min_s, gap_max_s;
} mailboxes[MAILBOXES] = {
    { "ann", "ann@mail.example", "Europe/Berlin", 60, 0, 0, 120, 300 },
    { "bob", "bob@mail.example", "America/New_York", 60, 20, 5, 60, 240 },
    { "eve", "eve@mail.example", "UTC", 90, 0, 0, 100, 200 },
};

static void make_mailbox(struct simulation *s, size_t i, struct buf *senders) {
    struct user user;
    struct mailbox made;
    struct str email = str_of(mailboxes[i].email);
    const struct user_new new_user
        = { email, str_of(mailboxes[i].user), STR("Able"), STR("admin"), STR_NONE };
    const struct mailbox_settings settings = {
        .email_provider = STR("other"), .smtp_host = STR("127.0.0.1"), .smtp_port = opt_int(1),
        .smtp_security = STR("none"), .smtp_user = STR("u"), .imap_host = STR("127.0.0.1"),
        .imap_port = opt_int(1), .imap_security = STR("none"), .imap_user = STR("u"),
        .time_zone = str_of(mailboxes[i].zone), .daily_email_limit = opt_int(mailboxes[i].limit),
        .ramp_start = opt_int(mailboxes[i].ramp_start), .ramp_step = opt_int(mailboxes[i].ramp_step),
        .gap_min_s = opt_int(mailboxes[i].gap_min_s), .gap_max_s = opt_int(mailboxes[i].gap_max_s),
    };
    check(s, user_create(s->ctx, &new_user, &user), "user");
    struct mailbox_connect connect = { .email = email, .user_id = user.id, .auth = STR("password"),
                                       .settings = &settings, .secret = { .smtp_password = STR("p") },
                                       .unchecked = true };
    check(s, db_transact(s->ctx, connect_work, &connect), "mailbox");
    check(s, mailbox_by_email(s->ctx, email, &made), "mailbox");
    buf_printf(senders, "%s{\"user_id\":\"%.*s\",\"mailbox_id\":\"%.*s\"}", i ? "," : "",
               STR_FMT(user.id), STR_FMT(made.id));
    printf("{\"kind\":\"mailbox\",\"id\":\"%.*s\",\"zone\":\"%s\",\"limit\":%lld,\"ramp_start\":%lld,"
           "\"ramp_step\":%lld,\"gap_min_s\":%lld}\n",
           STR_FMT(made.id), mailboxes[i].zone, (long long) mailboxes[i].limit,
           (long long) mailboxes[i].ramp_start, (long long) mailboxes[i].ramp_step,
           (long long) mailboxes[i].gap_min_s);
}

static const char stages[]
    = "[{\"type\":\"email\",\"variants\":[{\"subject\":\"For {{first_name}}\",\"text\":\"One.\"}]},"
      "{\"type\":\"linkedin_visit\",\"automatic\":false,\"delay_days\":1},"
      "{\"type\":\"email\",\"delay_days\":2,\"variants\":[{\"text\":\"Two.\"}]},"
      "{\"type\":\"email\",\"delay_days\":3,\"delay_hours\":5,\"priority\":\"high\","
      "\"variants\":[{\"text\":\"Three.\"}]}]";

static void make_sequence(struct simulation *s, struct str senders) {
    struct sequence_definition definition = { 0 };
    struct sequence made;
    struct json_position at;
    json_t *root;
    struct str text = arena_printf(
        s->ctx->arena,
        "{\"name\":\"Thirty days\",\"stages\":%s,\"settings\":{\"senders\":[%.*s],"
        "\"holidays\":[\"2025-10-21\"],\"time_zone\":\"Europe/Berlin\",\"new_lead_share\":60}}",
        stages, STR_FMT(senders));
    check(s, json_parse(s->ctx->arena, text, &root, &at), "definition");
    check(s, json_read_fields(s->ctx, &sequence_definition_fields, root, STR(""), &definition), "definition");
    check(s, sequence_create(s->ctx, &definition, &made), "sequence");
    check(s, sequence_change(s->ctx, made.id, SEQUENCE_LAUNCH, &made), "launch");
    s->sequence_id = arena_str(s->lasting, made.id);
    const struct sequence_stage *stage = made.stages.p;
    for (size_t i = 0; i < made.stages.n; i++)
        printf("{\"kind\":\"stage\",\"id\":\"%.*s\",\"position\":%zu,\"type\":\"%.*s\",\"delay_ms\":%lld}\n",
               STR_FMT(stage[i].id), i, STR_FMT(stage[i].type),
               (long long) (stage[i].delay_days.v * DAY_MS + stage[i].delay_hours.v * HOUR_MS));
}

static void add_leads(struct simulation *s, int from, int to) {
    static const char *const zones[] = { "America/New_York", "Europe/Berlin" };
    struct list leads = { 0 };
    struct add_leads_result result;
    struct lead_errors errors;
    for (int i = from; i < to; i++) {
        struct lead_input *lead = list_add(s->ctx->arena, &leads, sizeof *lead);
        lead->email = arena_printf(s->ctx->arena, "lead%d@company%d.example", i, i);
        lead->linkedin_url = arena_printf(s->ctx->arena, "https://www.linkedin.com/in/lead%d", i);
        lead->data = arena_printf(s->ctx->arena, "{\"first_name\":\"L%d\",\"time_zone\":\"%s\"}", i,
                                  zones[i % 2]);
    }
    const struct add_leads_request request = { leads, NULL };
    const struct add_leads add = { .sequence_id = s->sequence_id, .request = &request };
    check(s, leads_add(s->ctx, &add, &result, &errors), "leads");
    ASSERT(result.total_added_to_sequence.v == to - from);
}

static const struct query all_leads
    = { "thirty_days_leads", "SELECT id, email, status, reason, waits_for, data FROM sequence_leads ORDER BY id",
        NULL };

static void print_leads(struct simulation *s, const char *kind) {
    struct db_rows *rows;
    check(s, db_query(s->ctx, &all_leads, DB_NO_ARGS, &rows), "leads");
    while (db_next(rows))
        printf("{\"kind\":\"%s\",\"id\":\"%.*s\",\"email\":\"%.*s\",\"status\":\"%.*s\",\"reason\":\"%.*s\","
               "\"waits_for\":\"%.*s\",\"data\":%.*s}\n",
               kind, STR_FMT(db_text(rows, 0)), STR_FMT(db_text(rows, 1)), STR_FMT(db_text(rows, 2)),
               STR_FMT(db_text(rows, 3)), STR_FMT(db_text(rows, 4)), STR_FMT(db_text(rows, 5)));
    check(s, db_rows_close(rows), "leads");
}

/* --- what people do --- */

static void tell(const struct simulation *s, const char *kind, struct str lead) {
    printf("{\"kind\":\"%s\",\"at\":%lld,\"lead\":\"%.*s\"}\n", kind, (long long) s->now.ms, STR_FMT(lead));
}

struct task_work {
    struct str id;
    bool done, ended;
    struct task task;
};

static enum rc task_work(struct ctx *ctx, void *arg) {
    struct task_work *w = arg;
    enum rc rc = task_lock(ctx, w->id, &w->task);
    w->ended = false;
    if (rc != OK || task_status_of(&w->task) != TASK_SCHEDULED)
        return rc;
    w->ended = true;
    const struct task_change change = { TASK_SCHEDULED, w->done ? TASK_COMPLETED : TASK_SKIPPED, STR_NONE };
    const struct stage_outcome outcome = { w->done ? STAGE_DONE : STAGE_SKIPPED, w->done, STR_NONE };
    rc = task_set_status(ctx, &w->task, &change);
    return rc == OK ? lead_stage_finished(ctx, w->task.lead_id, w->task.stage_id, &outcome) : rc;
}

static void end_task(struct simulation *s, struct str id) {
    struct task_work work = { .id = id, .done = happens(s, 80) };
    check(s, db_transact(s->ctx, task_work, &work), "task");
    if (work.ended)
        printf("{\"kind\":\"task\",\"at\":%lld,\"lead\":\"%.*s\",\"stage\":\"%.*s\",\"done\":%s,\"due\":%lld}\n",
               (long long) s->now.ms, STR_FMT(work.task.lead_id), STR_FMT(work.task.stage_id),
               work.done ? "true" : "false", (long long) work.task.due_on.v);
}

static void exclude(struct simulation *s, struct str lead_id) {
    struct strs values = { 0 }, results;
    static const struct query email_of
        = { "thirty_days_email", "SELECT email FROM sequence_leads WHERE account_id = $1 AND id = $2", NULL };
    struct str email = STR_NONE;
    check(s, db_get_text(s->ctx, &email_of, DB_ARGS(db_v_text(s->ctx->account_id), db_v_text(lead_id)), &email),
          "email");
    strs_add(s->ctx->arena, &values, email);
    const struct new_exclusions exclusions = { EXCLUDED_EMAIL, values, STR("amplemarket"), .reason = STR("") };
    check(s, exclusions_add(s->ctx, &exclusions, &results), "exclusion");
    tell(s, "exclude", lead_id);
}

static void go_away(struct simulation *s, struct str lead_id) {
    int64_t until = s->now.ms + 5 * DAY_MS;
    enum rc rc = lead_pause(s->ctx, lead_id, STR("out_of_office"), opt_int(until));
    ctx_clear_error(s->ctx);
    if (rc == OK)
        printf("{\"kind\":\"away\",\"at\":%lld,\"lead\":\"%.*s\",\"until\":%lld}\n", (long long) s->now.ms,
               STR_FMT(lead_id), (long long) until);
}

static void change_sequence(struct simulation *s, enum sequence_event event, const char *kind) {
    struct sequence sequence;
    struct list jobs = { 0 };
    const struct job_claim claim = { STR("thirty_days"), LEASE_MS, 10, false };
    check(s, sequence_change(s->ctx, s->sequence_id, event, &sequence), "sequence");
    check(s, jobs_claim(s->ctx, &claim, &jobs), "jobs");
    for (size_t i = 0; i < jobs.n; i++) {
        enum rc rc = sequence_settle_job(s->ctx, (const struct job *) jobs.p + i);
        ASSERT(rc == E_CANCELED); /* it ended itself */
    }
    tell(s, kind, STR(""));
}

static void act(struct simulation *s, const struct action *a) {
    switch (a->kind) {
    case ACT_TASK: end_task(s, a->id); break;
    case ACT_REPLY:
        check(s, lead_end(s->ctx, a->id, LEAD_REPLIED, STR_NONE), "reply");
        tell(s, "reply", a->id);
        break;
    case ACT_EXCLUDE: exclude(s, a->id); break;
    case ACT_AWAY: go_away(s, a->id); break;
    case ACT_REST: change_sequence(s, SEQUENCE_PAUSE, "rest"); break;
    case ACT_GO_ON: change_sequence(s, SEQUENCE_RESUME, "go_on"); break;
    }
}

static bool take_action(struct simulation *s, struct action *ret_action) {
    struct action *a = s->actions.p;
    for (size_t i = 0; i < s->actions.n; i++)
        if (a[i].at <= s->now.ms) {
            *ret_action = a[i];
            a[i] = a[--s->actions.n];
            return true;
        }
    return false;
}

/* Users see their new tasks, and do them within a day and a half. */
static void see_tasks(struct simulation *s) {
    static const struct query fresh
        = { "thirty_days_tasks", "SELECT id FROM tasks WHERE account_id = $1 AND id > $2 ORDER BY id", NULL };
    struct db_rows *rows;
    struct strs ids = { 0 };
    check(s, db_query(s->ctx, &fresh, DB_ARGS(db_v_text(s->ctx->account_id), db_v_text(s->last_task)), &rows),
          "tasks");
    while (db_next(rows))
        strs_add(s->ctx->arena, &ids, db_text(rows, 0));
    check(s, db_rows_close(rows), "tasks");
    for (size_t i = 0; i < ids.n; i++)
        act_later(s, ACT_TASK, s->now.ms + below(s, 36 * HOUR_MS), ids.p[i]);
    if (ids.n)
        s->last_task = arena_str(s->lasting, ids.p[ids.n - 1]);
}

/* --- the mail server --- */

struct answer {
    enum fate fate;
    bool taken;
};

/* Evenly spread, not drawn: each kind comes early and again and again. */
static struct answer answer_to(struct simulation *s) {
    int64_t drawn = s->answers++ * 337 % 1000;
    if (drawn < 10)
        return (struct answer){ FATE_ADDRESS, false };
    if (drawn < 30)
        return (struct answer){ FATE_RETRY, false };
    if (drawn < 40)
        return (struct answer){ FATE_UNKNOWN, true };
    if (drawn < 50)
        return (struct answer){ FATE_UNKNOWN, false };
    return (struct answer){ FATE_SENT, true };
}

static void send_message(struct simulation *s, const struct message *m, struct delivery_outcome *outcome) {
    struct answer answer = answer_to(s);
    printf("{\"kind\":\"send\",\"at\":%lld,\"lead\":\"%.*s\",\"stage\":\"%.*s\",\"mailbox\":\"%.*s\","
           "\"to\":\"%.*s\",\"message_id\":\"%.*s\",\"refers_to\":\"%.*s\",\"answer\":\"%s\",\"taken\":%s}\n",
           (long long) s->now.ms, STR_FMT(m->lead_id), STR_FMT(m->stage_id), STR_FMT(m->mailbox_id),
           STR_FMT(m->recipient), STR_FMT(m->message_id), STR_FMT(m->refers_to), fate_name(answer.fate),
           answer.taken ? "true" : "false");
    *outcome = (struct delivery_outcome){ .fate = answer.fate, .words = STR("said") };
    if (!answer.taken)
        return;
    (void) map_put(&s->taken, arena_str(s->lasting, m->id), s); /* what the Sent folder will show */
    if (happens(s, 6))
        act_later(s, ACT_REPLY, s->now.ms + HOUR_MS + below(s, 3 * DAY_MS), m->lead_id);
    else if (happens(s, 4))
        act_later(s, ACT_AWAY, s->now.ms + MINUTE_MS + below(s, DAY_MS), m->lead_id);
    else if (happens(s, 2))
        act_later(s, ACT_EXCLUDE, s->now.ms + below(s, 2 * DAY_MS), m->lead_id);
}

static void look_for(struct simulation *s, const struct delivery *d, const struct list *look) {
    const struct message *m = look->p;
    for (size_t i = 0; i < look->n; i++)
        check(s, delivery_looked(d, &m[i], map_get(&s->taken, m[i].id) ? LOOK_FOUND : LOOK_NOT_THERE, STR("looked")),
              "look");
}

static void serve_queue(struct simulation *s, const struct mailbox_queue *queue, struct str owner) {
    const struct delivery d = { s->ctx, owner, queue->mailbox_id, &s->zones, NULL };
    struct delivery_step step = { .is_connected = true, .goes_on = true, .recovers = true };
    struct delivery_outcome outcome;
    struct message done;
    check(s, delivery_step(&d, &step), "step");
    if (step.ret_look.n) {
        look_for(s, &d, &step.ret_look);
        step = (struct delivery_step){ .is_connected = true, .goes_on = true };
        check(s, delivery_step(&d, &step), "step");
    }
    while (step.ret_has_next) {
        done = step.ret_next;
        send_message(s, &done, &outcome);
        step = (struct delivery_step){ .done = &done, .outcome = &outcome, .is_connected = true, .goes_on = true };
        check(s, delivery_step(&d, &step), "step");
    }
}

static void serve_queues(struct simulation *s) {
    const struct queue_lease lease = { STR("thirty_days"), s->now.ms, LEASE_MS };
    struct mailbox_queue queue;
    int64_t due = INT64_MAX;
    check(s, mailbox_queues_next(s->ctx, &due), "next queue");
    enum rc rc = due <= s->now.ms ? OK : E_NOT_FOUND;
    while (rc == OK) {
        rc = mailbox_queue_take(s->ctx, &lease, &queue);
        if (rc == OK)
            serve_queue(s, &queue, lease.owner);
    }
    if (rc != E_NOT_FOUND)
        check(s, rc, "a queue");
    ctx_clear_error(s->ctx);
}

/* --- the days --- */

static void plan(struct simulation *s) {
    struct str account = s->ctx->account_id;
    s->ctx->account_id = STR_NONE;
    int64_t due = INT64_MAX, n = 1;
    check(s, lead_plans_next_due(s->ctx, &due), "next lead");
    for (bool any = due <= s->now.ms; any && n;)
        check(s, planner_step(s->ctx, 100, &n), "planner");
    s->ctx->account_id = account;
    if (due <= s->now.ms)
        see_tasks(s);
}

static int64_t next_moment(struct simulation *s) {
    int64_t next = INT64_MAX, at;
    const struct action *a = s->actions.p;
    check(s, lead_plans_next_due(s->ctx, &next), "next lead");
    check(s, mailbox_queues_next(s->ctx, &at), "next queue");
    next = at < next ? at : next;
    for (size_t i = 0; i < s->actions.n; i++)
        next = a[i].at < next ? a[i].at : next;
    return next > s->now.ms ? next : s->now.ms + 1;
}

static void live(struct simulation *s) {
    struct action action;
    struct arena *turn = arena_new();
    for (; s->now.ms < END_MS; s->now.ms = next_moment(s)) {
        arena_reset(turn);
        s->ctx->arena = turn;
        while (take_action(s, &action))
            act(s, &action);
        plan(s);
        serve_queues(s);
        plan(s); /* what was sent is planned on, so that the next moment is known */
    }
    s->ctx->arena = s->lasting;
    arena_free(&turn);
}

static void make_world(struct simulation *s, int leads) {
    struct account account;
    struct buf senders = buf_in(s->lasting, 4096);
    int applied;
    check(s, db_migrate(s->ctx, migrations, migrations_count, false, &applied), "migrate");
    check(s, account_create(s->ctx, STR("One"), &account), "account");
    s->ctx->account_id = account.id;
    for (size_t i = 0; i < MAILBOXES; i++)
        make_mailbox(s, i, &senders);
    make_sequence(s, buf_text(&senders));
    for (int from = 0; from < leads; from += ADD_AT_ONCE)
        add_leads(s, from, from + ADD_AT_ONCE < leads ? from + ADD_AT_ONCE : leads);
    print_leads(s, "lead");
    act_later(s, ACT_REST, BEGIN_MS + 9 * DAY_MS + 6 * HOUR_MS, STR_NONE);
    act_later(s, ACT_GO_ON, BEGIN_MS + 11 * DAY_MS + 4 * HOUR_MS, STR_NONE);
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    struct arena *arena = arena_new();
    struct db *db = NULL;
    struct secrets *secrets = NULL;
    struct simulation s = { .lasting = arena, .now = { { simulated_now }, BEGIN_MS }, .last_task = STR("") };
    struct ctx ctx = { .arena = arena, .clock = &s.now.clock };
    struct services services = { .search = NULL };
    const bool pg = str_eq(str_of(argv[1]), STR("postgresql"));
    const struct db_options options = { .url = pg ? argv[2] : NULL, .data_dir = pg ? NULL : argv[2] };
    s.ctx = &ctx;
    s.random = (uint64_t) strtoull(argv[4], NULL, 10) * 2654435761u + 1;
    s.zones = map_in(arena);
    s.taken = map_in(arena);
    mime_start();
    char key[] = "/tmp/thirty-days-XXXXXX";
    int fd = mkstemp(key);
    ASSERT(fd >= 0 && close(fd) == 0 && unlink(key) == 0);
    check(&s, secrets_load(&ctx, key, &secrets), "secrets");
    (void) unlink(key); /* it is read */
    services.secrets = secrets;
    services.mail.public_url = STR("https://o.example");
    ctx.services = &services;
    check(&s, db_open(&ctx, &options, &db), "database");
    ctx.db = db_session_open(db);
    make_world(&s, (int) strtol(argv[3], NULL, 10));
    live(&s);
    print_leads(&s, "end");
    planning_zones_close(&s.zones);
    db_session_close(&ctx.db);
    db_close(&db);
    secrets_free(&secrets);
    arena_free(&arena);
    return fflush(stdout) == 0 ? 0 : 1;
}
