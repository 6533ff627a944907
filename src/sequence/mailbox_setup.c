#include "sequence/mailbox_setup.h"

#include "base/check.h"
#include "data/urls.h"
#include "sequence/mail_provider.h"
#include "sequence/mailbox_check.h"
#include "sequence/mailbox_login.h"
#include "store/jobs.h"
#include "store/services.h"
#include "store/users.h"

#define T struct mailbox_setup
static const struct field setup_rows[] = {
    F_STR(T, email, .flags = FIELD_REQUIRED, .max = 254, .example = "ann@example.com",
          .doc = "The mailbox's address."),
    F_ID(T, user_id, .example = "0198f652-73a2-7d41-914e-e511382bb808", .doc = "Whose it is."),
    F_STR(T, user_email, .max = 254, .example = "user@example.com",
          .doc = "Whose it is, by address; instead of user_id."),
    F_ENUM(T, auth, .values = &mailbox_auths, .example = "password",
           .doc = "How it logs in; password when it is not given."),
    F_STR(T, password, .max = 1000, .doc = "For password; never shown again."),
    F_STR(T, imap_password, .max = 1000, .doc = "For IMAP, where it is another one."),
    F_STR(T, refresh_token, .max = 8000, .doc = "For oauth_google and oauth_microsoft."),
    F_BOOL(T, check, .example = "true",
           .doc = "false: active at once. Otherwise inactive until its test went well."),
    MAILBOX_SETTING_ROWS,
};
#undef T
const struct fields mailbox_setup_fields
    = FIELDS("MailboxConnect", struct mailbox_setup, setup_rows, .doc = "A mailbox to connect.");

static enum rc missing(struct ctx *ctx, const char *pointer, const char *what) {
    return bad_field(ctx, str_of(pointer), "missing_field", "%s", what);
}

static enum rc find_user(struct ctx *ctx, const struct mailbox_setup *setup, struct str *ret_id) {
    struct user_filter filter = { .email = setup->user_email };
    struct page_of page;
    struct user user;
    if (str_is_set(setup->user_id)) {
        enum rc rc = user_get(ctx, setup->user_id, &user);
        *ret_id = setup->user_id;
        return rc == E_NOT_FOUND ? bad_field(ctx, STR("/user_id"), "unsupported_value", "There is no such user")
                                 : rc;
    }
    if (!str_is_set(setup->user_email))
        return missing(ctx, "/user_id", "The mailbox needs a user: user_id or user_email");
    enum rc rc = users_list(ctx, &filter, &(struct page){ .size = 1 }, &page);
    if (rc == OK && page.items.n == 0)
        rc = bad_field(ctx, STR("/user_email"), "unsupported_value", "There is no such user");
    if (rc == OK)
        *ret_id = ((const struct user *) page.items.p)->id;
    return rc;
}

static enum rc check_secret(struct ctx *ctx, const struct mailbox_setup *setup) {
    bool by_password = !str_is_set(setup->auth) || str_eq(setup->auth, STR("password"));
    if (by_password && str_is_empty(setup->password))
        return missing(ctx, "/password", "The mailbox needs its password");
    if (!by_password && str_is_empty(setup->refresh_token))
        return missing(ctx, "/refresh_token", "The mailbox needs a refresh token");
    return OK;
}

/* Ports and security as usual, and the address as login. */
static void fill(struct ctx *ctx, struct mailbox_settings *s, const struct email *email) {
    const struct resolver resolver = mailbox_resolver(ctx);
    if (!str_is_set(s->smtp_host) || !str_is_set(s->imap_host))
        mail_settings_fill(s, mail_provider_find(&resolver, ctx->arena, email->domain.host), &resolver,
                           ctx->arena, email->domain.host);
    else
        mail_settings_fill(s, NULL, &resolver, ctx->arena, email->domain.host);

    if (!str_is_set(s->smtp_security))
        s->smtp_security = s->smtp_port.set && s->smtp_port.v != 465 ? STR("starttls") : STR("tls");
    if (!s->smtp_port.set)
        s->smtp_port = opt_int(str_eq(s->smtp_security, STR("tls")) ? 465 : 587);
    if (!str_is_set(s->imap_security))
        s->imap_security = s->imap_port.set && s->imap_port.v != 993 ? STR("starttls") : STR("tls");
    if (!s->imap_port.set)
        s->imap_port = opt_int(str_eq(s->imap_security, STR("tls")) ? 993 : 143);
    if (!str_is_set(s->smtp_user))
        s->smtp_user = email->address;
    if (!str_is_set(s->imap_user))
        s->imap_user = email->address;
    if (!str_is_set(s->email_provider))
        s->email_provider = STR("other");
}

static enum rc check_hosts(struct ctx *ctx, const struct mailbox_settings *s) {
    enum rc rc = OK;
    if (str_is_empty(s->smtp_host))
        rc = missing(ctx, "/smtp_host", "The server for outgoing messages is not known");
    if (str_is_empty(s->imap_host))
        rc = missing(ctx, "/imap_host", "The server for incoming messages is not known");
    return rc;
}

struct work {
    struct mailbox_connect connect;
    struct str id;
    bool enqueue;
};

static enum rc connect_work(struct ctx *ctx, void *arg) {
    struct work *work = arg;
    enum rc rc = mailbox_connect(ctx, &work->connect, &work->id);
    return rc == OK && work->enqueue ? job_enqueue(ctx, MAILBOX_TEST_JOB, work->id, STR("{}")) : rc;
}

static enum rc connect_now(struct ctx *ctx, db_work *in_transaction, struct work *work,
                           struct mailbox *ret_mailbox) {
    enum rc rc = db_transact(ctx, in_transaction, work);
    if (rc == OK && work->enqueue && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    return rc == OK ? mailbox_get(ctx, work->id, ret_mailbox) : rc;
}

_Static_assert(offsetof(struct mailbox_setup, working_hours) == offsetof(struct mailbox_settings, working_hours),
               "a setup begins with the settings");

enum rc mailbox_setup_judge(struct ctx *ctx, const struct mailbox_setup *setup,
                            struct mailbox_settings *settings, struct mailbox_connect *ret_connect) {
    struct email email = { 0 };
    struct str user_id = STR_NONE;
    memcpy(settings, setup, sizeof *settings);
    if (email_parse(ctx->arena, setup->email, &email) != OK)
        (void) bad_field(ctx, STR("/email"), "unsupported_value", "Must be an email address");
    enum rc rc = find_user(ctx, setup, &user_id);
    if (rc != OK && rc != E_INVALID)
        return rc;
    if (str_is_set(email.address))
        fill(ctx, settings, &email);
    (void) check_hosts(ctx, settings);
    rc = mailbox_connect_check(ctx, email.address, settings);
    if (rc != OK && rc != E_INVALID)
        return rc;
    if (ctx->problem_count)
        return E_INVALID;
    *ret_connect = (struct mailbox_connect){
        .email = email.address, .user_id = user_id, .settings = settings,
        .auth = str_is_set(setup->auth) ? setup->auth : STR("password"),
        .unchecked = setup->check == NO,
    };
    return OK;
}

enum rc mailbox_setup(struct ctx *ctx, const struct mailbox_setup *setup, bool enqueue,
                      struct mailbox *ret_mailbox) {
    struct mailbox_settings settings;
    struct work work = { .enqueue = enqueue && setup->check != NO };
    (void) check_secret(ctx, setup);
    enum rc rc = mailbox_setup_judge(ctx, setup, &settings, &work.connect);
    if (rc != OK)
        return rc;
    work.connect.secret
        = (struct mailbox_secret){ setup->password, setup->imap_password, STR_NONE, setup->refresh_token };
    return connect_now(ctx, connect_work, &work, ret_mailbox);
}

/* --- connecting anew --- */

static enum rc reconnect_work(struct ctx *ctx, void *arg) {
    struct work *work = arg;
    struct mailbox mailbox;
    enum rc rc = mailbox_get(ctx, work->id, &mailbox);
    if (rc != OK)
        return rc;
    if (!str_eq(mailbox.auth, work->connect.auth))
        return problem(ctx, E_CONFLICT, "conflict", "The mailbox logs in otherwise by now");
    work->connect.email = mailbox.email;
    work->connect.user_id = mailbox.user_id;
    return connect_work(ctx, work);
}

enum rc mailbox_reconnect(struct ctx *ctx, struct str id, struct str auth, struct str refresh_token,
                          struct mailbox *ret_mailbox) {
    const struct mailbox_settings as_they_are = { .aliases = { 0 } };
    struct work work = {
        .connect = { .auth = auth, .settings = &as_they_are, .secret = { .refresh_token = refresh_token } },
        .id = id,
        .enqueue = true,
    };
    return connect_now(ctx, reconnect_work, &work, ret_mailbox);
}
