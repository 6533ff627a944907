/* The store of lead lists and their job, on both engines: what an entry shows, adding while
 * the job runs, status that follows the validations, each entry and each charge once, and
 * that nothing of a removed person stays. */
#include "account.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/vec.h"
#include "enrich/lead_list.h"
#include "import/leads.h"
#include "store/credits.h"
#include "store/jobs.h"
#include "store/lead_entries.h"
#include "store/lead_lists.h"
#include "store/put.h"
#include "store/secrets.h"
#include "store/services.h"
#include "store/users.h"
#include "store/validation_work.h"
#include "store/validations.h"

enum { PEOPLE = 5, GRANTED = 100 };

static struct services services;
static struct secrets *secrets;

static enum rc put_work(struct ctx *ctx, void *arg) {
    (void) arg;
    struct list people = { 0 }, numbers = { 0 };
    for (int n = 0; n < PEOPLE; n++) {
        struct person *p = list_add(ctx->arena, &people, sizeof *p);
        *p = (struct person){
            .id = arena_printf(ctx->arena, "person-%d", n),
            .name = arena_printf(ctx->arena, "Pat Number%d", n),
            .name_key = arena_printf(ctx->arena, "number%d pat", n),
            .first_name = STR("Pat"),
            .linkedin_url = arena_printf(ctx->arena, "https://www.linkedin.com/in/pat-%d", n),
            .linkedin_key = arena_printf(ctx->arena, "in/pat-%d", n),
            .stored_email = arena_printf(ctx->arena, "pat%d@example.com", n),
            .email_key = arena_printf(ctx->arena, "pat%d@example.com", n),
            .tags = STR("npat"), .rank = opt_int(n),
        };
        *(struct phone_number *) list_add(ctx->arena, &numbers, sizeof(struct phone_number))
            = (struct phone_number){ .id = arena_printf(ctx->arena, "phone-%d", n),
                                     .person_id = p->id,
                                     .number = arena_printf(ctx->arena, "+4930%d", n) };
    }
    enum rc rc = people_put(ctx, people);
    return rc == OK ? phone_numbers_put(ctx, numbers) : rc;
}

static struct lead_list template_of(struct ctx *ctx, const char *type) {
    struct page_of users;
    assert_ok(ctx, users_list(ctx, &(struct user_filter){ 0 }, &(struct page){ .size = 1 }, &users));
    return (struct lead_list){ .name = STR("List"), .type = str_of(type), .shared = YES,
                               .owner_id = ((const struct user *) users.items.p)->id,
                               .visible = YES, .validate_email = YES, .enrich = YES };
}

static struct ctx *start(void **state) {
    struct ctx *ctx = account_start(state);
    const struct user_new admin = { .email = STR("a@one.example"), .first_name = STR("A"),
                                    .last_name = STR("B"), .role = STR("admin") };
    struct user user;
    char folder[] = "/tmp/outrider-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(ctx->arena, "%s/key", folder).p;
    assert_ok(ctx, secrets_load(ctx, path, &secrets));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    services = (struct services){ .secrets = secrets };
    ctx->services = &services;
    assert_ok(ctx, user_create(ctx, &admin, &user));
    assert_ok(ctx, db_transact(ctx, put_work, NULL));
    assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, GRANTED));
    assert_ok(ctx, credits_grant(ctx, CREDIT_PHONE, GRANTED));
    return ctx;
}

static void end(struct ctx *ctx) {
    ctx->services = NULL;
    secrets_free(&secrets);
}

/* Leads by profile: pat-FROM to pat-TO. */
static struct list profiles(struct ctx *ctx, int from, int to) {
    struct list leads = { 0 };
    for (int n = from; n <= to; n++)
        ((struct lead *) list_add(ctx->arena, &leads, sizeof(struct lead)))->linkedin_url
            = arena_printf(ctx->arena, "linkedin.com/in/Pat-%d/", n);
    return leads;
}

static struct lead_list create(struct ctx *ctx, const struct lead_list *wanted, struct list leads) {
    struct lead_list list;
    assert_ok(ctx, lead_list_create(ctx, wanted, leads, &list));
    assert_int_equal(list.total.v, leads.n);
    assert_str(list.status, "queued");
    return list;
}

static struct job claim_job(struct ctx *ctx) {
    struct list jobs = { 0 };
    assert_ok(ctx, jobs_claim(ctx, &(struct job_claim){ STR("me"), 10000, 50, true }, &jobs));
    assert_int_equal(jobs.n, 1);
    return *(const struct job *) jobs.p;
}

static void run_job(struct ctx *ctx) {
    struct job job = claim_job(ctx);
    assert_ok(ctx, lead_list_job(ctx, &job));
    assert_ok(ctx, job_by_subject(ctx, lead_list_job_name, job.subject, &job));
    assert_str(job.status, "done");
}

/* All addresses that wait are deliverable. How many there were. */
static size_t validate(struct ctx *ctx) {
    struct validation_claim claim = { .owner = STR("v"), .lease_ms = 10000, .blocks_max = 20,
                                      .validations_max = 50 };
    struct list blocks = { 0 };
    size_t n = 0;
    assert_ok(ctx, validation_blocks_claim(ctx, &claim, &blocks));
    struct validation_block *block = blocks.p;
    for (size_t i = 0; i < blocks.n; i++) {
        struct list emails = { 0 }, findings = { 0 };
        assert_ok(ctx, validation_block_emails(ctx, &block[i], &emails));
        const struct validation_email *email = emails.p;
        for (size_t k = 0; k < emails.n; k++, n++)
            *(struct validation_finding *) list_add(ctx->arena, &findings,
                                                    sizeof(struct validation_finding))
                = (struct validation_finding){ .block = block[i].block, .key = email[k].key,
                                               .email = email[k].email,
                                               .result = STR("deliverable"),
                                               .catch_all = NO };
        assert_ok(ctx, validation_store(ctx, &block[i], findings,
                                        (struct ints){ &block[i].block.v, 1 }));
    }
    return n;
}

static void assert_status(struct ctx *ctx, struct str id, const char *status) {
    struct lead_list list;
    assert_ok(ctx, lead_list_get(ctx, id, &list));
    assert_str(list.status, status);
}

static void assert_balance(struct ctx *ctx, int64_t email_halves, int64_t phone_halves) {
    struct credits credits;
    assert_ok(ctx, credits_balance(ctx, &credits));
    assert_int_equal(credits.halves[CREDIT_EMAIL], email_halves);
    assert_int_equal(credits.halves[CREDIT_PHONE], phone_halves);
}

static const struct lead_entry *entries(struct ctx *ctx, struct str id, size_t n) {
    struct page_of page;
    assert_ok(ctx, lead_entries_page(ctx, id, &(struct page){ .size = 100 }, &page));
    assert_int_equal(page.items.n, n);
    return page.items.p;
}

static void test_whole_life(void **state) {
    struct ctx *ctx = start(state);
    struct lead_list wanted = template_of(ctx, "linkedin");
    wanted.reveal_phone_numbers = YES;
    struct list leads = profiles(ctx, 1, PEOPLE); /* the last is nobody's */
    *(struct lead *) list_add(ctx->arena, &leads, sizeof(struct lead)) = *(struct lead *) leads.p;
    struct lead_list list = create(ctx, &wanted, leads);
    assert_str(list.owner, "a@one.example");
    run_job(ctx);
    assert_status(ctx, list.id, "processing");
    struct lead_list_left left;
    assert_ok(ctx, lead_list_left(ctx, list.id, &left));
    assert_int_equal(left.entries.v, 0);
    assert_int_equal(left.addresses.v, PEOPLE - 1);
    struct page_of validations;
    assert_ok(ctx, validations_list(ctx, &(struct page){ .size = 10 }, &validations));
    assert_int_equal(validations.items.n, 0); /* it is not the account's own */
    assert_int_equal(validate(ctx), PEOPLE - 1);
    assert_status(ctx, list.id, "completed");
    const struct lead_entry *entry = entries(ctx, list.id, PEOPLE + 1);
    for (int i = 0; i <= PEOPLE; i++) {
        bool found = i != PEOPLE - 1;
        assert_int_equal(str_is_set(entry[i].person_id), found);
        assert_int_equal(str_is_set(entry[i].email), found);
        assert_int_equal(str_is_set(entry[i].result), found);
        assert_int_equal(entry[i].phone_numbers.n, found);
    }
    assert_str(entry[PEOPLE].email, "pat1@example.com");
    assert_str(entry[PEOPLE - 1].linkedin_url, "linkedin.com/in/Pat-5/");
    /* Found, revealed, validated: five halves for each person, whoever asks for them twice. */
    assert_balance(ctx, GRANTED - 5 * (PEOPLE - 1), GRANTED - 2 * (PEOPLE - 1));
    end(ctx);
}

static void test_adding(void **state) {
    struct ctx *ctx = start(state);
    struct lead_list wanted = template_of(ctx, "linkedin");
    struct lead_list list = create(ctx, &wanted, profiles(ctx, 0, 0)), now;
    size_t added = 0;
    struct job job = claim_job(ctx);
    assert_ok(ctx, lead_list_add(ctx, list.id, profiles(ctx, 1, 1), &now, &added));
    assert_int_equal(added, 1);
    assert_ok(ctx, lead_list_job(ctx, &job));
    assert_int_equal(validate(ctx), 2);
    assert_status(ctx, list.id, "completed");
    assert_ok(ctx, lead_list_add(ctx, list.id, profiles(ctx, 0, 2), &now, &added));
    assert_str(now.status, "queued");
    assert_int_equal(now.total.v, 5);
    run_job(ctx);
    assert_int_equal(validate(ctx), 1); /* the others have their results */
    assert_status(ctx, list.id, "completed");
    const struct lead_entry *entry = entries(ctx, list.id, 5);
    for (int i = 0; i < 5; i++)
        assert_str(entry[i].result, "deliverable");
    assert_balance(ctx, GRANTED - 5 * 3, GRANTED);
    end(ctx);
}

static void test_cancel(void **state) {
    struct ctx *ctx = start(state);
    struct lead_list wanted = template_of(ctx, "linkedin");
    struct lead_list list = create(ctx, &wanted, profiles(ctx, 0, 1)), now;
    size_t added;
    struct job job = claim_job(ctx);
    assert_ok(ctx, lead_list_cancel(ctx, list.id, &now));
    assert_str(now.status, "canceled");
    assert_rc(ctx, lead_list_job(ctx, &job), E_CANCELED);
    assert_rc(ctx, lead_list_add(ctx, list.id, profiles(ctx, 2, 2), &now, &added), E_CONFLICT);
    assert_balance(ctx, GRANTED, GRANTED);
    list = create(ctx, &wanted, profiles(ctx, 0, 1));
    run_job(ctx);
    assert_ok(ctx, lead_list_cancel(ctx, list.id, &now)); /* while addresses are validated */
    assert_int_equal(validate(ctx), 0);
    assert_status(ctx, list.id, "canceled");
    assert_rc(ctx, lead_list_cancel(ctx, STR("none"), &now), E_NOT_FOUND);
    assert_balance(ctx, GRANTED - 3 * 2, GRANTED);
    end(ctx);
}

/* Whoever lost the lease stores and charges nothing. */
static void test_somebody_elses_job(void **state) {
    struct ctx *ctx = start(state);
    struct lead_list wanted = template_of(ctx, "linkedin");
    struct lead_list list = create(ctx, &wanted, profiles(ctx, 0, 1));
    struct job job = claim_job(ctx), stale = job;
    stale.lease_owner = STR("they");
    assert_rc(ctx, lead_list_job(ctx, &stale), E_CANCELED);
    assert_balance(ctx, GRANTED, GRANTED);
    assert_status(ctx, list.id, "processing");
    assert_ok(ctx, lead_list_job(ctx, &job));
    assert_int_equal(validate(ctx), 2);
    assert_status(ctx, list.id, "completed");
    end(ctx);
}

static enum rc spend_work(struct ctx *ctx, void *arg) {
    const int64_t *halves = arg;
    return credits_charge(ctx, CREDIT_PHONE, *halves, STR("phone:elsewhere"));
}

static void spend_phone_credits(struct ctx *ctx, int64_t halves) {
    assert_ok(ctx, db_transact(ctx, spend_work, &halves));
}

static void test_credits(void **state) {
    struct ctx *ctx = start(state);
    struct account poor;
    struct user user;
    assert_ok(ctx, account_create(ctx, STR("Poor"), &poor));
    ctx->account_id = poor.id;
    assert_ok(ctx, user_create(ctx, &(struct user_new){ .email = STR("p@poor.example"),
                                                        .first_name = STR("P"), .last_name = STR("Q"),
                                                        .role = STR("admin") }, &user));
    struct lead_list wanted = template_of(ctx, "linkedin"), list;
    assert_rc(ctx, lead_list_create(ctx, &wanted, profiles(ctx, 0, 3), &list), E_CREDITS);
    assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, 7)); /* two people, and a half */
    list = create(ctx, &wanted, profiles(ctx, 0, 3));
    run_job(ctx);
    assert_ok(ctx, lead_list_get(ctx, list.id, &list));
    assert_str(list.status, "canceled");
    assert_str(list.error_code, "insufficient_credits");
    const struct lead_entry *entry = entries(ctx, list.id, 4);
    assert_str(entry[1].email, "pat1@example.com");
    assert_false(str_is_set(entry[2].email) || str_is_set(entry[2].person_id));
    assert_balance(ctx, 1, 0);
    assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, 1));
    wanted = template_of(ctx, "email");
    struct list leads = { 0 };
    for (int i = 0; i < 2; i++)
        ((struct lead *) list_add(ctx->arena, &leads, sizeof(struct lead)))->email
            = arena_printf(ctx->arena, "x%d@example.com", i);
    list = create(ctx, &wanted, leads);
    run_job(ctx);
    (void) validate(ctx);
    assert_ok(ctx, lead_list_get(ctx, list.id, &list));
    assert_str(list.status, "canceled");
    assert_str(list.error_code, "insufficient_credits");
    assert_balance(ctx, 0, 0);
    end(ctx);
}

/* The credits end while earlier leads of the list are validated: nothing of it goes on. */
static void test_credits_end_in_the_middle(void **state) {
    struct ctx *ctx = start(state);
    struct lead_list wanted = template_of(ctx, "linkedin"), now;
    wanted.reveal_phone_numbers = YES;
    struct lead_list list = create(ctx, &wanted, profiles(ctx, 0, 0));
    size_t added;
    run_job(ctx);
    assert_balance(ctx, GRANTED - 3, GRANTED - 2);
    spend_phone_credits(ctx, GRANTED - 2);
    assert_ok(ctx, lead_list_add(ctx, list.id, profiles(ctx, 1, 1), &now, &added));
    run_job(ctx);
    assert_status(ctx, list.id, "canceled");
    assert_int_equal(validate(ctx), 0);
    assert_balance(ctx, GRANTED - 3, 0);
    end(ctx);
}

static enum rc remove_work(struct ctx *ctx, void *arg) {
    enum rc rc = removals_begin(ctx);
    return rc == OK ? person_remove(ctx, arg) : rc;
}

static int64_t validated(struct ctx *ctx, struct str key) {
    static const struct query query
        = { "validated", "SELECT count(*) FROM validation_emails WHERE key = $1", NULL };
    int64_t n;
    assert_ok(ctx, db_get_int(ctx, &query, DB_ARGS(db_v_text(key)), &n));
    return n;
}

/* Another account asks about the address, whoever has it. */
static void validate_elsewhere(struct ctx *ctx, struct str email) {
    struct account other;
    struct validation v;
    struct ctx theirs = *ctx;
    assert_ok(ctx, account_create(ctx, STR("Elsewhere"), &other));
    theirs.account_id = other.id;
    assert_ok(&theirs, credits_grant(&theirs, CREDIT_EMAIL, 2));
    assert_ok(&theirs, validation_create(&theirs, (struct strs){ &email, 1 }, &v));
    assert_int_equal(validate(ctx), 1);
}

static bool is_erased(const struct lead_entry *e) {
    const struct str texts[] = { e->email, e->person_id, e->linkedin_url, e->first_name,
                                 e->last_name, e->company_name, e->title, e->data, e->result };
    for (size_t i = 0; i < LENGTH(texts); i++)
        if (str_is_set(texts[i]))
            return false;
    return e->phone_numbers.n == 0;
}

/* Found before they were removed, asked for in each way before and after. */
static void test_removals(void **state) {
    struct ctx *ctx = start(state);
    struct lead_list found_list = template_of(ctx, "linkedin"), wanted = template_of(ctx, "adaptive");
    struct person person;
    struct list both = profiles(ctx, 0, 1);
    ((struct lead *) both.p)->email = STR("Private@home.example");
    found_list = create(ctx, &found_list, both);
    run_job(ctx);
    assert_int_equal(validate(ctx), 2);
    validate_elsewhere(ctx, STR("private@home.example"));
    assert_int_equal(validated(ctx, STR("private@home.example")), 2);
    struct lead leads[] = {
        { .linkedin_url = STR("https://www.linkedin.com/in/pat-0") },
        { .email = STR("PAT0@example.com"), .data = STR("{\"a\":1}") },
        { .email = STR("pat2@example.com") },
    };
    struct list some = { leads, LENGTH(leads) };
    struct lead_list before = create(ctx, &wanted, some);
    assert_ok(ctx, person_get(ctx, STR("person-0"), &person));
    assert_ok(ctx, db_transact(ctx, remove_work, &person));
    assert_int_equal(validated(ctx, STR("private@home.example")), 1); /* nothing says that it is theirs */
    struct lead_list after = create(ctx, &wanted, some);
    for (int i = 0; i < 2; i++) {
        struct list jobs = { 0 };
        assert_ok(ctx, jobs_claim(ctx, &(struct job_claim){ STR("me"), 10000, 1, true }, &jobs));
        assert_ok(ctx, lead_list_job(ctx, jobs.p));
    }
    const struct lead_entry *entry = entries(ctx, found_list.id, 2);
    assert_true(is_erased(&entry[0]) && !is_erased(&entry[1]));
    const struct str ids[] = { before.id, after.id };
    for (size_t i = 0; i < LENGTH(ids); i++) {
        entry = entries(ctx, ids[i], 3);
        assert_true(is_erased(&entry[0]) && is_erased(&entry[1]));
        assert_str(entry[2].person_id, "person-2");
    }
    end(ctx);
}

static void test_new_leads(void **state) {
    struct ctx *ctx = start(state);
    struct lead there[] = {
        { .linkedin_url = STR("linkedin.com/in/One"), .email = STR("one@example.com") },
        { .email = STR("Two@Example.com") },
        { .first_name = STR("Ann"), .last_name = STR("Lee"), .company_name = STR("Acme Inc") },
        { .title = STR("CEO"), .company_name = STR("Acme") },
    };
    struct lead more[] = {
        { .linkedin_url = STR("https://de.linkedin.com/in/one/") },             /* there */
        { .email = STR("two@example.com"), .title = STR("CFO") },               /* there */
        { .first_name = STR("ann"), .last_name = STR("LEE"), .company_name = STR("ACME") }, /* there */
        { .title = STR("CEO"), .company_name = STR("Acme") },                   /* there */
        { .title = STR("CEO"), .company_name = STR("Acme"), .company_domain = STR("acme.org") },
        { .email = STR("three@example.com") },
        { .email = STR("THREE@example.com") },                                  /* as before */
        { .linkedin_url = STR("linkedin.com/in/two"), .email = STR("two@example.com") },
    };
    struct lead_list wanted = template_of(ctx, "adaptive");
    struct lead_list list = create(ctx, &wanted, (struct list){ there, LENGTH(there) });
    struct ints fresh = { 0 };
    assert_ok(ctx, lead_entries_new(ctx, list.id, (struct list){ more, LENGTH(more) }, &fresh));
    static const int64_t expected[] = { 4, 5, 7 };
    assert_int_equal(fresh.n, LENGTH(expected));
    for (size_t i = 0; i < fresh.n; i++)
        assert_int_equal(fresh.p[i], expected[i]);
    assert_ok(ctx, lead_list_named(ctx, STR("List"), &list));
    assert_rc(ctx, lead_list_named(ctx, STR("Other"), &list), E_NOT_FOUND);
    end(ctx);
}

static enum rc fill_work(struct ctx *ctx, void *arg) {
    (void) arg;
    return db_script(ctx, "fill", "UPDATE lead_lists SET total = 59999");
}

/* A file's rows: those that are there, those that are new, and those that have no room. */
static void test_import(void **state) {
    struct ctx *ctx = start(state);
    struct lead_list into = template_of(ctx, "adaptive"), list;
    struct lead_row rows[5] = {
        { .lead.email = STR("a@example.com") }, { .lead.first_name = STR("Nobody") },
        { .lead.email = STR("b@example.com") }, { .lead.email = STR("c@example.com") },
        { .lead.email = STR("A@example.com") },
    };
    assert_ok(ctx, import_leads(ctx, &into, rows + 1, 1));
    assert_int_equal(rows[1].result, ROW_REJECTED);
    assert_rc(ctx, lead_list_named(ctx, STR("List"), &list), E_NOT_FOUND); /* nothing to make it for */
    assert_ok(ctx, import_leads(ctx, &into, rows, 1));
    assert_int_equal(rows[0].result, ROW_NEW);
    assert_ok(ctx, db_transact(ctx, fill_work, NULL));
    assert_ok(ctx, import_leads(ctx, &into, rows, LENGTH(rows)));
    static const enum row_result results[]
        = { ROW_UNCHANGED, ROW_REJECTED, ROW_NEW, ROW_REJECTED, ROW_UNCHANGED };
    for (size_t i = 0; i < LENGTH(results); i++)
        assert_int_equal(rows[i].result, results[i]);
    assert_str(rows[3].reason, "the list is full");
    assert_ok(ctx, import_leads(ctx, &into, rows + 3, 1));
    assert_int_equal(rows[3].result, ROW_REJECTED);
    assert_ok(ctx, lead_list_named(ctx, STR("List"), &list));
    assert_int_equal(list.total.v, LEAD_LIST_LEADS_MAX);
    assert_ok(ctx, lead_list_cancel(ctx, list.id, &list));
    assert_rc(ctx, import_leads(ctx, &into, rows + 3, 1), E_CONFLICT);
    ctx_clear_error(ctx);
    end(ctx);
}

/* Letters of three bytes in no order, which nothing makes shorter. */
static struct str long_name(struct arena *arena, size_t letters) {
    char *text = arena_alloc(arena, 3 * letters + 1);
    uint32_t random = 1;
    for (size_t i = 0; i < letters; i++) {
        random = random * 1664525 + 1013904223;
        uint32_t letter = 0x4e00 + (random >> 16) % 0x5000;
        text[3 * i] = (char) (0xe0 | letter >> 12);
        text[3 * i + 1] = (char) (0x80 | (letter >> 6 & 63));
        text[3 * i + 2] = (char) (0x80 | (letter & 63));
    }
    return (struct str){ text, 3 * letters };
}

static void test_long_names(void **state) {
    struct ctx *ctx = start(state);
    struct str text = long_name(ctx->arena, 2 * 255 + 512);
    struct lead lead = { .first_name = str_sub(text, 0, 3 * 255), .email = STR("a@b.example"),
                         .last_name = str_sub(text, 3 * 255, 3 * 510),
                         .company_name = str_sub(text, 3 * 510, text.n) };
    struct lead_list wanted = template_of(ctx, "email");
    struct lead_list list = create(ctx, &wanted, (struct list){ &lead, 1 });
    run_job(ctx);
    assert_str(entries(ctx, list.id, 1)->email, "a@b.example");
    end(ctx);
}

static void test_what_a_type_needs(void **state) {
    (void) state;
    static const struct {
        const char *type;
        struct lead lead;
        const char *lacks;
    } cases[] = {
        { "linkedin", { .email = { "a@b.org", 7 } }, "linkedin_url" },
        { "linkedin", { .linkedin_url = { "x", 1 } }, NULL },
        { "email", { .email = { " ", 1 } }, "email" },
        { "email", { .email = { "a", 1 } }, NULL },
        { "titles_and_company", { .company_name = { "A", 1 } }, "title" },
        { "title_and_company", { .title = { "A", 1 } }, "company_name" },
        { "titles_and_company", { .title = { "A", 1 }, .company_domain = { "a.org", 5 } }, NULL },
        { "adaptive", { .first_name = { "A", 1 } }, "email" },
        { "adaptive", { .first_name = { "A", 1 }, .company_name = { "B", 1 } }, NULL },
        { "adaptive", { .email = { "a@b.org", 7 } }, NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *lacks = lead_lacks(lead_type_of(str_of(cases[i].type)), &cases[i].lead);
        if (!str_eq(str_of(lacks), str_of(cases[i].lacks)))
            fail_case("case %zu: %s", i, lacks ? lacks : "nothing");
    }
    assert_int_equal(lead_type_of(STR("salesforce")), LEAD_TYPES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_whole_life),
        BOTH_ENGINES(test_adding),
        BOTH_ENGINES(test_cancel),
        BOTH_ENGINES(test_somebody_elses_job),
        BOTH_ENGINES(test_credits),
        BOTH_ENGINES(test_credits_end_in_the_middle),
        BOTH_ENGINES(test_removals),
        BOTH_ENGINES(test_new_leads),
        BOTH_ENGINES(test_long_names),
        BOTH_ENGINES(test_import),
        cmocka_unit_test(test_what_a_type_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
