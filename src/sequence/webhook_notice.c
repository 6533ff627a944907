#include "sequence/webhook_notice.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "base/rand.h"
#include "net/mime.h"
#include "net/web_url.h"
#include "sequence/mailbox_login.h"
#include "store/mailboxes.h"
#include "store/users.h"
#include "store/webhooks.h"

enum { ADMINS_MAX = 100, MAILBOXES_MAX = 5, TEXT_MAX_BYTES = 4096 };

struct notice {
    struct ctx *ctx;
    struct webhook webhook;
    struct list admins;    /* of struct user */
    struct list mailboxes; /* of struct mailbox */
    size_t told;
};

/* --- what it says --- */

/* Of the URL the host alone: the rest may be a secret. */
static struct str text_of(const struct notice *n) {
    struct arena *arena = n->ctx->arena;
    struct buf b = buf_in(arena, TEXT_MAX_BYTES);
    struct str host = STR_NONE, path = STR_NONE;
    bool is_gone = str_eq(n->webhook.disabled_reason, STR("gone"));
    web_url_split(arena, n->webhook.url, &host, &path);
    buf_printf(&b, "The webhook %.*s to %.*s was disabled: %s.\n\n", STR_FMT(n->webhook.id), STR_FMT(host),
               is_gone ? "it answered that it is gone (410)"
                       : "for five days nearly all that was sent to it has failed");
    buf_str(&b, STR("Nothing more is sent to it. What has failed is in its log, and can be sent again when it is\n"
                    "enabled: under Webhooks in the dashboard, or with\n\n"));
    buf_printf(&b, "    outrider webhook enable %.*s\n", STR_FMT(n->webhook.id));
    return buf_text(&b);
}

/* With a Date in front of what mime_write makes. */
static enum rc compose(const struct notice *n, const struct mailbox *from, const struct user *to,
                       struct str *ret_bytes) {
    static const struct mime_header headers[] = { { "Auto-Submitted", { "auto-generated", 14 } } }; /* RFC 3834 */
    struct arena *arena = n->ctx->arena;
    struct str domain = str_sub(from->email, str_find_last(from->email, '@') + 1, from->email.n), source;
    const struct mime_message message = {
        .from = { STR("Outrider"), from->email },
        .to = { to->name, to->email },
        .subject = STR("A webhook was disabled"),
        .message_id = arena_printf(arena, "notice.%.*s@%.*s", STR_FMT(uuid_new(arena, ctx_now(n->ctx))), STR_FMT(domain)),
        .text = text_of(n),
        .headers = headers,
        .n_headers = LENGTH(headers),
    };
    enum rc rc = mime_write(arena, &message, &source);
    if (rc == OK)
        *ret_bytes = arena_printf(arena, "Date: %.*s\r\n%.*s", STR_FMT(mime_date(arena, ctx_now(n->ctx))), STR_FMT(source));
    return rc;
}

/* --- to whom --- */

static void tell(struct notice *n, struct smtp_client *smtp, const struct mailbox *from, const struct user *to) {
    struct smtp_result result = { .rc = OK };
    struct str address = to->email, bytes = STR_NONE;
    enum rc rc = compose(n, from, to, &bytes);
    const struct smtp_message message = { from->email, { &address, 1 }, bytes };
    if (rc == OK)
        rc = smtp_send(smtp, &message, n->ctx->arena, &result);
    if (rc == OK || result.is_unknown)
        n->told++;
    else
        log_warn(n->ctx, "an admin could not be told of a disabled webhook", LOG_S("user", to->id),
                 LOG_S("webhook", n->webhook.id), LOG_C("why", rc_text(rc)));
}

static void tell_all(struct notice *n, const struct mailbox *from) {
    struct mailbox_secret secret;
    struct smtp_result result = { .rc = OK };
    struct smtp_client *smtp = NULL;
    struct str reason = STR_NONE;
    const struct user *admin = n->admins.p;
    enum rc rc = mailbox_credentials(n->ctx, from, &secret, &reason);
    if (rc == OK)
        rc = mailbox_smtp(n->ctx, from, &secret, &smtp, &result);
    for (size_t i = 0; rc == OK && i < n->admins.n && smtp_is_open(smtp); i++)
        tell(n, smtp, from, &admin[i]);
    smtp_close(&smtp);
    ctx_clear_error(n->ctx);
}

static enum rc find_both(struct notice *n) {
    const struct user_filter admins = { .status = STR("active"), .role = STR("admin") };
    const struct mailbox_filter active = { .status = STR("active") };
    struct page_of page = { .items = { NULL, 0 } };
    enum rc rc = users_list(n->ctx, &admins, &(struct page){ .size = ADMINS_MAX }, &page);
    n->admins = page.items;
    if (rc == OK)
        rc = mailboxes_list(n->ctx, &active, &(struct page){ .size = MAILBOXES_MAX }, &page);
    n->mailboxes = page.items;
    return rc;
}

enum rc webhook_notice_job(struct ctx *ctx, const struct job *job) {
    struct notice n = { .ctx = ctx };
    enum rc rc = webhook_get(ctx, job->subject, &n.webhook);
    if (rc != OK || n.webhook.enabled == YES) /* somebody has seen it */
        return rc == E_NOT_FOUND ? OK : rc;
    rc = find_both(&n);
    const struct mailbox *mailbox = n.mailboxes.p;
    if (rc != OK || !n.admins.n || !n.mailboxes.n)
        return rc;
    for (size_t i = 0; i < n.mailboxes.n && !n.told; i++)
        tell_all(&n, &mailbox[i]);
    return n.told ? OK : fail(ctx, E_IO, "no mailbox could tell an admin of a disabled webhook");
}
