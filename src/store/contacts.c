#include "store/contacts.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"
#include "data/text.h"
#include "db/sql.h"
#include "store/calls.h"
#include "store/contact_details.h"
#include "store/events.h"
#include "store/queries.h"
#include "store/replies.h"
#include "store/reply_addresses.h"
#include "store/reply_claims.h"
#include "store/tasks.h"
#include "store/workflow_runs.h"

#define T struct contact
static const struct field contact_rows[] = {
    F_ID(T, id),
    F_STR(T, email),
    F_STR(T, linkedin_url),
    F_STR(T, linkedin_key),
    F_STR(T, first_name),
    F_STR(T, last_name),
    F_STR(T, title),
    F_STR(T, location),
    F_STR(T, time_zone),
    F_STR(T, company_name),
    F_STR(T, company_domain),
    F_STR(T, owner),
    F_TIME(T, last_contacted_at),
};
#undef T
static const struct fields contact_fields
    = FIELDS("ContactRow", struct contact, contact_rows, .doc = "A contact as it is stored.");

#define KEYS "x.id, x.email, x.linkedin_key, x.time_zone, x.last_contacted_at"
#define BY_SQLITE(column, set)                                                          \
    "SELECT " KEYS " FROM contacts x WHERE x.account_id = $1 AND x." column             \
    " IN (SELECT value FROM json_each(" set "))"
#define BY_PG(column, name)                                                             \
    "SELECT x.* FROM " SQL_OF_EACH_PG(name, KEYS, "contacts x", "x." column " = " name  \
                                      ".v AND x.account_id = " name ".account_id", "x")
static const struct query among
    = { "contacts_among",
        BY_SQLITE("email", "$2") " UNION " BY_SQLITE("linkedin_key", "$3"),
        "WITH " SQL_SET_PG("a", "$2") ", " SQL_SET_PG("b", "$3") " " BY_PG("email", "a") " UNION "
        BY_PG("linkedin_key", "b") };
/* A row of contacts to write; T(k) is the k-th value. The account comes with each row: whoever had
 * it beforehand would read all contacts of the account. */
#define ROW                                                                                \
    "(SELECT $1 AS account_id, " T(3) " AS id, " T(4) " AS email, " T(5) " AS linkedin_url, " T(6)           \
    " AS linkedin_key, " T(7) " AS first_name, " T(8) " AS last_name, " T(9) " AS title, " \
    T(10) " AS location, " T(11) " AS time_zone, " T(12) " AS company_name, " T(13)        \
    " AS company_domain, " T(14) " AS name_key, " T(15) " AS search_key, " T(16) " AS owner) w"
#define OWNER                                                                              \
    "CASE WHEN w.owner IS NOT NULL THEN (SELECT u.id FROM users u WHERE u.account_id = $1 " \
    "AND u.email = w.owner) END"
#define INSERT(rows)                                                                       \
    "INSERT INTO contacts (account_id, id, email, linkedin_url, linkedin_key, first_name, " \
    "last_name, title, location, time_zone, company_name, company_domain, name_key, "      \
    "search_key, owner_user_id, created_at, updated_at) " rows " ON CONFLICT DO NOTHING"
#define UPDATE                                                                             \
    "UPDATE contacts SET email = coalesce(w.email, contacts.email), "                      \
    "linkedin_url = coalesce(w.linkedin_url, contacts.linkedin_url), "                     \
    "linkedin_key = coalesce(w.linkedin_key, contacts.linkedin_key), "                     \
    "first_name = coalesce(w.first_name, contacts.first_name), "                           \
    "last_name = coalesce(w.last_name, contacts.last_name), "                              \
    "title = coalesce(w.title, contacts.title), "                                          \
    "location = coalesce(w.location, contacts.location), "                                 \
    "time_zone = coalesce(w.time_zone, contacts.time_zone), "                              \
    "company_name = coalesce(w.company_name, contacts.company_name), "                     \
    "company_domain = coalesce(w.company_domain, contacts.company_domain), "               \
    "name_key = w.name_key, search_key = w.search_key, "                                   \
    "owner_user_id = coalesce(" OWNER ", contacts.owner_user_id), updated_at = $2 FROM " ROW \
    " WHERE contacts.account_id = w.account_id AND contacts.id = w.id"
#define T(k) "$" #k
/* SQLite copies what a statement with a SELECT changes, so as to take it back: row for row the same
 * pages, which takes longer than to insert them. */
static const char insert_sqlite[]
    = INSERT("VALUES ($1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
             "(SELECT id FROM users WHERE account_id = $1 AND email = $16), $2, $2)");
static const char update_sqlite[] = UPDATE;
#undef T
#define T(k) "unnest($" #k "::text[])"
static const char insert_pg[]
    = INSERT("SELECT $1, w.id, w.email, w.linkedin_url, w.linkedin_key, w.first_name, w.last_name, "
             "w.title, w.location, w.time_zone, w.company_name, w.company_domain, w.name_key, "
             "w.search_key, " OWNER ", $2, $2 FROM " ROW);
static const char update_pg[] = UPDATE;
#undef T
static const struct query insert = { "contacts_insert", insert_sqlite, insert_pg };
static const struct query update = { "contacts_update", update_sqlite, update_pg };
#define BY_IDS                                                                             \
    "SELECT c.id, c.email, c.linkedin_url, c.linkedin_key, c.first_name, c.last_name, "    \
    "c.title, c.location, c.time_zone, c.company_name, c.company_domain, u.email AS owner " \
    "FROM contacts c LEFT JOIN users u ON u.account_id = c.account_id "                    \
    "AND u.id = c.owner_user_id WHERE c.account_id = $1 AND c.id IN "
static const struct query by_ids
    = { "contacts_by_ids", BY_IDS "(SELECT value FROM json_each($2))",
        BY_IDS "(SELECT json_array_elements_text($2::json))" };
/* The leads of the contact, and those that have the address or profile themselves. */
#define FORGET_LEADS(which)                                                                 \
    "UPDATE sequence_leads SET contact_id = NULL, email = NULL, email_domain = NULL, domain = NULL, " \
    "linkedin_url = NULL, linkedin_key = NULL, data = '{}', status = 'removed', reason = 'legal', " \
    "updated_at = $2 WHERE " which
#define OF_CONTACT(column)                                                                  \
    "(account_id, contact_id) IN (SELECT account_id, id FROM contacts WHERE " column " = $1)"
static const struct query forget_email_contacts_leads
    = { "contacts_forget_email_contacts_leads", FORGET_LEADS(OF_CONTACT("email")), NULL };
static const struct query forget_email_leads
    = { "contacts_forget_email_leads", FORGET_LEADS("email = $1"), NULL };
static const struct query forget_email
    = { "contacts_forget_email", "DELETE FROM contacts WHERE email = $1", NULL };
static const struct query forget_profile_contacts_leads
    = { "contacts_forget_profile_contacts_leads", FORGET_LEADS(OF_CONTACT("linkedin_key")), NULL };
static const struct query forget_profile_leads
    = { "contacts_forget_profile_leads", FORGET_LEADS("linkedin_key = $1"), NULL };
static const struct query forget_profile
    = { "contacts_forget_profile", "DELETE FROM contacts WHERE linkedin_key = $1", NULL };

static const struct query *const queries[]
    = { &among, &insert, &by_ids, &update, &forget_email_contacts_leads, &forget_email_leads, &forget_email,
        &forget_profile_contacts_leads, &forget_profile_leads, &forget_profile };
const struct query_table contact_queries = QUERY_TABLE(queries);

enum rc contacts_among(struct ctx *ctx, struct strs emails, struct strs linkedin_keys,
                       struct list *ret_contacts) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &among,
                         DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, emails),
                                 sql_texts(ctx->arena, linkedin_keys)),
                         &contact_fields, &found);
    if (rc == OK)
        *ret_contacts = found;
    return rc;
}

struct contacts_by_key {
    struct map emails, profiles;
};

struct contacts_by_key *contacts_by_key(struct arena *arena, const struct list *contacts) {
    struct contacts_by_key *by = ARENA_NEW(arena, struct contacts_by_key);
    struct contact *c = contacts->p;
    *by = (struct contacts_by_key){ map_in(arena), map_in(arena) };
    for (size_t i = 0; i < contacts->n; i++) {
        if (str_is_set(c[i].email))
            (void) map_put(&by->emails, c[i].email, &c[i]); /* the indexes are unique */
        if (str_is_set(c[i].linkedin_key))
            (void) map_put(&by->profiles, c[i].linkedin_key, &c[i]);
    }
    return by;
}

const struct contact *contact_find(const struct contacts_by_key *contacts, struct str email,
                                   struct str linkedin_key) {
    const struct contact *found = str_is_set(email) ? map_get(&contacts->emails, email) : NULL;
    if (!found && str_is_set(linkedin_key))
        found = map_get(&contacts->profiles, linkedin_key);
    return found;
}

static struct str name_key_of(struct arena *arena, const struct contact *c) {
    return text_lower(arena, arena_printf(arena, "%.*s %.*s", STR_FMT(c->first_name),
                                          STR_FMT(c->last_name)));
}

/* One line each, so that nothing is found across two of them. */
static struct str search_key_of(struct arena *arena, const struct contact *c, struct str name) {
    struct str company = text_lower(arena, c->company_name), title = text_lower(arena, c->title);
    return arena_printf(arena, "%.*s\n%.*s\n%.*s\n%.*s", STR_FMT(name), STR_FMT(c->email),
                        STR_FMT(company), STR_FMT(title));
}

enum { COLUMNS = 14 };

/* In the order of ROW. */
static void set_row(struct arena *arena, const struct contact *c, struct db_value *row) {
    struct str name_key = name_key_of(arena, c), search_key = search_key_of(arena, c, name_key);
    const struct str columns[COLUMNS]
        = { c->id,       c->email,     c->linkedin_url, c->linkedin_key,   c->first_name, c->last_name, c->title,
            c->location, c->time_zone, c->company_name, c->company_domain, name_key,      search_key,   c->owner };
    for (size_t i = 0; i < COLUMNS; i++)
        row[i] = db_v_text(columns[i]);
}

static enum rc write(struct ctx *ctx, const struct query *query, const struct list *contacts,
                     int64_t *ret_written) {
    const struct contact *c = contacts->p;
    struct db_value *rows = ARENA_ARRAY(ctx->arena, contacts->n * COLUMNS + 1, struct db_value);
    for (size_t i = 0; i < contacts->n; i++)
        set_row(ctx->arena, &c[i], rows + i * COLUMNS);
    return contacts->n ? db_exec_rows(ctx, query, DB_ARGS(db_v_text(ctx->account_id), db_v_int(ctx_now(ctx))),
                                      (struct db_table){ rows, contacts->n, COLUMNS }, ret_written)
                       : OK;
}

static int by_keys(const void *a, const void *b) {
    const struct contact *one = a, *other = b;
    int order = str_compare(one->email, other->email);
    return order ? order : str_compare(one->linkedin_key, other->linkedin_key);
}

/* In one order, whoever inserts: two that insert the same people wait for each other's rows, and
 * with an order of their own each they would do so for ever. */
enum rc contacts_insert(struct ctx *ctx, const struct list *contacts, int64_t *ret_inserted) {
    struct list sorted = { ARENA_ARRAY(ctx->arena, contacts->n, struct contact), contacts->n };
    if (contacts->n) {
        memcpy(sorted.p, contacts->p, contacts->n * sizeof(struct contact));
        qsort(sorted.p, sorted.n, sizeof(struct contact), by_keys);
    }
    return write(ctx, &insert, &sorted, ret_inserted);
}

enum rc contacts_update(struct ctx *ctx, const struct list *contacts) {
    return write(ctx, &update, contacts, NULL);
}

enum rc contacts_by_ids(struct ctx *ctx, struct strs ids, struct list *ret_contacts) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &by_ids,
                         DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, ids)),
                         &contact_fields, &found);
    if (rc == OK)
        *ret_contacts = found;
    return rc;
}

struct forgetting {
    const struct query *contacts_leads, *leads, *contacts;
};

static enum rc forget(struct ctx *ctx, const struct forgetting *f, struct str key) {
    struct db_args leads = DB_ARGS(db_v_text(key), db_v_int(ctx_now(ctx)));
    if (!str_is_set(key))
        return OK;
    enum rc rc = db_exec(ctx, f->contacts_leads, leads, NULL);
    if (rc == OK)
        rc = db_exec(ctx, f->leads, leads, NULL);
    return rc == OK ? db_exec(ctx, f->contacts, DB_ARGS(db_v_text(key)), NULL) : rc;
}

enum rc contacts_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    static const struct forgetting by_email
        = { &forget_email_contacts_leads, &forget_email_leads, &forget_email };
    static const struct forgetting by_profile
        = { &forget_profile_contacts_leads, &forget_profile_leads, &forget_profile };
    /* In this order: replies find what they caused. */
    static enum rc (*const others[])(struct ctx *, struct str email, struct str linkedin_key)
        = { reply_addresses_forget, reply_claims_forget,  events_forget,        tasks_forget, calls_forget,
            replies_forget,         workflow_runs_forget, contact_phones_forget };
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < LENGTH(others); i++)
        rc = others[i](ctx, email, linkedin_key);
    if (rc == OK)
        rc = forget(ctx, &by_email, email);
    return rc == OK ? forget(ctx, &by_profile, linkedin_key) : rc;
}
