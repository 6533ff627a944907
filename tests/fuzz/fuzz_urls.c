/* Any text as a LinkedIn page, a domain and an email address: what is accepted must be
 * accepted again in its normal form, and stay the same. */
#include "base/check.h"
#include "data/urls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_linkedin(struct arena *arena, struct str text) {
    struct linkedin page, again;
    if (linkedin_parse(arena, text, &page) != OK)
        return;
    ASSERT(linkedin_parse(arena, page.url, &again) == OK);
    ASSERT(str_eq(page.key, again.key));
    ASSERT(str_eq(page.url, again.url));
}

static void check_domain(struct arena *arena, struct str text) {
    struct domain domain, again;
    if (domain_parse(arena, text, &domain) != OK)
        return;
    ASSERT(str_ends(domain.host, domain.registrable));
    ASSERT(domain_parse(arena, domain.registrable, &again) == OK);
    ASSERT(str_eq(domain.registrable, again.registrable));
    (void) domain_is_free_mail(&domain);
}

static void check_email(struct arena *arena, struct str text) {
    struct email email, again;
    if (email_parse(arena, text, &email) != OK)
        return;
    ASSERT(email_parse(arena, email.address, &again) == OK);
    ASSERT(str_eq(email.address, again.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    check_linkedin(arena, text);
    check_domain(arena, text);
    check_email(arena, text);
    arena_free(&arena);
    return 0;
}
