#include "store/sequence_leads.h"

#include "base/check.h"
#include "data/urls.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/queries.h"

/* A request has at most 10 MiB; its texts are escaped twice here. Not on the arena, whose
 * share of the request's memory is taken by the request itself. */
enum { JSON_MAX_BYTES = 32 * 1024 * 1024 };

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
    "SELECT " FOUND " FROM " name " e JOIN sequence_leads l "                             \
    "ON l.account_id = e.account_id AND l." column " = e.v"
static const struct query among
    = { "leads_among",
        "WITH l AS MATERIALIZED (" BY_SQLITE("email", "$2") " UNION ALL "
        BY_SQLITE("linkedin_key", "$3") ")" WITH_SEQUENCES,
        "WITH " SQL_SET_PG("a", "$2") ", " SQL_SET_PG("b", "$3") ", l AS MATERIALIZED ("
        BY_PG("email", "a") " UNION ALL " BY_PG("linkedin_key", "b") ")" WITH_SEQUENCES };
#define INSERT(from)                                                                      \
    "INSERT INTO sequence_leads (account_id, sequence_id, id, contact_id, email, "        \
    "linkedin_url, linkedin_key, data, user_id, mailbox_id, email_domain, ignores_exclusions, domain, " \
    "reply_id, status, next_at, waits_for, created_at, updated_at) "                                \
    "SELECT $1, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, "    \
    "value ->> 5, value ->> 6, value ->> 7, value ->> 8, CAST(value ->> 9 AS INTEGER), value ->> 10, value ->> 11, 'pending', " \
    "CAST($5 AS BIGINT), CASE WHEN CAST($5 AS BIGINT) IS NULL THEN 'sequence' ELSE 'plan' END, $4, $4 FROM " from \
    " WHERE 1 = 1 ON CONFLICT DO NOTHING"
static const struct query insert
    = { "leads_insert", INSERT("json_each($3)"), INSERT("json_array_elements($3::json)") };
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

static const struct query *const queries[] = { &get,     &among,   &insert,  &count_more,   &count,
                                               &lacking, &archive, &delete_leads, &delete_count };
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

static struct str domain_of(struct arena *arena, struct str email) {
    return str_is_set(email) ? email_company_domain(arena, email) : STR_NONE;
}

/* What an excluded domain is compared with. */
static struct str host_of(struct arena *arena, struct str email) {
    struct str at = str_sub(email, str_find(email, '@'), email.n);
    return at.n ? domain_reversed(arena, str_sub(at, 1, at.n)) : STR_NONE;
}

static void write_lead(struct ctx *ctx, struct json_writer *w, const struct sequence_lead *lead) {
    const struct str columns[] = { lead->id,           lead->contact_id, lead->email,
                                   lead->linkedin_url, lead->linkedin_key, lead->data,
                                   lead->user_id,      lead->mailbox_id, host_of(ctx->arena, lead->email) };
    json_begin_array(w);
    for (size_t i = 0; i < LENGTH(columns); i++)
        json_str(w, columns[i]);
    json_int(w, lead->ignores_exclusions);
    json_str(w, domain_of(ctx->arena, lead->email));
    json_str(w, lead->reply_id);
    json_end_array(w);
}

enum rc leads_insert(struct ctx *ctx, const struct sequence *sequence, const struct list *leads,
                     int64_t *ret_inserted) {
    bool active = sequence_status_of(sequence) == SEQUENCE_ACTIVE;
    const struct sequence_lead *lead = leads->p;
    struct db_value now = db_v_int(ctx_now(ctx));
    struct buf text = buf_on_heap(JSON_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    int64_t inserted = 0;
    json_begin_array(&w);
    for (size_t i = 0; i < leads->n; i++)
        write_lead(ctx, &w, &lead[i]);
    json_end_array(&w);
    enum rc rc = buf_result(&text);
    if (rc == OK)
        rc = db_exec(ctx, &insert,
                     DB_ARGS(ACCOUNT, db_v_text(sequence->id), db_v_text(buf_text(&text)),
                             now, active ? now : db_v_null(DB_KIND_INT)),
                     &inserted);
    else
        rc = fail(ctx, rc, "leads to insert");
    buf_done(&text);
    if (rc == OK)
        rc = db_exec(ctx, &count_more,
                     DB_ARGS(ACCOUNT, db_v_text(sequence->id), db_v_int(inserted)), NULL);
    if (rc == OK)
        *ret_inserted = inserted;
    return rc;
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
