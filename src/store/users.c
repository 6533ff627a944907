#include "store/users.h"

#include "base/rand.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "db/sql.h"
#include "store/queries.h"

#define T struct user_mailbox
static const struct field mailbox_rows[] = {
    F_ID(T, id, .doc = "Id of the mailbox."),
    F_STR(T, email, .doc = "Its address."),
};
#undef T
static const struct fields mailbox_fields
    = FIELDS("UserMailbox", struct user_mailbox, mailbox_rows, .doc = "A mailbox of a user.");

static const struct str status_values[] = { { "active", 6 }, { "revoked", 7 } };
static const struct str role_values[] = { { "admin", 5 }, { "sales_rep", 9 } };
static const struct enum_values statuses = { "UserStatus", status_values, 2 };
static const struct enum_values roles = { "UserRole", role_values, 2 };

#define T struct user
static const struct field user_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "Id of the user."),
    F_STR(T, name, .flags = FIELD_REQUIRED, .example = "Example User",
          .doc = "First and last name."),
    F_STR(T, email, .flags = FIELD_REQUIRED, .example = "user@example.com",
          .doc = "Email address."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &statuses, .example = "active",
           .doc = "Whether the user can log in."),
    F_ENUM(T, role, .flags = FIELD_REQUIRED, .values = &roles, .example = "sales_rep",
           .doc = "What the user may do."),
    F_LIST(T, mailboxes, .flags = FIELD_ALWAYS, .of = &mailbox_fields,
           .doc = "The mailboxes that the user sends from."),
    F_STR(T, first_name, .flags = FIELD_HIDDEN, .doc = "First name."),
    F_STR(T, last_name, .flags = FIELD_HIDDEN, .doc = "Last name."),
};
#undef T
const struct fields user_fields
    = FIELDS("User", struct user, user_rows, .doc = "A person who works with the account.");

#define COLUMNS                                                                     \
    "id, first_name, last_name, first_name || ' ' || last_name AS name, email, status, role"
/* The casts tell PostgreSQL the type of a parameter that is compared with NULL only. */
#define FILTERS                                         \
    "account_id = $3"                                   \
    " AND (CAST($4 AS TEXT) IS NULL OR status = $4)"    \
    " AND (CAST($5 AS TEXT) IS NULL OR role = $5)"      \
    " AND (CAST($6 AS TEXT) IS NULL OR email = $6)"

static const struct query after
    = { "users_after",
        "SELECT " COLUMNS " FROM users WHERE id > $1 AND " FILTERS " ORDER BY id LIMIT $2", NULL };
static const struct query before
    = { "users_before",
        "SELECT " COLUMNS " FROM users WHERE id < $1 AND " FILTERS " ORDER BY id DESC LIMIT $2",
        NULL };
static const struct query get
    = { "user_get", "SELECT " COLUMNS " FROM users WHERE account_id = $1 AND id = $2", NULL };
static const struct query insert
    = { "user_create",
        "INSERT INTO users (account_id, id, email, first_name, last_name, role, status, "
        "password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $8) "
        "ON CONFLICT (account_id, email) DO NOTHING",
        NULL };

/* One query for the users of a page. */
static const struct query mailboxes
    = { "users_mailboxes",
        "SELECT id, email, user_id FROM mailboxes WHERE account_id = $1 AND reason <> 'deleted' "
        "AND user_id IN (SELECT value FROM json_each($2)) ORDER BY id",
        "SELECT id, email, user_id FROM mailboxes WHERE account_id = $1 AND reason <> 'deleted' "
        "AND user_id IN (SELECT json_array_elements_text($2::json)) ORDER BY id" };

static const struct query *const queries[] = { &after, &before, &get, &insert, &mailboxes };
const struct query_table user_queries = QUERY_TABLE(queries);

static struct str lower(struct arena *arena, struct str text) {
    char *copy = arena_alloc(arena, text.n + 1);
    for (size_t i = 0; i < text.n; i++)
        copy[i] = ascii_lower(text.p[i]);
    return (struct str){ text.p ? copy : NULL, text.n };
}

static void give_mailbox(struct ctx *ctx, struct list users, const struct db_rows *rows) {
    struct user *all = users.p;
    struct str user_id = db_text(rows, 2);
    for (size_t i = 0; i < users.n; i++) {
        if (!str_eq(all[i].id, user_id))
            continue;
        struct user_mailbox *mailbox
            = list_add(ctx->arena, &all[i].mailboxes, sizeof(struct user_mailbox));
        *mailbox = (struct user_mailbox){ db_text(rows, 0), db_text(rows, 1) };
    }
}

static enum rc add_mailboxes(struct ctx *ctx, struct list users) {
    struct strs ids = { 0 };
    struct db_rows *rows;
    for (size_t i = 0; i < users.n; i++)
        strs_add(ctx->arena, &ids, ((struct user *) users.p)[i].id);
    enum rc rc = db_query(ctx, &mailboxes,
                          DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, ids)), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        give_mailbox(ctx, users, rows);
    return db_rows_close(rows);
}

enum rc users_list(struct ctx *ctx, const struct user_filter *filter, const struct page *page,
                   struct page_of *ret_page) {
    static const struct page_queries pages
        = { &after, &before, &user_fields, offsetof(struct user, id) };
    enum rc rc = page_read(ctx, &pages, page,
                           DB_ARGS(db_v_text(ctx->account_id), db_v_text(filter->status),
                                   db_v_text(filter->role),
                                   db_v_text(lower(ctx->arena, filter->email))),
                           ret_page);
    return rc == OK ? add_mailboxes(ctx, ret_page->items) : rc;
}

enum rc user_get(struct ctx *ctx, struct str id, struct user *ret_user) {
    struct user user = { 0 };
    enum rc rc = db_get(ctx, &get, DB_ARGS(db_v_text(ctx->account_id), db_v_text(id)), &user_fields,
                        &user);
    if (rc == OK)
        rc = add_mailboxes(ctx, (struct list){ &user, 1 });
    if (rc == OK)
        *ret_user = user;
    return rc;
}

/* Only so much that a typing mistake is noticed; whether mail arrives is found out by
 * sending one. */
static bool looks_like_email(struct str email) {
    size_t at = str_find_last(email, '@');
    return at > 0 && at + 1 < email.n && email.n <= 254 && str_find(email, ' ') == email.n;
}

static bool is_name(struct str name) {
    return !str_is_empty(name) && utf8_count(name) <= 100;
}

struct create_work {
    const struct user_new *user;
    struct str id, email;
};

static enum rc insert_user(struct ctx *ctx, void *arg) {
    const struct create_work *w = arg;
    int64_t changes;
    enum rc rc = db_exec(ctx, &insert,
                         DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->id), db_v_text(w->email),
                                 db_v_text(str_trim(w->user->first_name)),
                                 db_v_text(str_trim(w->user->last_name)), db_v_text(w->user->role),
                                 db_v_text(w->user->password_hash), db_v_int(ctx_now(ctx))),
                         &changes);
    return rc == OK && changes == 0 ? E_CONFLICT : rc;
}

enum rc user_create(struct ctx *ctx, const struct user_new *user, struct user *ret_user) {
    struct create_work work = { user, uuid_new(ctx->arena, ctx_now(ctx)),
                                lower(ctx->arena, str_trim(user->email)) };
    if (!looks_like_email(work.email))
        return fail(ctx, E_INVALID, "%.*s is not an email address", STR_FMT(user->email));
    if (!is_name(str_trim(user->first_name)) || !is_name(str_trim(user->last_name)))
        return fail(ctx, E_INVALID, "first and last name have 1 to 100 characters each");
    if (!str_eq(user->role, role_values[0]) && !str_eq(user->role, role_values[1]))
        return fail(ctx, E_INVALID, "the role is admin or sales_rep");
    enum rc rc = db_transact(ctx, insert_user, &work);
    if (rc == E_CONFLICT)
        return fail(ctx, rc, "there is a user with the email %.*s", STR_FMT(work.email));
    return rc == OK ? user_get(ctx, work.id, ret_user) : rc;
}
