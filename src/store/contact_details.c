#include "store/contact_details.h"

#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "data/text.h"
#include "db/sql.h"
#include "store/events.h"
#include "store/forget.h"
#include "store/queries.h"
#include "store/tasks_private.h"

#define T struct contact_details
static const struct field contact_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-76db-7505-8923-201bf75736eb",
         .doc = "Id of the contact."),
    F_STR(T, name, .flags = FIELD_NULLABLE, .example = "Ann Example", .doc = "Full name."),
    F_STR(T, first_name, .flags = FIELD_NULLABLE, .example = "Ann", .doc = "First name."),
    F_STR(T, last_name, .flags = FIELD_NULLABLE, .example = "Example", .doc = "Last name."),
    F_STR(T, email, .flags = FIELD_NULLABLE, .example = "ann@example.com", .doc = "Address."),
    F_STR(T, linkedin_url, .flags = FIELD_NULLABLE,
          .example = "https://www.linkedin.com/in/ann", .doc = "LinkedIn URL."),
    F_STR(T, title, .flags = FIELD_NULLABLE, .example = "Founder", .doc = "Job title."),
    F_STR(T, location, .flags = FIELD_NULLABLE, .example = "Lisbon, Portugal",
          .doc = "Where they are."),
    F_STR(T, time_zone, .flags = FIELD_NULLABLE, .example = "Europe/Lisbon",
          .doc = "Their time zone, an IANA name."),
    F_STR(T, company_name, .flags = FIELD_NULLABLE, .example = "Example Ltd",
          .doc = "Company they work for."),
    F_STR(T, company_domain, .flags = FIELD_NULLABLE, .example = "example.com",
          .doc = "Its domain."),
    F_STR(T, owner, .flags = FIELD_NULLABLE, .example = "user@example.com",
          .doc = "Address of the user whose contact it is."),
    F_TIME(T, last_contacted_at, .flags = FIELD_NULLABLE,
           .doc = "When somebody of the account last addressed them, on any channel."),
    F_LIST(T, phone_numbers, .flags = FIELD_ALWAYS, .of = &phone_number_fields,
           .doc = "Their telephone numbers."),
    F_LIST(T, recent_activity, .flags = FIELD_ALWAYS, .of = &activity_fields,
           .doc = "What happened last, newest first."),
};
#undef T
const struct fields contact_details_fields
    = FIELDS("Contact", struct contact_details, contact_rows,
             .doc = "Somebody that the account works with.");

#define CONTACTS                                                                         \
    "SELECT c.id, " CONTACT_NAME " AS name, c.first_name, c.last_name, c.email, "        \
    "c.linkedin_url, c.title, c.location, c.time_zone, c.company_name, c.company_domain, " \
    "u.email AS owner, c.last_contacted_at FROM contacts c LEFT JOIN users u "           \
    "ON u.account_id = c.account_id AND u.id = c.owner_user_id WHERE c.account_id = "
#define NAMED(find) "AND (CAST($4 AS TEXT) IS NULL OR " find "(c.name_key, $4) > 0) "
#define AMONG_SQLITE "AND c.id IN (SELECT value FROM json_each($5)) "
#define AMONG_PG     "AND c.id IN (SELECT json_array_elements_text($5::json)) "
#define NEXT "AND c.id > $1 ORDER BY c.id LIMIT $2"
#define PREV "AND c.id < $1 ORDER BY c.id DESC LIMIT $2"
static const struct query all_after
    = { "contacts_after", CONTACTS "$3 " NAMED("instr") NEXT, CONTACTS "$3 " NAMED("strpos") NEXT };
static const struct query all_before
    = { "contacts_before", CONTACTS "$3 " NAMED("instr") PREV, CONTACTS "$3 " NAMED("strpos") PREV };
static const struct query some_after
    = { "contacts_some_after", CONTACTS "$3 " NAMED("instr") AMONG_SQLITE NEXT,
        CONTACTS "$3 " NAMED("strpos") AMONG_PG NEXT };
static const struct query some_before
    = { "contacts_some_before", CONTACTS "$3 " NAMED("instr") AMONG_SQLITE PREV,
        CONTACTS "$3 " NAMED("strpos") AMONG_PG PREV };
static const struct query by_id = { "contact_details", CONTACTS "$1 AND c.id = $2", NULL };
static const struct query by_email
    = { "contact_details_by_email", CONTACTS "$1 AND c.email = $2", NULL };
/* person_id: the contact, so that one struct serves both kinds of number. */
#define PHONES                                                                           \
    "SELECT p.id, p.number, p.type, p.source, p.contact_id AS person_id, "               \
    "CASE WHEN r.reason = 'wrong_number' THEN 1 ELSE 0 END AS is_wrong_number "          \
    "FROM contact_phones p LEFT JOIN phone_reviews r ON r.account_id = p.account_id "    \
    "AND r.phone_id = p.id WHERE p.account_id = $1 AND "
static const struct query phones
    = { "contact_phones",
        PHONES "p.contact_id IN (SELECT value FROM json_each($2)) ORDER BY p.contact_id, p.id",
        PHONES "p.contact_id IN (SELECT json_array_elements_text($2::json)) "
               "ORDER BY p.contact_id, p.id" };
static const struct query phone_by_id = { "contact_phone", PHONES "p.id = $2", NULL };
static const struct query add_phone
    = { "contact_phone_add",
        "INSERT INTO contact_phones (account_id, contact_id, id, number, type, source, "
        "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        NULL };
static const struct query review
    = { "contact_phone_review",
        "INSERT INTO phone_reviews (account_id, phone_id, user_id, reason, created_at) "
        "SELECT account_id, id, $3, $4, $5 FROM contact_phones WHERE account_id = $1 AND id = $2 "
        "ON CONFLICT (account_id, phone_id) DO UPDATE SET "
        "user_id = excluded.user_id, reason = excluded.reason, created_at = excluded.created_at",
        NULL };
static const struct query forget_reviews
    = { "contact_phones_forget_reviews",
        "DELETE FROM phone_reviews WHERE (account_id, phone_id) IN "
        "(SELECT p.account_id, p.id FROM contacts c JOIN contact_phones p "
        "ON p.account_id = c.account_id AND p.contact_id = c.id "
        "WHERE c.email = $1 OR c.linkedin_key = $2)",
        NULL };
static const struct query forget_phones
    = { "contact_phones_forget", "DELETE FROM contact_phones WHERE " FORGET_CONTACTS, NULL };

static const struct query *const queries[]
    = { &all_after, &all_before, &some_after,  &some_before, &by_id,  &by_email,
        &phones,    &add_phone,  &phone_by_id, &review,      &forget_reviews, &forget_phones };
const struct query_table contact_detail_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* --- what belongs to contacts --- */

static void give_phones(struct ctx *ctx, const struct map *by_id_of, const struct list *found) {
    const struct phone_number *number = found->p;
    for (size_t i = 0; i < found->n; i++) {
        struct contact_details *owner = map_get(by_id_of, number[i].person_id);
        if (owner)
            *(struct phone_number *) list_add(ctx->arena, &owner->phone_numbers, sizeof *number)
                = number[i];
    }
}

static void give_activity(struct ctx *ctx, const struct map *by_id_of, const struct list *found) {
    const struct activity *activity = found->p;
    for (size_t i = 0; i < found->n; i++) {
        struct contact_details *owner = map_get(by_id_of, activity[i].contact_id);
        if (owner)
            *(struct activity *) list_add(ctx->arena, &owner->recent_activity, sizeof *activity)
                = activity[i];
    }
}

static enum rc complete(struct ctx *ctx, struct contact_details *contacts, size_t n) {
    struct map by = map_in(ctx->arena);
    struct strs ids = { 0 };
    struct list numbers = { 0 }, activities = { 0 };
    for (size_t i = 0; i < n; i++) {
        strs_add(ctx->arena, &ids, contacts[i].id);
        (void) map_put(&by, contacts[i].id, &contacts[i]); /* ids are unique */
    }
    enum rc rc = n ? db_list(ctx, &phones, DB_ARGS(ACCOUNT, sql_texts(ctx->arena, ids)),
                             &phone_number_fields, &numbers)
                   : OK;
    if (rc == OK && n)
        rc = events_recent(ctx, ids, CONTACT_ACTIVITY_MAX, &activities);
    if (rc != OK)
        return rc;
    give_phones(ctx, &by, &numbers);
    give_activity(ctx, &by, &activities);
    return OK;
}

/* --- reading --- */

static enum rc read_one(struct ctx *ctx, const struct query *query, struct str key,
                        struct contact_details *ret_contact) {
    struct contact_details found = { 0 };
    enum rc rc = db_get(ctx, query, DB_ARGS(ACCOUNT, db_v_text(key)), &contact_details_fields,
                        &found);
    if (rc == OK)
        rc = complete(ctx, &found, 1);
    if (rc == OK)
        *ret_contact = found;
    return rc;
}

enum rc contact_details(struct ctx *ctx, struct str id, struct contact_details *ret_contact) {
    return read_one(ctx, &by_id, id, ret_contact);
}

enum rc contact_details_by_email(struct ctx *ctx, struct str email,
                                 struct contact_details *ret_contact) {
    return read_one(ctx, &by_email, email, ret_contact);
}

/* An address is looked up first, so that a list reads no more than it shows. */
static enum rc ids_of(struct ctx *ctx, const struct contact_filter *f, struct strs *ret_ids) {
    struct contact_details found = { 0 };
    *ret_ids = f->ids;
    if (!str_is_set(f->email))
        return OK;
    enum rc rc = db_get(ctx, &by_email, DB_ARGS(ACCOUNT, db_v_text(f->email)),
                        &contact_details_fields, &found);
    struct strs one = { ARENA_NEW(ctx->arena, struct str), 0 };
    if (rc == OK && (!f->ids.n || strs_have(f->ids, found.id)))
        strs_add(ctx->arena, &one, found.id);
    *ret_ids = one;
    return rc == E_NOT_FOUND ? OK : rc;
}

enum rc contacts_list(struct ctx *ctx, const struct contact_filter *filter,
                      const struct page *page, struct page_of *ret_page) {
    static const struct page_queries all
        = { &all_after, &all_before, &contact_details_fields, offsetof(struct contact_details, id) };
    static const struct page_queries some = { &some_after, &some_before, &contact_details_fields,
                                              offsetof(struct contact_details, id) };
    struct str name
        = str_is_empty(filter->name) ? STR_NONE : text_lower(ctx->arena, filter->name);
    struct strs ids;
    enum rc rc = ids_of(ctx, filter, &ids);
    if (rc != OK)
        return rc;
    rc = ids.p ? page_read(ctx, &some, page,
                           DB_ARGS(ACCOUNT, db_v_text(name), sql_texts(ctx->arena, ids)), ret_page)
               : page_read(ctx, &all, page, DB_ARGS(ACCOUNT, db_v_text(name)), ret_page);
    return rc == OK ? complete(ctx, ret_page->items.p, ret_page->items.n) : rc;
}

/* --- numbers --- */

enum rc contact_phone_add(struct ctx *ctx, struct str contact_id,
                          const struct phone_number *number, bool *ret_is_new) {
    struct str id = uuid_new(ctx->arena, ctx_now(ctx));
    int64_t added = 0;
    enum rc rc = db_exec(ctx, &add_phone,
                   DB_ARGS(ACCOUNT, db_v_text(contact_id), db_v_text(id), db_v_text(number->number),
                           db_v_text(number->type), db_v_text(number->source),
                           db_v_int(ctx_now(ctx))),
                   &added);
    if (rc == OK)
        *ret_is_new = added > 0;
    return rc;
}

struct review_work {
    struct str phone_id, user_id, reason;
    struct phone_number *ret_number;
};

static enum rc review_in_transaction(struct ctx *ctx, void *arg) {
    const struct review_work *w = arg;
    int64_t changes = 0;
    enum rc rc = db_exec(ctx, &review,
                         DB_ARGS(ACCOUNT, db_v_text(w->phone_id), db_v_text(w->user_id),
                                 db_v_text(w->reason), db_v_int(ctx_now(ctx))),
                         &changes);
    if (rc == OK && changes == 0)
        return E_NOT_FOUND;
    *w->ret_number = (struct phone_number){ 0 };
    return rc == OK ? db_get(ctx, &phone_by_id, DB_ARGS(ACCOUNT, db_v_text(w->phone_id)),
                             &phone_number_fields, w->ret_number)
                    : rc;
}

enum rc contact_phone_review(struct ctx *ctx, struct str phone_id, struct str user_id,
                             struct str reason, struct phone_number *ret_number) {
    struct review_work work = { phone_id, user_id, reason, ret_number };
    return db_transact(ctx, review_in_transaction, &work);
}

enum rc contact_phones_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    struct db_args who = DB_ARGS(db_v_text(email), db_v_text(linkedin_key));
    enum rc rc = db_exec(ctx, &forget_reviews, who, NULL);
    return rc == OK ? db_exec(ctx, &forget_phones, who, NULL) : rc;
}
