/* The answer is stored after the handler's transaction, so a crash in between leaves a
 * claim without an answer: it runs out and the request runs again. What must not happen
 * twice then has a key of its own in the database (credits, jobs). */
#include "http/idempotency.h"

#include <sodium.h>

#include "base/check.h"
#include "base/log.h"
#include "base/vec.h"
#include "store/secrets.h"
#include "store/services.h"

enum { LOCK_MS_DEFAULT = 60000 };
static const char header_name[] = "Idempotency-Key";

static bool is_key(struct str key) {
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] < 0x20 || key.p[i] == 0x7F) /* also what is not ASCII: char is signed */
            return false;
    return key.n > 0 && key.n <= IDEMPOTENCY_KEY_MAX;
}

/* Method and target cannot hold a NUL, so the parts cannot be moved into each other. */
static struct str fingerprint_of(const struct call *c) {
    const struct http_message *m = c->message;
    crypto_hash_sha256_state state;
    unsigned char *hash = arena_alloc(c->ctx.arena, crypto_hash_sha256_BYTES);
    const struct str parts[] = { m->method, { "", 1 }, m->target, { "", 1 }, m->body };
    (void) crypto_hash_sha256_init(&state); /* these three always return 0 */
    for (size_t i = 0; i < LENGTH(parts); i++)
        (void) crypto_hash_sha256_update(&state, (const unsigned char *) parts[i].p, parts[i].n);
    (void) crypto_hash_sha256_final(&state, hash);
    return (struct str){ (const char *) hash, crypto_hash_sha256_BYTES };
}

/* Of routes whose answers hold a secret (ROUTE_SECRET). */
static struct str seal(const struct call *c, struct str body) {
    struct arena *arena = c->ctx.arena;
    struct str sealed = secrets_seal(c->ctx.services->secrets, arena, c->claim.fingerprint, body);
    size_t n = sodium_base64_encoded_len(sealed.n, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_alloc(arena, n);
    (void) sodium_bin2base64(text, n, (const unsigned char *) sealed.p, sealed.n,
                             sodium_base64_VARIANT_ORIGINAL); /* returns text */
    return str_of(text);
}

static enum rc unseal(struct call *c, struct str text, struct str *ret_body) {
    struct arena *arena = c->ctx.arena;
    unsigned char *sealed = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    int failed = sodium_base642bin(sealed, text.n, text.p, text.n, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL);
    enum rc rc = failed ? E_INVALID
                        : secrets_open(c->ctx.services->secrets, arena, c->claim.fingerprint,
                                       (struct str){ (const char *) sealed, n }, ret_body);
    return rc == OK ? OK : fail(&c->ctx, E_DB, "a sealed answer cannot be opened");
}

static bool is_secret(const struct call *c) {
    return c->request.route->flags & ROUTE_SECRET && c->ctx.services && c->ctx.services->secrets;
}

/* The stored headers are names and values in turn; Content-Type among them. */
static void replay(struct call *c, const struct idempotency_answer *stored) {
    c->is_answered = true;
    c->status = (int) stored->status.v;
    c->body = stored->body;
    for (size_t i = 0; i + 1 < stored->headers.n; i += 2) {
        const char *name = arena_cstr(c->ctx.arena, stored->headers.p[i]);
        const char *value = arena_cstr(c->ctx.arena, stored->headers.p[i + 1]);
        if (str_eq(stored->headers.p[i], STR("Content-Type")))
            c->content_type = value;
        else
            response_header(&c->request, name, str_of(value));
    }
    response_header(&c->request, "Idempotency-Replayed", STR("true"));
}

enum rc idempotent_begin(struct call *c) {
    struct str key = exchange_header(c->exchange, header_name);
    if (c->method != POST || !c->request.caller || !str_is_set(key))
        return OK;
    if (!is_key(key))
        return bad_header(&c->ctx, header_name, "unsupported_value",
                          "the key must be 1 to %d printable ASCII characters",
                          IDEMPOTENCY_KEY_MAX);
    int64_t lock_ms = c->app->options.idempotency_lock_ms;
    c->claim = (struct idempotency_claim){ .key = key, .fingerprint = fingerprint_of(c),
                                           .lock_ms = lock_ms ? lock_ms : LOCK_MS_DEFAULT };
    struct idempotency_answer stored;
    enum rc rc = idempotency_claim(&c->ctx, &c->claim, &c->has_claim, &stored);
    if (rc == E_CONFLICT)
        return problem(&c->ctx, E_CONFLICT, "idempotency_key_reused",
                       "This Idempotency-Key was used with another path or body.");
    if (rc != OK || c->has_claim)
        return rc;
    if (stored.status.set && is_secret(c))
        rc = unseal(c, stored.body, &stored.body);
    if (rc == OK && stored.status.set)
        replay(c, &stored);
    if (rc != OK || stored.status.set)
        return rc;
    response_header(&c->request, "Retry-After", STR("1"));
    return problem(&c->ctx, E_CONFLICT, "idempotency_key_in_use",
                   "A request with this Idempotency-Key is still running.");
}

/* Answers that a repetition may change: ours to mend, or the client's. */
static bool is_final(int status) {
    return status < 500 && status != 402 && status != 408 && status != 429;
}

static struct idempotency_answer answer_of(const struct call *c) {
    struct idempotency_answer answer = { .status = opt_int(c->status), .body = is_secret(c) ? seal(c, c->body) : c->body };
    if (c->content_type) {
        strs_add(c->ctx.arena, &answer.headers, STR("Content-Type"));
        strs_add(c->ctx.arena, &answer.headers, str_of(c->content_type));
    }
    for (size_t i = 0; i < c->n_headers; i++) {
        strs_add(c->ctx.arena, &answer.headers, str_of(c->headers[i].name));
        strs_add(c->ctx.arena, &answer.headers, c->headers[i].value);
    }
    return answer;
}

void idempotent_end(struct call *c) {
    enum rc rc;
    if (!c->has_claim)
        return;
    ctx_clear_error(&c->ctx); /* it has been answered and logged */
    if (is_final(c->status)) {
        struct idempotency_answer answer = answer_of(c);
        rc = idempotency_store(&c->ctx, &c->claim, &answer);
    } else {
        rc = idempotency_release(&c->ctx, &c->claim);
    }
    if (rc != OK) /* the work is done and committed: the client is to know its result */
        log_error(&c->ctx, "an answer was not stored under its Idempotency-Key",
                  LOG_S("error", c->ctx.err.text));
}
