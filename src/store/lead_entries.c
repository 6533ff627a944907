/* Addresses are validated in the form in which they are compared, so that email_key is also
 * the key of the address in its validation. */
#include "store/lead_entries.h"

#include "base/check.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "data/urls.h"
#include "db/db.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/credits.h"
#include "store/people.h"
#include "store/queries.h"
#include "store/validations.h"

/* Entries go into the database in parts of about this size. */
enum { PART_BYTES = 1024 * 1024, PART_MAX_BYTES = 8 * 1024 * 1024, NAME_KEY_MAX_BYTES = 2048 };

#define T struct lead_entry
static const struct field entry_rows[] = {
    F_ID(T, id, .doc = "Id of the entry."),
    F_STR(T, email, .doc = "Address."),
    F_ID(T, person_id, .doc = "Who was found."),
    F_STR(T, linkedin_url, .doc = "Profile."),
    F_STR(T, first_name, .doc = "First name."),
    F_STR(T, last_name, .doc = "Last name."),
    F_STR(T, company_name, .doc = "Company."),
    F_STR(T, company_domain, .doc = "Its domain."),
    F_STR(T, industry, .doc = "Its industry."),
    F_STR(T, title, .doc = "Title."),
    F_STR(T, result, .doc = "Whether mail arrives."),
    F_BOOL(T, catch_all, .doc = "Whether the domain takes every name."),
    F_JSON(T, data, .doc = "What else was sent."),
    F_STR(T, headline, .doc = "Headline of the profile."),
    F_STR(T, location, .doc = "Where the person is."),
    F_STR(T, company_linkedin_url, .doc = "The company's page."),
    F_STR(T, company_size, .doc = "The company's size."),
    F_STR(T, company_location, .doc = "Where the company is."),
};
#undef T
const struct fields lead_entry_row_fields
    = FIELDS("LeadEntryRow", struct lead_entry, entry_rows, .doc = "An entry.");

/* A row as it is written and read for the work on it. */
#define T struct lead_item
#define LEAD(member) \
    { .name = #member, .type = FIELD_STR, .offset = FIELD_OFFSET(T, lead.member, struct str) }
static const struct field item_rows[] = {
    F_ID(T, id, .doc = "Id of the entry."),
    LEAD(linkedin_url), LEAD(email), LEAD(first_name), LEAD(last_name), LEAD(title),
    LEAD(company_name), LEAD(company_domain), LEAD(industry),
    { .name = "data", .type = FIELD_JSON, .offset = FIELD_OFFSET(T, lead.data, struct str) },
    F_STR(T, linkedin_key, .doc = "The profile's key."),
    F_STR(T, email_key, .doc = "The address's key."),
    F_STR(T, name_key, .doc = "Name and company."),
    F_ID(T, person_id, .doc = "Who was found."),
};
#undef T
static const struct fields item_fields
    = FIELDS("LeadItemRow", struct lead_item, item_rows, .doc = "An entry to be looked for.");

#define INSERTED                                                                              \
    "linkedin_url, email, first_name, last_name, title, company_name, company_domain, "       \
    "industry, data, linkedin_key, email_key, name_key"
#define INSERT(set)                                                                           \
    "INSERT INTO lead_list_entries (account_id, lead_list_id, is_done, id, " INSERTED ") "    \
    "SELECT $1, $2, 0, value ->> 'id', value ->> 'linkedin_url', value ->> 'email', "         \
    "value ->> 'first_name', value ->> 'last_name', value ->> 'title', "                      \
    "value ->> 'company_name', value ->> 'company_domain', value ->> 'industry', "            \
    "value ->> 'data', value ->> 'linkedin_key', value ->> 'email_key', value ->> 'name_key' " \
    "FROM " set
static const struct query insert = { "lead_entries_insert", INSERT("json_each($3)"),
                                     INSERT("json_array_elements($3::json)") };
#define PRESENT_BY(kind, column, set)                                                         \
    "SELECT '" kind "' || " column " FROM lead_list_entries WHERE account_id = $1 "           \
    "AND lead_list_id = $2 AND " column " IN (SELECT substr(value, 2) FROM " set ")"
#define POST_KEY                                                                              \
    "title || '|' || coalesce(company_name, '') || '|' || coalesce(company_domain, '')"
#define PRESENT(set)                                                                          \
    PRESENT_BY("l", "linkedin_key", set) " UNION " PRESENT_BY("e", "email_key", set)          \
    " UNION " PRESENT_BY("n", "name_key", set) " UNION " PRESENT_BY("t", POST_KEY, set)       \
    " AND linkedin_key IS NULL AND name_key IS NULL"
static const struct query present = { "lead_entries_present", PRESENT("json_each($3)"),
                                      PRESENT("json_array_elements_text($3::json)") };

#define RESULT_JOIN                                                                           \
    "LEFT JOIN validation_emails v ON v.account_id = e.account_id "                           \
    "AND v.validation_id = e.validation_id AND v.key = e.email_key "
#define PAGE                                                                                  \
    "SELECT e.id, e.email, p.id AS person_id, "                                               \
    "coalesce(p.linkedin_url, e.linkedin_url) AS linkedin_url, "                              \
    "coalesce(p.first_name, e.first_name) AS first_name, "                                    \
    "coalesce(p.last_name, e.last_name) AS last_name, "                                       \
    "coalesce(c.name, e.company_name) AS company_name, "                                      \
    "coalesce(c.domain, e.company_domain) AS company_domain, "                                \
    "coalesce(c.industry, e.industry) AS industry, coalesce(p.title, e.title) AS title, "     \
    "v.result, v.catch_all, e.data, p.headline, p.location, "                                 \
    "c.linkedin_url AS company_linkedin_url, c.size AS company_size, "                        \
    "c.location AS company_location FROM lead_list_entries e "                                \
    "LEFT JOIN people p ON p.id = e.person_id LEFT JOIN companies c ON c.id = p.company_id "  \
    RESULT_JOIN "WHERE e.account_id = $3 AND e.lead_list_id = $4 AND e.id "
static const struct query page_after
    = { "lead_entries_after", PAGE "> $1 ORDER BY e.id LIMIT $2", NULL };
static const struct query page_before
    = { "lead_entries_before", PAGE "< $1 ORDER BY e.id DESC LIMIT $2", NULL };

static const struct query pending
    = { "lead_entries_pending",
        "SELECT id, " INSERTED " FROM lead_list_entries WHERE account_id = $1 "
        "AND lead_list_id = $2 AND is_done = 0 AND id > $3 ORDER BY id LIMIT $4",
        NULL };

#define ERASED                                                                                \
    "is_done = 1, linkedin_url = NULL, email = NULL, first_name = NULL, last_name = NULL, "   \
    "title = NULL, company_name = NULL, company_domain = NULL, industry = NULL, data = NULL, " \
    "linkedin_key = NULL, email_key = NULL, name_key = NULL, person_id = NULL, "              \
    "validation_id = NULL"
/* The whole key from a materialized set, as of enrichment items (store/enrichments.c). */
#define DONE(set)                                                                             \
    "WITH i AS MATERIALIZED (SELECT $1 AS account, $2 AS list, value ->> 'id' AS entry, "     \
    "value ->> 'person_id' AS found, value ->> 'email' AS address, "                          \
    "value ->> 'email_key' AS address_key FROM " set ") UPDATE lead_list_entries SET "        \
    "is_done = 1, person_id = i.found, email = i.address, email_key = i.address_key FROM i "  \
    "WHERE account_id = i.account AND lead_list_id = i.list AND id = i.entry AND is_done = 0"
static const struct query done
    = { "lead_entries_done", DONE("json_each($3)"), DONE("json_array_elements($3::json)") };
#define ERASE(set)                                                                            \
    "UPDATE lead_list_entries SET " ERASED " WHERE account_id = $1 AND lead_list_id = $2 "    \
    "AND id IN (SELECT value FROM " set ")"
static const struct query erase = { "lead_entries_erase", ERASE("json_each($3)"),
                                    ERASE("json_array_elements_text($3::json)") };

#define UNVALIDATED                                                                           \
    "account_id = $1 AND lead_list_id = $2 AND validation_id IS NULL AND email_key IS NOT NULL"
static const struct query share_validation
    = { "lead_entries_share_validation",
        "UPDATE lead_list_entries SET validation_id = o.validation_id FROM "
        "(SELECT email_key, min(validation_id) AS validation_id FROM lead_list_entries "
        "WHERE account_id = $1 AND lead_list_id = $2 AND validation_id IS NOT NULL "
        "GROUP BY email_key) o WHERE lead_list_entries.account_id = $1 "
        "AND lead_list_entries.lead_list_id = $2 AND lead_list_entries.validation_id IS NULL "
        "AND lead_list_entries.email_key = o.email_key",
        NULL };
static const struct query unvalidated
    = { "lead_entries_unvalidated",
        "SELECT DISTINCT email_key FROM lead_list_entries WHERE " UNVALIDATED
        " ORDER BY email_key LIMIT $3",
        NULL };
static const struct query set_validation
    = { "lead_entries_set_validation",
        "UPDATE lead_list_entries SET validation_id = $3 WHERE " UNVALIDATED
        " AND email_key <= $4",
        NULL };

#define EMAILS(column)                                                                        \
    "SELECT DISTINCT email_key, account_id FROM lead_list_entries WHERE " column " = $1 "     \
    "AND email_key IS NOT NULL"
#define FORGET(column) "UPDATE lead_list_entries SET " ERASED " WHERE " column " = $1"
static const struct query emails_of_person
    = { "lead_entries_emails_of_person", EMAILS("person_id"), NULL };
static const struct query emails_of_linkedin
    = { "lead_entries_emails_of_linkedin", EMAILS("linkedin_key"), NULL };
static const struct query emails_of_email
    = { "lead_entries_emails_of_email", EMAILS("email_key"), NULL };
static const struct query emails_of_name
    = { "lead_entries_emails_of_name", EMAILS("name_key"), NULL };
static const struct query forget_person
    = { "lead_entries_forget_person", FORGET("person_id"), NULL };
static const struct query forget_linkedin
    = { "lead_entries_forget_linkedin", FORGET("linkedin_key"), NULL };
static const struct query forget_email
    = { "lead_entries_forget_email", FORGET("email_key"), NULL };
static const struct query forget_name
    = { "lead_entries_forget_name", FORGET("name_key"), NULL };
static const struct {
    const struct query *emails, *forget;
} removal_queries[] = {
    [REMOVAL_ID] = { &emails_of_person, &forget_person },
    [REMOVAL_LINKEDIN] = { &emails_of_linkedin, &forget_linkedin },
    [REMOVAL_EMAIL] = { &emails_of_email, &forget_email },
    [REMOVAL_NAME] = { &emails_of_name, &forget_name },
};

static const struct query *const queries[]
    = { &insert,        &present,        &page_after,  &page_before,      &pending,
        &done,          &erase,          &unvalidated, &share_validation, &set_validation,
        &forget_person, &forget_linkedin, &forget_email, &forget_name,
        &emails_of_person, &emails_of_linkedin, &emails_of_email, &emails_of_name };
const struct query_table lead_entry_queries = QUERY_TABLE(queries);

/* --- keys --- */

static struct str linkedin_key_of(struct arena *arena, struct str url) {
    struct linkedin page;
    bool good = str_is_set(url) && linkedin_parse(arena, url, &page) == OK;
    return good && page.kind == LINKEDIN_PERSON ? page.key : STR_NONE;
}

/* What is no address has a key as well: it is validated, and shown to be none. */
static struct str email_key_of(struct arena *arena, struct str text) {
    struct email email;
    if (str_is_empty(str_trim(text)))
        return STR_NONE;
    return validation_key(arena, email_parse(arena, text, &email) == OK ? email.address : text);
}

/* None for names that no index of PostgreSQL takes (2,704 bytes); nobody is called that. */
static struct str name_key_of(struct arena *arena, const struct lead *lead) {
    struct domain domain = { 0 };
    struct str name = arena_printf(arena, "%.*s %.*s", STR_FMT(lead->first_name),
                                   STR_FMT(lead->last_name));
    if (str_is_set(lead->company_domain)
        && domain_parse(arena, lead->company_domain, &domain) != OK)
        domain.registrable = STR_NONE;
    struct str key = removal_name_key(arena, str_trim(name), lead->company_name, domain.registrable);
    return key.n <= NAME_KEY_MAX_BYTES ? key : STR_NONE;
}

/* Without spaces around, and absent when nothing else is there. */
static struct str tidy(struct str text) {
    struct str trimmed = str_trim(text);
    return trimmed.n ? trimmed : STR_NONE;
}

static struct lead_item item_of(struct arena *arena, const struct lead *lead) {
    struct lead tidied = {
        .linkedin_url = tidy(lead->linkedin_url), .email = tidy(lead->email),
        .first_name = tidy(lead->first_name), .last_name = tidy(lead->last_name),
        .title = tidy(lead->title), .company_name = tidy(lead->company_name),
        .company_domain = tidy(lead->company_domain), .industry = tidy(lead->industry),
        .data = tidy(lead->data),
    };
    return (struct lead_item){
        .lead = tidied,
        .linkedin_key = linkedin_key_of(arena, tidied.linkedin_url),
        .email_key = email_key_of(arena, tidied.email),
        .name_key = name_key_of(arena, &tidied),
    };
}

/* --- adding --- */

/* Inserts leads from number `from` on, as many as make a part; `from` is moved. The memory
 * is that of `ctx`, so the caller gives each part an arena of its own. */
static enum rc insert_part(struct ctx *ctx, struct str list_id, struct list leads, size_t *from) {
    struct buf part = buf_in(ctx->arena, PART_MAX_BYTES);
    struct json_writer w = json_writer(&part);
    const struct lead *lead = leads.p;
    json_begin_array(&w);
    for (; *from < leads.n && part.n < PART_BYTES; ++*from) {
        struct lead_item item = item_of(ctx->arena, &lead[*from]);
        item.id = uuid_new(ctx->arena, ctx_now(ctx));
        json_fields(&w, &item_fields, &item);
    }
    json_end_array(&w);
    enum rc rc = buf_result(&part);
    return rc == OK ? db_exec(ctx, &insert,
                              DB_ARGS(db_v_text(ctx->account_id), db_v_text(list_id),
                                      db_v_text(buf_text(&part))),
                              NULL)
                    : fail(ctx, rc, "a lead of a list");
}

enum rc lead_entries_insert(struct ctx *ctx, struct str list_id, struct list leads) {
    enum rc rc = OK;
    for (size_t from = 0; rc == OK && from < leads.n;) {
        struct ctx part = *ctx;
        part.arena = arena_new();
        rc = insert_part(&part, list_id, leads, &from);
        if (rc != OK)
            (void) fail(ctx, rc, "%.*s", STR_FMT(part.err.text)); /* copies the text */
        arena_free(&part.arena);
    }
    return rc;
}

/* By what a lead is the same as another, with the kind of key in front. */
static struct str identity_of(struct arena *arena, const struct lead *lead) {
    struct lead_item item = item_of(arena, lead);
    if (str_is_set(item.linkedin_key))
        return arena_printf(arena, "l%.*s", STR_FMT(item.linkedin_key));
    if (str_is_set(item.email_key))
        return arena_printf(arena, "e%.*s", STR_FMT(item.email_key));
    if (str_is_set(item.name_key))
        return arena_printf(arena, "n%.*s", STR_FMT(item.name_key));
    return arena_printf(arena, "t%.*s|%.*s|%.*s", STR_FMT(item.lead.title),
                        STR_FMT(item.lead.company_name), STR_FMT(item.lead.company_domain));
}

enum rc lead_entries_new(struct ctx *ctx, struct str list_id, struct list leads,
                         struct ints *ret_new) {
    static char there;
    struct strs identities = { 0 };
    const struct lead *lead = leads.p;
    for (size_t i = 0; i < leads.n; i++)
        strs_add(ctx->arena, &identities, identity_of(ctx->arena, &lead[i]));
    struct map seen = map_in(ctx->arena);
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &present,
                          DB_ARGS(db_v_text(ctx->account_id), db_v_text(list_id),
                                  sql_texts(ctx->arena, identities)),
                          &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        map_put(&seen, db_text(rows, 0), &there);
    for (size_t i = 0; i < leads.n; i++)
        if (!map_put(&seen, identities.p[i], &there))
            ints_add(ctx->arena, ret_new, (int64_t) i);
    return db_rows_close(rows);
}

/* --- reading --- */

static struct str phone_key(struct arena *arena, const struct phone_number *number) {
    return arena_printf(arena, "phone:%.*s", STR_FMT(number->id));
}

/* What was paid for is shown, whenever that was. */
static enum rc show_phone_numbers(struct ctx *ctx, struct list entries) {
    static char is_paid;
    struct lead_entry *entry = entries.p;
    struct strs people = { 0 }, keys = { 0 }, paid = { 0 };
    struct list numbers = { 0 };
    for (size_t i = 0; i < entries.n; i++)
        if (str_is_set(entry[i].person_id))
            strs_add(ctx->arena, &people, entry[i].person_id);
    enum rc rc = people.n ? phone_numbers_of(ctx, people, &numbers) : OK;
    const struct phone_number *number = numbers.p;
    for (size_t i = 0; i < numbers.n; i++)
        strs_add(ctx->arena, &keys, phone_key(ctx->arena, &number[i]));
    if (rc == OK && keys.n)
        rc = credits_paid(ctx, keys, &paid);
    struct map shown = map_in(ctx->arena);
    for (size_t i = 0; i < paid.n; i++)
        map_put(&shown, paid.p[i], &is_paid);
    for (size_t i = 0; rc == OK && i < entries.n; i++)
        for (size_t k = 0; k < numbers.n; k++)
            if (str_eq(number[k].person_id, entry[i].person_id) && map_get(&shown, keys.p[k]))
                *(struct phone_number *) list_add(ctx->arena, &entry[i].phone_numbers,
                                                  sizeof *number)
                    = number[k];
    return rc;
}

enum rc lead_entries_page(struct ctx *ctx, struct str list_id, const struct page *page,
                          struct page_of *ret_page) {
    static const struct page_queries pages = { &page_after, &page_before, &lead_entry_row_fields,
                                               offsetof(struct lead_entry, id) };
    enum rc rc = page_read(ctx, &pages, page,
                           DB_ARGS(db_v_text(ctx->account_id), db_v_text(list_id)), ret_page);
    return rc == OK ? show_phone_numbers(ctx, ret_page->items) : rc;
}

enum rc lead_entries_pending(struct ctx *ctx, struct str list_id, struct str after, int limit,
                             struct list *ret_items) {
    return db_list(ctx, &pending,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(list_id), db_v_text(after),
                           db_v_int(limit)),
                   &item_fields, ret_items);
}

/* --- the job's writing --- */

static void write_done(struct json_writer *w, struct arena *arena, const struct lead_item *item) {
    struct lead_item row = { .id = item->id, .person_id = item->person_id,
                             .lead.email = item->lead.email,
                             .email_key = email_key_of(arena, item->lead.email) };
    json_fields(w, &item_fields, &row);
}

enum rc lead_entries_done(struct ctx *ctx, struct str list_id, const struct lead_item *items,
                          size_t n) {
    struct buf text = buf_in(ctx->arena, PART_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    struct strs removed = { 0 };
    json_begin_array(&w);
    for (size_t i = 0; i < n; i++) {
        if (items[i].is_removed)
            strs_add(ctx->arena, &removed, items[i].id);
        else
            write_done(&w, ctx->arena, &items[i]);
    }
    json_end_array(&w);
    struct db_value account = db_v_text(ctx->account_id), list = db_v_text(list_id);
    enum rc rc = buf_result(&text);
    if (rc == OK)
        rc = db_exec(ctx, &done, DB_ARGS(account, list, db_v_text(buf_text(&text))), NULL);
    if (rc == OK && removed.n)
        rc = db_exec(ctx, &erase, DB_ARGS(account, list, sql_texts(ctx->arena, removed)), NULL);
    return rc;
}

/* Adds the first column's texts to `ret_keys`, the second's to `ret_accounts` if that is wanted. */
static enum rc read_keys(struct ctx *ctx, const struct query *query, struct db_args args,
                         struct strs *ret_keys, struct strs *ret_accounts) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, query, args, &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows)) {
        strs_add(ctx->arena, ret_keys, db_text(rows, 0));
        if (ret_accounts)
            strs_add(ctx->arena, ret_accounts, db_text(rows, 1));
    }
    return db_rows_close(rows);
}

enum rc lead_entries_validate(struct ctx *ctx, struct str list_id, int limit,
                              size_t *ret_started) {
    struct db_value account = db_v_text(ctx->account_id), list = db_v_text(list_id);
    struct strs keys = { 0 };
    struct validation v;
    enum rc rc = db_exec(ctx, &share_validation, DB_ARGS(account, list), NULL);
    if (rc == OK)
        rc = read_keys(ctx, &unvalidated, DB_ARGS(account, list, db_v_int(limit)), &keys, NULL);
    if (rc == OK && keys.n)
        rc = validation_create_for(ctx, list_id, keys, &v);
    if (rc == OK && keys.n)
        rc = db_exec(ctx, &set_validation,
                     DB_ARGS(account, list, db_v_text(v.id), db_v_text(keys.p[keys.n - 1])), NULL);
    if (rc == OK)
        *ret_started = keys.n;
    return rc;
}

/* --- removals --- */

enum rc lead_entries_forget(struct ctx *ctx, enum removal_kind kind, struct str key) {
    struct strs emails = { 0 }, accounts = { 0 };
    enum rc rc = read_keys(ctx, removal_queries[kind].emails, DB_ARGS(db_v_text(key)), &emails,
                           &accounts);
    if (rc == OK)
        rc = db_exec(ctx, removal_queries[kind].forget, DB_ARGS(db_v_text(key)), NULL);
    /* What was asked about them by another address was validated, too. That it is theirs is the
     * word of one account: what the others know of it stays. */
    for (size_t i = 0; rc == OK && i < emails.n; i++)
        rc = validations_forget(ctx, accounts.p[i], emails.p[i]);
    return rc;
}
