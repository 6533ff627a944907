/* Any bytes as a message that came in: it has a kind, a rule and texts of UTF-8; only a bounce has hard
 * recipients, and those for reasons of the address. */
#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "reply/inbound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct str s) {
    ASSERT(utf8_is_valid(s) && (!s.n || !memchr(s.p, '\0', s.n)));
}

static void check_bounce(const struct inbound *in, const struct bounce *bounce) {
    ASSERT(bounce->reason < BOUNCE_REASONS);
    ASSERT(!bounce->is_hard || in->kind == INBOUND_BOUNCE);
    ASSERT(!bounce->is_hard || bounce_reason_group(bounce->reason) == BOUNCE_OF_ADDRESS);
    ASSERT(bounce->code == 0 || (bounce->code >= 400 && bounce->code < 600));
    ASSERT(!str_is_set(bounce->recipient) || str_find(bounce->recipient, '@') < bounce->recipient.n);
    check_text(bounce->recipient);
    check_text(bounce->remote);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool started;
    if (!started)
        mime_start();
    started = true;
    struct arena *arena = arena_new();
    struct inbound in;
    inbound_read(arena, (struct str){ (const char *) data, size }, &in);
    const struct bounce *bounce = in.bounces.p;
    ASSERT(in.kind < INBOUND_KINDS && in.rule && str_is_set(in.text) && str_is_set(in.subject));
    check_text(in.text);
    check_text(in.last_message);
    check_text(in.snippet);
    check_text(in.evidence);
    check_text(in.original.recipient);
    for (size_t i = 0; i < in.bounces.n; i++)
        check_bounce(&in, &bounce[i]);
    arena_free(&arena);
    return 0;
}
