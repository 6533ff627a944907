/* Mailboxes: what users send from. Settings and state are rows; passwords and tokens are
 * sealed (store/secrets.h) and never in what is shown. Whether the servers take them is
 * found out by sequence/mailbox_check.h.
 *
 * Of an account there is one mailbox for an address. A deleted one is in no list and found
 * by no id, but keeps its row and its id, which it has again when it is connected again; its
 * settings then begin anew. */
#ifndef STORE_MAILBOXES_H
#define STORE_MAILBOXES_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/mailbox_settings.h"
#include "store/pages.h"

struct mailbox_user {
    struct str id, name, email;
};
extern const struct fields mailbox_user_fields;

/* One thing that a test looked at. */
struct mailbox_check {
    struct str name;   /* "smtp", "imap", "delivery", "spf", "dkim", "dmarc" */
    struct str result; /* "ok", "warning", "failed", "skipped" */
    struct str detail; /* what was found */
    struct str advice; /* what to do; absent when it is fine */
};

struct mailbox {
    MAILBOX_SETTINGS;
    struct str id, email, status, reason, detail, auth;
    struct mailbox_user *user;
    struct list checks; /* of struct mailbox_check */
    enum tri testing; /* only where it is asked for (sequence/mailbox_check.h) */
    struct opt_int checked_at, created_at, updated_at, ramp_since, throttled_until;
    /* not shown */
    struct str user_id, user_name, user_email;
    struct opt_int secret_version, token_expires_at, auth_failures, auth_failed_since, auth_failed_at;
};
extern const struct fields mailbox_fields; /* everything but secrets */
extern const struct fields mailbox_checks_fields; /* struct mailbox with its checks alone */
extern const struct enum_values mailbox_statuses, mailbox_auths;

/* What is sealed. Passwords go with auth "password", tokens with the others. */
struct mailbox_secret {
    struct str smtp_password, imap_password; /* imap_password absent: the same */
    struct str access_token, refresh_token;
};

/* Filters of a list; an absent one does not filter. */
struct mailbox_filter {
    struct str status, email_provider, user_email;
};

/* One page, oldest first; the cursor is the id. List of struct mailbox. */
MUST_USE enum rc mailboxes_list(struct ctx *ctx, const struct mailbox_filter *filter,
                                const struct page *page, struct page_of *ret_page);
/* E_NOT_FOUND when the account has no such mailbox, or it was deleted. */
MUST_USE enum rc mailbox_get(struct ctx *ctx, struct str id, struct mailbox *ret_mailbox);
/* What stands in the From line of its messages: an alias, or its own address. */
struct str mailbox_writes_from(const struct mailbox *mailbox);
MUST_USE enum rc mailbox_by_email(struct ctx *ctx, struct str email, struct mailbox *ret_mailbox);

struct mailbox_connect {
    struct str email, user_id, auth;
    const struct mailbox_settings *settings; /* of a new one: hosts, ports, securities, users all set */
    struct mailbox_secret secret;
    struct opt_int token_expires_at;
    bool unchecked; /* active at once; else inactive until its test went well */
};

/* Makes the mailbox, or connects the account's one of this address anew: settings that are
 * absent then stay, unless it was deleted. Inside db_transact. E_INVALID with problems, E_NOT_FOUND without such a
 * user. *ret_id on the arena. */
MUST_USE enum rc mailbox_connect(struct ctx *ctx, const struct mailbox_connect *connect,
                                 struct str *ret_id);

/* Changes what is set in `changes`. Transacts itself. E_NOT_FOUND; E_INVALID with problems. */
MUST_USE enum rc mailbox_change(struct ctx *ctx, struct str id,
                                const struct mailbox_settings *changes,
                                struct mailbox *ret_mailbox);

/* Judges what mailbox_connect would make of `given` now: together with the settings that stay,
 * gaps, hours, aliases. E_INVALID with problems. */
MUST_USE enum rc mailbox_connect_check(struct ctx *ctx, struct str email,
                                       const struct mailbox_settings *given);

/* The mailbox's secret in clear, for whoever logs in. */
MUST_USE enum rc mailbox_secret_read(struct ctx *ctx, const struct mailbox *mailbox,
                                     struct mailbox_secret *ret_secret);

#endif
