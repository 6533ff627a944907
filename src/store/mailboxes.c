#include "store/mailboxes.h"

#include <arpa/inet.h>

#include "base/rand.h"
#include "base/vec.h"
#include "data/urls.h"
#include "data/zones.h"
#include "db/sql.h"
#include "json/reader.h"
#include "json/writer.h"
#include "net/host.h"
#include "store/mailbox_rows.h"
#include "store/mailbox_state.h"
#include "store/queries.h"
#include "store/secrets.h"
#include "store/services.h"

enum { SECRET_MAX_BYTES = 64 * 1024, JSON_MAX_BYTES = 256 * 1024 };

#define VALUES(name, schema, ...)                                       \
    static const struct str name##_values[] = { __VA_ARGS__ };          \
    const struct enum_values name = { schema, name##_values, LENGTH(name##_values) }
VALUES(mailbox_statuses, "MailboxStatus", { "active", 6 }, { "inactive", 8 },
       { "needs_reconnection", 18 });
VALUES(mailbox_providers, "MailboxProvider", { "google", 6 }, { "outlook", 7 }, { "other", 5 },
       { "other_mixed", 11 });
VALUES(mailbox_auths, "MailboxAuth", { "password", 8 }, { "oauth_google", 12 },
       { "oauth_microsoft", 15 });
static const struct str security_values[] = { { "tls", 3 }, { "starttls", 8 }, { "none", 4 } };
const struct enum_values mailbox_securities = { "MailSecurity", security_values, 3 };
static const struct str day_values[] = { { "monday", 6 },    { "tuesday", 7 }, { "wednesday", 9 },
                                         { "thursday", 8 },  { "friday", 6 },  { "saturday", 8 },
                                         { "sunday", 6 } };
static const struct enum_values days = { "MailboxDay", day_values, LENGTH(day_values) };
static const struct str result_values[] = { { "ok", 2 }, { "warning", 7 }, { "failed", 6 }, { "skipped", 7 } };
static const struct enum_values results = { "MailboxCheckResult", result_values, LENGTH(result_values) };

#define T struct working_hours
static const struct field hours_rows[] = {
    F_ENUM(T, day, .flags = FIELD_REQUIRED, .values = &days, .example = "monday",
           .doc = "Day of the week."),
    F_STR(T, from, .flags = FIELD_REQUIRED, .min = 5, .max = 5, .example = "09:00",
          .doc = "When it begins, in the mailbox's time zone."),
    F_STR(T, to, .flags = FIELD_REQUIRED, .min = 5, .max = 5, .example = "17:30",
          .doc = "When it ends; at most 24:00."),
};
#undef T
const struct fields working_hours_fields
    = FIELDS("WorkingHours", struct working_hours, hours_rows, .doc = "A time to send in.");

#define T struct mailbox_settings
static const struct field settings_rows[] = { MAILBOX_SETTING_ROWS };
#undef T
const struct fields mailbox_settings_fields
    = FIELDS("MailboxSettings", struct mailbox_settings, settings_rows,
             .doc = "What can be set of a mailbox.");

#define T struct mailbox_user
static const struct field user_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .doc = "Id of the user."),
    F_STR(T, name, .flags = FIELD_REQUIRED, .example = "Example User", .doc = "First and last name."),
    F_STR(T, email, .flags = FIELD_REQUIRED, .example = "user@example.com", .doc = "The user's address."),
};
#undef T
const struct fields mailbox_user_fields
    = FIELDS("MailboxUser", struct mailbox_user, user_rows, .doc = "Whose mailbox it is.");

#define T struct mailbox_check
static const struct field check_rows[] = {
    F_STR(T, name, .flags = FIELD_REQUIRED, .example = "smtp",
          .doc = "smtp, imap, delivery, spf, dkim or dmarc."),
    F_ENUM(T, result, .flags = FIELD_REQUIRED, .values = &results, .example = "ok", .doc = "How it went."),
    F_STR(T, detail, .example = "smtp.example.com took the login", .doc = "What was found."),
    F_STR(T, advice, .doc = "What to do, where something is to be done."),
};
#undef T
static const struct fields check_fields
    = FIELDS("MailboxCheck", struct mailbox_check, check_rows, .doc = "One thing that a test looked at.");

#define T struct mailbox
static const struct field checks_rows[] = { F_LIST(T, checks, .of = &check_fields, .doc = "Checks.") };
const struct fields mailbox_checks_fields = FIELDS("MailboxChecks", struct mailbox, checks_rows);
static const struct field mailbox_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "Id of the mailbox."),
    F_STR(T, email, .flags = FIELD_REQUIRED, .example = "ann@example.com", .doc = "Its address."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &mailbox_statuses, .example = "active",
           .doc = "Whether it can send."),
    F_STR(T, reason, .flags = FIELD_REQUIRED, .example = "ready",
          .doc = "Why: ready, unchecked, connecting, check_failed, paused, login_refused or token_revoked."),
    F_STR(T, detail, .flags = FIELD_NULLABLE, .doc = "The same in words."),
    F_ENUM(T, auth, .flags = FIELD_REQUIRED, .values = &mailbox_auths, .example = "password",
           .doc = "How it logs in."),
    F_OBJECT(T, user, struct mailbox_user, .of = &mailbox_user_fields, .doc = "Whose mailbox it is."),
    MAILBOX_SETTING_ROWS,
    F_TIME(T, ramp_since, .flags = FIELD_NULLABLE, .doc = "When the ramp-up began."),
    F_TIME(T, throttled_until, .flags = FIELD_NULLABLE,
           .doc = "Until when the provider takes nothing more from it."),
    F_LIST(T, checks, .flags = FIELD_ALWAYS, .of = &check_fields, .doc = "What the last test found."),
    F_TIME(T, checked_at, .flags = FIELD_NULLABLE, .doc = "When that was."),
    F_BOOL(T, testing, .example = "false", .doc = "Whether a test waits or runs; not in lists."),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was first connected."),
    F_TIME(T, updated_at, .flags = FIELD_REQUIRED, .doc = "When it last changed."),
    F_STR(T, user_id, .flags = FIELD_HIDDEN),
    F_STR(T, user_name, .flags = FIELD_HIDDEN),
    F_STR(T, user_email, .flags = FIELD_HIDDEN),
    F_INT(T, secret_version, .flags = FIELD_HIDDEN),
    F_INT(T, token_expires_at, .flags = FIELD_HIDDEN),
    F_INT(T, auth_failures, .flags = FIELD_HIDDEN),
    F_INT(T, auth_failed_since, .flags = FIELD_HIDDEN),
    F_INT(T, auth_failed_at, .flags = FIELD_HIDDEN),
};
#undef T
const struct fields mailbox_fields
    = FIELDS("MailboxDetails", struct mailbox, mailbox_rows, .doc = "A mailbox with all its settings.");

#define T struct mailbox_secret
static const struct field secret_rows[] = {
    F_STR(T, smtp_password), F_STR(T, imap_password), F_STR(T, access_token), F_STR(T, refresh_token),
};
#undef T
static const struct fields secret_fields = FIELDS("MailboxSecret", struct mailbox_secret, secret_rows);

/* --- queries --- */

#define SETTINGS                                                                                 \
    "display_name, email_provider, smtp_host, smtp_port, smtp_security, smtp_user, imap_host, "  \
    "imap_port, imap_security, imap_user, aliases, signature, signature_html, time_zone, "       \
    "working_hours, daily_email_limit, ramp_start, ramp_step, gap_min_s, gap_max_s, from_address"
#define SELECT                                                                                   \
    "SELECT m.id, m.email, m.status, m.reason, m.detail, m.auth, " SETTINGS                      \
    ", m.ramp_since, m.throttled_until, m.checks, m.checked_at, m.created_at, m.updated_at, m.user_id, "            \
    "u.first_name || ' ' || u.last_name AS user_name, u.email AS user_email, m.secret_version, " \
    "m.token_expires_at, m.auth_failures, m.auth_failed_since, m.auth_failed_at "                                  \
    "FROM mailboxes m JOIN users u ON u.account_id = m.account_id AND u.id = m.user_id WHERE "
#define LIVE " AND m.reason <> 'deleted'"
#define FILTERS                                                   \
    "m.account_id = $3" LIVE                                      \
    " AND (CAST($4 AS TEXT) IS NULL OR m.status = $4)"            \
    " AND (CAST($5 AS TEXT) IS NULL OR m.email_provider = $5)"    \
    " AND (CAST($6 AS TEXT) IS NULL OR u.email = $6)"

static const struct query after
    = { "mailboxes_after", SELECT "m.id > $1 AND " FILTERS " ORDER BY m.id LIMIT $2", NULL };
static const struct query before
    = { "mailboxes_before", SELECT "m.id < $1 AND " FILTERS " ORDER BY m.id DESC LIMIT $2", NULL };
static const struct query get
    = { "mailbox_get", SELECT "m.account_id = $1 AND m.id = $2" LIVE, NULL };
/* Also a deleted one; locked, because its row is about to change. */
static const struct query get_to_change
    = { "mailbox_get_to_change", SELECT "m.account_id = $1 AND m.id = $2" LIVE,
        SELECT "m.account_id = $1 AND m.id = $2" LIVE " FOR UPDATE OF m" };
static const struct query by_email
    = { "mailbox_by_email", SELECT "m.account_id = $1 AND m.email = $2" LIVE, NULL };
static const struct query any_by_email
    = { "mailbox_any_by_email", SELECT "m.account_id = $1 AND m.email = $2",
        SELECT "m.account_id = $1 AND m.email = $2 FOR UPDATE OF m" };
static const struct query user_exists
    = { "mailbox_user_exists", "SELECT 1 FROM users WHERE account_id = $1 AND id = $2", NULL };
/* $27, the last, is the place of the row: insert and update share the values. */
static const struct query insert
    = { "mailbox_insert",
        "INSERT INTO mailboxes (" SETTINGS ", updated_at, account_id, id, user_id, email, auth, "
        "status, reason, secret_version, refresh_lease_until, auth_failures, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
        "$19, $20, $21, $22, $23, $24, $25, $26, $27, 'inactive', 'connecting', 0, 0, 0, $22)",
        NULL };
/* A ramp-up begins anew when it is switched on. */
static const struct query update
    = { "mailbox_update",
        "UPDATE mailboxes SET display_name = $1, email_provider = $2, smtp_host = $3, "
        "smtp_port = $4, smtp_security = $5, smtp_user = $6, imap_host = $7, imap_port = $8, "
        "imap_security = $9, imap_user = $10, aliases = $11, signature = $12, "
        "signature_html = $13, time_zone = $14, working_hours = $15, daily_email_limit = $16, "
        "ramp_start = $17, ramp_step = $18, gap_min_s = $19, gap_max_s = $20, from_address = $21, updated_at = $22, "
        "ramp_since = CASE WHEN ramp_start = 0 AND CAST($17 AS BIGINT) > 0 AND status = 'active' "
        "THEN CAST($22 AS BIGINT) ELSE ramp_since END WHERE account_id = $23 AND id = $24",
        NULL };
static const struct query set_login
    = { "mailbox_set_login",
        "UPDATE mailboxes SET user_id = $3, auth = $4, secret = $5, token_expires_at = $6, "
        "secret_version = secret_version + 1, auth_failures = 0, auth_failed_since = NULL, "
        "auth_failed_at = NULL, auth_failed_by = NULL, throttled_until = NULL, "
        "refresh_lease_until = 0 WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query secret_of
    = { "mailbox_secret", "SELECT secret FROM mailboxes WHERE account_id = $1 AND id = $2", NULL };

static const struct query *const queries[] = { &after, &before, &get, &get_to_change, &by_email,
                                               &any_by_email, &user_exists, &insert, &update,
                                               &set_login, &secret_of };
const struct query_table mailbox_queries = QUERY_TABLE(queries);

/* --- reading --- */

static void name_user(struct ctx *ctx, struct mailbox *mailbox) {
    mailbox->user = ARENA_NEW(ctx->arena, struct mailbox_user);
    *mailbox->user = (struct mailbox_user){ mailbox->user_id, mailbox->user_name, mailbox->user_email };
}

static struct str lower(struct arena *arena, struct str text) {
    char *copy = arena_alloc(arena, text.n + 1);
    for (size_t i = 0; i < text.n; i++)
        copy[i] = ascii_lower(text.p[i]);
    return (struct str){ text.p ? copy : NULL, text.n };
}

enum rc mailboxes_list(struct ctx *ctx, const struct mailbox_filter *filter,
                       const struct page *page, struct page_of *ret_page) {
    static const struct page_queries pages
        = { &after, &before, &mailbox_fields, offsetof(struct mailbox, id) };
    enum rc rc = page_read(ctx, &pages, page,
                           DB_ARGS(db_v_text(ctx->account_id), db_v_text(filter->status),
                                   db_v_text(filter->email_provider),
                                   db_v_text(lower(ctx->arena, filter->user_email))),
                           ret_page);
    for (size_t i = 0; rc == OK && i < ret_page->items.n; i++)
        name_user(ctx, (struct mailbox *) ret_page->items.p + i);
    return rc;
}

static enum rc read_one(struct ctx *ctx, const struct query *query, struct str key,
                        struct mailbox *ret_mailbox) {
    struct mailbox mailbox = { 0 };
    enum rc rc = db_get(ctx, query, DB_ARGS(db_v_text(ctx->account_id), db_v_text(key)),
                        &mailbox_fields, &mailbox);
    if (rc != OK)
        return rc;
    name_user(ctx, &mailbox);
    *ret_mailbox = mailbox;
    return OK;
}

enum rc mailbox_get(struct ctx *ctx, struct str id, struct mailbox *ret_mailbox) {
    return read_one(ctx, &get, id, ret_mailbox);
}

enum rc mailbox_get_to_change(struct ctx *ctx, struct str id, struct mailbox *ret_mailbox) {
    return read_one(ctx, &get_to_change, id, ret_mailbox);
}

struct str mailbox_writes_from(const struct mailbox *mailbox) {
    return str_is_empty(mailbox->from_address) ? mailbox->email : mailbox->from_address;
}

enum rc mailbox_by_email(struct ctx *ctx, struct str email, struct mailbox *ret_mailbox) {
    return read_one(ctx, &by_email, lower(ctx->arena, email), ret_mailbox);
}

/* --- settings --- */

/* "09:00" in minutes; -1 when it is no time of day. */
static int minutes_of(struct str text) {
    int64_t hours, minutes;
    if (text.n != 5 || text.p[2] != ':' || str_to_i64(str_sub(text, 0, 2), &hours) != OK
        || str_to_i64(str_sub(text, 3, 5), &minutes) != OK || hours < 0 || minutes < 0
        || minutes > 59 || hours * 60 + minutes > 24 * 60)
        return -1;
    return (int) (hours * 60 + minutes);
}

static enum rc check_hours(struct ctx *ctx, struct list list) {
    const struct working_hours *hours = list.p;
    enum rc rc = OK;
    for (size_t i = 0; i < list.n; i++) {
        int from = minutes_of(hours[i].from), to = minutes_of(hours[i].to);
        if (from < 0 || to <= from)
            rc = bad_field(ctx, arena_printf(ctx->arena, "/working_hours/%zu", i), "unsupported_value",
                           "Must be two times of the day, as in 09:00 and 17:30, the first before the second");
    }
    return rc;
}

static enum rc check_aliases(struct ctx *ctx, struct strs aliases) {
    enum rc rc = OK;
    struct email email;
    for (size_t i = 0; i < aliases.n; i++)
        if (email_parse(ctx->arena, aliases.p[i], &email) != OK)
            rc = bad_field(ctx, arena_printf(ctx->arena, "/aliases/%zu", i), "unsupported_value",
                           "Must be an email address");
    return rc;
}

/* What a mailbox writes from comes back to it. */
static enum rc check_from(struct ctx *ctx, const struct mailbox_settings *s) {
    for (size_t i = 0; i < s->aliases.n; i++)
        if (str_eq_nocase(s->aliases.p[i], s->from_address))
            return OK;
    return str_is_empty(s->from_address)
               ? OK
               : bad_field(ctx, STR("/from_address"), "unsupported_value", "Must be one of the aliases");
}

/* They are written into protocol lines and mail headers. */
static enum rc check_line(struct ctx *ctx, const char *name, struct str text) {
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char) text.p[i] < ' ' || text.p[i] == 0x7f)
            return bad_field(ctx, arena_printf(ctx->arena, "/%s", name), "unsupported_value",
                             "Must be one line without control characters");
    return OK;
}

/* A name, as the DNS has it, or an address. */
static void check_host(struct ctx *ctx, const char *name, struct str host) {
    struct in6_addr ip6;
    struct str ascii;
    if (str_is_set(host) && inet_pton(AF_INET6, arena_cstr(ctx->arena, host), &ip6) != 1
        && host_to_ascii(ctx->arena, host, &ascii) != HOST_OK)
        (void) bad_field(ctx, arena_printf(ctx->arena, "/%s", name), "unsupported_value",
                         "Must be the name of a host");
}

/* Settings that belong together: gaps, hours, aliases. */
static enum rc settings_check(struct ctx *ctx, const struct mailbox_settings *s) {
    size_t before_it = ctx->problem_count;
    (void) check_hours(ctx, s->working_hours);
    (void) check_aliases(ctx, s->aliases);
    (void) check_from(ctx, s);
    if (str_is_set(s->time_zone) && !zone_exists(s->time_zone))
        (void) bad_field(ctx, STR("/time_zone"), "unsupported_value", "Must be a zone as in Europe/Berlin");
    (void) check_line(ctx, "display_name", s->display_name);
    check_host(ctx, "smtp_host", s->smtp_host);
    check_host(ctx, "imap_host", s->imap_host);
    (void) check_line(ctx, "smtp_user", s->smtp_user);
    (void) check_line(ctx, "imap_user", s->imap_user);
    if (s->gap_min_s.set && s->gap_max_s.set && s->gap_max_s.v < s->gap_min_s.v)
        (void) bad_field(ctx, STR("/gap_max_s"), "unsupported_value", "Must not be less than gap_min_s");
    return ctx->problem_count == before_it ? OK : E_INVALID;
}

/* What a mailbox has that nobody said otherwise of. */
static const struct mailbox_settings defaults = {
    .time_zone = { "UTC", 3 },
    .daily_email_limit = { MAILBOX_LIMIT_DEFAULT, true },
    .ramp_start = { 0, true },
    .ramp_step = { 0, true },
    .gap_min_s = { 60, true },
    .gap_max_s = { 240, true },
};

/* What is set in `from` goes over into `to`. Both structs begin with the same members. */
static void settings_merge(struct mailbox_settings *to, const struct mailbox_settings *from) {
    for (size_t i = 0; i < LENGTH(settings_rows); i++)
        if (field_is_given(&settings_rows[i], from))
            field_copy(&settings_rows[i], to, from);
}

static struct mailbox_settings settings_of(const struct mailbox *mailbox) {
    struct mailbox_settings settings;
    memcpy(&settings, mailbox, sizeof settings);
    return settings;
}
_Static_assert(offsetof(struct mailbox, working_hours) == offsetof(struct mailbox_settings, working_hours),
               "a mailbox begins with its settings");

static struct str json_of(struct ctx *ctx, const char *name, const struct mailbox_settings *s) {
    struct buf b = buf_in(ctx->arena, JSON_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_field_value(&w, field_find(&mailbox_settings_fields, str_of(name)), s);
    return b.n == 4 ? STR("[]") : buf_text(&b); /* null */
}

static struct str unless_empty(struct str text) {
    return str_is_empty(text) ? STR_NONE : text;
}

enum { SETTING_VALUES = 22, ROW_VALUES = 27 };

static void settings_values(struct ctx *ctx, const struct mailbox_settings *s,
                            struct db_value values[ROW_VALUES]) {
    const struct db_value own[SETTING_VALUES] = {
        db_v_text(unless_empty(s->display_name)), db_v_text(s->email_provider),
        db_v_text(s->smtp_host), db_v_opt(s->smtp_port), db_v_text(s->smtp_security),
        db_v_text(s->smtp_user), db_v_text(s->imap_host), db_v_opt(s->imap_port),
        db_v_text(s->imap_security), db_v_text(s->imap_user),
        db_v_text(json_of(ctx, "aliases", s)), db_v_text(unless_empty(s->signature)),
        db_v_text(unless_empty(s->signature_html)), db_v_text(s->time_zone),
        db_v_text(json_of(ctx, "working_hours", s)), db_v_opt(s->daily_email_limit),
        db_v_opt(s->ramp_start), db_v_opt(s->ramp_step), db_v_opt(s->gap_min_s),
        db_v_opt(s->gap_max_s), db_v_text(unless_empty(s->from_address)), db_v_int(ctx_now(ctx)),
    };
    memcpy(values, own, sizeof own);
    values[SETTING_VALUES] = db_v_text(ctx->account_id);
}

static enum rc settings_write(struct ctx *ctx, struct str id, const struct mailbox_settings *s) {
    struct db_value values[ROW_VALUES];
    settings_values(ctx, s, values);
    values[SETTING_VALUES + 1] = db_v_text(id);
    return db_exec(ctx, &update, (struct db_args){ values, SETTING_VALUES + 2 }, NULL);
}

struct change {
    struct str id;
    const struct mailbox_settings *changes;
};

static enum rc change_work(struct ctx *ctx, void *arg) {
    const struct change *c = arg;
    struct mailbox mailbox;
    enum rc rc = read_one(ctx, &get_to_change, c->id, &mailbox);
    if (rc != OK)
        return rc;
    struct mailbox_settings settings = settings_of(&mailbox);
    settings_merge(&settings, c->changes);
    rc = settings_check(ctx, &settings);
    return rc == OK ? settings_write(ctx, c->id, &settings) : rc;
}

enum rc mailbox_change(struct ctx *ctx, struct str id, const struct mailbox_settings *changes,
                       struct mailbox *ret_mailbox) {
    struct change change = { id, changes };
    enum rc rc = db_transact(ctx, change_work, &change);
    return rc == OK ? mailbox_get(ctx, id, ret_mailbox) : rc;
}

/* --- connecting --- */

/* What a mailbox has after `given`: of a deleted one and of none, NULL, nothing stays. */
static struct mailbox_settings settings_after(const struct mailbox *mailbox,
                                              const struct mailbox_settings *given) {
    struct mailbox_settings settings = mailbox ? settings_of(mailbox) : defaults;
    settings_merge(&settings, given);
    return settings;
}

enum rc mailbox_connect_check(struct ctx *ctx, struct str email, const struct mailbox_settings *given) {
    struct mailbox mailbox = { .testing = UNSET };
    enum rc rc = mailbox_by_email(ctx, email, &mailbox);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    struct mailbox_settings settings = settings_after(rc == OK ? &mailbox : NULL, given);
    return settings_check(ctx, &settings);
}

static enum rc row_insert(struct ctx *ctx, const struct mailbox_connect *c, struct str email,
                          const struct mailbox_settings *settings, struct str *ret_id) {
    struct db_value values[ROW_VALUES];
    struct str id = uuid_new(ctx->arena, ctx_now(ctx));
    settings_values(ctx, settings, values);
    values[SETTING_VALUES + 1] = db_v_text(id);
    values[SETTING_VALUES + 2] = db_v_text(c->user_id);
    values[SETTING_VALUES + 3] = db_v_text(email);
    values[SETTING_VALUES + 4] = db_v_text(c->auth);
    enum rc rc = db_exec(ctx, &insert, (struct db_args){ values, ROW_VALUES }, NULL);
    if (rc == OK)
        *ret_id = id;
    return rc;
}

static enum rc row_make(struct ctx *ctx, const struct mailbox_connect *c, struct str email,
                        struct str *ret_id) {
    struct mailbox mailbox = { .testing = UNSET };
    enum rc found = read_one(ctx, &any_by_email, email, &mailbox);
    if (found != OK && found != E_NOT_FOUND)
        return found;
    bool is_live = found == OK && !str_eq(mailbox.reason, STR("deleted"));
    struct mailbox_settings settings = settings_after(is_live ? &mailbox : NULL, c->settings);
    enum rc rc = settings_check(ctx, &settings);
    if (rc != OK)
        return rc;
    if (found == E_NOT_FOUND)
        return row_insert(ctx, c, email, &settings, ret_id);
    *ret_id = mailbox.id;
    return settings_write(ctx, mailbox.id, &settings);
}

static struct str place_of(struct ctx *ctx, struct str id) {
    return arena_printf(ctx->arena, "mailbox:%.*s", STR_FMT(id));
}

struct str mailbox_secret_seal(struct ctx *ctx, struct str id, const struct mailbox_secret *secret) {
    struct buf b = buf_in(ctx->arena, SECRET_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_fields(&w, &secret_fields, secret);
    return secrets_seal(ctx->services->secrets, ctx->arena, place_of(ctx, id), buf_text(&b));
}

enum rc mailbox_connect(struct ctx *ctx, const struct mailbox_connect *c, struct str *ret_id) {
    int64_t one;
    struct str id = STR_NONE, email = lower(ctx->arena, c->email);
    enum rc rc = db_get_int(ctx, &user_exists, DB_ARGS(db_v_text(ctx->account_id), db_v_text(c->user_id)),
                            &one);
    if (rc == OK)
        rc = row_make(ctx, c, email, &id);
    if (rc == OK)
        rc = db_exec(ctx, &set_login,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_text(id), db_v_text(c->user_id),
                             db_v_text(c->auth), db_v_blob(mailbox_secret_seal(ctx, id, &c->secret)),
                             db_v_opt(c->token_expires_at)),
                     NULL);
    if (rc == OK)
        rc = mailbox_state_set(ctx, id, c->unchecked ? MAILBOX_TAKEN : MAILBOX_CONNECTED);
    if (rc == OK)
        *ret_id = id;
    return rc;
}

enum rc mailbox_secret_read(struct ctx *ctx, const struct mailbox *mailbox,
                            struct mailbox_secret *ret_secret) {
    struct str sealed, plain;
    json_t *root;
    struct json_position at;
    enum rc rc = db_get_text(ctx, &secret_of,
                             DB_ARGS(db_v_text(ctx->account_id), db_v_text(mailbox->id)), &sealed);
    if (rc == OK && !str_is_set(sealed))
        rc = E_NOT_FOUND;
    if (rc == OK)
        rc = secrets_open(ctx->services->secrets, ctx->arena, place_of(ctx, mailbox->id), sealed, &plain);
    if (rc == OK)
        rc = json_parse(ctx->arena, plain, &root, &at);
    if (rc != OK)
        return fail(ctx, rc, "the secret of mailbox %.*s cannot be opened", STR_FMT(mailbox->id));
    return json_read_fields(ctx, &secret_fields, root, STR(""), ret_secret);
}
