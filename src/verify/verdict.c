/* The stages in their order: form, lists, DNS, probe. Each has a table from what it found
 * to a reason, with REASON_NONE where the next stage decides; the reason has the result. */
#include <arpa/inet.h>
#include <string.h>

#include "base/check.h"
#include "net/address.h"
#include "verify/verdict.h"

static const struct reason_facts facts[] = {
#define REASON(name, result, word, detail, sentence) { RESULT_##result, word, detail, sentence },
#include "verify/reasons.def"
#undef REASON
};

enum { REASON_NONE = LENGTH(facts) }; /* nothing decided yet */

const struct reason_facts *reason_facts(enum reason reason) {
    return &facts[(size_t) reason < LENGTH(facts) ? reason : REASON_INTERNAL];
}

const char *verify_result_name(enum verify_result result) {
    static const char *const names[] = { "deliverable", "risky", "unknown", "undeliverable" };
    return names[(size_t) result < LENGTH(names) ? result : RESULT_UNKNOWN];
}

/* --- form and lists --- */

/* "[192.0.2.1]", "[IPv6:::1]" */
static bool literal_is_public(struct str domain) {
    struct str ip = str_sub(domain, 1, domain.n - 1);
    if (str_starts_nocase(ip, STR("IPv6:")))
        ip = str_sub(ip, 5, ip.n);
    return address_text_is_public(ip);
}

static unsigned of_form(const struct findings *f) {
    const struct address *address = f->address;
    if (f->fault != ADDRESS_OK || !address)
        return REASON_SYNTAX;
    if (address->is_literal)
        return literal_is_public(address->domain) ? REASON_ADDRESS_LITERAL : REASON_NOT_PUBLIC;
    if (f->is_special_use)
        return REASON_SPECIAL_USE;
    if (address->is_numeric)
        return REASON_NUMERIC;
    return address->is_dotless ? REASON_DOTLESS : REASON_NONE;
}

/* --- DNS --- */

static const unsigned of_domain[] = {
    [DOMAIN_UNASKED] = REASON_NONE,
    [DOMAIN_HAS_MX] = REASON_NONE,
    [DOMAIN_IMPLICIT_MX] = REASON_NONE,
    [DOMAIN_NXDOMAIN] = REASON_NO_DOMAIN,
    [DOMAIN_NULL_MX] = REASON_NULL_MX,
    [DOMAIN_NO_SERVER] = REASON_NO_SERVER,
    [DOMAIN_NOT_PUBLIC] = REASON_NOT_PUBLIC,
    [DOMAIN_FAILED] = REASON_NONE, /* below lists: a disposable domain stays one */
};

/* --- probe --- */

static const unsigned of_probe[] = {
    [PROBE_NONE] = REASON_NOT_PROBED,
    [PROBE_ANSWERED] = REASON_NONE,
    [PROBE_NO_CONNECT] = REASON_NO_CONNECT,
    [PROBE_TIMEOUT] = REASON_TIMEOUT,
    [PROBE_BROKEN] = REASON_PROTOCOL,
};

/* When nothing more is tried. */
static const unsigned of_reply[] = {
    [REPLY_ACCEPTED] = REASON_NONE,
    [REPLY_CANNOT_VERIFY] = REASON_CANNOT_VERIFY,
    [REPLY_USER_UNKNOWN] = REASON_USER_UNKNOWN,
    [REPLY_DISABLED] = REASON_DISABLED,
    [REPLY_FULL] = REASON_FULL,
    [REPLY_MAILBOX_BUSY] = REASON_NONE,
    [REPLY_NO_MAIL] = REASON_NULL_MX,
    [REPLY_RELAY_DENIED] = REASON_POLICY,
    [REPLY_GREYLISTED] = REASON_GREYLISTED,
    [REPLY_BUSY] = REASON_BUSY,
    [REPLY_MANY_RECIPIENTS] = REASON_BUSY,
    [REPLY_NEEDS_TLS] = REASON_POLICY,
    [REPLY_NEEDS_UTF8] = REASON_NO_UTF8,
    [REPLY_BLOCKED] = REASON_BLOCKED,
    [REPLY_POLICY] = REASON_POLICY,
    [REPLY_PROTOCOL] = REASON_PROTOCOL,
    [REPLY_BARE] = REASON_UNMATCHED,
    [REPLY_UNMATCHED] = REASON_UNMATCHED,
};

/* The mailbox is accepted, or was named as one that exists. */
static const unsigned of_accepted[][CATCH_ALL_UNCLEAR + 1] = {
    [TRUST_TESTED] = { [CATCH_ALL_UNTESTED] = REASON_UNCERTAIN,
                       [CATCH_ALL_NO] = REASON_ACCEPTED,
                       [CATCH_ALL_YES] = REASON_CATCH_ALL,
                       [CATCH_ALL_UNCLEAR] = REASON_UNCERTAIN },
    [TRUST_YES] = { [CATCH_ALL_UNTESTED] = REASON_ACCEPTED,
                    [CATCH_ALL_NO] = REASON_ACCEPTED,
                    [CATCH_ALL_YES] = REASON_CATCH_ALL,
                    [CATCH_ALL_UNCLEAR] = REASON_ACCEPTED },
    /* that random names are accepted there proves nothing */
    [TRUST_AFTER_DATA] = { REASON_AFTER_DATA, REASON_AFTER_DATA, REASON_AFTER_DATA,
                           REASON_AFTER_DATA },
};

static unsigned of_answer(const struct findings *f) {
    if (f->probe == PROBE_NONE && f->domain == DOMAIN_UNASKED)
        return REASON_NOT_CHECKED;
    if (of_probe[f->probe] != REASON_NONE)
        return of_probe[f->probe];
    if (f->reply == REPLY_RELAY_DENIED && f->every_mx)
        return REASON_RELAY_DENIED;
    if (f->reply == REPLY_BARE && f->bare_rejects)
        return REASON_USER_UNKNOWN;
    return of_reply[f->reply] != REASON_NONE
               ? of_reply[f->reply]
               : of_accepted[provider_facts(f->provider)->trust][f->catch_all];
}

static unsigned reason_of(const struct findings *f) {
    unsigned reason = of_form(f);
    if (reason == REASON_NONE)
        reason = of_domain[f->domain];
    if (reason == REASON_NONE && f->is_disposable)
        reason = REASON_DISPOSABLE;
    if (reason == REASON_NONE && f->domain == DOMAIN_FAILED)
        reason = REASON_DNS_FAILED;
    return reason == REASON_NONE ? of_answer(f) : reason;
}

struct verdict verdict_of(const struct findings *findings) {
    enum reason reason = (enum reason) reason_of(findings);
    bool proven = findings->catch_all == CATCH_ALL_YES
                  && provider_facts(findings->provider)->trust != TRUST_AFTER_DATA;
    return (struct verdict){
        .result = facts[reason].result,
        .catch_all = proven && (reason == REASON_CATCH_ALL || reason == REASON_DISPOSABLE),
        .reason = reason,
    };
}
