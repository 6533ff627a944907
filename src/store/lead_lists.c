/* A list has no status of its own for the time when its addresses are validated: it is
 * enriched then, and whether it still runs follows from its validations. */
#include "store/lead_lists.h"

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "db/db.h"
#include "store/credits.h"
#include "store/jobs.h"
#include "store/lead_entries.h"
#include "store/queries.h"
#include "store/services.h"
#include "store/users.h"
#include "store/validations.h"

const char lead_list_job_name[] = "lead_list";

#define T struct lead_list
static const struct field list_rows[] = {
    F_ID(T, id, .doc = "Id of the list."),
    F_STR(T, name, .doc = "Its name."),
    F_STR(T, type, .doc = "What its leads are known by."),
    F_STR(T, status, .doc = "Where it is."),
    F_STR(T, error_code, .doc = "Why it was canceled."),
    F_STR(T, owner_id, .doc = "Whose it is."),
    F_STR(T, owner, .doc = "Their email."),
    F_BOOL(T, shared, .doc = "Whether all users of the account see it."),
    F_BOOL(T, visible, .doc = "Whether the dashboard shows it."),
    F_BOOL(T, reveal_phone_numbers, .doc = "Whether phone numbers are revealed."),
    F_BOOL(T, validate_email, .doc = "Whether addresses are validated."),
    F_BOOL(T, enrich, .doc = "Whether leads are looked for."),
    F_INT(T, total, .doc = "Entries."),
    F_TIME(T, created_at, .doc = "When it was made."),
    F_TIME(T, updated_at, .doc = "When leads were added or its status was changed."),
};
#undef T
const struct fields lead_list_row_fields
    = FIELDS("LeadListRow", struct lead_list, list_rows, .doc = "A lead list.");

#define T struct lead_list_left
static const struct field left_rows[] = {
    F_INT(T, entries, .doc = "Entries to be looked for."),
    F_INT(T, addresses, .doc = "Addresses to be validated."),
};
#undef T
static const struct fields left_fields
    = FIELDS("LeadListLeft", struct lead_list_left, left_rows, .doc = "What is still to be done.");

static const struct query insert
    = { "lead_list_insert",
        "INSERT INTO lead_lists (account_id, id, name, type, status, owner_id, shared, visible, "
        "reveal_phone_numbers, validate_email, enrich, total, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9, $10, 0, $11, $11)",
        NULL };
#define HAS_VALIDATION(states)                                                                \
    "EXISTS (SELECT 1 FROM validations v WHERE v.account_id = l.account_id "                  \
    "AND v.lead_list_id = l.id AND v.status IN (" states "))"
#define LISTS                                                                                 \
    "SELECT * FROM (SELECT l.account_id, l.id, l.name, l.type, l.owner_id, u.email AS owner, " \
    "l.shared, l.visible, l.reveal_phone_numbers, l.validate_email, l.enrich, l.total, "      \
    "l.created_at, l.updated_at, CASE WHEN l.status <> 'enriched' THEN l.status "             \
    "WHEN " HAS_VALIDATION("'queued', 'processing'") " THEN 'processing' "                    \
    "WHEN " HAS_VALIDATION("'error', 'canceled'") " THEN 'canceled' "                         \
    "ELSE 'completed' END AS status, "                                                        \
    "CASE WHEN l.status = 'enriched' AND " HAS_VALIDATION("'error'")                          \
    " THEN 'insufficient_credits' ELSE l.error_code END AS error_code "                       \
    "FROM lead_lists l JOIN users u ON u.account_id = l.account_id AND u.id = l.owner_id) x "
static const struct query get
    = { "lead_list_get", LISTS "WHERE account_id = $1 AND id = $2", NULL };
static const struct query named
    = { "lead_list_named", LISTS "WHERE account_id = $1 AND name = $2 ORDER BY id DESC LIMIT 1",
        NULL };
/* The casts tell PostgreSQL the type of a parameter that is compared with NULL only. */
#define FILTERS                                          \
    "account_id = $3"                                    \
    " AND (CAST($4 AS TEXT) IS NULL OR status = $4)"     \
    " AND (CAST($5 AS TEXT) IS NULL OR owner_id = $5)"   \
    " AND (CAST($6 AS TEXT) IS NULL OR owner = lower($6))"
static const struct query list_after
    = { "lead_lists_after",
        LISTS "WHERE ($1 = '' OR id < $1) AND " FILTERS " ORDER BY id DESC LIMIT $2", NULL };
static const struct query list_before
    = { "lead_lists_before", LISTS "WHERE id > $1 AND " FILTERS " ORDER BY id LIMIT $2", NULL };
#define LEFT(sum)                                                                             \
    "SELECT (SELECT count(*) FROM lead_list_entries "                                         \
    "WHERE account_id = $1 AND lead_list_id = $2 AND is_done = 0) AS entries, "               \
    "(SELECT " sum " FROM validations v JOIN validation_blocks b "                            \
    "ON b.account_id = v.account_id AND b.validation_id = v.id "                              \
    "WHERE v.account_id = $1 AND v.lead_list_id = $2) AS addresses"
static const struct query left
    = { "lead_list_left", LEFT("coalesce(sum(b.size), 0)"),
        LEFT("coalesce(sum(b.size), 0)::bigint") };
/* A changed row stays locked, on both engines, until the transaction ends. */
static const struct query count_added
    = { "lead_list_count_added",
        "UPDATE lead_lists SET total = total + $3, updated_at = $4, "
        "status = CASE status WHEN 'enriched' THEN 'queued' ELSE status END "
        "WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query lock
    = { "lead_list_lock", "SELECT total FROM lead_lists WHERE account_id = $1 AND id = $2",
        "SELECT total FROM lead_lists WHERE account_id = $1 AND id = $2 FOR UPDATE" };
static const struct query touch
    = { "lead_list_touch",
        "UPDATE lead_lists SET updated_at = updated_at WHERE account_id = $1 AND id = $2 "
        "AND status = 'processing'",
        NULL };
static const struct query begin
    = { "lead_list_begin",
        "UPDATE lead_lists SET status = 'processing', updated_at = $3 "
        "WHERE account_id = $1 AND id = $2 AND status IN ('queued', 'processing')",
        NULL };
static const struct query end
    = { "lead_list_end",
        "UPDATE lead_lists SET status = $3, error_code = $4, updated_at = $5 "
        "WHERE account_id = $1 AND id = $2 AND status IN ('queued', 'processing')",
        NULL };
static const struct query set_canceled
    = { "lead_list_set_canceled",
        "UPDATE lead_lists SET status = 'canceled', updated_at = $3 "
        "WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query running_validations
    = { "lead_list_running_validations",
        "SELECT id FROM validations WHERE account_id = $1 AND lead_list_id = $2 "
        "AND status IN ('queued', 'processing')",
        NULL };

static const struct query *const queries[]
    = { &insert, &get,   &named, &list_after, &list_before,  &left, &count_added,
        &lock,   &touch, &begin, &end,        &set_canceled, &running_validations };
const struct query_table lead_list_queries = QUERY_TABLE(queries);

/* --- types --- */

static const struct {
    const char *word;
    enum lead_type type;
} type_words[] = {
    { "linkedin", LEADS_LINKEDIN },
    { "email", LEADS_EMAIL },
    { "titles_and_company", LEADS_TITLE },
    { "title_and_company", LEADS_TITLE },
    { "adaptive", LEADS_ADAPTIVE },
};

enum lead_type lead_type_of(struct str word) {
    for (size_t i = 0; i < LENGTH(type_words); i++)
        if (str_eq(word, str_of(type_words[i].word)))
            return type_words[i].type;
    return LEAD_TYPES;
}

static bool is_blank(struct str text) {
    return str_is_empty(str_trim(text));
}

static bool has_company(const struct lead *lead) {
    return !is_blank(lead->company_name) || !is_blank(lead->company_domain);
}

const char *lead_lacks(enum lead_type type, const struct lead *lead) {
    bool has_profile = !is_blank(lead->linkedin_url), has_email = !is_blank(lead->email);
    bool has_words = !is_blank(lead->first_name) || !is_blank(lead->last_name)
                     || !is_blank(lead->title);
    switch (type) {
    case LEADS_LINKEDIN: return has_profile ? NULL : "linkedin_url";
    case LEADS_EMAIL: return has_email ? NULL : "email";
    case LEADS_TITLE:
        return is_blank(lead->title) ? "title" : has_company(lead) ? NULL : "company_name";
    default: return has_profile || has_email || (has_words && has_company(lead)) ? NULL : "email";
    }
}

/* --- making one, adding --- */

/* The one user of a page of one. */
static enum rc first_user(struct ctx *ctx, const struct user_filter *filter,
                          struct user *ret_user) {
    struct page_of page;
    enum rc rc = users_list(ctx, filter, &(struct page){ .size = 1 }, &page);
    if (rc == OK && page.items.n == 0)
        return E_NOT_FOUND;
    if (rc == OK)
        *ret_user = *(const struct user *) page.items.p;
    return rc;
}

enum rc lead_list_owner(struct ctx *ctx, struct str email, struct str *ret_id) {
    struct user user = { 0 };
    enum rc rc = OK;
    if (str_is_set(email))
        rc = first_user(ctx, &(struct user_filter){ .email = str_trim(email) }, &user);
    if (rc == OK && (!str_is_set(email) || str_eq(user.status, STR("revoked"))))
        rc = first_user(ctx, &(struct user_filter){ .status = STR("active"), .role = STR("admin") },
                        &user);
    if (rc == OK)
        *ret_id = user.id;
    return rc;
}

struct add_work {
    const struct lead_list *list; /* to be made; NULL: leads are added */
    struct str id;
    struct list leads;
};

static enum rc enqueue(struct ctx *ctx, struct str id) {
    return job_enqueue(ctx, lead_list_job_name, id, STR("{}"));
}

static void wake(const struct ctx *ctx) {
    if (ctx->services && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
}

/* What the first lead costs at least: half a credit for being found (enrich/reveal.h), one for
 * a validated address. */
static enum rc check_funds(struct ctx *ctx, const struct lead_list *list) {
    struct credits credits;
    int64_t least = list->enrich == YES ? CREDIT_HALVES / 2 : 0;
    if (lead_type_of(list->type) == LEADS_EMAIL && list->validate_email == YES)
        least = CREDIT_HALVES;
    enum rc rc = credits_balance(ctx, &credits);
    return rc == OK && credits.halves[CREDIT_EMAIL] < least ? E_CREDITS : rc;
}

static enum rc add_leads(struct ctx *ctx, const struct add_work *w, const struct lead_list *list) {
    enum rc rc = w->leads.n ? check_funds(ctx, list) : OK;
    if (rc == OK)
        rc = db_exec(ctx, &count_added,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->id),
                             db_v_int((int64_t) w->leads.n), db_v_int(ctx_now(ctx))),
                     NULL);
    if (rc == OK)
        rc = lead_entries_insert(ctx, w->id, w->leads);
    return rc == OK ? enqueue(ctx, w->id) : rc;
}

static struct str name_of(struct ctx *ctx, const struct lead_list *list) {
    if (!str_is_empty(list->name))
        return list->name;
    struct str now = time_iso(ctx->arena, ctx_now(ctx));
    return arena_printf(ctx->arena, "Lead list %.*s", STR_FMT(now));
}

static enum rc create(struct ctx *ctx, void *arg) {
    const struct add_work *w = arg;
    const struct lead_list *l = w->list;
    enum rc rc = db_exec(ctx, &insert,
                         DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->id),
                                 db_v_text(name_of(ctx, l)),
                                 db_v_text(l->type), db_v_text(l->owner_id),
                                 db_v_int(l->shared == YES), db_v_int(l->visible == YES),
                                 db_v_int(l->reveal_phone_numbers == YES),
                                 db_v_int(l->validate_email == YES), db_v_int(l->enrich == YES),
                                 db_v_int(ctx_now(ctx))),
                         NULL);
    return rc == OK ? add_leads(ctx, w, l) : rc;
}

enum rc lead_list_create(struct ctx *ctx, const struct lead_list *list, struct list leads,
                         struct lead_list *ret_list) {
    struct add_work work = { list, uuid_new(ctx->arena, ctx_now(ctx)), leads };
    enum rc rc = db_transact(ctx, create, &work);
    if (rc == OK)
        rc = lead_list_get(ctx, work.id, ret_list);
    if (rc == OK)
        wake(ctx);
    return rc;
}

/* As many as there is room for. */
static enum rc add(struct ctx *ctx, void *arg) {
    struct add_work *w = arg;
    struct lead_list list;
    int64_t total;
    enum rc rc = db_get_int(ctx, &lock, DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->id)),
                            &total);
    if (rc == OK)
        rc = lead_list_get(ctx, w->id, &list);
    if (rc == OK && str_eq(list.status, STR("canceled")))
        return E_CONFLICT;
    if (rc == OK && total >= LEAD_LIST_LEADS_MAX)
        return E_LIMIT;
    if (rc != OK)
        return rc;
    size_t room = (size_t) (LEAD_LIST_LEADS_MAX - total);
    w->leads.n = w->leads.n < room ? w->leads.n : room;
    return add_leads(ctx, w, &list);
}

enum rc lead_list_add(struct ctx *ctx, struct str id, struct list leads,
                      struct lead_list *ret_list, size_t *ret_added) {
    struct add_work work = { NULL, id, leads };
    enum rc rc = db_transact(ctx, add, &work);
    if (rc == OK)
        rc = lead_list_get(ctx, id, ret_list);
    if (rc == OK) {
        *ret_added = work.leads.n;
        wake(ctx);
    }
    return rc;
}

/* --- reading --- */

static struct db_args key_of(struct ctx *ctx, struct str text, struct db_value values[2]) {
    values[0] = db_v_text(ctx->account_id);
    values[1] = db_v_text(text);
    return (struct db_args){ values, 2 };
}

enum rc lead_list_get(struct ctx *ctx, struct str id, struct lead_list *ret_list) {
    struct db_value key[2];
    return db_get(ctx, &get, key_of(ctx, id, key), &lead_list_row_fields, ret_list);
}

enum rc lead_list_named(struct ctx *ctx, struct str name, struct lead_list *ret_list) {
    struct db_value key[2];
    return db_get(ctx, &named, key_of(ctx, name, key), &lead_list_row_fields, ret_list);
}

enum rc lead_list_left(struct ctx *ctx, struct str id, struct lead_list_left *ret_left) {
    struct db_value key[2];
    return db_get(ctx, &left, key_of(ctx, id, key), &left_fields, ret_left);
}

enum rc lead_lists_list(struct ctx *ctx, const struct lead_list_filter *filter,
                        const struct page *page, struct page_of *ret_page) {
    static const struct page_queries pages = { &list_after, &list_before, &lead_list_row_fields,
                                               offsetof(struct lead_list, id) };
    return page_read(ctx, &pages, page,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_text(filter->status),
                             db_v_text(filter->owner_id), db_v_text(filter->owner_email)),
                     ret_page);
}

/* --- ending one --- */

static enum rc cancel_validations(struct ctx *ctx, struct str id) {
    struct db_rows *rows;
    struct db_value key[2];
    struct strs ids = { 0 };
    enum rc rc = db_query(ctx, &running_validations, key_of(ctx, id, key), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        strs_add(ctx->arena, &ids, db_text(rows, 0));
    rc = db_rows_close(rows);
    struct validation ended;
    for (size_t i = 0; rc == OK && i < ids.n; i++)
        rc = validation_cancel(ctx, ids.p[i], &ended);
    return rc;
}

/* The row is locked first, so that the job does not begin validations meanwhile. */
static enum rc cancel(struct ctx *ctx, void *arg) {
    const struct str *id = arg;
    struct lead_list list = { 0 };
    struct db_value key[2];
    int64_t total;
    enum rc rc = db_get_int(ctx, &lock, key_of(ctx, *id, key), &total);
    if (rc == OK)
        rc = lead_list_get(ctx, *id, &list);
    if (rc != OK || batch_has_ended(list.status))
        return rc;
    rc = db_exec(ctx, &set_canceled,
                 DB_ARGS(db_v_text(ctx->account_id), db_v_text(*id), db_v_int(ctx_now(ctx))),
                 NULL);
    if (rc == OK)
        rc = job_cancel(ctx, lead_list_job_name, *id);
    return rc == OK ? cancel_validations(ctx, *id) : rc;
}

enum rc lead_list_cancel(struct ctx *ctx, struct str id, struct lead_list *ret_list) {
    enum rc rc = db_transact(ctx, cancel, &id);
    return rc == OK ? lead_list_get(ctx, id, ret_list) : rc;
}

/* --- for the job --- */

/* OK when the statement found a list that runs. */
static enum rc change_running(struct ctx *ctx, const struct query *query, struct db_args args) {
    int64_t changes;
    enum rc rc = db_exec(ctx, query, args, &changes);
    return rc == OK && changes == 0 ? E_CANCELED : rc;
}

enum rc lead_list_begin(struct ctx *ctx, struct str id) {
    return change_running(ctx, &begin, DB_ARGS(db_v_text(ctx->account_id), db_v_text(id),
                                               db_v_int(ctx_now(ctx))));
}

enum rc lead_list_lock(struct ctx *ctx, struct str id) {
    struct db_value key[2];
    return change_running(ctx, &touch, key_of(ctx, id, key));
}

/* One that ended early is canceled whole: validations of its earlier entries charge nothing
 * more, either. */
enum rc lead_list_end(struct ctx *ctx, struct str id, const char *error_code) {
    enum rc rc = change_running(
        ctx, &end,
        DB_ARGS(db_v_text(ctx->account_id), db_v_text(id),
                db_v_text(error_code ? STR("canceled") : STR("enriched")),
                db_v_text(str_of(error_code)), db_v_int(ctx_now(ctx))));
    return rc == OK && error_code ? cancel_validations(ctx, id) : rc;
}
