/* OAuth of mail providers: the page on which somebody agrees (RFC 6749, section 4.1, with
 * PKCE, RFC 7636) and the endpoint that gives tokens. Knows no mailbox. */
#ifndef SEQUENCE_OAUTH_H
#define SEQUENCE_OAUTH_H

#include "base/ctx.h"
#include "store/services.h"

/* The installation's client at the provider of the mailboxes' auth "oauth_google" or
 * "oauth_microsoft"; NULL when none is configured, with the reason in words. */
const struct oauth_client *oauth_client_of(const struct ctx *ctx, struct str auth,
                                           struct str *ret_reason);

/* A code_verifier (RFC 7636, section 4.1), and its code_challenge by S256 (section 4.2). */
struct str oauth_verifier(struct arena *arena);
struct str oauth_challenge(struct arena *arena, struct str verifier);

struct oauth_question {
    struct str auth;         /* as of oauth_client_of */
    struct str redirect_uri; /* where the browser goes afterwards */
    struct str state;        /* which comes along there */
    struct str verifier;
    struct str email;        /* whose consent it is to be */
};

/* Where a browser asks somebody for the consent that a mailbox needs. */
struct str oauth_consent_url(struct arena *arena, const struct oauth_client *client,
                             const struct oauth_question *question);

struct oauth_tokens {
    struct str access_token, refresh_token; /* the latter absent: the one that was given stays */
    int64_t life_ms;                        /* of the access token */
};

struct oauth_parameter {
    const char *name;
    struct str value;
};

/* Asks for tokens with `parameters` (ended by one without a name), to which the client's id
 * and secret are added. E_DENIED: the grant is not good, or no more; E_UNSUPPORTED: the
 * endpoint cannot be used; E_TIMEOUT, E_IO and the like: it gives none now. *ret_reason in
 * words for all that is not OK. */
MUST_USE enum rc oauth_ask(struct ctx *ctx, const struct oauth_client *client,
                           const struct oauth_parameter *parameters, struct oauth_tokens *ret_tokens,
                           struct str *ret_reason);

#endif
