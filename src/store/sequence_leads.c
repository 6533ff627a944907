#include "store/sequence_leads.h"

#include "base/check.h"
#include "data/urls.h"
#include "db/sql.h"
#include "store/lead_plans.h"
#include "store/queries.h"

#define T struct lead_place
static const struct field place_rows[] = {
    F_STR(T, email),
    F_STR(T, linkedin_key),
    F_ID(T, sequence_id),
    F_STR(T, sequence_status),
    F_STR(T, status),
};
#undef T
static const struct fields place_fields
    = FIELDS("LeadPlace", struct lead_place, place_rows, .doc = "Where somebody is already.");

#define T struct sequence_lead
static const struct field lead_rows[] = {
    F_ID(T, id),
    F_ID(T, contact_id),
    F_STR(T, email),
    F_STR(T, linkedin_url),
    F_STR(T, linkedin_key),
    F_JSON(T, data),
    F_ID(T, user_id),
    F_ID(T, mailbox_id),
    F_ID(T, reply_id),
};
#undef T
static const struct fields lead_fields
    = FIELDS("SequenceLead", struct sequence_lead, lead_rows, .doc = "A contact in a sequence.");

static const struct query get
    = { "lead_get",
        "SELECT id, contact_id, email, linkedin_url, linkedin_key, data, user_id, mailbox_id, reply_id "
        "FROM sequence_leads WHERE account_id = $1 AND id = $2",
        NULL };
/* Found by who they are, and only then judged by the sequence, of which there may be any number of
 * leads: both engines, without statistics, would rather read those. */
#define OF_ACCOUNT "SELECT id, sequence_id FROM sequence_leads WHERE account_id = $1 AND "
static const struct query in_sequence
    = { "lead_in_sequence",
        "WITH l AS MATERIALIZED (" OF_ACCOUNT "email = $3 UNION ALL " OF_ACCOUNT "linkedin_key = $4) "
        "SELECT id FROM l WHERE sequence_id = $2 ORDER BY id LIMIT 1",
        NULL };
/* The leads are found first, and only then their sequences: an account has few sequences and
 * may have any number of leads, and PostgreSQL without statistics would begin with the few. */
#define FOUND "l.account_id, l.email, l.linkedin_key, l.sequence_id, l.status"
#define WITH_SEQUENCES                                                                    \
    " SELECT l.email, l.linkedin_key, l.sequence_id, s.status AS sequence_status, l.status " \
    "FROM l JOIN sequences s ON s.account_id = l.account_id AND s.id = l.sequence_id"
#define BY_SQLITE(column, set)                                                            \
    "SELECT " FOUND " FROM sequence_leads l WHERE l.account_id = $1 AND l." column        \
    " IN (SELECT value FROM json_each(" set "))"
#define BY_PG(column, name)                                                               \
    "SELECT l.* FROM " SQL_OF_EACH_PG(name, FOUND, "sequence_leads l", "l." column " = "  \
                                      name ".v AND l.account_id = " name ".account_id", "l")
static const struct query among
    = { "leads_among",
        "WITH l AS MATERIALIZED (" BY_SQLITE("email", "$2") " UNION ALL "
        BY_SQLITE("linkedin_key", "$3") ")" WITH_SEQUENCES,
        "WITH " SQL_SET_PG("a", "$2") ", " SQL_SET_PG("b", "$3") ", l AS MATERIALIZED ("
        BY_PG("email", "a") " UNION ALL " BY_PG("linkedin_key", "b") ")" WITH_SEQUENCES };
#define INSERT                                                                            \
    "INSERT INTO sequence_leads (account_id, sequence_id, created_at, updated_at, status, " \
    "id, contact_id, email, linkedin_url, linkedin_key, data, user_id, mailbox_id, "      \
    "email_domain, domain, reply_id, ignores_exclusions, stage_id, due_at, next_at, "     \
    "waits_for, urgency) "
#define T(k) ", unnest($" #k "::text[])"
#define I(k) ", unnest($" #k "::bigint[])"
static const struct query insert
    = { "leads_insert",
        INSERT "VALUES ($1, $2, $3, $3, 'pending', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
        "$15, $16, $17, $18, $19, $20)",
        INSERT "SELECT $1, $2, $3, $3, 'pending'" T(4) T(5) T(6) T(7) T(8) T(9) T(10) T(11) T(12)
        T(13) T(14) I(15) T(16) I(17) I(18) T(19) I(20) };
#undef T
#undef I
static const struct query count_more
    = { "leads_count_more",
        "INSERT INTO sequence_counts (account_id, sequence_id, leads) VALUES ($1, $2, $3) "
        "ON CONFLICT (account_id, sequence_id) "
        "DO UPDATE SET leads = sequence_counts.leads + excluded.leads",
        NULL };
static const struct query count
    = { "leads_count",
        "SELECT coalesce(max(leads), 0) FROM sequence_counts WHERE account_id = $1 "
        "AND sequence_id = $2",
        NULL };
#define NOT_ENDED "status IN ('pending', 'active', 'waiting_task', 'paused', 'errored')"
#define LACKING(value)                                                                        \
    "SELECT count(*) FROM sequence_leads WHERE account_id = $1 AND sequence_id = $2 AND "     \
    NOT_ENDED " AND trim(coalesce(CASE $3 WHEN 'email' THEN email WHEN 'linkedin_url' "       \
    "THEN linkedin_url ELSE " value " END, '')) = ''"
static const struct query lacking
    = { "leads_lacking", LACKING("data ->> $3"), LACKING("data::json ->> $3") };
static const struct query archive
    = { "leads_archive",
        "UPDATE sequence_leads SET status = 'removed', reason = 'sequence_archived', "
        "next_at = NULL, waits_for = NULL, paused_until = NULL, ended_at = $3, updated_at = $3 WHERE account_id = $1 AND sequence_id = $2 AND " NOT_ENDED,
        NULL };
static const struct query delete_leads
    = { "leads_delete", "DELETE FROM sequence_leads WHERE account_id = $1 AND sequence_id = $2",
        NULL };
static const struct query delete_count
    = { "leads_delete_count",
        "DELETE FROM sequence_counts WHERE account_id = $1 AND sequence_id = $2", NULL };

static const struct query *const queries[] = { &get,     &in_sequence, &among,        &insert,      &count_more, &count,
                                               &lacking, &archive,     &delete_leads, &delete_count };
const struct query_table sequence_lead_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

enum rc leads_among(struct ctx *ctx, struct strs emails, struct strs linkedin_keys,
                    struct list *ret_places) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &among,
                         DB_ARGS(ACCOUNT, sql_texts(ctx->arena, emails),
                                 sql_texts(ctx->arena, linkedin_keys)),
                         &place_fields, &found);
    if (rc == OK)
        *ret_places = found;
    return rc;
}

enum rc lead_get(struct ctx *ctx, struct str id, struct sequence_lead *ret_lead) {
    struct sequence_lead found = { 0 };
    enum rc rc = db_get(ctx, &get, DB_ARGS(ACCOUNT, db_v_text(id)), &lead_fields, &found);
    if (rc == OK)
        *ret_lead = found;
    return rc;
}

enum rc lead_in_sequence(struct ctx *ctx, struct str sequence_id, struct str email, struct str linkedin_key,
                         struct str *ret_id) {
    struct str found = STR_NONE;
    enum rc rc = db_get_text(ctx, &in_sequence,
                             DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_text(email), db_v_text(linkedin_key)),
                             &found);
    if (rc == OK)
        *ret_id = found;
    return rc;
}

static struct str domain_of(struct arena *arena, struct str email) {
    return str_is_set(email) ? email_company_domain(arena, email) : STR_NONE;
}

/* What an excluded domain is compared with. */
static struct str host_of(struct arena *arena, struct str email) {
    struct str at = str_sub(email, str_find(email, '@'), email.n);
    return at.n ? domain_reversed(arena, str_sub(at, 1, at.n)) : STR_NONE;
}

/* Where those stand that nobody has planned yet. */
static struct lead_plan start_of(const struct ctx *ctx, const struct sequence *sequence) {
    bool active = sequence_status_of(sequence) == SEQUENCE_ACTIVE;
    struct lead_plan start = { .urgency = opt_int(0) };
    lead_set_wait(&start, active ? WAIT_PLAN : WAIT_SEQUENCE, active ? opt_int(ctx_now(ctx)) : (struct opt_int){ 0 });
    return start;
}

enum { COLUMNS = 17 };

/* In the order of the statement. */
static void set_row(struct ctx *ctx, const struct sequence_lead *lead, const struct lead_plan *plan,
                    struct db_value *row) {
    const struct db_value values[COLUMNS] = {
        db_v_text(lead->id), db_v_text(lead->contact_id), db_v_text(lead->email),
        db_v_text(lead->linkedin_url), db_v_text(lead->linkedin_key), db_v_text(lead->data),
        db_v_text(lead->user_id), db_v_text(lead->mailbox_id), db_v_text(host_of(ctx->arena, lead->email)),
        db_v_text(domain_of(ctx->arena, lead->email)), db_v_text(lead->reply_id),
        db_v_int(lead->ignores_exclusions), db_v_text(plan->stage_id), db_v_opt(plan->due_at),
        db_v_opt(plan->next_at), db_v_text(plan->waits_for), db_v_int(plan->urgency.v),
    };
    memcpy(row, values, sizeof values);
}

enum rc leads_insert(struct ctx *ctx, const struct sequence *sequence, const struct list *leads) {
    const struct sequence_lead *lead = leads->p;
    struct lead_plan start = start_of(ctx, sequence);
    struct db_value *rows = ARENA_ARRAY(ctx->arena, leads->n * COLUMNS, struct db_value);
    for (size_t i = 0; i < leads->n; i++)
        set_row(ctx, &lead[i], lead[i].plan ? lead[i].plan : &start, rows + i * COLUMNS);
    struct db_value account = ACCOUNT, id = db_v_text(sequence->id);
    enum rc rc = db_exec_rows(ctx, &insert, DB_ARGS(account, id, db_v_int(ctx_now(ctx))),
                              (struct db_table){ rows, leads->n, COLUMNS }, NULL);
    return rc == OK ? db_exec_later(ctx, &count_more, DB_ARGS(account, id, db_v_int((int64_t) leads->n))) : rc;
}

enum rc leads_count(struct ctx *ctx, struct str sequence_id, int64_t *ret_n) {
    return db_get_int(ctx, &count, DB_ARGS(ACCOUNT, db_v_text(sequence_id)), ret_n);
}

enum rc leads_lacking(struct ctx *ctx, struct str sequence_id, struct str field,
                      int64_t *ret_n) {
    return db_get_int(ctx, &lacking, DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_text(field)),
                      ret_n);
}

enum rc leads_archive(struct ctx *ctx, struct str sequence_id) {
    return db_exec(ctx, &archive,
                   DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_int(ctx_now(ctx))), NULL);
}

enum rc leads_delete(struct ctx *ctx, struct str sequence_id) {
    struct db_args of = DB_ARGS(ACCOUNT, db_v_text(sequence_id));
    enum rc rc = db_exec(ctx, &delete_leads, of, NULL);
    return rc == OK ? db_exec(ctx, &delete_count, of, NULL) : rc;
}
