/* Any text as an address and as a host name: what is accepted keeps the limits, is accepted
 * again in its normal form, and stays the same. */
#include "base/check.h"
#include "net/host.h"
#include "verify/offline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(struct arena *arena, struct str text) {
    struct address a, again;
    if (address_parse(arena, text, &a) != ADDRESS_OK)
        return;
    ASSERT(a.local.n > 0 && a.local.n <= ADDRESS_LOCAL_MAX_BYTES);
    ASSERT(a.domain.n > 0 && a.text.n <= ADDRESS_MAX_BYTES);
    ASSERT(a.text.n == a.local.n + 1 + a.domain.n);
    /* nothing of it ends an SMTP command early */
    for (size_t i = 0; i < a.text.n; i++)
        ASSERT((unsigned char) a.text.p[i] >= 0x20 && a.text.p[i] != 0x7F);
    ASSERT(address_parse(arena, a.text, &again) == ADDRESS_OK);
    ASSERT(str_eq(a.text, again.text) && str_eq(a.domain, again.domain));
    ASSERT(a.is_quoted == again.is_quoted && a.is_utf8 == again.is_utf8);
    ASSERT(a.is_literal == again.is_literal && a.is_idn == again.is_idn);
}

static void check_host(struct arena *arena, struct str text) {
    struct str host, again;
    if (host_to_ascii(arena, text, &host) != HOST_OK)
        return;
    ASSERT(host.n > 0 && host.n <= HOST_MAX_BYTES);
    ASSERT(host_to_ascii(arena, host, &again) == HOST_OK && str_eq(host, again));
    struct str registrable = host_registrable(host);
    ASSERT(!str_is_set(registrable) || str_ends(host, registrable));
}

/* The lists are the embedded ones, made once. */
static void check_offline(struct arena *arena, struct str text) {
    static struct lists *lists;
    if (!lists)
        lists = lists_new();
    struct offline offline;
    verify_offline(lists, arena, text, &offline);
    struct findings findings = offline_findings(&offline);
    struct verdict verdict = verdict_of(&findings);
    ASSERT(verdict.result != RESULT_DELIVERABLE && !verdict.catch_all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    check_address(arena, text);
    check_host(arena, text);
    check_offline(arena, text);
    arena_free(&arena);
    return 0;
}
