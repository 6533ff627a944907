/* What is known about a domain: where its mail goes, and whether it takes every name. Asked
 * once for all its addresses: in memory, then in the cache, then the DNS: MX, and A or AAAA
 * when there is none (RFC 5321, 5.1). "There is no such domain" is asked twice and a failure
 * three times, because a wrong answer would cost a contact. */
#include "base/buf.h"
#include "base/mem.h"
#include "verify/item.h"
#include "verify/site.h"

enum {
    TTL_MIN_MS = 5 * 60 * 1000,
    TTL_MAX_MS = 24 * 60 * 60 * 1000,
    FAILED_MS = 4 * 60 * 1000, /* shorter than the pause before an address asks again */
    TRY_AGAIN_MS = 2 * 1000,
    TRIES_OF_FAILURE = 3,
    TRIES_OF_NO_NAME = 2,
};

static const int64_t catch_all_life_ms[] = {
    [CATCH_ALL_NO] = 14 * DAY_MS, [CATCH_ALL_YES] = 14 * DAY_MS, [CATCH_ALL_UNCLEAR] = DAY_MS,
};

static const char *const catch_all_names[] = {
    [CATCH_ALL_NO] = "no", [CATCH_ALL_YES] = "yes", [CATCH_ALL_UNCLEAR] = "unclear",
};

static const char *const state_names[] = {
    [DOMAIN_HAS_MX] = "mx",       [DOMAIN_IMPLICIT_MX] = "implicit",
    [DOMAIN_NXDOMAIN] = "nxdomain", [DOMAIN_NULL_MX] = "null",
    [DOMAIN_NO_SERVER] = "none",
};

struct domain *domain_of(struct verify_engine *e, struct str name) {
    struct domain *domain = map_get(&e->domains, name);
    if (domain)
        return domain;
    domain = mem_alloc(sizeof *domain + name.n + 1);
    memcpy(domain + 1, name.p, name.n);
    domain->name = (struct str){ (const char *) (domain + 1), name.n };
    map_put(&e->domains, domain->name, domain);
    return domain;
}

static void use_route(struct domain *domain, struct route *route) {
    if (domain->route)
        domain->route->domains--;
    domain->route = route;
    if (route)
        route->domains++;
}

void domain_free(struct verify_engine *e, struct domain *domain) {
    use_route(domain, NULL);
    timer_stop(&e->timers, &domain->timer);
    mem_free(domain);
}

/* --- the answer --- */

static void conclude(struct verify_engine *e, struct domain *domain, enum domain_state state,
                     int64_t life_ms) {
    domain->state = state;
    domain->expires_ms = e->now_ms + life_ms;
    domain->is_asking = false;
    domain->tries = 0;
    struct items known = { 0 };
    while (domain->waiting.n) {
        struct item *item = domain->waiting.head;
        items_leave(item);
        items_add(&known, item);
    }
    while (known.n) {
        struct item *item = known.head;
        items_leave(item);
        item_domain_known(e, item);
    }
}

static void store(struct verify_engine *e, const struct domain *domain, int64_t life_ms) {
    if (!e->memo || !state_names[domain->state])
        return;
    bool has_hosts = domain->state == DOMAIN_HAS_MX;
    struct verify_cache_entry entry = {
        .kind = CACHE_DOMAIN,
        .key = domain->name,
        .value = arena_printf(e->scratch, "%s %.*s", state_names[domain->state],
                              STR_FMT(has_hosts ? domain->route->key : STR(""))),
        .expires_at_ms = clock_now(e->clock) + life_ms,
    };
    memo_store(e->memo, &entry);
}

static void found(struct verify_engine *e, struct domain *domain, enum domain_state state,
                  const struct dns_answer *answer) {
    int64_t ms = (int64_t) answer->ttl_s * 1000;
    int64_t life = ms < TTL_MIN_MS ? TTL_MIN_MS : ms > TTL_MAX_MS ? TTL_MAX_MS : ms;
    domain->state = state;
    store(e, domain, life);
    conclude(e, domain, state, life);
}

/* --- the DNS --- */

static void ask(struct verify_engine *e, struct domain *domain);

struct question {
    struct verify_engine *e;
    struct domain *domain;
};

static void ask_next(struct verify_engine *e) {
    while (e->pending && e->questions < QUESTIONS_MAX && !e->ending) {
        struct domain *domain = e->pending;
        e->pending = domain->next_pending;
        domain->next_pending = NULL;
        if (!e->pending)
            e->pending_last = NULL;
        ask(e, domain);
    }
}

static void try_due(void *arg, struct timer *timer) {
    ask(arg, (struct domain *) (void *) ((char *) timer - offsetof(struct domain, timer)));
}

/* Neither a name nor an answer: once more, or that is it. */
static void judge_nothing(struct verify_engine *e, struct domain *domain,
                          const struct dns_answer *answer) {
    bool no_name = answer->state == DNS_NO_NAME;
    domain->tries++;
    if (domain->tries >= (no_name ? TRIES_OF_NO_NAME : TRIES_OF_FAILURE)) {
        if (no_name)
            found(e, domain, DOMAIN_NXDOMAIN, answer);
        else
            conclude(e, domain, DOMAIN_FAILED, engine_scaled(e, FAILED_MS));
        return;
    }
    int64_t pause = no_name ? 0 : engine_scaled(e, TRY_AGAIN_MS);
    timer_set(&e->timers, &domain->timer, e->now_ms + pause, try_due);
}

/* The question's end; false when the engine ends and nobody wants to know. */
static bool close_question(struct question *question, struct verify_engine **ret_e,
                           struct domain **ret_domain) {
    *ret_e = question->e;
    *ret_domain = question->domain;
    question->e->questions--;
    mem_free(question);
    return !(*ret_e)->ending;
}

static void begin_question(struct verify_engine *e, struct domain *domain, enum dns_type type,
                           dns_done *done) {
    struct question *question = MEM_NEW(struct question);
    *question = (struct question){ e, domain };
    e->questions++;
    e->stats.dns_queries++;
    dns_ask(e->dns, domain->name, type, done, question);
}

static void got_implicit(struct verify_engine *e, struct domain *domain,
                         const struct dns_answer *answer) {
    if (answer->state == DNS_FOUND) {
        use_route(domain, route_of(e, domain->name));
        found(e, domain, DOMAIN_IMPLICIT_MX, answer);
    } else if (answer->state == DNS_NONE) {
        found(e, domain, DOMAIN_NO_SERVER, answer);
    } else {
        judge_nothing(e, domain, answer);
    }
    ask_next(e);
}

static void got_ip6(void *arg, const struct dns_answer *answer) {
    struct verify_engine *e;
    struct domain *domain;
    if (close_question(arg, &e, &domain))
        got_implicit(e, domain, answer);
}

static void got_ip4(void *arg, const struct dns_answer *answer) {
    struct verify_engine *e;
    struct domain *domain;
    if (!close_question(arg, &e, &domain))
        return;
    if (answer->state == DNS_NONE)
        begin_question(e, domain, DNS_AAAA, got_ip6);
    else
        got_implicit(e, domain, answer);
}

/* By preference; hosts of one preference always in the same order, because greylisting wants
 * the same one again. That it is not the alphabet's spreads them a little (RFC 5321, 5.1). */
static bool goes_before(const struct dns_record *a, const struct dns_record *b) {
    if (a->preference != b->preference)
        return a->preference < b->preference;
    uint64_t own = str_hash(a->name), other = str_hash(b->name);
    return own != other ? own < other : str_compare(a->name, b->name) < 0;
}

static void sort_records(struct dns_record *records, size_t n) {
    for (size_t i = 1; i < n; i++) {
        struct dns_record record = records[i];
        size_t at = i;
        for (; at > 0 && goes_before(&record, &records[at - 1]); at--)
            records[at] = records[at - 1];
        records[at] = record;
    }
}

/* The hosts of all records but the root, which is none, each once. */
static struct str hosts_of(struct verify_engine *e, const struct dns_answer *answer) {
    struct dns_record *records = ARENA_ARRAY(e->scratch, answer->n + 1, struct dns_record);
    struct buf b = buf_in(e->scratch, VERIFY_CACHE_VALUE_MAX_BYTES);
    size_t n = 0, hosts = 0;
    for (size_t i = 0; i < answer->n; i++)
        if (answer->records[i].name.n)
            records[n++] = answer->records[i];
    sort_records(records, n);
    for (size_t i = 0; i < n && hosts < ROUTE_HOSTS_MAX; i++) {
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again |= str_eq(records[i].name, records[j].name);
        if (again)
            continue;
        if (hosts++)
            buf_char(&b, ' ');
        buf_str(&b, records[i].name);
    }
    return buf_text(&b);
}

static void got_mx(void *arg, const struct dns_answer *answer) {
    struct verify_engine *e;
    struct domain *domain;
    if (!close_question(arg, &e, &domain))
        return;
    if (answer->state == DNS_NONE) {
        begin_question(e, domain, DNS_A, got_ip4);
        return;
    }
    struct str hosts = answer->state == DNS_FOUND ? hosts_of(e, answer) : STR("");
    if (hosts.n) {
        use_route(domain, route_of(e, hosts));
        found(e, domain, DOMAIN_HAS_MX, answer);
    } else if (answer->state == DNS_FOUND) {
        found(e, domain, DOMAIN_NULL_MX, answer);
    } else {
        judge_nothing(e, domain, answer);
    }
    ask_next(e);
}

static void ask(struct verify_engine *e, struct domain *domain) {
    if (e->ending)
        return;
    if (e->questions < QUESTIONS_MAX) {
        begin_question(e, domain, DNS_MX, got_mx);
        return;
    }
    *(e->pending_last ? &e->pending_last->next_pending : &e->pending) = domain;
    e->pending_last = domain;
}

/* --- the cache --- */

static void catch_all_found(void *arg, void *object, const struct verify_cache_entry *entry) {
    struct verify_engine *e = arg;
    struct domain *domain = object;
    for (size_t i = CATCH_ALL_NO; i <= CATCH_ALL_UNCLEAR; i++)
        if (str_is_set(entry->value) && str_eq(entry->value, str_of(catch_all_names[i]))) {
            domain->catch_all = (enum catch_all) i;
            domain->catch_all_expires_ms = e->now_ms + entry->expires_at_ms - clock_now(e->clock);
        }
}

static void domain_found(void *arg, void *object, const struct verify_cache_entry *entry) {
    struct verify_engine *e = arg;
    struct domain *domain = object;
    struct str value = entry->value, word = STR_NONE;
    int64_t life = entry->expires_at_ms - clock_now(e->clock);
    if (!str_is_set(value) || life <= 0 || !str_word(&value, &word)) {
        ask(e, domain);
        return;
    }
    struct str hosts = str_trim(value);
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++) {
        if (!state_names[i] || !str_eq(word, str_of(state_names[i]))
            || (i == DOMAIN_HAS_MX && !hosts.n))
            continue;
        if (i == DOMAIN_HAS_MX || i == DOMAIN_IMPLICIT_MX)
            use_route(domain, route_of(e, i == DOMAIN_HAS_MX ? hosts : domain->name));
        conclude(e, domain, (enum domain_state) i, life);
        return;
    }
    ask(e, domain);
}

static void look_up(struct verify_engine *e, struct domain *domain) {
    struct verify_cache_entry entry = { .kind = CACHE_CATCH_ALL, .key = domain->name };
    domain->is_looked_up = true;
    memo_look_up(e->memo, &entry, catch_all_found, domain);
    entry.kind = CACHE_DOMAIN;
    memo_look_up(e->memo, &entry, domain_found, domain);
}

void domain_want(struct verify_engine *e, struct domain *domain, struct item *item) {
    if (!domain->is_asking && domain->state != DOMAIN_UNASKED && domain->expires_ms > e->now_ms) {
        item_domain_known(e, item);
        return;
    }
    items_add(&domain->waiting, item);
    if (domain->is_asking)
        return;
    domain->is_asking = true;
    if (e->memo && !domain->is_looked_up)
        look_up(e, domain);
    else
        ask(e, domain);
}

/* --- whether it takes every name --- */

bool domain_catch_all_known(const struct verify_engine *e, const struct domain *domain) {
    return domain->catch_all != CATCH_ALL_UNTESTED && domain->catch_all_expires_ms > e->now_ms;
}

void domain_set_catch_all(struct verify_engine *e, struct domain *domain, enum catch_all result) {
    int64_t life = catch_all_life_ms[result];
    struct item *tester = domain->tester;
    domain->catch_all = result;
    domain->catch_all_expires_ms = e->now_ms + life;
    domain->tester = NULL;
    if (e->memo) {
        struct verify_cache_entry entry = { CACHE_CATCH_ALL, domain->name,
                                            str_of(catch_all_names[result]),
                                            clock_now(e->clock) + life };
        memo_store(e->memo, &entry);
    }
    if (tester)
        item_finish(e, tester);
    while (domain->untested.n) {
        struct item *item = domain->untested.head;
        items_leave(item);
        item_finish(e, item);
    }
}

void domain_lost_tester(struct verify_engine *e, struct domain *domain) {
    domain->tester = NULL;
    while (domain->untested.n) {
        struct item *item = domain->untested.head;
        items_leave(item);
        if (item_is_unwanted(item)) {
            item_drop(e, item);
            continue;
        }
        domain->tester = item;
        item->phase = PHASE_NAME_LIKE;
        item_requeue(e, item);
        return;
    }
}
