#include "sequence/mailbox_consent.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/rand.h"
#include "base/utf8.h"
#include "json/reader.h"
#include "json/writer.h"
#include "sequence/links.h"
#include "sequence/oauth.h"
#include "store/mailbox_consents.h"
#include "store/services.h"

#define CONSENT_MS (10 * MINUTE_MS) /* to log in and to agree */
enum { SETUP_MAX_BYTES = 512 * 1024, WORDS_MAX_BYTES = 300 };

static const struct str auths[] = { { "oauth_google", 12 }, { "oauth_microsoft", 15 } };
static const struct enum_values consent_auths = { "MailboxConsentAuth", auths, LENGTH(auths) };

#define T struct mailbox_setup
static const struct field setup_rows[] = {
    F_STR(T, email, .flags = FIELD_REQUIRED, .max = 254, .example = "ann@example.com",
          .doc = "The mailbox's address."),
    F_ID(T, user_id, .example = "0198f652-73a2-7d41-914e-e511382bb808", .doc = "Whose it is."),
    F_STR(T, user_email, .max = 254, .example = "user@example.com",
          .doc = "Whose it is, by address; instead of user_id."),
    F_ENUM(T, auth, .flags = FIELD_REQUIRED, .values = &consent_auths, .example = "oauth_google",
           .doc = "Who is asked."),
    F_BOOL(T, check, .example = "true",
           .doc = "false: active at once. Otherwise inactive until its test went well."),
    MAILBOX_SETTING_ROWS,
};
#undef T
const struct fields mailbox_consent_setup_fields
    = FIELDS("MailboxConsentStart", struct mailbox_setup, setup_rows,
             .doc = "A mailbox to connect by its owner's consent.");

#define T struct consent_link
static const struct field link_rows[] = {
    F_STR(T, url, .flags = FIELD_REQUIRED, .example = "https://accounts.google.com/o/oauth2/v2/auth?client_id=…",
          .doc = "To be opened in a browser by whose mailbox it is."),
    F_TIME(T, expires_at, .flags = FIELD_REQUIRED, .doc = "When the consent has to be there."),
};
#undef T
const struct fields consent_link_fields
    = FIELDS("MailboxConsentLink", struct consent_link, link_rows, .doc = "Where a consent is given.");

/* --- the beginning --- */

/* What is not given is left out, so that it stays as it is when the mailbox is there already. */
static struct str setup_text(struct ctx *ctx, const struct mailbox_setup *setup) {
    struct buf b = buf_in(ctx->arena, SETUP_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w);
    for (size_t i = 0; i < LENGTH(setup_rows); i++)
        if (field_is_given(&setup_rows[i], setup)) {
            json_key(&w, str_of(setup_rows[i].name));
            json_field_value(&w, &setup_rows[i], setup);
        }
    json_end_object(&w);
    return buf_text(&b);
}

static struct str redirect_uri(const struct ctx *ctx) {
    return arena_printf(ctx->arena, "%.*s" CONSENT_PATH, STR_FMT(ctx->services->mail.public_url));
}

/* `mailbox_id`: of one that is there and keeps its settings; absent: the setup says it all. */
static enum rc begin(struct ctx *ctx, struct str mailbox_id, const struct mailbox_setup *setup,
                     const struct oauth_client *client, struct consent_link *ret_link) {
    if (!str_is_set(ctx->services->mail.public_url))
        return problem(ctx, E_CONFLICT, "conflict",
                       "http.public_url is not set: the provider could not send the browser back");
    const struct mailbox_consent consent = {
        .id = uuid_new(ctx->arena, ctx_now(ctx)),
        .mailbox_id = mailbox_id,
        .setup = setup_text(ctx, setup),
        .verifier = oauth_verifier(ctx->arena),
        .expires_at = opt_int(ctx_now(ctx) + CONSENT_MS),
    };
    const struct link_to to = { ctx->account_id, consent.id, STR_NONE };
    const struct oauth_question question = {
        .auth = setup->auth, .redirect_uri = redirect_uri(ctx), .verifier = consent.verifier,
        .state = link_token(ctx->services->secrets, ctx->arena, LINK_CONSENT, &to), .email = setup->email,
    };
    enum rc rc = mailbox_consent_add(ctx, &consent);
    if (rc == OK)
        *ret_link = (struct consent_link){ oauth_consent_url(ctx->arena, client, &question), consent.expires_at };
    return rc;
}

enum rc consent_begin(struct ctx *ctx, const struct mailbox_setup *setup, struct consent_link *ret_link) {
    struct mailbox_settings settings;
    struct mailbox_connect connect = { .unchecked = false };
    struct mailbox_setup kept = *setup;
    struct str reason = STR_NONE;
    const struct oauth_client *client = oauth_client_of(ctx, setup->auth, &reason);
    if (!client)
        (void) bad_field(ctx, STR("/auth"), "unsupported_value", "%.*s", STR_FMT(reason));
    enum rc rc = mailbox_setup_judge(ctx, setup, &settings, &connect);
    if (rc != OK)
        return rc;
    kept.email = connect.email;
    kept.user_id = connect.user_id;
    kept.user_email = STR_NONE;
    return begin(ctx, STR_NONE, &kept, client, ret_link);
}

enum rc consent_begin_again(struct ctx *ctx, struct str mailbox_id, struct consent_link *ret_link) {
    struct mailbox mailbox;
    struct str reason = STR_NONE;
    enum rc rc = mailbox_get(ctx, mailbox_id, &mailbox);
    if (rc != OK)
        return rc;
    if (str_eq(mailbox.auth, STR("password")))
        return problem(ctx, E_CONFLICT, "conflict", "The mailbox logs in with a password");
    const struct oauth_client *client = oauth_client_of(ctx, mailbox.auth, &reason);
    if (!client)
        return problem(ctx, E_CONFLICT, "conflict", "%.*s", STR_FMT(reason));
    const struct mailbox_setup setup = { .email = mailbox.email, .auth = mailbox.auth };
    return begin(ctx, mailbox.id, &setup, client, ret_link);
}

/* --- the end --- */

/* Within the account that the state names. */
static enum rc take(struct ctx *ctx, struct str state, struct mailbox_consent *ret_consent) {
    struct link_to to = { .url = STR_NONE };
    if (link_read(ctx->services->secrets, ctx->arena, LINK_CONSENT, state, &to) != OK)
        return E_NOT_FOUND;
    ctx->account_id = to.account_id;
    return mailbox_consent_take(ctx, to.id, ret_consent);
}

static enum rc read_setup(struct ctx *ctx, struct str text, struct mailbox_setup *ret_setup) {
    struct json_position at;
    json_t *root;
    if (json_parse(ctx->arena, text, &root, &at) != OK)
        return fail(ctx, E_DB, "the setup of a consent is no JSON");
    if (json_read_fields(ctx, &mailbox_consent_setup_fields, root, STR(""), ret_setup) != OK)
        return fail(ctx, E_DB, "the setup of a consent does not fit");
    return OK;
}

static enum rc exchange(struct ctx *ctx, const struct mailbox_consent *consent, struct str code,
                        struct mailbox_setup *setup, struct str *ret_reason) {
    const struct oauth_client *client = oauth_client_of(ctx, setup->auth, ret_reason);
    const struct oauth_parameter grant[] = {
        { "grant_type", STR("authorization_code") },
        { "code", code },
        { "redirect_uri", redirect_uri(ctx) },
        { "code_verifier", consent->verifier },
        { NULL, STR_NONE },
    };
    struct oauth_tokens tokens = { .life_ms = 0 };
    if (!client)
        return E_UNSUPPORTED;
    enum rc rc = oauth_ask(ctx, client, grant, &tokens, ret_reason);
    if (rc == OK && !str_is_set(tokens.refresh_token)) {
        *ret_reason = STR("the provider gave no refresh token");
        rc = E_IO;
    }
    if (rc == OK)
        setup->refresh_token = tokens.refresh_token;
    return rc;
}

static struct str refusal(struct ctx *ctx, const struct consent_answer *answer) {
    bool has_words = !str_is_empty(answer->error_description);
    return arena_printf(ctx->arena, "the provider says %.*s%s%.*s",
                        STR_FMT(utf8_cut(answer->error, WORDS_MAX_BYTES)), has_words ? ": " : "",
                        STR_FMT(utf8_cut(answer->error_description, WORDS_MAX_BYTES)));
}

static enum rc connect_mailbox(struct ctx *ctx, struct str mailbox_id, const struct mailbox_setup *setup,
                               struct mailbox *ret_mailbox, struct str *ret_reason) {
    enum rc rc = str_is_set(mailbox_id)
                     ? mailbox_reconnect(ctx, mailbox_id, setup->auth, setup->refresh_token, ret_mailbox)
                     : mailbox_setup(ctx, setup, true, ret_mailbox);
    if (rc == E_NOT_FOUND)
        *ret_reason = STR("the mailbox, or its user, is not there any more");
    else if (rc != OK)
        *ret_reason = ctx->problems ? ctx->problems->detail : STR("somebody else connected it just now");
    return rc == E_NOT_FOUND || rc == E_CONFLICT ? E_INVALID : rc;
}

enum rc consent_end(struct ctx *ctx, const struct consent_answer *answer, struct mailbox *ret_mailbox,
                    struct str *ret_reason) {
    struct mailbox_consent consent;
    struct mailbox_setup setup = { .check = UNSET };
    enum rc rc = take(ctx, answer->state, &consent);
    if (rc == E_NOT_FOUND)
        *ret_reason = STR("this consent was not begun here, was answered already, or took too long");
    if (rc != OK)
        return rc;
    if (!str_is_empty(answer->error)) {
        *ret_reason = refusal(ctx, answer);
        return E_DENIED;
    }
    if (str_is_empty(answer->code)) {
        *ret_reason = STR("the provider gave no code");
        return E_IO;
    }
    rc = read_setup(ctx, consent.setup, &setup);
    if (rc == OK)
        rc = exchange(ctx, &consent, answer->code, &setup, ret_reason);
    return rc == OK ? connect_mailbox(ctx, consent.mailbox_id, &setup, ret_mailbox, ret_reason) : rc;
}
