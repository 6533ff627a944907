#include "store/lead_plans.h"

#include "base/check.h"
#include "base/vec.h"
#include "data/enums.h"
#include "data/urls.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/queries.h"

enum { JSON_MAX_BYTES = 4 * 1024 * 1024 };

static const struct str statuses[]
    = { [LEAD_PENDING] = { "pending", 7 },     [LEAD_ACTIVE] = { "active", 6 },
        [LEAD_WAITING_TASK] = { "waiting_task", 12 }, [LEAD_PAUSED] = { "paused", 6 },
        [LEAD_COMPLETED] = { "completed", 9 }, [LEAD_REPLIED] = { "replied", 7 },
        [LEAD_BOUNCED] = { "bounced", 7 },     [LEAD_UNSUBSCRIBED] = { "unsubscribed", 12 },
        [LEAD_REMOVED] = { "removed", 7 },     [LEAD_ERRORED] = { "errored", 7 } };
const struct enum_values enum_lead_statuses
    = { "SequenceLeadStatus", statuses, LENGTH(statuses) };

static const struct str waits[] = {
#define WAIT(id, name, words) { name, sizeof(name) - 1 },
#include "store/lead_waits.def"
#undef WAIT
};
const struct enum_values enum_lead_waits = { "LeadWaitsFor", waits, LENGTH(waits) };

#define T struct lead_plan
static const struct field plan_rows[] = {
    F_ID(T, account_id),
    F_ID(T, id),
    F_ID(T, sequence_id),
    F_ID(T, contact_id),
    F_ID(T, user_id),
    F_ID(T, mailbox_id),
    F_ID(T, reply_id),
    F_STR(T, email),
    F_STR(T, linkedin_url),
    F_STR(T, data),
    F_STR(T, time_zone),
    F_BOOL(T, ignores_exclusions),
    F_TIME(T, created_at),
    F_STR(T, status),
    F_STR(T, reason),
    F_ID(T, stage_id),
    F_TIME(T, due_at),
    F_ID(T, done_stage_id),
    F_TIME(T, counts_from),
    F_TIME(T, next_at),
    F_STR(T, waits_for),
    F_INT(T, urgency),
    F_TIME(T, paused_until),
    F_TIME(T, ended_at),
};
#undef T
static const struct fields plan_fields
    = FIELDS("LeadPlan", struct lead_plan, plan_rows, .doc = "Where a lead stands.");

#define PLAN(data)                                                                            \
    "SELECT l.account_id, l.id, l.sequence_id, l.contact_id, l.user_id, l.mailbox_id, l.reply_id, l.email, " \
    "l.linkedin_url, l.data, coalesce(" data " ->> 'time_zone', c.time_zone) AS time_zone, l.ignores_exclusions, "    \
    "l.created_at, l.status, l.reason, l.stage_id, l.due_at, l.done_stage_id, l.counts_from, " \
    "l.next_at, l.waits_for, l.urgency, l.paused_until, l.ended_at "                          \
    "FROM sequence_leads l LEFT JOIN contacts c ON c.account_id = l.account_id "              \
    "AND c.id = l.contact_id WHERE "
#define DUE "l.urgency = $1 AND l.next_at <= $2 ORDER BY l.next_at LIMIT $3"
static const struct query due
    = { "lead_plans_due", PLAN("l.data") DUE,
        PLAN("l.data::json") DUE " FOR UPDATE OF l SKIP LOCKED" };
#define ONE "l.account_id = $1 AND l.id = $2"
static const struct query lock
    = { "lead_plan_lock", PLAN("l.data") ONE, PLAN("l.data::json") ONE " FOR UPDATE OF l" };
static const struct query lock_all
    = { "lead_plans_lock",
        PLAN("l.data") "l.account_id = $1 AND l.id IN (SELECT value FROM json_each($2))",
        "WITH " SQL_SET_PG("e", "$2") " "
        PLAN("l.data::json") "(l.account_id, l.id) IN (SELECT account_id, v FROM e) "
        "ORDER BY l.id FOR UPDATE OF l" };
#define TEXT(k) "value ->> " #k
#define TIME(k) "CAST(value ->> " #k " AS BIGINT)"
#define WRITE(from)                                                                           \
    "UPDATE sequence_leads SET status = v.status, reason = v.reason, stage_id = v.stage_id, " \
    "due_at = v.due_at, done_stage_id = v.done_stage_id, counts_from = v.counts_from, "       \
    "next_at = v.next_at, waits_for = v.waits_for, urgency = v.urgency, "                     \
    "paused_until = v.paused_until, ended_at = v.ended_at, "                                  \
    "ignores_exclusions = v.ignores_exclusions, updated_at = $2 FROM (SELECT "                \
    TEXT(0) " AS account_id, " TEXT(1) " AS id, " TEXT(2) " AS status, " TEXT(3) " AS reason, " \
    TEXT(4) " AS stage_id, " TIME(5) " AS due_at, " TEXT(6) " AS done_stage_id, "             \
    TIME(7) " AS counts_from, " TIME(8) " AS next_at, " TEXT(9) " AS waits_for, "             \
    TIME(10) " AS urgency, " TIME(11) " AS paused_until, " TIME(12) " AS ended_at, "         \
    TIME(13) " AS ignores_exclusions FROM " from ") v "     \
    "WHERE sequence_leads.account_id = v.account_id AND sequence_leads.id = v.id"
static const struct query write
    = { "lead_plans_write", WRITE("json_each($1)"), WRITE("json_array_elements($1::json)") };
/* The same of one, for whom PostgreSQL need not guess how many there are. */
static const struct query write_one
    = { "lead_plan_write",
        "UPDATE sequence_leads SET status = $3, reason = $4, stage_id = $5, due_at = $6, "
        "done_stage_id = $7, counts_from = $8, next_at = $9, waits_for = $10, urgency = $11, "
        "paused_until = $12, ended_at = $13, ignores_exclusions = $14, updated_at = $15 "
        "WHERE account_id = $1 AND id = $2",
        NULL };
/* Behind the stage that it stands at. One that is paused stays so. Those that have not come to an
 * end are said in other words than in an index of them: without statistics PostgreSQL took all of
 * those for the one. */
#define UNLESS_PAUSED(then) "CASE WHEN status = 'paused' THEN " then
static const struct query pass
    = { "lead_plan_pass",
        "UPDATE sequence_leads SET done_stage_id = stage_id, stage_id = NULL, due_at = NULL, "
        "counts_from = CASE WHEN $5 = 1 AND due_at IS NOT NULL THEN due_at ELSE $4 END, "
        "status = " UNLESS_PAUSED("status ELSE 'active' END") ", "
        "reason = " UNLESS_PAUSED("reason END") ", "
        "next_at = " UNLESS_PAUSED("next_at ELSE $4 END") ", "
        "waits_for = " UNLESS_PAUSED("waits_for ELSE 'plan' END") ", "
        "urgency = " UNLESS_PAUSED("urgency ELSE 0 END") ", "
        "paused_until = " UNLESS_PAUSED("paused_until END") ", updated_at = $4 "
        "WHERE account_id = $1 AND id = $2 AND stage_id = $3 "
        "AND status NOT IN ('completed', 'replied', 'bounced', 'unsubscribed', 'removed', 'errored')",
        NULL };
static const struct query begin
    = { "lead_plans_begin",
        "UPDATE sequence_leads SET next_at = $3, waits_for = 'plan', urgency = 0, updated_at = $3 "
        "WHERE account_id = $1 AND sequence_id = $2 AND waits_for = 'sequence'",
        NULL };
static const struct query begin_mailbox
    = { "lead_plans_begin_mailbox",
        "UPDATE sequence_leads SET next_at = $3, updated_at = $3 "
        "WHERE account_id = $1 AND mailbox_id = $2 AND waits_for = 'mailbox'",
        NULL };
static const struct query of_address
    = { "leads_of_address",
        "SELECT id FROM sequence_leads WHERE email = $2 AND account_id = $1 AND status IN "
        "('pending', 'active', 'waiting_task', 'paused', 'completed', 'errored') ORDER BY id",
        NULL };
/* As an index of domains says it. */
#define NOT_ENDED_OR_COMPLETED                                                                \
    "status IN ('pending', 'active', 'waiting_task', 'paused', 'completed', 'errored')"
/* $4: the domain reversed, as those at it and below it begin; $3 is what was made of theirs. */
static const struct query of_domain
    = { "leads_of_domain",
        "WITH l AS MATERIALIZED (SELECT id, sequence_id, domain FROM sequence_leads WHERE account_id = $1 "
        "AND email_domain >= $4 AND email_domain < rtrim($4, '.') || '/' AND " NOT_ENDED_OR_COMPLETED
        ") SELECT id FROM l WHERE sequence_id = $2 AND domain = $3 ORDER BY id",
        NULL };
/* Whom an exclusion ends. A domain is reversed, so those at it and below it are one range; each
 * is looked for by itself, which neither engine does of its own accord. Those at addresses are
 * found first and judged then, or PostgreSQL without statistics takes the index of domains. */
#define ENDS "l." NOT_ENDED_OR_COMPLETED " AND l.status <> 'completed' AND l.ignores_exclusions = 0"
#define AT_DOMAIN                                                                             \
    "l.email_domain >= w.value AND l.email_domain < rtrim(w.value, '.') || '/' AND " ENDS
static const struct query of_excluded_emails
    = { "leads_of_excluded_emails",
        "SELECT l.id FROM json_each($2) w CROSS JOIN sequence_leads l ON l.email = w.value "
        "AND l.account_id = $1 AND " ENDS " LIMIT $3",
        "WITH " SQL_SET_PG("e", "$2") ", l AS MATERIALIZED (SELECT l.id, l.status, l.ignores_exclusions "
        "FROM e JOIN sequence_leads l ON l.account_id = e.account_id AND l.email = e.v) "
        "SELECT l.id FROM l WHERE " ENDS " LIMIT $3" };
static const struct query of_excluded_domains
    = { "leads_of_excluded_domains",
        "SELECT l.id FROM json_each($2) w CROSS JOIN sequence_leads l ON l.account_id = $1 AND "
        AT_DOMAIN " LIMIT $3",
        "SELECT x.id FROM json_array_elements_text($2::json) AS w (value) CROSS JOIN LATERAL "
        "(SELECT l.id FROM sequence_leads l WHERE l.account_id = $1 AND " AT_DOMAIN
        " ORDER BY l.account_id, l.email_domain LIMIT $3) AS x LIMIT $3" };
/* Not min(next_at), for which PostgreSQL without statistics reads all that are planned. */
#define FIRST(urgency)                                                                        \
    "SELECT f" #urgency ".next_at AS at FROM (SELECT next_at FROM sequence_leads WHERE urgency = " #urgency \
    " AND next_at IS NOT NULL ORDER BY next_at LIMIT 1) f" #urgency
static const struct query next_due
    = { "lead_plans_next_due",
        "SELECT coalesce(min(m.at), 9223372036854775807) FROM (" FIRST(0) " UNION ALL " FIRST(1)
        " UNION ALL " FIRST(2) " UNION ALL " FIRST(3) " UNION ALL " FIRST(4) " UNION ALL " FIRST(5)
        " UNION ALL " FIRST(6) ") m",
        NULL };

static const struct query *const queries[]
    = { &due,        &lock,      &lock_all,           &write,               &write_one, &pass, &begin, &begin_mailbox,
        &of_address, &of_domain, &of_excluded_emails, &of_excluded_domains, &next_due };
const struct query_table lead_plan_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

enum lead_status lead_status_of(const struct lead_plan *lead) {
    int status = enum_index(&enum_lead_statuses, lead->status);
    ASSERT(status >= 0); /* the table has a CHECK */
    return (enum lead_status) status;
}

bool lead_waits_for(const struct lead_plan *lead, enum lead_wait wait) {
    return str_eq(lead->waits_for, waits[wait]);
}

void lead_set_status(struct lead_plan *lead, enum lead_status status, struct str reason) {
    lead->status = statuses[status];
    lead->reason = reason;
}

void lead_set_wait(struct lead_plan *lead, enum lead_wait wait, struct opt_int next_at) {
    lead->waits_for = waits[wait];
    lead->next_at = next_at;
}

enum rc lead_plans_due(struct ctx *ctx, int64_t urgency, int64_t now, int64_t limit,
                       struct list *ret_leads) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &due, DB_ARGS(db_v_int(urgency), db_v_int(now), db_v_int(limit)),
                         &plan_fields, &found);
    *ret_leads = rc == OK ? found : (struct list){ 0 };
    return rc;
}

enum rc lead_plan_lock(struct ctx *ctx, struct str id, struct lead_plan *ret_lead) {
    struct lead_plan found = { 0 };
    enum rc rc = db_get(ctx, &lock, DB_ARGS(ACCOUNT, db_v_text(id)), &plan_fields, &found);
    if (rc == OK)
        *ret_lead = found;
    return rc;
}

enum rc lead_plans_lock(struct ctx *ctx, struct strs ids, struct list *ret_leads) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &lock_all, DB_ARGS(ACCOUNT, sql_texts(ctx->arena, ids)), &plan_fields, &found);
    if (rc == OK)
        *ret_leads = found;
    return rc;
}

static void write_time(struct json_writer *w, struct opt_int time) {
    if (time.set)
        json_int(w, time.v);
    else
        json_write_null(w);
}

/* In the order of the statement's columns. */
static void write_plan(struct json_writer *w, const struct lead_plan *l) {
    json_begin_array(w);
    json_str(w, l->account_id);
    json_str(w, l->id);
    json_str(w, l->status);
    json_str(w, l->reason);
    json_str(w, l->stage_id);
    write_time(w, l->due_at);
    json_str(w, l->done_stage_id);
    write_time(w, l->counts_from);
    write_time(w, l->next_at);
    json_str(w, l->waits_for);
    json_int(w, l->urgency.v);
    write_time(w, l->paused_until);
    write_time(w, l->ended_at);
    json_int(w, l->ignores_exclusions == YES);
    json_end_array(w);
}

enum rc lead_plans_write(struct ctx *ctx, const struct list *leads) {
    const struct lead_plan *lead = leads->p;
    struct buf text = buf_on_heap(JSON_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < leads->n; i++)
        write_plan(&w, &lead[i]);
    json_end_array(&w);
    enum rc rc = buf_result(&text);
    if (rc == OK)
        rc = db_exec_later(ctx, &write, DB_ARGS(db_v_text(buf_text(&text)), db_v_int(ctx_now(ctx))));
    else
        rc = fail(ctx, rc, "plans of leads");
    buf_done(&text);
    return rc;
}

enum rc lead_plan_write(struct ctx *ctx, const struct lead_plan *lead) {
    return db_exec_later(ctx, &write_one,
                   DB_ARGS(db_v_text(lead->account_id), db_v_text(lead->id), db_v_text(lead->status),
                           db_v_text(lead->reason), db_v_text(lead->stage_id), db_v_opt(lead->due_at),
                           db_v_text(lead->done_stage_id), db_v_opt(lead->counts_from),
                           db_v_opt(lead->next_at), db_v_text(lead->waits_for),
                           db_v_int(lead->urgency.v), db_v_opt(lead->paused_until),
                           db_v_opt(lead->ended_at), db_v_int(lead->ignores_exclusions == YES),
                           db_v_int(ctx_now(ctx))));
}

#define PASS_ARGS(p)                                                        \
    DB_ARGS(ACCOUNT, db_v_text((p)->lead_id), db_v_text((p)->stage_id),     \
            db_v_int(ctx_now(ctx)), db_v_int((p)->as_planned))

enum rc lead_plan_pass(struct ctx *ctx, const struct lead_passing *p, bool *ret_passed) {
    int64_t changes = 0;
    enum rc rc = db_exec(ctx, &pass, PASS_ARGS(p), &changes);
    *ret_passed = changes > 0;
    return rc;
}

enum rc lead_plan_pass_later(struct ctx *ctx, const struct lead_passing *p) {
    return db_exec_later(ctx, &pass, PASS_ARGS(p));
}

enum rc lead_plans_begin(struct ctx *ctx, struct str sequence_id) {
    return db_exec(ctx, &begin,
                   DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_int(ctx_now(ctx))), NULL);
}

enum rc lead_plans_begin_mailbox(struct ctx *ctx, struct str mailbox_id) {
    return db_exec(ctx, &begin_mailbox,
                   DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_int(ctx_now(ctx))), NULL);
}

static enum rc read_ids(struct ctx *ctx, const struct query *query, struct db_args args, struct strs *ret_ids) {
    struct db_rows *rows;
    struct strs ids = { 0 };
    enum rc rc = db_query(ctx, query, args, &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        strs_add(ctx->arena, &ids, db_text(rows, 0));
    *ret_ids = ids;
    return db_rows_close(rows);
}

enum rc leads_of_address(struct ctx *ctx, struct str email, struct strs *ret_ids) {
    return read_ids(ctx, &of_address, DB_ARGS(ACCOUNT, db_v_text(email)), ret_ids);
}

enum rc leads_of_domain(struct ctx *ctx, struct str sequence_id, struct str domain, struct strs *ret_ids) {
    return read_ids(ctx, &of_domain,
                    DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_text(domain),
                            db_v_text(domain_reversed(ctx->arena, domain))),
                    ret_ids);
}

enum rc leads_of_excluded(struct ctx *ctx, enum exclusion_kind kind, struct strs values, int64_t limit,
                          struct strs *ret_ids) {
    const struct query *query = kind == EXCLUDED_EMAIL ? &of_excluded_emails : &of_excluded_domains;
    struct strs reversed = { 0 };
    for (size_t i = 0; kind == EXCLUDED_DOMAIN && i < values.n; i++)
        strs_add(ctx->arena, &reversed, domain_reversed(ctx->arena, values.p[i]));
    return read_ids(ctx, query,
                    DB_ARGS(ACCOUNT, sql_texts(ctx->arena, kind == EXCLUDED_EMAIL ? values : reversed),
                            db_v_int(limit)),
                    ret_ids);
}

enum rc lead_plans_next_due(struct ctx *ctx, int64_t *ret_at) {
    return db_get_int(ctx, &next_due, DB_NO_ARGS, ret_at);
}
