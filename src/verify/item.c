/* The steps of an address: form and lists, cache, domain, servers (dialogue.c), verdict. It
 * is always in exactly one place: a list, a dialogue, the cache's hands, or waiting for its
 * next try. */
#include <sodium.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "verify/item.h"
#include "verify/site.h"

enum {
    DNS_AGAIN_MS = 5 * 60 * 1000,
    WAIT_MORE_MS = 15 * 1000, /* than a server says, so that its clock has passed */
    RANDOM_MIN = 9, RANDOM_MAX = 20, /* characters of a name that nobody has */
};

/* Greylisting takes five to ten minutes with most; the third try is for those that want an
 * hour (RFC 6647). */
static const int64_t retry_ms[] = { 6 * MINUTE_MS, 20 * MINUTE_MS, 60 * MINUTE_MS };

/* --- lists --- */

static void enter(struct items *items, struct item *item) {
    ASSERT(!item->in);
    item->in = items;
    items->n++;
    if (items->route)
        items->route->waiting++;
}

void items_add(struct items *items, struct item *item) {
    enter(items, item);
    item->prev = items->tail;
    *(items->tail ? &items->tail->next : &items->head) = item;
    items->tail = item;
}

void items_add_first(struct items *items, struct item *item) {
    enter(items, item);
    item->next = items->head;
    *(items->head ? &items->head->prev : &items->tail) = item;
    items->head = item;
}

void items_leave(struct item *item) {
    struct items *items = item->in;
    if (!items)
        return;
    *(item->prev ? &item->prev->next : &items->head) = item->next;
    *(item->next ? &item->next->prev : &items->tail) = item->prev;
    items->n--;
    if (items->route)
        items->route->waiting--;
    item->next = item->prev = NULL;
    item->in = NULL;
}

/* --- the end --- */

void item_enter_queue(struct item *item, struct verify_queue *queue) {
    item->queue = queue;
    item->queue_prev = NULL;
    item->queue_next = queue->items;
    if (queue->items)
        queue->items->queue_prev = item;
    queue->items = item;
}

static void leave_queue(struct item *item) {
    struct verify_queue *queue = item->queue;
    if (!queue)
        return;
    *(item->queue_prev ? &item->queue_prev->queue_next : &queue->items) = item->queue_next;
    if (item->queue_next)
        item->queue_next->queue_prev = item->queue_prev;
    item->queue = NULL;
}

void item_orphan(struct item *item) {
    item->queue->active--;
    leave_queue(item);
}

void item_change_queue(struct item *item, struct verify_queue *to) {
    size_t active = item->is_waiting ? 0 : 1;
    item->queue->active -= active;
    leave_queue(item);
    item_enter_queue(item, to);
    to->active += active;
}

static void count_active(struct verify_engine *e, struct item *item, bool active) {
    item->is_waiting = !active;
    if (active) {
        e->active++;
        e->waiting--;
    } else {
        e->active--;
        e->waiting++;
    }
    if (item->queue)
        item->queue->active += active ? 1 : (size_t) -1;
}

static void forget(struct verify_engine *e, struct item *item) {
    struct domain *domain = item->domain;
    items_leave(item);
    timer_stop(&e->timers, &item->timer);
    if (item->is_waiting)
        count_active(e, item, true);
    e->active--;
    if (item->queue)
        item->queue->active--;
    leave_queue(item);
    if (domain) {
        domain->items--;
        if (domain->tester == item)
            domain_lost_tester(e, domain);
    }
    mem_free(item);
}

void item_drop(struct verify_engine *e, struct item *item) {
    engine_answer(e, item->queue, NULL);
    forget(e, item);
}

struct offline item_offline(struct verify_engine *e, struct arena *arena, const struct item *item) {
    struct offline offline;
    verify_offline(e->options.lists, arena, (struct str){ item->text, item->n }, &offline);
    return offline;
}

static enum domain_state state_of(const struct item *item) {
    const struct route *route = item->domain ? item->domain->route : NULL;
    if (!item->domain)
        return DOMAIN_UNASKED;
    if (route && item->probe == PROBE_NONE && route->hosts_as == HOST_NOT_PUBLIC)
        return DOMAIN_NOT_PUBLIC;
    if (route && item->probe == PROBE_NONE && route->hosts_as == HOST_NONE)
        return DOMAIN_NO_SERVER;
    return item->domain->state;
}

static struct verify_answer answer_of(struct verify_engine *e, const struct item *item) {
    struct offline offline = item_offline(e, e->ends, item);
    struct findings findings = offline_findings(&offline);
    const struct domain *domain = item->domain;
    findings.domain = state_of(item);
    findings.probe = (enum probe_state) item->probe;
    findings.reply = (enum reply_meaning) item->meaning;
    findings.bare_rejects = e->options.bare_rejects;
    findings.every_mx = domain && domain->route && item->denied >= domain->route->n_hosts;
    if (domain && domain->route)
        findings.provider = domain->route->site->provider;
    if (domain && domain_catch_all_known(e, domain))
        findings.catch_all = domain->catch_all;
    return (struct verify_answer){
        .tag = item->tag,
        .verdict = verdict_of(&findings),
        .marks = offline.marks,
        .provider = findings.provider,
        .catch_all = findings.catch_all,
        .meaning = findings.reply,
        .reply_code = item->code,
        .reply_enhanced = { item->enhanced[0], item->enhanced[1], item->enhanced[2] },
        .checked_at_ms = item->checked_at_ms ? item->checked_at_ms : clock_now(e->clock),
    };
}

/* --- the cache of mailboxes --- */

/* Where it is not by the result. */
static const struct {
    enum reason reason;
    int64_t ms;
} lives[] = {
    { REASON_FULL, DAY_MS },          { REASON_UNCERTAIN, DAY_MS },
    { REASON_CANNOT_VERIFY, DAY_MS }, { REASON_AFTER_DATA, 7 * DAY_MS },
    { REASON_UNMATCHED, DAY_MS },
};

static int64_t life_of(const struct verdict *verdict) {
    static const int64_t by_result[] = {
        [RESULT_DELIVERABLE] = 14 * DAY_MS, [RESULT_RISKY] = 14 * DAY_MS,
        [RESULT_UNKNOWN] = HOUR_MS, [RESULT_UNDELIVERABLE] = 3 * DAY_MS,
    };
    for (size_t i = 0; i < LENGTH(lives); i++)
        if (lives[i].reason == verdict->reason)
            return lives[i].ms;
    return by_result[verdict->result];
}

/* Hexadecimal, so that whoever reads the table learns nothing without the secret. */
static struct str mailbox_key(struct verify_engine *e, struct arena *arena, struct str address) {
    unsigned char hash[32];
    char *text = arena_alloc(arena, sizeof hash * 2 + 1);
    (void) crypto_generichash(hash, sizeof hash, (const unsigned char *) address.p, address.n,
                              e->secret, sizeof e->secret); /* fails for impossible sizes only */
    sodium_bin2hex(text, sizeof hash * 2 + 1, hash, sizeof hash);
    return (struct str){ text, sizeof hash * 2 };
}

static void store_mailbox(struct verify_engine *e, const struct item *item,
                          const struct verify_answer *answer) {
    if (!e->memo || !answer->reply_code)
        return;
    struct offline offline = item_offline(e, e->ends, item);
    struct verify_cache_entry entry = {
        .kind = CACHE_MAILBOX,
        .key = mailbox_key(e, e->ends, offline.address.text),
        .value = arena_printf(e->ends, "%s %d %s %d %d %d.%d.%d %lld %d",
                              reason_facts(answer->verdict.reason)->detail,
                              answer->verdict.catch_all, provider_facts(answer->provider)->name,
                              (int) answer->meaning, answer->reply_code, answer->reply_enhanced[0],
                              answer->reply_enhanced[1], answer->reply_enhanced[2],
                              (long long) answer->checked_at_ms, (int) answer->catch_all),
        .expires_at_ms = clock_now(e->clock) + life_of(&answer->verdict),
    };
    memo_store(e->memo, &entry);
}

static int64_t number_of(struct str *rest, char end) {
    struct str part = STR_NONE;
    int64_t number = -1;
    if (!str_cut(rest, end, &part) || str_to_i64(part, &number) != OK)
        return -1;
    return number;
}

static enum catch_all catch_all_of(int64_t number) {
    return number > 0 && number <= CATCH_ALL_UNCLEAR ? (enum catch_all) number : CATCH_ALL_UNTESTED;
}

static bool read_answer(struct str value, struct verify_answer *answer) {
    struct str detail = STR_NONE, provider = STR_NONE;
    if (!str_cut(&value, ' ', &detail))
        return false;
    int reason = 0;
    while (reason <= REASON_INTERNAL && !str_eq(detail, str_of(reason_facts((enum reason) reason)->detail)))
        reason++;
    if (reason > REASON_INTERNAL)
        return false; /* of another version */
    answer->verdict.reason = (enum reason) reason;
    answer->verdict.result = reason_facts(answer->verdict.reason)->result;
    answer->verdict.catch_all = number_of(&value, ' ') == 1;
    if (!str_cut(&value, ' ', &provider))
        return false;
    for (int i = 0; i <= PROVIDER_IMPROVMX; i++)
        if (str_eq(provider, str_of(provider_facts((enum provider) i)->name)))
            answer->provider = (enum provider) i;
    answer->meaning = (enum reply_meaning) number_of(&value, ' ');
    answer->reply_code = (int) number_of(&value, ' ');
    for (int i = 0; i < 3; i++)
        answer->reply_enhanced[i] = (int) number_of(&value, i < 2 ? '.' : ' ');
    answer->checked_at_ms = number_of(&value, ' ');
    answer->catch_all = catch_all_of(number_of(&value, ' '));
    answer->is_cached = true;
    return answer->reply_code > 0 && answer->checked_at_ms > 0;
}

/* --- the way --- */

static void item_due(void *arg, struct timer *timer);

static void set_deadline(struct verify_engine *e, struct item *item) {
    timer_set(&e->timers, &item->timer, item->deadline_ms, item_due);
}

bool item_is_unwanted(const struct item *item) {
    return !item->queue || item->queue->is_quiet;
}

static void to_domain(struct verify_engine *e, struct item *item) {
    if (item_is_unwanted(item)) {
        item_drop(e, item);
        return;
    }
    if (!item->domain) {
        struct offline offline = item_offline(e, e->scratch, item);
        item->domain = domain_of(e, offline.address.domain);
        item->domain->items++;
    }
    set_deadline(e, item);
    domain_want(e, item->domain, item);
}

static void wait_until(struct verify_engine *e, struct item *item, int64_t at_ms) {
    count_active(e, item, false);
    timer_set(&e->timers, &item->timer, at_ms, item_due);
}

static void item_due(void *arg, struct timer *timer) {
    struct verify_engine *e = arg;
    struct item *item = (struct item *) (void *) ((char *) timer - offsetof(struct item, timer));
    if (item->is_waiting) {
        count_active(e, item, true);
        to_domain(e, item);
        return;
    }
    items_leave(item);
    if (item->probe == PROBE_NONE && item->domain && item->domain->route && e->probes)
        item->probe = PROBE_TIMEOUT;
    item_finish(e, item);
}

static void mailbox_found(void *arg, void *object, const struct verify_cache_entry *entry) {
    struct verify_engine *e = arg;
    struct item *item = object;
    struct verify_answer answer = { .tag = item->tag };
    item->in_cache = false;
    if (!str_is_set(entry->value) || !read_answer(entry->value, &answer)) {
        to_domain(e, item);
        return;
    }
    answer.marks = item_offline(e, e->scratch, item).marks;
    e->stats.cache_hits++;
    engine_answer(e, item->queue, &answer);
    forget(e, item);
}

/* Whether form and lists leave something to ask: of a domain with servers nothing would be
 * said but that they were not asked, or that it is disposable. */
static bool needs_dns(const struct offline *offline) {
    struct findings findings = offline_findings(offline);
    findings.domain = DOMAIN_HAS_MX;
    enum reason reason = verdict_of(&findings).reason;
    return reason == REASON_NOT_PROBED || reason == REASON_DISPOSABLE;
}

void item_begin(struct verify_engine *e, struct item *item) {
    struct offline offline = item_offline(e, e->scratch, item);
    item->is_disposable = offline.marks.is_disposable;
    item->is_utf8 = !offline.fault && offline.address.is_utf8;
    if (!needs_dns(&offline)) {
        item_finish(e, item);
        return;
    }
    if (!e->memo || !e->probes) {
        to_domain(e, item);
        return;
    }
    struct verify_cache_entry entry = { .kind = CACHE_MAILBOX,
                                        .key = mailbox_key(e, e->scratch, offline.address.text) };
    item->in_cache = true;
    memo_look_up(e->memo, &entry, mailbox_found, item);
}

void item_domain_known(struct verify_engine *e, struct item *item) {
    enum domain_state state = item->domain->state;
    bool has_server = state == DOMAIN_HAS_MX || state == DOMAIN_IMPLICIT_MX;
    if (item_is_unwanted(item))
        item_drop(e, item);
    else if (state == DOMAIN_FAILED && !item->dns_again
             && e->now_ms + engine_scaled(e, DNS_AGAIN_MS) < item->deadline_ms) {
        item->dns_again = true;
        wait_until(e, item, e->now_ms + engine_scaled(e, DNS_AGAIN_MS));
    } else if (!has_server || item->is_disposable) {
        item_finish(e, item);
    } else {
        item_requeue(e, item);
    }
}

void item_requeue(struct verify_engine *e, struct item *item) {
    struct route *route = item->domain->route;
    if (item_is_unwanted(item)) {
        item_drop(e, item);
        return;
    }
    if (route->down_until_ms > e->now_ms && route->hosts_as != HOST_KNOWN) {
        item_finish(e, item);
        return;
    }
    if (route->down_until_ms > e->now_ms) {
        item->probe = (unsigned char) route->down_as;
        item_retry(e, item, 0);
        return;
    }
    set_deadline(e, item);
    route_add(e, route, item, item->phase != PHASE_TARGET);
}

/* How often it is tried again: what may change with time more often than what is probably
 * meant. A reply to the target says nothing of the random names that come after it. */
static size_t retries_of(const struct item *item) {
    bool is_meant = item->meaning == REPLY_POLICY || item->meaning == REPLY_BARE
                    || item->meaning == REPLY_UNMATCHED || item->meaning == REPLY_MAILBOX_BUSY;
    return item->probe == PROBE_ANSWERED && item->phase == PHASE_TARGET && is_meant ? 1 : LENGTH(retry_ms);
}

void item_retry(struct verify_engine *e, struct item *item, int64_t wait_ms) {
    bool last = item->retries >= retries_of(item);
    int64_t delay = last ? 0 : retry_ms[item->retries];
    if (wait_ms) { /* what the server says, unless an hour or our own longer delay is enough */
        int64_t most = item->retries ? delay : HOUR_MS;
        delay = wait_ms + WAIT_MORE_MS < most ? wait_ms + WAIT_MORE_MS : most;
    }
    delay = engine_scaled(e, delay);
    if (item_is_unwanted(item)) {
        item_drop(e, item);
        return;
    }
    if (last || e->now_ms + delay >= item->deadline_ms) {
        item_finish(e, item);
        return;
    }
    item->retries++;
    item->drops = 0;
    item->host_at = item->denied = 0;
    e->stats.retries++;
    wait_until(e, item, e->now_ms + delay);
}

bool item_accepted(struct verify_engine *e, struct item *item) {
    struct domain *domain = item->domain;
    enum provider_trust trust = provider_facts(domain->route->site->provider)->trust;
    if (trust == TRUST_AFTER_DATA || domain_catch_all_known(e, domain)) {
        item_finish(e, item);
        return false;
    }
    if (domain->tester) {
        set_deadline(e, item);
        items_add(&domain->untested, item);
        return false;
    }
    domain->tester = item;
    return true;
}

void item_finish(struct verify_engine *e, struct item *item) {
    if (item->domain && item->domain->tester == item) {
        domain_set_catch_all(e, item->domain, CATCH_ALL_UNCLEAR); /* comes back here */
        return;
    }
    struct verify_answer answer = answer_of(e, item);
    store_mailbox(e, item, &answer);
    e->stats.results[answer.verdict.result]++;
    engine_answer(e, item->queue, &answer);
    forget(e, item);
    arena_reset(e->ends); /* thousands may end in one turn */
}

/* --- names that nobody has --- */

/* One name like a person's, one of letters and digits, both about as long as the one that
 * was accepted, so that neither looks like a pattern. */
static struct str random_name(struct verify_engine *e, const struct item *item, size_t length) {
    static const char consonants[] = "bdfgklmnprstvz", vowels[] = "aeiou";
    static const char anything[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char hash[64];
    struct buf b = buf_in(e->scratch, RANDOM_MAX + 1);
    struct str seed = arena_printf(e->scratch, "%d %lld %.*s", item->phase,
                                   (long long) item->deadline_ms, item->n, item->text);
    (void) crypto_generichash(hash, sizeof hash, (const unsigned char *) seed.p, seed.n, e->secret,
                              sizeof e->secret); /* fails for impossible sizes only */
    size_t n = length < RANDOM_MIN ? RANDOM_MIN : length > RANDOM_MAX ? RANDOM_MAX : length;
    for (size_t i = 0; i < n; i++) {
        unsigned r = hash[i];
        if (item->phase == PHASE_RANDOM)
            buf_char(&b, anything[i ? r % (sizeof anything - 1) : r % 26]);
        else if (i == n / 2)
            buf_char(&b, '.');
        else
            buf_char(&b, i % 2 ? vowels[r % (sizeof vowels - 1)]
                               : consonants[r % (sizeof consonants - 1)]);
    }
    return buf_text(&b);
}

struct str item_recipient(struct verify_engine *e, const struct item *item) {
    struct offline offline = item_offline(e, e->scratch, item);
    if (item->phase == PHASE_TARGET)
        return offline.address.text;
    struct str name = random_name(e, item, offline.address.local.n);
    return arena_printf(e->scratch, "%.*s@%.*s", STR_FMT(name), STR_FMT(item->domain->name));
}
