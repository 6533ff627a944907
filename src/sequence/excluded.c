#include "sequence/excluded.h"

#include "base/vec.h"
#include "sequence/progress.h"
#include "store/exclusions.h"

static const struct str by_email = { "excluded_email", 14 };
static const struct str by_domain = { "excluded_domain", 15 };

/* Somebody who excludes a domain means what is below it as well. */
struct strs excluding_domains(struct arena *arena, const struct email *email) {
    struct str registrable = email->domain.registrable, rest = email->domain.host;
    struct strs domains = { 0 };
    while (str_is_set(rest) && rest.n >= registrable.n) {
        strs_add(arena, &domains, rest);
        size_t dot = str_find(rest, '.');
        rest = dot < rest.n ? str_sub(rest, dot + 1, rest.n) : STR_NONE;
    }
    return domains;
}

static struct strs domains_of(struct arena *arena, struct str address) {
    struct email email;
    return email_parse(arena, address, &email) == OK ? excluding_domains(arena, &email)
                                                     : (struct strs){ 0 };
}

static void add_all(struct arena *arena, struct strs *all, struct strs some) {
    for (size_t i = 0; i < some.n; i++)
        strs_add(arena, all, some.p[i]);
}

static bool have_any(struct strs some, struct strs wanted) {
    for (size_t i = 0; i < wanted.n; i++)
        if (strs_have(some, wanted.p[i]))
            return true;
    return false;
}

enum rc excluded_among(struct ctx *ctx, struct strs emails, struct map *ret_reasons) {
    struct arena *arena = ctx->arena;
    struct strs domains = { 0 }, found_emails = { 0 }, found_domains = { 0 };
    for (size_t i = 0; i < emails.n; i++)
        add_all(arena, &domains, domains_of(arena, emails.p[i]));
    *ret_reasons = map_in(arena);
    enum rc rc = emails.n ? exclusions_among(ctx, EXCLUDED_EMAIL, emails, &found_emails) : OK;
    if (rc == OK && domains.n)
        rc = exclusions_among(ctx, EXCLUDED_DOMAIN, domains, &found_domains);
    for (size_t i = 0; rc == OK && i < found_emails.n; i++)
        (void) map_put(ret_reasons, found_emails.p[i], (void *) (uintptr_t) &by_email);
    for (size_t i = 0; rc == OK && found_domains.n && i < emails.n; i++)
        if (!map_get(ret_reasons, emails.p[i])
            && have_any(found_domains, domains_of(arena, emails.p[i])))
            (void) map_put(ret_reasons, emails.p[i], (void *) (uintptr_t) &by_domain);
    return rc;
}

enum rc excluded_reason(struct ctx *ctx, struct str email, struct str *ret_reason) {
    enum exclusion_kind kind = EXCLUDED_EMAIL;
    *ret_reason = STR_NONE;
    if (!str_is_set(email))
        return OK;
    enum rc rc = exclusion_of_address(ctx, email, domains_of(ctx->arena, email), &kind);
    if (rc == OK)
        *ret_reason = kind == EXCLUDED_EMAIL ? by_email : by_domain;
    return rc == E_NOT_FOUND ? OK : rc;
}

/* --- leads --- */

/* So many values are looked for, and so many leads removed, at a time: others write in between. */
enum { VALUES_STEP = 5000, LEADS_STEP = 500 };

struct removing {
    struct ctx *ctx; /* its arena is reset for each step */
    enum exclusion_kind kind;
    struct strs ids;
    size_t removed;
};

static enum rc remove_work(struct ctx *ctx, void *arg) {
    struct removing *r = arg;
    struct list leads = { 0 };
    enum rc rc = lead_plans_lock(ctx, r->ids, &leads);
    r->removed = 0;
    return rc == OK ? leads_remove_excluded(ctx, &leads, r->kind == EXCLUDED_EMAIL ? by_email : by_domain,
                                            &r->removed)
                    : rc;
}

static enum rc remove_step(struct removing *r, struct strs values, bool *ret_more) {
    arena_reset(r->ctx->arena);
    r->ids = (struct strs){ 0 };
    enum rc rc = leads_of_excluded(r->ctx, r->kind, values, LEADS_STEP, &r->ids);
    r->removed = 0;
    if (rc == OK && r->ids.n)
        rc = db_transact(r->ctx, remove_work, r);
    *ret_more = r->ids.n == LEADS_STEP && r->removed > 0;
    return rc;
}

/* What a step needs is gone when it ends: a domain may have any number of leads. */
enum rc excluded_remove_leads(struct ctx *ctx, enum exclusion_kind kind, struct strs values) {
    struct arena *kept = ctx->arena, *arena = arena_new();
    struct removing r = { .ctx = ctx, .kind = kind };
    enum rc rc = OK;
    ctx->arena = arena;
    for (size_t at = 0; rc == OK && at < values.n; at += VALUES_STEP) {
        size_t left = values.n - at;
        bool more = true;
        while (rc == OK && more)
            rc = remove_step(&r, (struct strs){ values.p + at, left < VALUES_STEP ? left : VALUES_STEP }, &more);
    }
    struct str why = arena_str(kept, ctx->err.text); /* it lies on the arena */
    ctx_clear_error(ctx);
    ctx->arena = kept;
    arena_free(&arena);
    return rc == OK ? OK : fail(ctx, rc, "%.*s", STR_FMT(why));
}
