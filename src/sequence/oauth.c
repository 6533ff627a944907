#include "sequence/oauth.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/rand.h"
#include "base/utf8.h"
#include "json/reader.h"
#include "net/http_client.h"

enum { CALL_MS = 20 * 1000, ANSWER_MAX_BYTES = 64 * 1024, REASON_MAX_BYTES = 300, VERIFIER_CHARACTERS = 64,
       LIFE_DEFAULT_S = 3600 };

/* What a mailbox needs of each, and how a refresh token is asked for. */
static const struct provider {
    const char *auth, *name, *scope;
    const char *more; /* of the page's parameters */
} providers[] = {
    { "oauth_google", "google", "https://mail.google.com/", "&access_type=offline&prompt=consent" },
    { "oauth_microsoft", "microsoft",
      "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
      "&response_mode=query" },
};

static const struct provider *provider_of(struct str auth) {
    return &providers[str_eq(auth, str_of(providers[0].auth)) ? 0 : 1];
}

const struct oauth_client *oauth_client_of(const struct ctx *ctx, struct str auth,
                                           struct str *ret_reason) {
    const struct provider *provider = provider_of(auth);
    const struct oauth_client *client
        = provider == &providers[0] ? &ctx->services->oauth_google : &ctx->services->oauth_microsoft;
    if (str_is_set(client->client_id))
        return client;
    *ret_reason = arena_printf(ctx->arena, "no client is configured: oauth.%s_client_id", provider->name);
    return NULL;
}

struct str oauth_verifier(struct arena *arena) {
    return rand_base62(arena, VERIFIER_CHARACTERS);
}

struct str oauth_challenge(struct arena *arena, struct str verifier) {
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    (void) crypto_hash_sha256(hash, (const unsigned char *) verifier.p, verifier.n); /* always 0 */
    (void) sodium_bin2base64(text, sizeof text, hash, sizeof hash,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* returns text */
    return arena_str(arena, str_of(text));
}

static void add_parameter(struct buf *b, const char *separator, const char *name, struct str value) {
    buf_printf(b, "%s%s=", separator, name);
    buf_url(b, value);
}

struct str oauth_consent_url(struct arena *arena, const struct oauth_client *client,
                             const struct oauth_question *question) {
    const struct provider *provider = provider_of(question->auth);
    const struct oauth_parameter parameters[] = {
        { "client_id", client->client_id },
        { "redirect_uri", question->redirect_uri },
        { "scope", str_of(provider->scope) },
        { "state", question->state },
        { "code_challenge", oauth_challenge(arena, question->verifier) },
        { "login_hint", question->email },
    };
    struct buf b = buf_in(arena, ANSWER_MAX_BYTES);
    buf_str(&b, client->consent_url);
    buf_printf(&b, "%sresponse_type=code&code_challenge_method=S256",
               str_find(client->consent_url, '?') < client->consent_url.n ? "&" : "?");
    for (size_t i = 0; i < LENGTH(parameters); i++)
        add_parameter(&b, "&", parameters[i].name, parameters[i].value);
    buf_printf(&b, "%s", provider->more);
    return buf_text(&b);
}

/* --- the endpoint (RFC 6749, section 5) --- */

struct token_answer {
    struct str access_token, refresh_token, error, error_description;
    struct opt_int expires_in;
};

#define T struct token_answer
static const struct field token_rows[] = {
    F_STR(T, access_token),
    F_STR(T, refresh_token),
    F_STR(T, error),
    F_STR(T, error_description),
    F_INT(T, expires_in),
};
#undef T
static const struct fields token_fields = FIELDS("TokenAnswer", struct token_answer, token_rows);

static enum rc call(struct ctx *ctx, const struct oauth_client *client,
                    const struct oauth_parameter *parameters, struct http_reply *ret_reply,
                    struct str *ret_reason) {
    struct buf body = buf_in(ctx->arena, ANSWER_MAX_BYTES);
    add_parameter(&body, "", "client_id", client->client_id);
    if (!str_is_empty(client->client_secret))
        add_parameter(&body, "&", "client_secret", client->client_secret);
    for (; parameters->name; parameters++)
        add_parameter(&body, "&", parameters->name, parameters->value);
    const struct http_call question = {
        .url = client->token_url, .body = buf_text(&body),
        .body_type = "Content-Type: application/x-www-form-urlencoded", .timeout_ms = CALL_MS,
        .answer_max = ANSWER_MAX_BYTES, .allow_private = ctx->services->mail.allow_private,
    };
    enum rc rc = buf_result(&body);
    if (rc == OK)
        rc = http_call(ctx->arena, &question, ret_reply, ret_reason);
    return rc == E_DENIED || rc == E_INVALID ? E_UNSUPPORTED : rc;
}

static struct oauth_tokens tokens_of(const struct token_answer *answer) {
    int64_t life_s = answer->expires_in.set && answer->expires_in.v > 0 ? answer->expires_in.v : LIFE_DEFAULT_S;
    return (struct oauth_tokens){ answer->access_token,
                                  str_is_empty(answer->refresh_token) ? STR_NONE : answer->refresh_token,
                                  life_s * SECOND_MS };
}

enum rc oauth_ask(struct ctx *ctx, const struct oauth_client *client,
                  const struct oauth_parameter *parameters, struct oauth_tokens *ret_tokens,
                  struct str *ret_reason) {
    struct http_reply reply = { 0 };
    struct token_answer answer = { 0 };
    struct json_position at;
    json_t *root;
    enum rc rc = call(ctx, client, parameters, &reply, ret_reason);
    if (rc != OK)
        return rc;
    if (json_parse(ctx->arena, reply.body, &root, &at) != OK
        || json_read_fields(ctx, &token_fields, root, STR(""), &answer) != OK) {
        ctx_clear_error(ctx);
        *ret_reason = arena_printf(ctx->arena, "the token endpoint answered %ld and no JSON", reply.status);
        return E_IO;
    }
    if (reply.status == 200 && !str_is_empty(answer.access_token)) {
        *ret_tokens = tokens_of(&answer);
        return OK;
    }
    *ret_reason = arena_printf(ctx->arena, "the token endpoint answered %ld %.*s: %.*s", reply.status,
                               STR_FMT(utf8_cut(answer.error, REASON_MAX_BYTES)),
                               STR_FMT(utf8_cut(answer.error_description, REASON_MAX_BYTES)));
    return str_eq(answer.error, STR("invalid_grant")) ? E_DENIED : E_IO;
}
