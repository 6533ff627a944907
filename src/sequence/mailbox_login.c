#include "sequence/mailbox_login.h"

#include <poll.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "sequence/oauth.h"
#include "store/mailbox_state.h"
#include "store/services.h"

#define GOOD_FOR_MS   (5 * MINUTE_MS)
#define LEASE_MS      (MINUTE_MS)
#define WAIT_MS       (2 * MINUTE_MS) /* for another process that refreshes; longer than its lease */
#define CONNECT_MS    (30 * SECOND_MS)
#define SMTP_REPLY_MS (5 * MINUTE_MS) /* RFC 5321, 4.5.3.2 */
#define IMAP_REPLY_MS (MINUTE_MS)
enum { LOOK_MS = 200, WORDS_MAX_BYTES = 500, FETCH_MAX_BYTES = 20 * 1024 * 1024 };

/* --- tokens --- */

/* What is stored is what is used: a refresh token that the provider
 * replaced would be lost with a crash in between. */
static enum rc refresh_now(struct ctx *ctx, const struct mailbox *mailbox,
                           struct mailbox_secret *secret, struct str *ret_reason) {
    const struct oauth_client *client = oauth_client_of(ctx, mailbox->auth, ret_reason);
    const struct oauth_parameter grant[] = {
        { "grant_type", STR("refresh_token") },
        { "refresh_token", secret->refresh_token },
        { NULL, STR_NONE },
    };
    struct oauth_tokens tokens = { .life_ms = 0 };
    if (!client)
        return E_UNSUPPORTED;
    enum rc rc = oauth_ask(ctx, client, grant, &tokens, ret_reason);
    if (rc == E_DENIED) {
        rc = mailbox_event(ctx, mailbox->id, MAILBOX_TOKEN_REVOKED, *ret_reason);
        return rc == OK ? E_DENIED : rc;
    }
    if (rc != OK)
        return rc;
    secret->access_token = tokens.access_token;
    if (str_is_set(tokens.refresh_token))
        secret->refresh_token = tokens.refresh_token;
    return mailbox_tokens_store(ctx, mailbox, secret, opt_int(ctx_now(ctx) + tokens.life_ms));
}

/* Ours to refresh. Who comes next need not wait for the end of a claim that came to nothing. */
static enum rc refresh(struct ctx *ctx, const struct mailbox *mailbox, struct mailbox_secret *secret,
                       struct str *ret_reason) {
    enum rc rc = refresh_now(ctx, mailbox, secret, ret_reason);
    if (rc == OK || rc == E_CONFLICT)
        return rc;
    if (mailbox_refresh_release(ctx, mailbox) != OK)
        log_warn(ctx, "a token's refresh could not be given back, it runs out",
                 LOG_S("error", ctx->err.text));
    return rc;
}

static bool is_good(const struct ctx *ctx, const struct mailbox *mailbox) {
    return mailbox->token_expires_at.set && mailbox->token_expires_at.v > ctx_now(ctx) + GOOD_FOR_MS;
}

static bool stopping(const struct ctx *ctx) {
    return ctx->services->jobs_stopping && ctx->services->jobs_stopping();
}

static enum rc fresh_token(struct ctx *ctx, struct mailbox mailbox, struct mailbox_secret *secret,
                           struct str *ret_reason) {
    int64_t until = monotonic_ms() + WAIT_MS;
    enum rc rc = mailbox_secret_read(ctx, &mailbox, secret);
    while (rc == OK && !is_good(ctx, &mailbox)) {
        bool mine = false;
        rc = mailbox_refresh_claim(ctx, &mailbox, LEASE_MS, &mine);
        if (rc == OK && mine)
            rc = refresh(ctx, &mailbox, secret, ret_reason);
        if (rc == OK && mine)
            return OK;
        if (rc != OK && rc != E_CONFLICT) /* a conflict: somebody connected it anew */
            return rc;
        *ret_reason = STR("another process refreshes the token and does not come to an end");
        if (stopping(ctx))
            return E_CANCELED;
        if (monotonic_ms() > until)
            return E_TIMEOUT;
        (void) poll(NULL, 0, mine ? 0 : LOOK_MS);
        rc = mailbox_get(ctx, mailbox.id, &mailbox);
        if (rc == OK)
            rc = mailbox_secret_read(ctx, &mailbox, secret);
    }
    return rc;
}

enum rc mailbox_credentials(struct ctx *ctx, const struct mailbox *mailbox,
                            struct mailbox_secret *ret_secret, struct str *ret_reason) {
    struct mailbox_secret secret;
    bool has_tokens = !str_eq(mailbox->auth, STR("password"));
    enum rc rc = has_tokens ? fresh_token(ctx, *mailbox, &secret, ret_reason)
                            : mailbox_secret_read(ctx, mailbox, &secret);
    if (rc == OK)
        *ret_secret = secret;
    return rc;
}

/* --- connections --- */

static struct peer_options peer_of(const struct ctx *ctx, struct str host, int64_t port, struct str security) {
    return (struct peer_options){
        .host = host,
        .port = (int) port,
        .security = str_eq(security, STR("tls")) ? PEER_TLS
                    : str_eq(security, STR("starttls")) ? PEER_STARTTLS : PEER_PLAIN,
        .trust = ctx->services->mail.trust,
        .allow_private = ctx->services->mail.allow_private,
        .connect_ms = CONNECT_MS,
        .stopping = ctx->services->jobs_stopping,
    };
}

static struct str words_of(struct arena *arena, struct str reply) {
    struct buf b = buf_in(arena, reply.n + 1);
    buf_printable(&b, str_trim(reply));
    return utf8_cut(buf_text(&b), WORDS_MAX_BYTES);
}

static enum rc note_login(struct ctx *ctx, const struct mailbox *mailbox, struct str server, enum rc login,
                          struct str reply) {
    if (login == OK)
        return mailbox_login_worked(ctx, mailbox->id, server);
    return login == E_DENIED ? mailbox_login_refused(ctx, mailbox->id, server, words_of(ctx->arena, reply)) : OK;
}

enum rc mailbox_smtp(struct ctx *ctx, const struct mailbox *mailbox, const struct mailbox_secret *secret,
                     struct smtp_client **ret_client, struct smtp_result *ret_result) {
    const struct smtp_options options = {
        .peer = peer_of(ctx, mailbox->smtp_host, mailbox->smtp_port.v, mailbox->smtp_security),
        .local_name = ctx->services->mail.local_name,
        .user = mailbox->smtp_user,
        .password = secret->smtp_password,
        .access_token = secret->access_token,
        .reply_ms = SMTP_REPLY_MS,
        .body_ms = SMTP_REPLY_MS,
    };
    enum rc login = smtp_open(&options, ctx->arena, ret_client, ret_result);
    enum rc rc = note_login(ctx, mailbox, STR("smtp"), login, ret_result->reply);
    if (rc != OK && login == OK)
        smtp_close(ret_client);
    return rc == OK ? login : rc;
}

enum rc mailbox_imap(struct ctx *ctx, const struct mailbox *mailbox, const struct mailbox_secret *secret,
                     struct imap **ret_imap, struct str *ret_reason) {
    const struct imap_options options = {
        .peer = peer_of(ctx, mailbox->imap_host, mailbox->imap_port.v, mailbox->imap_security),
        .user = mailbox->imap_user,
        .password = str_is_set(secret->imap_password) ? secret->imap_password : secret->smtp_password,
        .access_token = secret->access_token,
        .reply_ms = IMAP_REPLY_MS,
        .response_max = FETCH_MAX_BYTES,
    };
    enum rc login = imap_open(&options, ctx->arena, ret_imap, ret_reason);
    enum rc rc = note_login(ctx, mailbox, STR("imap"), login, *ret_reason);
    if (rc != OK && login == OK)
        imap_close(ret_imap);
    return rc == OK ? login : rc;
}

struct resolver mailbox_resolver(const struct ctx *ctx) {
    return (struct resolver){ .servers = ctx->services->mail.dns_servers, .timeout_ms = 5 * SECOND_MS,
                              .tries = 2, .stopping = ctx->services->jobs_stopping };
}
