/* One thread. A search that was taken by lease is WAITING, then ASKING with one guess in the
 * engine, then ENDED, stored and let go of. Of a domain about which nothing is known one search
 * asks at a time: what it finds is the habit by which the others guess better, and what it
 * learns of the domain itself (every name is taken, no mail server) ends them all. Urgent ones
 * wait for an urgent one only; those that become urgent while they are held go to the urgent
 * ones' queue of the engine with the guess that they are at.
 *
 * Nothing is kept of a search but its row: another process, or this one's next life, begins it
 * again and is answered by the engine's cache. */
#include "enrich/address_finder.h"

#include <pthread.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"
#include "enrich/address_guess.h"
#include "enrich/reveal.h"
#include "store/address_searches.h"
#include "store/removals.h"

/* HELD: searches that a process has at once; a part of them is for urgent ones alone. */
enum { HELD_MAX = 800, HELD_USUAL = 600, TAKE = 200, TICK_MS = 500 };
/* How many of them wait for one domain's leader; it may have to wait for hours itself, and
 * meanwhile the others are for other domains. */
enum { FOLLOWERS_MAX = 40 };
/* In a row: then it is not these searches that cannot be begun or stored, but the database. */
enum { FAILURES_MAX = 3 };
#define PUT_OFF_MS    (30 * SECOND_MS)
#define LEASE_MS      (15 * SECOND_MS)
#define RENEW_MS      (5 * SECOND_MS)
#define SEARCH_MAX_MS (2 * HOUR_MS) /* no further guess is begun after */
#define NONE_AGAIN_MS (7 * DAY_MS)
#define UNCLEAR_AGAIN_MS HOUR_MS

static const struct str outcome_found = { "found", 5 }, outcome_none = { "none", 4 },
                        outcome_unclear = { "unclear", 7 };

/* --- wanting --- */

static bool may_search(const struct ctx *ctx, const struct person *person) {
    return ctx->services->addresses.finds && person->company && str_is_set(person->company->domain);
}

static bool is_stale(const struct ctx *ctx, const struct address_search *search) {
    bool unclear = str_eq(search->outcome, outcome_unclear);
    return ctx_now(ctx) - search->ended_at.v >= (unclear ? UNCLEAR_AGAIN_MS : NONE_AGAIN_MS);
}

static const struct address_search *search_of(const struct list *searches, struct str person_id) {
    const struct address_search *search = searches->p;
    for (size_t i = 0; i < searches->n; i++)
        if (str_eq(search[i].person_id, person_id))
            return &search[i];
    return NULL;
}

/* False when a search has to be begun, or made urgent. */
static bool judge_want(const struct ctx *ctx, const struct address_search *search, bool urgent,
                       struct address_want *want) {
    want->ret_state = ADDRESS_PENDING;
    bool runs = search && !search->ended_at.set;
    want->ret_began_ms = runs ? search->began_at.v : ctx_now(ctx);
    want->ret_tried_ms = runs && search->tried_at.set ? search->tried_at.v : 0;
    if (!search || (search->ended_at.set && is_stale(ctx, search)))
        return false;
    if (search->ended_at.set) {
        bool found = str_eq(search->outcome, outcome_found);
        want->ret_state = found ? ADDRESS_KNOWN : ADDRESS_NONE;
        return true;
    }
    return !urgent || search->urgent.v;
}

enum rc addresses_want(struct ctx *ctx, struct address_want *wants, size_t n, bool urgent) {
    struct strs ids = { 0 }, missing = { 0 };
    for (size_t i = 0; i < n; i++) {
        bool known = str_is_set(wants[i].person->stored_email);
        wants[i].ret_state = known ? ADDRESS_KNOWN : ADDRESS_NONE;
        if (!known && may_search(ctx, wants[i].person))
            strs_add(ctx->arena, &ids, wants[i].person->id);
    }
    if (ids.n == 0)
        return OK;
    struct list searches = { 0 };
    enum rc rc = address_searches_of(ctx, ids, &searches);
    for (size_t i = 0; rc == OK && i < n; i++) {
        const struct person *person = wants[i].person;
        if (wants[i].ret_state == ADDRESS_NONE && may_search(ctx, person)
            && !judge_want(ctx, search_of(&searches, person->id), urgent, &wants[i]))
            strs_add(ctx->arena, &missing, person->id);
    }
    if (rc != OK || missing.n == 0)
        return rc;
    rc = address_searches_begin(ctx, missing, urgent);
    if (rc == OK && ctx->services->addresses.wake)
        ctx->services->addresses.wake();
    return rc;
}

/* --- searching --- */

enum stage { WAITING, ASKING, ENDED };

struct search {
    struct search *next;
    struct arena *arena; /* its own */
    struct str person_id, domain;
    struct strs guesses; /* whole addresses */
    size_t at;           /* the one that is asked for */
    int64_t tried_ms;    /* when the first guess was begun; 0: not yet */
    enum stage stage;
    bool urgent;
    bool leads;          /* nothing is known of the domain but what it finds out */
    bool is_of_domain;   /* the outcome says something about the domain, not the person */
    bool is_taken;       /* somebody else had got what it found when it was to be stored */
    struct str outcome;  /* ENDED */
};

struct address_finder {
    struct db *db;
    const struct services *services;
    struct verify_engine *engine;
    struct str owner;
    struct arena *arena; /* of the owner's name */
    pthread_t thread;
    struct bell bell;
    /* Of the thread: */
    struct verify_queue *queues[2]; /* by urgent */
    struct search *held;
    int held_n;
    int64_t renewed_ms, claimed_ms;
    bool is_full; /* the last claim took as many as it could */
};

static struct door current = DOOR_CLOSED;

/* What a verdict says about the search. */
enum step { FOUND, NEXT, PERSON_ENDS, DOMAIN_ENDS, UNCLEAR };

/* The engine trusts some providers without a clear test of random names; a guess needs one.
 * A role's mailbox is there whoever works there. */
static enum step step_of_accepted(const struct verify_answer *answer) {
    if (answer->catch_all != CATCH_ALL_NO)
        return UNCLEAR;
    return answer->marks.is_role ? NEXT : FOUND;
}

static enum step step_of(const struct verify_answer *answer) {
    switch (answer->verdict.reason) {
    case REASON_ACCEPTED: return step_of_accepted(answer);
    case REASON_USER_UNKNOWN:
    case REASON_DISABLED:
    case REASON_SYNTAX: return NEXT;
    case REASON_FULL: return answer->marks.is_role ? NEXT : PERSON_ENDS; /* it takes nothing */
    default: break;
    }
    return answer->verdict.result == RESULT_UNKNOWN ? UNCLEAR : DOMAIN_ENDS;
}

static void end_search(struct search *search, struct str outcome, bool is_of_domain) {
    search->stage = ENDED;
    search->outcome = outcome;
    search->is_of_domain = is_of_domain;
    search->is_taken = false; /* of an earlier guess */
}

static void ask(struct address_finder *f, struct search *search) {
    search->stage = ASKING;
    struct verify_input input = { search->guesses.p[search->at], (uintptr_t) search };
    size_t taken = verify_submit(f->queues[search->urgent], &input, 1);
    ASSERT(taken == 1); /* HELD_MAX are far fewer than a queue holds */
}

static void answered(struct address_finder *f, struct search *search, enum step step) {
    bool is_late = search->tried_ms
                   && clock_now(&clock_system) - search->tried_ms > SEARCH_MAX_MS;
    switch (step) {
    case FOUND:       end_search(search, outcome_found, false); return;
    case PERSON_ENDS: end_search(search, outcome_none, false); return;
    case DOMAIN_ENDS: end_search(search, outcome_none, true); return;
    case UNCLEAR:     end_search(search, outcome_unclear, true); return;
    case NEXT:        break;
    }
    if (++search->at >= search->guesses.n)
        end_search(search, outcome_none, false);
    else if (is_late)
        end_search(search, outcome_unclear, false);
    else
        ask(f, search);
}

/* --- beginning --- */

/* Asks for the first guess, or ends the search when there is none. */
static enum rc begin(struct address_finder *f, struct ctx *ctx, struct map *habits,
                     const struct person *person, struct search *search) {
    if (str_is_set(person->stored_email) || !person->company
        || str_is_empty(person->company->domain)) {
        end_search(search, outcome_none, false); /* changed since it was asked for */
        return OK;
    }
    struct address_guesses guesses;
    enum rc rc = address_guess(ctx, habits, person, &guesses);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < guesses.emails.n; i++)
        strs_add(search->arena, &search->guesses, arena_str(search->arena, guesses.emails.p[i]));
    search->leads = !guesses.domain_is_known;
    if (search->guesses.n)
        ask(f, search);
    else
        end_search(search, outcome_none, false);
    return OK;
}

/* --- holding --- */

static void free_search(struct search *search) {
    struct arena *arena = search->arena; /* it lives on it */
    arena_free(&arena);
}

static void hold(struct address_finder *f, const struct address_search *row) {
    struct arena *arena = arena_new();
    struct search *search = ARENA_NEW(arena, struct search);
    *search = (struct search){ .next = f->held, .arena = arena,
                               .person_id = arena_str(arena, row->person_id),
                               .tried_ms = row->tried_at.v, .urgent = row->urgent.v };
    f->held = search;
    f->held_n++;
}

static void let_go(struct address_finder *f, struct search *search) {
    struct search **link = &f->held;
    while (*link != search)
        link = &(*link)->next;
    *link = search->next;
    f->held_n--;
    free_search(search);
}

static bool is_held(const struct address_finder *f, struct str person_id) {
    for (const struct search *search = f->held; search; search = search->next)
        if (str_eq(search->person_id, person_id))
            return true;
    return false;
}

/* Whether there is one whose outcome this one has to wait for. */
static bool has_leader(const struct address_finder *f, const struct search *one) {
    for (const struct search *search = f->held; search; search = search->next)
        if (search->leads && search->stage == ASKING && search->urgent >= one->urgent
            && str_eq(search->domain, one->domain))
            return true;
    return false;
}

static bool may_begin(const struct address_finder *f, const struct search *search) {
    return search->stage == WAITING && (str_is_empty(search->domain) || !has_leader(f, search));
}

static const struct person *person_of(const struct list *people, struct str id) {
    const struct person *person = people->p;
    for (size_t i = 0; i < people->n; i++)
        if (str_eq(person[i].id, id))
            return &person[i];
    return NULL;
}

/* Goes on with one that waits. Whom there is no row of any more was removed. */
static enum rc go_on(struct address_finder *f, struct ctx *ctx, struct map *habits,
                     const struct person *person, struct search *search) {
    if (person && person->company && str_is_set(person->company->domain)
        && str_is_empty(search->domain))
        search->domain = arena_str(search->arena, person->company->domain);
    if (person && has_leader(f, search))
        return OK;
    if (person)
        return begin(f, ctx, habits, person, search);
    end_search(search, outcome_none, false);
    return OK;
}

static void renew(struct address_finder *f, struct ctx *ctx) {
    if (!f->held || monotonic_ms() - f->renewed_ms < RENEW_MS)
        return;
    f->renewed_ms = monotonic_ms();
    struct strs ids = { 0 };
    for (const struct search *search = f->held; search; search = search->next)
        strs_add(ctx->arena, &ids, search->person_id);
    if (address_searches_renew(ctx, f->owner, ids, LEASE_MS) != OK)
        log_warn(ctx, "leases of searches for addresses could not be renewed, retrying",
                 LOG_S("error", ctx->err.text));
}

/* Each asks the database several questions, so that many of them take longer than a lease. One
 * that cannot be begun waits for the next round, and keeps no other from being begun. */
static enum rc begin_all(struct address_finder *f, struct ctx *ctx, const struct list *people,
                         bool urgent) {
    struct map habits = map_in(ctx->arena);
    int failures = 0;
    for (struct search *search = f->held; search && failures < FAILURES_MAX; search = search->next) {
        if (search->urgent != urgent || !may_begin(f, search))
            continue;
        enum rc rc = go_on(f, ctx, &habits, person_of(people, search->person_id), search);
        failures = rc == OK ? 0 : failures + 1;
        if (rc != OK) {
            log_warn(ctx, "a search for an address could not be begun, retrying later",
                     LOG_S("error", ctx->err.text));
            ctx_clear_error(ctx);
        }
        renew(f, ctx);
    }
    return failures < FAILURES_MAX ? OK : fail(ctx, E_DB, "%d in a row", failures);
}

/* Those that wait and whose domain nobody leads. */
static enum rc begin_waiting(struct address_finder *f, struct ctx *ctx) {
    struct strs ids = { 0 };
    struct list people = { 0 };
    for (const struct search *search = f->held; search; search = search->next)
        if (may_begin(f, search))
            strs_add(ctx->arena, &ids, search->person_id);
    if (ids.n == 0)
        return OK;
    enum rc rc = people_by_ids(ctx, ids, &people);
    if (rc == OK)
        rc = begin_all(f, ctx, &people, true);
    return rc == OK ? begin_all(f, ctx, &people, false) : rc;
}

/* Notes when those that ask for their first guess began to. */
static enum rc note_tried(struct address_finder *f, struct ctx *ctx) {
    struct strs ids = { 0 };
    for (const struct search *search = f->held; search; search = search->next)
        if (search->stage == ASKING && !search->tried_ms)
            strs_add(ctx->arena, &ids, search->person_id);
    enum rc rc = ids.n ? address_searches_tried(ctx, f->owner, ids) : OK;
    for (struct search *search = f->held; rc == OK && search; search = search->next)
        if (search->stage == ASKING && !search->tried_ms)
            search->tried_ms = ctx_now(ctx);
    return rc;
}

/* Somebody may have come to wait for what is held. */
static enum rc note_urgent(struct address_finder *f, struct ctx *ctx) {
    struct strs ids = { 0 };
    enum rc rc = f->held ? address_searches_urgent(ctx, f->owner, &ids) : OK;
    for (struct search *search = f->held; rc == OK && ids.n && search; search = search->next) {
        if (search->urgent || !strs_have(ids, search->person_id))
            continue;
        search->urgent = true;
        if (search->stage == ASKING)
            verify_move(f->queues[false], f->queues[true], (uintptr_t) search);
    }
    return rc;
}

static int followers_of(const struct address_finder *f, struct str domain) {
    int n = 0;
    for (const struct search *search = f->held; search; search = search->next)
        n += search->stage == WAITING && !search->urgent && str_eq(search->domain, domain);
    return n;
}

/* Gives back those for whom there is no room behind their leader. What cannot be stored is
 * taken by somebody when its lease has run out. */
static enum rc put_off(struct address_finder *f, struct ctx *ctx) {
    struct strs ids = { 0 };
    for (struct search *search = f->held, *next; search; search = next) {
        next = search->next;
        if (search->stage != WAITING || search->urgent || str_is_empty(search->domain)
            || followers_of(f, search->domain) <= FOLLOWERS_MAX)
            continue;
        strs_add(ctx->arena, &ids, arena_str(ctx->arena, search->person_id));
        let_go(f, search);
    }
    return ids.n ? address_searches_put_off(ctx, f->owner, ids, PUT_OFF_MS) : OK;
}

/* --- claiming --- */

static enum rc claim_some(struct address_finder *f, struct ctx *ctx, bool urgent, int room) {
    struct list rows = { 0 };
    if (room <= 0)
        return OK;
    enum rc rc = address_searches_claim(
        ctx, &(struct address_search_claim){ f->owner, LEASE_MS, room, urgent }, &rows);
    const struct address_search *row = rows.p;
    for (size_t i = 0; rc == OK && i < rows.n; i++)
        if (!is_held(f, row[i].person_id)) /* its lease ran out unseen */
            hold(f, &row[i]);
    f->is_full |= (int) rows.n == room;
    return rc;
}

/* True when there may be more. */
static bool claim(struct address_finder *f, struct ctx *ctx, bool woken) {
    if (!woken && !f->is_full && monotonic_ms() - f->claimed_ms < TICK_MS)
        return false;
    f->claimed_ms = monotonic_ms();
    f->is_full = false;
    enum rc rc = note_urgent(f, ctx);
    if (rc == OK)
        rc = claim_some(f, ctx, true, HELD_MAX - f->held_n);
    if (rc == OK)
        rc = claim_some(f, ctx, false, HELD_USUAL - f->held_n);
    if (rc == OK)
        rc = begin_waiting(f, ctx);
    if (rc == OK)
        rc = note_tried(f, ctx);
    if (rc == OK)
        rc = put_off(f, ctx);
    if (rc != OK) /* what was claimed comes back when its lease has run out, or is begun later */
        log_warn(ctx, "searches for addresses could not be begun, retrying",
                 LOG_S("error", ctx->err.text));
    return rc == OK && f->is_full;
}

/* --- ending --- */

/* Whether the person works where they did when the address was guessed. */
static enum rc is_still_there(struct ctx *ctx, const struct search *search, bool *ret_is) {
    struct person person = { 0 };
    enum rc rc = person_lock(ctx, search->person_id);
    if (rc == OK)
        rc = person_get(ctx, search->person_id, &person);
    *ret_is = person.company && str_eq(person.company->domain, search->domain);
    return rc;
}

/* *ret_outcome: none when what was found cannot be kept: the person works elsewhere by now or has
 * got another address, the address was removed, or there is no room in the row; absent when
 * somebody else has got it: there are other guesses. E_NOT_FOUND: the person was removed. */
static enum rc keep_address(struct ctx *ctx, const struct search *search,
                            struct str *ret_outcome) {
    struct str email = search->guesses.p[search->at];
    bool may = false, removed = true;
    enum email_kept kept = EMAIL_NOT_KEPT;
    enum rc rc = is_still_there(ctx, search, &may);
    if (rc == OK && may)
        rc = removal_exists(ctx, REMOVAL_EMAIL, email, &removed);
    if (rc == OK && !removed)
        rc = reveal_keep_email(ctx, search->person_id, email, &kept);
    *ret_outcome = kept == EMAIL_KEPT ? outcome_found : kept == EMAIL_TAKEN ? STR_NONE : outcome_none;
    return rc;
}

static enum rc end_one(const struct address_finder *f, struct ctx *ctx, struct search *search) {
    struct str outcome = search->outcome;
    enum rc rc = OK;
    search->is_taken = false; /* a transaction may run more than once */
    if (str_eq(outcome, outcome_found)) /* stays proved if the search is another's by now */
        rc = keep_address(ctx, search, &outcome);
    search->is_taken = rc == OK && !str_is_set(outcome);
    if (rc == OK && !search->is_taken)
        rc = address_search_end(ctx, f->owner, search->person_id, outcome);
    return rc == E_CANCELED || rc == E_NOT_FOUND ? OK : rc;
}

struct end_work {
    const struct address_finder *f;
    struct search *one; /* NULL: all that have ended */
};

static enum rc end_work(struct ctx *ctx, void *arg) {
    const struct end_work *w = arg;
    enum rc rc = removals_hold(ctx);
    for (struct search *search = w->f->held; rc == OK && search; search = search->next)
        if (search->stage == ENDED && (!w->one || search == w->one))
            rc = end_one(w->f, ctx, search);
    return rc;
}

/* On memory that is given back. False when it could not be stored. */
static bool end_alone(struct address_finder *f, const struct ctx *ctx, struct search *search) {
    struct ctx own = *ctx;
    own.arena = arena_new();
    enum rc rc = db_transact(&own, end_work, &(struct end_work){ f, search });
    search->is_taken |= rc == E_CONFLICT;
    if (rc != OK && rc != E_CONFLICT)
        log_warn(&own, "a found address could not be stored, retrying later",
                 LOG_S("error", own.err.text));
    ctx_clear_error(&own);
    renew(f, &own);
    arena_free(&own.arena);
    return rc == OK || rc == E_CONFLICT;
}

/* One by one, after all together did not go: one of them fails, the others are none the worse.
 * An address that another process has given to somebody else at the same time is taken. */
static void end_each(struct address_finder *f, const struct ctx *ctx) {
    int failures = 0;
    for (struct search *search = f->held; search; search = search->next)
        search->is_taken = false; /* what is not tried any more is let go of */
    for (struct search *search = f->held; search && failures < FAILURES_MAX; search = search->next)
        if (search->stage == ENDED)
            failures = end_alone(f, ctx, search) ? 0 : failures + 1;
}

/* Ends those that wait for what this one has found out about their domain. */
static void end_domain(struct address_finder *f, const struct search *leader) {
    if (!leader->leads || !leader->is_of_domain)
        return;
    for (struct search *search = f->held; search; search = search->next)
        if (search->stage == WAITING && str_eq(search->domain, leader->domain))
            end_search(search, leader->outcome, false);
}

static bool has_ended(const struct address_finder *f) {
    for (const struct search *search = f->held; search; search = search->next)
        if (search->stage == ENDED)
            return true;
    return false;
}

/* Stores and forgets what has ended; who found what somebody else has got by now asks for the
 * next guess. What could not be stored is let go of too, and searched for again when its lease
 * has run out. */
static void end_all(struct address_finder *f, struct ctx *ctx) {
    for (const struct search *search = f->held; search; search = search->next)
        if (search->stage == ENDED)
            end_domain(f, search);
    if (!has_ended(f))
        return;
    if (db_transact(ctx, end_work, &(struct end_work){ .f = f }) != OK) {
        ctx_clear_error(ctx);
        end_each(f, ctx);
    }
    for (struct search *search = f->held, *next; search; search = next) {
        next = search->next;
        if (search->stage == ENDED && search->is_taken)
            answered(f, search, NEXT);
        else if (search->stage == ENDED)
            let_go(f, search);
    }
}

static bool take_answers(struct address_finder *f) {
    struct verify_answer answers[TAKE];
    bool moved = false;
    for (size_t q = 0; q < LENGTH(f->queues); q++) {
        size_t n = verify_take(f->queues[q], answers, TAKE, 0);
        for (size_t i = 0; i < n; i++)
            answered(f, (struct search *) (uintptr_t) answers[i].tag, step_of(&answers[i]));
        moved |= n > 0;
    }
    return moved;
}

/* --- the thread --- */

static void ready(void *arg) {
    struct address_finder *f = arg;
    bell_ring(&f->bell);
}

static struct ctx context(const struct address_finder *f, struct arena *arena,
                          struct db_session *session) {
    return (struct ctx){ .arena = arena, .clock = &clock_system, .db = session,
                         .services = f->services };
}

static void release(struct ctx *ctx, struct str owner) {
    if (address_searches_release(ctx, owner) != OK)
        log_warn(ctx, "leases of searches for addresses could not be ended, ignoring",
                 LOG_S("error", ctx->err.text));
}

static void *run(void *arg) {
    struct address_finder *f = arg;
    struct db_session *session = db_session_open(f->db);
    struct arena *arena = arena_new();
    struct ctx ctx = context(f, arena, session);
    if (db_engine(f->db) == DB_SQLITE) /* one server: what is leased was its earlier self's */
        release(&ctx, STR_NONE);
    for (bool goes_on = true, woken = true; goes_on;) {
        ctx = context(f, arena, session);
        renew(f, &ctx);
        bool moved = take_answers(f);
        end_all(f, &ctx);
        arena_reset(arena);
        ctx = context(f, arena, session);
        moved |= claim(f, &ctx, woken || moved);
        arena_reset(arena);
        goes_on = bell_rest(&f->bell, moved ? 0 : TICK_MS, &woken);
    }
    for (size_t q = 0; q < LENGTH(f->queues); q++)
        verify_queue_close(&f->queues[q]);
    while (f->held)
        let_go(f, f->held);
    ctx = context(f, arena, session);
    release(&ctx, f->owner);
    arena_free(&arena);
    db_session_close(&session);
    return NULL;
}

struct address_finder *address_finder_start(struct db *db, const struct services *services,
                                            struct verify_engine *engine) {
    struct address_finder *f = MEM_NEW(struct address_finder);
    *f = (struct address_finder){ .db = db, .services = services, .engine = engine,
                                  .arena = arena_new(), .renewed_ms = monotonic_ms() };
    f->owner = uuid_new(f->arena, clock_now(&clock_system));
    bell_init(&f->bell);
    for (size_t q = 0; q < LENGTH(f->queues); q++)
        f->queues[q] = verify_queue_new(engine, ready, f);
    door_set(&current, f);
    thread_start(&f->thread, run, f);
    return f;
}

void address_finder_wake(void) {
    struct address_finder *f = door_enter(&current);
    if (f)
        bell_ring(&f->bell);
    door_leave(&current);
}

void address_finder_stop(struct address_finder **finder) {
    struct address_finder *f = *finder;
    if (!f)
        return;
    bell_stop(&f->bell);
    pthread_join(f->thread, NULL);
    door_set(&current, NULL);
    bell_destroy(&f->bell);
    arena_free(&f->arena);
    mem_free(f);
    *finder = NULL;
}
