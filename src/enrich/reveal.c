/* A lookup is a job whose subject is the person: one at a time per account, and its row
 * says afterwards that it was made. A provider that found nothing is asked again after
 * LOOKUP_AGAIN_MS at the earliest, one that could not be reached after LOOKUP_FAILED_MS.
 */
#include "enrich/reveal.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/vec.h"
#include "db/db.h"
#include "enrich/address_finder.h"
#include "enrich/provider.h"
#include "search/tags.h"
#include "store/credits.h"
#include "store/put.h"
#include "store/removals.h"
#include "store/services.h"

#define FOUND_AGAIN_MS  DAY_MS
#define LOOKUP_AGAIN_MS (7 * DAY_MS)
#define LOOKUP_FAILED_MS HOUR_MS

static const char job_name[] = "reveal";

/* --- charging --- */

/* What there is to pay for, in the order of the people. The three prices each have keys of
 * their own in the ledger. */
enum price { FOUND, EMAIL, PHONE, PRICES };
static const struct {
    enum credit_kind kind;
    int64_t halves;
} prices[PRICES] = {
    [FOUND] = { CREDIT_EMAIL, CREDIT_HALVES / 2 },
    [EMAIL] = { CREDIT_EMAIL, CREDIT_HALVES },
    [PHONE] = { CREDIT_PHONE, CREDIT_HALVES },
};

struct item {
    size_t person; /* which of the people */
    enum price price;
    struct str key;
};

struct bill {
    struct list items;   /* of struct item */
    struct list numbers; /* of struct phone_number: those of all the people */
    struct map due;      /* ids of the people whose finding is to be paid for */
    size_t paid;         /* how many of the people are paid for, from the first on */
};

static struct strs ids_of(struct arena *arena, struct person *const *people, size_t n) {
    struct strs ids = { 0 };
    for (size_t i = 0; i < n; i++)
        strs_add(arena, &ids, people[i]->id);
    return ids;
}

static enum rc find_due(struct ctx *ctx, struct strs ids, struct bill *bill) {
    static char present;
    struct strs due = { 0 };
    enum rc rc = credits_found_due(ctx, ids, ctx_now(ctx) - FOUND_AGAIN_MS, &due);
    bill->due = map_in(ctx->arena);
    for (size_t i = 0; i < due.n; i++)
        map_put(&bill->due, due.p[i], &present);
    return rc;
}

static void add_item(struct ctx *ctx, struct bill *bill, size_t person, enum price price,
                     struct str key) {
    struct item *item = list_add(ctx->arena, &bill->items, sizeof *item);
    *item = (struct item){ person, price, key };
}

/* The time makes tomorrow's key of a found person another. */
static void add_person(struct ctx *ctx, struct bill *bill, struct reveal what, size_t i,
                       const struct person *person) {
    if (map_get(&bill->due, person->id))
        add_item(ctx, bill, i, FOUND,
                 arena_printf(ctx->arena, "found:%.*s:%lld", STR_FMT(person->id),
                              (long long) ctx_now(ctx)));
    if (what.email && str_is_set(person->stored_email))
        add_item(ctx, bill, i, EMAIL,
                 arena_printf(ctx->arena, "email:%.*s", STR_FMT(person->id)));
    const struct phone_number *number = bill->numbers.p;
    for (size_t k = 0; k < bill->numbers.n; k++)
        if (str_eq(number[k].person_id, person->id))
            add_item(ctx, bill, i, PHONE,
                     arena_printf(ctx->arena, "phone:%.*s", STR_FMT(number[k].id)));
}

static enum rc make_bill(struct ctx *ctx, struct reveal what, struct person *const *people,
                         size_t n, struct bill *bill) {
    struct strs ids = ids_of(ctx->arena, people, n);
    enum rc rc = find_due(ctx, ids, bill);
    if (rc == OK && what.phone_numbers)
        rc = phone_numbers_of(ctx, ids, &bill->numbers);
    for (size_t i = 0; rc == OK && i < n; i++)
        add_person(ctx, bill, what, i, people[i]);
    bill->paid = n;
    return rc;
}

/* Cuts the bill before the first of the people whom `funds` do not suffice for. What was
 * paid for before, or is there twice, costs nothing. */
static enum rc cut_bill(struct ctx *ctx, struct credits funds, struct bill *bill) {
    static char present;
    struct credits left = funds;
    struct strs keys = { 0 }, paid = { 0 };
    const struct item *item = bill->items.p;
    for (size_t i = 0; i < bill->items.n; i++) {
        strs_add(ctx->arena, &keys, item[i].key);
        left.halves[prices[item[i].price].kind] -= prices[item[i].price].halves;
    }
    if (left.halves[CREDIT_EMAIL] >= 0 && left.halves[CREDIT_PHONE] >= 0)
        return OK;
    enum rc rc = credits_paid(ctx, keys, &paid);
    struct map free_keys = map_in(ctx->arena);
    for (size_t i = 0; i < paid.n; i++)
        map_put(&free_keys, paid.p[i], &present);
    left = funds;
    for (size_t i = 0; rc == OK && i < bill->items.n; i++) {
        if (map_put(&free_keys, item[i].key, &present))
            continue;
        int64_t *halves = &left.halves[prices[item[i].price].kind];
        *halves -= prices[item[i].price].halves;
        if (*halves < 0) {
            bill->paid = item[i].person;
            break;
        }
    }
    return rc;
}

/* Email credits before phone credits (store/credits.h). */
static enum rc pay_bill(struct ctx *ctx, struct person *const *people, const struct bill *bill) {
    struct strs keys[PRICES] = { 0 }, found_now = { 0 };
    const struct item *item = bill->items.p;
    for (size_t i = 0; i < bill->items.n && item[i].person < bill->paid; i++) {
        strs_add(ctx->arena, &keys[item[i].price], item[i].key);
        if (item[i].price == FOUND)
            strs_add(ctx->arena, &found_now, people[item[i].person]->id);
    }
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < PRICES; i++)
        rc = credits_charge_all(ctx, prices[i].kind, prices[i].halves, keys[i]);
    if (rc == OK && found_now.n)
        rc = credits_found_note(ctx, found_now);
    return rc;
}

/* E_REMOVED when one of them was removed since they were found: nobody pays for that. */
static enum rc hold_people(struct ctx *ctx, struct strs ids) {
    int64_t missing = 0;
    enum rc rc = removals_hold(ctx);
    if (rc == OK)
        rc = people_missing(ctx, ids, &missing);
    return rc == OK && missing ? E_REMOVED : rc;
}

/* The balances are locked: nobody else charges the account until this is done. */
static enum rc charge(struct ctx *ctx, struct reveal what, struct person *const *people, size_t n,
                      struct bill *bill) {
    struct credits funds;
    enum rc rc = hold_people(ctx, ids_of(ctx->arena, people, n));
    if (rc == OK)
        rc = credits_lock(ctx, &funds);
    if (rc == OK)
        rc = make_bill(ctx, what, people, n, bill);
    if (rc == OK)
        rc = cut_bill(ctx, funds, bill);
    return rc == OK ? pay_bill(ctx, people, bill) : rc;
}

enum rc reveal_in_transaction(struct ctx *ctx, struct reveal what, struct person *const *people,
                              size_t n, size_t *ret_paid) {
    struct bill bill = { 0 };
    enum rc rc = charge(ctx, what, people, n, &bill);
    if (rc == OK)
        *ret_paid = bill.paid;
    return rc;
}

struct reveal_work {
    struct reveal what;
    struct person *const *people;
    size_t n;
};

static void show(struct ctx *ctx, struct reveal what, struct person *person,
                 const struct list *numbers) {
    if (what.email)
        person->email = person->stored_email;
    person->phone_numbers = (struct list){ 0 };
    const struct phone_number *number = numbers->p;
    for (size_t i = 0; i < numbers->n; i++) {
        if (!str_eq(number[i].person_id, person->id))
            continue;
        struct phone_number *shown = list_add(ctx->arena, &person->phone_numbers, sizeof *shown);
        *shown = number[i];
    }
}

static enum rc reveal_work(struct ctx *ctx, void *arg) {
    const struct reveal_work *w = arg;
    struct bill bill = { 0 };
    enum rc rc = charge(ctx, w->what, w->people, w->n, &bill);
    if (rc == OK && bill.paid < w->n)
        return E_CREDITS; /* takes back what was charged */
    for (size_t i = 0; rc == OK && i < w->n; i++)
        show(ctx, w->what, w->people[i], &bill.numbers);
    return rc;
}

enum rc reveal_people(struct ctx *ctx, struct reveal what, struct person *const *people,
                      size_t n) {
    if (n == 0)
        return OK;
    enum rc rc = db_transact(ctx, reveal_work, &(struct reveal_work){ what, people, n });
    credits_changed(); /* once more, now that it is committed */
    return rc;
}

/* --- looking up --- */

static enum rc is_unknown(struct ctx *ctx, struct reveal what, const struct person *person,
                          bool *ret_unknown) {
    *ret_unknown = what.email && !str_is_set(person->stored_email);
    if (*ret_unknown || !what.phone_numbers)
        return OK;
    struct list numbers = { 0 };
    struct strs ids = { 0 };
    strs_add(ctx->arena, &ids, person->id);
    enum rc rc = phone_numbers_of(ctx, ids, &numbers);
    *ret_unknown = numbers.n == 0;
    return rc;
}

static enum rc enqueue_lookup(struct ctx *ctx, void *arg) {
    const struct person *person = arg;
    return job_enqueue(ctx, job_name, person->id, STR("{}"));
}

/* Whether the lookup that ended may be made again. */
static bool is_stale(const struct ctx *ctx, const struct job *job) {
    bool failed = str_eq(job->status, STR("failed"));
    return ctx_now(ctx) - job->finished_at.v >= (failed ? LOOKUP_FAILED_MS : LOOKUP_AGAIN_MS);
}

/* What the provider has told, in *person; E_TIMEOUT: it has not. `has_failed` while another
 * try is to come. */
static enum rc ask_provider(struct ctx *ctx, struct person *person, bool *ret_has_failed) {
    struct job job;
    *ret_has_failed = false;
    if (str_is_empty(ctx->services->reveal.provider_url))
        return OK;
    enum rc rc = job_by_subject(ctx, job_name, person->id, &job);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    *ret_has_failed = rc == OK && job.attempts.v > 0;
    if (rc == OK && !job.finished_at.set)
        return E_TIMEOUT;
    if (rc == OK && !is_stale(ctx, &job)) /* it may have ended after the person was read */
        return person_get(ctx, person->id, person);
    rc = db_transact(ctx, enqueue_lookup, person);
    if (rc == OK && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    return rc == OK ? E_TIMEOUT : rc;
}

/* What the company's mail servers have told; E_TIMEOUT: they are being asked. */
static enum rc find_address(struct ctx *ctx, struct person *person) {
    struct address_want want = { .person = person };
    enum rc rc = addresses_want(ctx, &want, 1, true);
    if (rc != OK || want.ret_state == ADDRESS_NONE)
        return rc;
    return want.ret_state == ADDRESS_PENDING ? E_TIMEOUT : person_get(ctx, person->id, person);
}

/* The servers are asked when the provider does not know, and while it is away. */
enum rc reveal_lookup(struct ctx *ctx, struct reveal what, struct person *person) {
    bool unknown, has_failed;
    enum rc rc = is_unknown(ctx, what, person, &unknown);
    if (rc != OK || !unknown)
        return rc;
    enum rc asked = ask_provider(ctx, person, &has_failed);
    bool may_find = asked == OK || (asked == E_TIMEOUT && has_failed);
    if (may_find && what.email && str_is_empty(person->stored_email))
        rc = find_address(ctx, person);
    return rc == OK ? asked : rc;
}

/* --- the job --- */

struct store_work {
    const struct job *job;
    const struct provider_answer *answer;
};

/* Whether the answer may be kept: not when its address is that of somebody who was removed
 * for privacy, because then this person is the one. */
static enum rc may_keep(struct ctx *ctx, const struct provider_answer *answer, bool *ret_may) {
    bool removed;
    enum rc rc = removal_exists(ctx, REMOVAL_EMAIL, answer->email, &removed);
    if (rc == OK)
        *ret_may = !removed;
    return rc;
}

/* The row as an import leaves it. An address that somebody else has is not this person's,
 * and one that is known stays; so does a row that it would make too long. */
enum rc reveal_keep_email(struct ctx *ctx, struct str id, struct str email,
                          enum email_kept *ret_kept) {
    struct person person, other;
    *ret_kept = EMAIL_NOT_KEPT;
    enum rc rc = person_get(ctx, id, &person);
    if (rc != OK || !str_is_set(email))
        return rc;
    if (str_is_set(person.email_key)) {
        *ret_kept = str_eq(person.email_key, email) ? EMAIL_KEPT : EMAIL_NOT_KEPT;
        return OK;
    }
    rc = person_by_email(ctx, email, &other);
    if (rc == OK)
        *ret_kept = EMAIL_TAKEN;
    if (rc != E_NOT_FOUND)
        return rc;
    person.stored_email = email;
    person.email_key = email;
    person.updated_at = opt_int(ctx_now(ctx));
    person_index(ctx->arena, &person);
    if (fields_bytes(&person_fields, &person) > STORED_ROW_MAX_BYTES)
        return OK;
    rc = people_put(ctx, (struct list){ &person, 1 });
    if (rc == OK)
        *ret_kept = EMAIL_KEPT;
    return rc;
}

/* What was found and the end of the job, together. */
static enum rc store_answer(struct ctx *ctx, void *arg) {
    const struct store_work *w = arg;
    bool may = false;
    enum email_kept kept;
    enum rc rc = removals_hold(ctx);
    if (rc == OK)
        rc = person_lock(ctx, w->job->subject);
    if (rc == E_NOT_FOUND) /* removed while the provider was asked: nothing may be kept */
        return job_done(ctx, w->job);
    if (rc == OK)
        rc = may_keep(ctx, w->answer, &may);
    if (rc == OK && may)
        rc = reveal_keep_email(ctx, w->job->subject, w->answer->email, &kept);
    if (rc == OK && may)
        rc = phone_numbers_put(ctx, w->answer->phone_numbers);
    return rc == OK ? job_done(ctx, w->job) : rc;
}

enum rc reveal_job(struct ctx *ctx, const struct job *job) {
    struct person person;
    enum rc rc = person_get(ctx, job->subject, &person);
    if (rc == E_NOT_FOUND)
        return OK; /* removed meanwhile: nothing to look for */
    struct provider_answer answer;
    if (rc == OK)
        rc = provider_ask(ctx, &person, &answer);
    if (rc != OK)
        return rc;
    rc = db_transact(ctx, store_answer, &(struct store_work){ job, &answer });
    return rc == E_CANCELED ? OK : rc;
}
