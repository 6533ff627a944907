#include "store/contacts.h"

#include "base/check.h"
#include "base/map.h"
#include "data/text.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/calls.h"
#include "store/contact_details.h"
#include "store/events.h"
#include "store/queries.h"
#include "store/replies.h"
#include "store/reply_addresses.h"
#include "store/reply_claims.h"
#include "store/tasks.h"
#include "store/workflow_runs.h"

enum { JSON_MAX_BYTES = 16 * 1024 * 1024 };

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

#define KEYS "x.id, x.email, x.linkedin_key, x.last_contacted_at"
#define BY_SQLITE(column, set)                                                          \
    "SELECT " KEYS " FROM contacts x WHERE x.account_id = $1 AND x." column             \
    " IN (SELECT value FROM json_each(" set "))"
#define BY_PG(column, name)                                                             \
    "SELECT " KEYS " FROM " name " e JOIN contacts x ON x.account_id = e.account_id "   \
    "AND x." column " = e.v"
static const struct query among
    = { "contacts_among",
        BY_SQLITE("email", "$2") " UNION " BY_SQLITE("linkedin_key", "$3"),
        "WITH " SQL_SET_PG("a", "$2") ", " SQL_SET_PG("b", "$3") " " BY_PG("email", "a") " UNION "
        BY_PG("linkedin_key", "b") };
#define INSERT(from)                                                                           \
    "INSERT INTO contacts (account_id, id, email, linkedin_url, linkedin_key, first_name, "    \
    "last_name, title, location, time_zone, company_name, company_domain, name_key, "          \
    "search_key, owner_user_id, created_at, updated_at) SELECT $1, value ->> 0, "              \
    "value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, "           \
    "value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, "        \
    "(SELECT id FROM users WHERE account_id = $1 AND email = value ->> 13), $3, $3 "           \
    "FROM " from " WHERE 1 = 1 ON CONFLICT DO NOTHING"
static const struct query insert
    = { "contacts_insert", INSERT("json_each($2)"), INSERT("json_array_elements($2::json)") };
#define BY_IDS                                                                             \
    "SELECT c.id, c.email, c.linkedin_url, c.linkedin_key, c.first_name, c.last_name, "    \
    "c.title, c.location, c.time_zone, c.company_name, c.company_domain, u.email AS owner " \
    "FROM contacts c LEFT JOIN users u ON u.account_id = c.account_id "                    \
    "AND u.id = c.owner_user_id WHERE c.account_id = $1 AND c.id IN "
static const struct query by_ids
    = { "contacts_by_ids", BY_IDS "(SELECT value FROM json_each($2))",
        BY_IDS "(SELECT json_array_elements_text($2::json))" };
#define UPDATE(from)                                                                         \
    "UPDATE contacts SET email = coalesce(w.value ->> 1, email), "                           \
    "linkedin_url = coalesce(w.value ->> 2, linkedin_url), "                                 \
    "linkedin_key = coalesce(w.value ->> 3, linkedin_key), "                                 \
    "first_name = coalesce(w.value ->> 4, first_name), "                                     \
    "last_name = coalesce(w.value ->> 5, last_name), title = coalesce(w.value ->> 6, title), " \
    "location = coalesce(w.value ->> 7, location), "                                         \
    "time_zone = coalesce(w.value ->> 8, time_zone), "                                       \
    "company_name = coalesce(w.value ->> 9, company_name), "                                 \
    "company_domain = coalesce(w.value ->> 10, company_domain), "                            \
    "name_key = w.value ->> 11, search_key = w.value ->> 12, owner_user_id = coalesce("      \
    "(SELECT id FROM users WHERE account_id = $1 AND email = w.value ->> 13), "              \
    "owner_user_id), updated_at = $3 FROM " from                                             \
    " WHERE contacts.account_id = $1 AND contacts.id = w.value ->> 0"
static const struct query update
    = { "contacts_update", UPDATE("json_each($2) AS w"),
        UPDATE("json_array_elements($2::json) AS w (value)") };
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

static void write_contact(struct arena *arena, struct json_writer *w, const struct contact *c) {
    struct str name_key = name_key_of(arena, c), search_key = search_key_of(arena, c, name_key);
    const struct str columns[] = { c->id,        c->email,        c->linkedin_url, c->linkedin_key,
                                   c->first_name, c->last_name,   c->title,        c->location,
                                   c->time_zone, c->company_name, c->company_domain,
                                   name_key,      search_key,     c->owner };
    json_begin_array(w);
    for (size_t i = 0; i < LENGTH(columns); i++)
        json_str(w, columns[i]);
    json_end_array(w);
}

static enum rc write(struct ctx *ctx, const struct query *query, const struct list *contacts,
                     int64_t *ret_written) {
    const struct contact *c = contacts->p;
    struct buf text = buf_on_heap(JSON_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < contacts->n; i++)
        write_contact(ctx->arena, &w, &c[i]);
    json_end_array(&w);
    enum rc rc = buf_result(&text);
    if (rc == OK)
        rc = db_exec(ctx, query,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_text(buf_text(&text)),
                             db_v_int(ctx_now(ctx))),
                     ret_written);
    else
        rc = fail(ctx, rc, "contacts to write");
    buf_done(&text);
    return rc;
}

enum rc contacts_insert(struct ctx *ctx, const struct list *contacts, int64_t *ret_inserted) {
    return write(ctx, &insert, contacts, ret_inserted);
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
