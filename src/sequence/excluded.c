#include "sequence/excluded.h"

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "json/reader.h"
#include "json/writer.h"
#include "sequence/progress.h"
#include "store/exclusions.h"
#include "store/services.h"

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

/* So many values are looked for, and so many leads removed, at a time: others write in between.
 * A request removes so many before it leaves the rest to a job. */
enum { VALUES_STEP = 5000, LEADS_STEP = 500, LEADS_OF_REQUEST = 2000, REST_MAX_BYTES = 8 * 1024 * 1024 };

struct removing {
    struct ctx *ctx; /* its arena is reset for each step */
    enum exclusion_kind kind;
    const struct job *job; /* NULL: it is none's work */
    size_t left;           /* so many leads may still be removed, or a step's more */
    struct strs ids;
    size_t removed; /* in this step */
};

static enum rc remove_work(struct ctx *ctx, void *arg) {
    struct removing *r = arg;
    struct list leads = { 0 };
    enum rc rc = r->job ? job_still_mine(ctx, r->job) : OK;
    r->removed = 0;
    if (rc == OK)
        rc = lead_plans_lock(ctx, r->ids, &leads);
    return rc == OK ? leads_remove_excluded(ctx, &leads, r->kind == EXCLUDED_EMAIL ? by_email : by_domain,
                                            &r->removed)
                    : rc;
}

static bool is_stopping(const struct removing *r) {
    const struct services *services = r->ctx->services;
    return r->job && services && services->jobs_stopping && services->jobs_stopping();
}

static enum rc remove_step(struct removing *r, struct strs values, bool *ret_more) {
    arena_reset(r->ctx->arena);
    r->ids = (struct strs){ 0 };
    r->removed = 0;
    *ret_more = false;
    if (is_stopping(r))
        return E_TIMEOUT;
    enum rc rc = leads_of_excluded(r->ctx, r->kind, values, LEADS_STEP, &r->ids);
    if (rc == OK && r->ids.n)
        rc = db_transact(r->ctx, remove_work, r);
    *ret_more = r->ids.n == LEADS_STEP && r->removed > 0;
    r->left -= r->removed < r->left ? r->removed : r->left;
    return rc;
}

static struct strs step_at(struct strs values, size_t at) {
    size_t left = values.n - at;
    return (struct strs){ values.p + at, left < VALUES_STEP ? left : VALUES_STEP };
}

/* *ret_done: of so many values, whole steps of them, no lead is left. What a step needs is gone
 * when it ends: a domain may have any number of leads. */
static enum rc remove_leads(struct removing *r, struct strs values, size_t *ret_done) {
    struct ctx *ctx = r->ctx;
    struct arena *kept = ctx->arena, *arena = arena_new();
    size_t at = 0;
    enum rc rc = OK;
    ctx->arena = arena;
    while (rc == OK && r->left && at < values.n) {
        bool more = false;
        rc = remove_step(r, step_at(values, at), &more);
        at += more ? 0 : VALUES_STEP;
    }
    struct str why = arena_str(kept, ctx->err.text); /* it lies on the arena */
    ctx_clear_error(ctx);
    ctx->arena = kept;
    arena_free(&arena);
    *ret_done = at;
    return rc == OK || !str_is_set(why) ? rc : fail(ctx, rc, "%.*s", STR_FMT(why));
}

enum rc excluded_remove_leads(struct ctx *ctx, enum exclusion_kind kind, struct strs values) {
    struct removing r = { .ctx = ctx, .kind = kind, .left = SIZE_MAX };
    size_t done = 0;
    return remove_leads(&r, values, &done);
}

/* --- the rest, as a job --- */

struct rest {
    struct str kind;
    struct strs values;
};
#define T struct rest
static const struct field rest_rows[] = {
    F_STR(T, kind, .flags = FIELD_REQUIRED, .doc = "domain or email."),
    F_STRS(T, values, .flags = FIELD_REQUIRED, .doc = "Those that were excluded."),
};
#undef T
static const struct fields rest_fields
    = FIELDS("ExcludedLeadsJob", struct rest, rest_rows, .doc = "Whose leads are to be removed.");

static enum rc enqueue(struct ctx *ctx, const struct rest *rest) {
    struct buf text = buf_on_heap(REST_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_fields(&w, &rest_fields, rest);
    enum rc rc = buf_result(&text);
    rc = rc == OK ? job_enqueue(ctx, EXCLUDED_LEADS_JOB, uuid_new(ctx->arena, ctx_now(ctx)), buf_text(&text))
                  : fail(ctx, rc, "a job's values");
    buf_done(&text);
    return rc;
}

/* A job for each step's values. */
static enum rc enqueue_work(struct ctx *ctx, void *arg) {
    const struct rest *all = arg;
    enum rc rc = OK;
    for (size_t at = 0; rc == OK && at < all->values.n; at += VALUES_STEP)
        rc = enqueue(ctx, &(struct rest){ all->kind, step_at(all->values, at) });
    return rc;
}

enum rc excluded_begin_removal(struct ctx *ctx, enum exclusion_kind kind, struct strs values) {
    struct removing r = { .ctx = ctx, .kind = kind, .left = LEADS_OF_REQUEST };
    size_t done = 0;
    enum rc rc = remove_leads(&r, values, &done);
    if (rc != OK || done >= values.n)
        return rc;
    struct rest rest = { kind == EXCLUDED_EMAIL ? STR("email") : STR("domain"),
                         { values.p + done, values.n - done } };
    rc = db_transact(ctx, enqueue_work, &rest);
    if (rc == OK && ctx->services && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    return rc;
}

/* Whoever begins it again finds only the leads that are left. */
enum rc excluded_leads_job(struct ctx *ctx, const struct job *job) {
    struct json_position at;
    struct rest rest = { .kind = STR_NONE };
    json_t *root = NULL;
    size_t done = 0;
    if (json_parse(ctx->arena, job->payload, &root, &at) != OK
        || json_read_fields(ctx, &rest_fields, root, STR(""), &rest) != OK)
        return fail(ctx, E_INVALID, "payload of the job");
    struct removing r = { .ctx = ctx, .job = job, .left = SIZE_MAX,
                          .kind = str_eq(rest.kind, STR("email")) ? EXCLUDED_EMAIL : EXCLUDED_DOMAIN };
    return remove_leads(&r, rest.values, &done);
}
