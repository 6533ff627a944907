#include "webhook/profile.h"

#include <sodium.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/version.h"
#include "net/web_url.h"
#include "store/webhook_secrets.h"
#include "store/webhooks.h"
#include "webhook/signature.h"

enum { HEADER_MAX_BYTES = 4096, HEAD_MAX_BYTES = 16 * 1024 };

struct key {
    unsigned char bytes[WEBHOOK_KEY_MAX_BYTES];
    size_t n;
    struct opt_int until;
};

struct webhook_profile {
    int owners;
    int64_t version;
    struct arena *arena; /* of all the texts */
    const char *url;
    struct str head;     /* as it is logged, without what changes */
    const char **headers; /* of its own, "Name: value" */
    size_t n_headers, n_keys;
    struct key keys[WEBHOOK_SECRETS_MAX];
};

static enum rc take_keys(struct ctx *ctx, const struct webhook_access *access, struct webhook_profile *p) {
    const struct webhook_secret *s = access->secrets.p;
    for (size_t i = 0; i < access->secrets.n && p->n_keys < WEBHOOK_SECRETS_MAX; i++) {
        struct key *key = &p->keys[p->n_keys++];
        struct str bytes = STR_NONE;
        if (webhook_secret_key(ctx->arena, s[i].secret, &bytes) != OK)
            return fail(ctx, E_DB, "a secret of a webhook is no such thing");
        memcpy(key->bytes, bytes.p, bytes.n);
        key->n = bytes.n;
        key->until = s[i].until;
    }
    return OK;
}

static void take_headers(const struct webhook_access *access, struct webhook_profile *p) {
    const struct webhook_header *h = access->headers.p;
    struct buf head = buf_in(p->arena, HEAD_MAX_BYTES);
    struct str host = STR_NONE, path = STR_NONE;
    web_url_split(p->arena, str_of(p->url), &host, &path);
    buf_printf(&head, "POST %.*s\nHost: %.*s\nContent-Type: application/json\n", STR_FMT(path), STR_FMT(host));
    p->headers = ARENA_ARRAY(p->arena, access->headers.n + 1, const char *);
    for (size_t i = 0; i < access->headers.n; i++) {
        /* libcurl takes "Name;" for a header without a value. */
        p->headers[p->n_headers++] = str_is_empty(h[i].value)
                                         ? arena_printf(p->arena, "%.*s;", STR_FMT(h[i].name)).p
                                         : arena_printf(p->arena, "%.*s: %.*s", STR_FMT(h[i].name), STR_FMT(h[i].value)).p;
        buf_printf(&head, "%.*s: (hidden)\n", STR_FMT(h[i].name));
    }
    p->head = buf_text(&head);
}

enum rc webhook_profile_new(struct ctx *ctx, const struct webhook_queue *queue, struct webhook_profile **ret_profile) {
    struct webhook_access access = { { 0 }, { 0 } };
    struct str before = ctx->account_id;
    ctx->account_id = queue->account_id;
    enum rc rc = webhook_access(ctx, queue->endpoint_id, &access);
    ctx->account_id = before;
    if (rc != OK)
        return rc;
    struct webhook_profile *p = MEM_NEW(struct webhook_profile);
    p->owners = 1;
    p->version = queue->version.v;
    p->arena = arena_new();
    p->url = arena_cstr(p->arena, queue->url);
    take_headers(&access, p);
    rc = take_keys(ctx, &access, p);
    if (rc != OK)
        webhook_profile_free(&p);
    else
        *ret_profile = p;
    return rc;
}

struct webhook_profile *webhook_profile_keep(struct webhook_profile *profile) {
    profile->owners++;
    return profile;
}

void webhook_profile_free(struct webhook_profile **profile) {
    struct webhook_profile *p = *profile;
    *profile = NULL;
    if (!p || --p->owners)
        return;
    arena_free(&p->arena);
    sodium_memzero(p, sizeof *p);
    mem_free(p);
}

const char *webhook_profile_url(const struct webhook_profile *profile) {
    return profile->url;
}

int64_t webhook_profile_version(const struct webhook_profile *profile) {
    return profile->version;
}

static void add_header(struct http_post *post, struct buf *line, struct buf *log) {
    buf_char(line, 0);
    http_post_header(post, line->p);
    if (log)
        buf_printf(log, "%s\n", line->p);
    buf_clear(line);
}

void webhook_profile_headers(const struct webhook_profile *p, struct http_post *post, struct str id, struct buf *log) {
    int64_t now = clock_now(&clock_system);
    const struct webhook_signed what = { id, post->body, now / SECOND_MS };
    struct buf line = buf_on_heap(HEADER_MAX_BYTES), signatures = buf_on_heap(HEADER_MAX_BYTES);
    buf_str(log, p->head);
    for (size_t i = 0; i < p->n_headers; i++)
        http_post_header(post, p->headers[i]);
    buf_printf(&line, "webhook-id: %.*s", STR_FMT(id));
    add_header(post, &line, log);
    buf_printf(&line, "webhook-timestamp: %lld", (long long) what.timestamp);
    add_header(post, &line, log);
    for (size_t i = 0; i < p->n_keys; i++)
        if (!p->keys[i].until.set || p->keys[i].until.v > now)
            webhook_sign(&signatures, &what, (struct str){ (const char *) p->keys[i].bytes, p->keys[i].n });
    buf_printf(&line, "webhook-signature: %.*s", STR_FMT(buf_text(&signatures)));
    add_header(post, &line, NULL);
    buf_done(&line);
    buf_done(&signatures);
}
