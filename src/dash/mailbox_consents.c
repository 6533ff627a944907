/* Mailboxes that are connected by a consent in a browser, and the page where the browser
 * comes out. Whoever opens that page has no key: its state is signed (sequence/mailbox_consent.h). */
#include "base/log.h"
#include "dash/tables.h"
#include "http/request.h"
#include "sequence/mailbox_consent.h"

enum { PAGE_MAX_BYTES = 16 * 1024, CALLBACK_MS = 30 * 1000 };

static enum rc post_consents(struct request *r) {
    struct consent_link link;
    enum rc rc = consent_begin(r->ctx, r->body, &link);
    return rc == OK ? respond(r, 201, &consent_link_fields, &link) : rc;
}

static enum rc post_mailbox_consent(struct request *r) {
    struct consent_link link;
    enum rc rc = consent_begin_again(r->ctx, r->path_id, &link);
    return rc == OK ? respond(r, 201, &consent_link_fields, &link) : rc;
}

/* --- the page --- */

#define T struct consent_answer
static const struct field answer_rows[] = {
    F_STR(T, state, .doc = "Which consent it is."),
    F_STR(T, code, .doc = "What the tokens are asked with."),
    F_STR(T, error, .example = "access_denied", .doc = "Why there is no code."),
    F_STR(T, error_description, .doc = "The same in words."),
};
#undef T
static const struct fields answer_fields
    = FIELDS("MailboxConsentAnswer", struct consent_answer, answer_rows, .doc = "What a provider answers.");

/* Anything else is a failure of ours. */
static const struct ending {
    enum rc rc;
    int status;
    const char *title;
} endings[] = {
    { OK, 200, "The mailbox is connected" },
    { E_NOT_FOUND, 400, "This consent does not count" },
    { E_DENIED, 403, "There is no consent" },
    { E_INVALID, 409, "The mailbox cannot be connected" },
    { E_UNSUPPORTED, 502, "The provider gives no access" },
    { E_TIMEOUT, 502, "The provider gives no access" },
    { E_TOO_LARGE, 502, "The provider gives no access" },
    { E_IO, 502, "The provider gives no access" },
};

static const struct ending *ending_of(enum rc rc) {
    for (size_t i = 0; i < LENGTH(endings); i++)
        if (endings[i].rc == rc)
            return &endings[i];
    return NULL;
}

static enum rc respond_html(struct request *r, int status, struct str page) {
    response_header(r, "Cache-Control", STR("no-store"));
    response_header(r, "Referrer-Policy", STR("no-referrer"));
    response_header(r, "Content-Security-Policy",
                    STR("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"));
    return respond_text(r, status, "text/html; charset=utf-8", page);
}

static enum rc respond_page(struct request *r, const struct ending *ending, struct str text) {
    struct buf b = buf_in(r->ctx->arena, PAGE_MAX_BYTES);
    buf_printf(&b,
               "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title></head>"
               "<body style=\"font-family:sans-serif;max-width:30em;margin:4em auto;padding:0 1em\"><h1>%s</h1><p>%s",
               ending->title, ending->title, ending->rc == OK ? "" : "What happened: ");
    buf_html(&b, text);
    buf_printf(&b, "</p><p>%s</p></body></html>\n",
               ending->rc == OK ? "You can close this page." : "To try again, ask for a new link.");
    return respond_html(r, ending->status, buf_text(&b));
}

static enum rc finish(struct request *r) {
    struct ctx *ctx = r->ctx;
    struct mailbox mailbox = { .testing = UNSET };
    struct str reason = STR_NONE;
    enum rc rc = consent_end(ctx, r->query, &mailbox, &reason);
    const struct ending *ending = ending_of(rc);
    if (!ending)
        return rc;
    if (rc == OK)
        return respond_page(r, ending,
                            arena_printf(ctx->arena, "%.*s %s.", STR_FMT(mailbox.email),
                                         str_eq(mailbox.status, STR("active")) ? "can be used" : "is being tested now"));
    if (ending->status >= 500)
        log_warn(ctx, "a consent came to nothing", LOG_S("reason", reason));
    return respond_page(r, ending, reason);
}

/* The provider is asked, so not on a thread that has other connections. HEAD, from a scanner of
 * links, say, must not be the one answer that a consent is good for. */
static enum rc get_callback(struct request *r) {
    return r->is_head ? respond_html(r, 200, STR("")) : request_wait(r, finish, 1, CALLBACK_MS);
}

static const struct route_status begin_statuses[] = {
    { 201, "Where the consent is given.", NULL },
    { 409, "conflict: http.public_url is not set", NULL },
};
static const struct route_status again_statuses[] = {
    { 201, "Where the consent is given.", NULL },
    { 404, "no such mailbox", NULL },
    { 409, "conflict: http.public_url is not set, no client is configured, or the mailbox has a password", NULL },
};
static const struct route_status callback_statuses[] = {
    { 400, "no consent waits for this state", NULL },
    { 403, "nobody agreed, or the provider does not take its code", NULL },
    { 409, "the mailbox cannot be connected any more as it was meant", NULL },
    { 502, "the provider gives no tokens", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard", .success = 201, \
               .reply = &consent_link_fields /* its address holds the state */
static const struct route routes[] = {
    { POST, "/dashboard/api/mailbox-consents", post_consents, COMMON, .flags = ROUTE_SECRET,
      .body = &mailbox_consent_setup_fields, STATUSES(begin_statuses),
      .summary = "Connect a mailbox by a consent in a browser",
      .doc = "Gives the address of the provider's page. Whose mailbox it is opens it and agrees; then "
             "the mailbox is connected as by POST /dashboard/api/mailboxes, and no token passes through "
             "anybody's hands. The link is good for ten minutes and one answer." },
    { POST, "/dashboard/api/mailboxes/{id}/consent", post_mailbox_consent, COMMON,
      .flags = ROUTE_PATH_UUID | ROUTE_SECRET,
      STATUSES(again_statuses), .summary = "Connect a mailbox anew by a consent in a browser",
      .doc = "The same for a mailbox that has tokens, also one that needs reconnection; it stays the one that it is, "
             "with its settings." },
    { GET, CONSENT_PATH, get_callback, .scope = SCOPE_NONE, .limit = LIMIT_NONE, .tag = "Links",
      .flags = ROUTE_TEXT | ROUTE_PAGES | ROUTE_SLOW, .media = "text/html", .query = &answer_fields,
      STATUSES(callback_statuses), .summary = "Take a provider's answer to a consent",
      .doc = "Where the provider sends the browser. A page says what came of it." },
};
const struct route_table dash_mailbox_consent_routes = ROUTE_TABLE(routes);
