/* What is said to a mail server, and what follows from its answers. Greeting, EHLO, STARTTLS
 * where it is demanded, then rounds of MAIL, RCPT and RSET with one address each, until
 * nobody waits, five recipients were refused or the connection has had its share; QUIT. Never
 * DATA. With PIPELINING (RFC 2920) a round is one write, otherwise a command waits for the
 * answer to the one before. Random names are asked for in the transaction of the target,
 * unless the site wants one recipient in each. */
#include "base/check.h"
#include "base/mem.h"
#include "verify/dialogue.h"

enum {
    REJECTED_MAX = 5,       /* recipients in one connection; harvest defences begin above */
    QUIT_MS = 5 * 1000,
    FIRST_HOST_MS = 10 * 60 * 1000,
    DROPS_MAX = 1,          /* connections that ended in the middle, before it is left for later */
};

static void go_on(struct verify_engine *e, struct dialogue *d);
static void begin_round(struct verify_engine *e, struct dialogue *d);

/* --- life --- */

static void close_dialogue(struct verify_engine *e, struct dialogue *d) {
    struct route *route = d->route;
    ASSERT(!d->item && d->state != D_CLOSED);
    wire_close(e, d);
    timer_stop(&e->timers, &d->timer);
    d->state = D_CLOSED;
    route->dialogues--;
    route->site->connections--;
    e->connections--;
    d->prev->next = d->next;
    d->next->prev = d->prev;
    if (e->dialogues == d)
        e->dialogues = d->next == d ? NULL : d->next;
    d->next = e->graveyard; /* its events may still be in this turn's list */
    e->graveyard = d;
    site_touch(e, route->site);
}

struct dialogue *dialogue_next(struct dialogue *d) {
    return d->next;
}

void dialogues_bury(struct verify_engine *e) {
    while (e->graveyard) {
        struct dialogue *d = e->graveyard;
        e->graveyard = d->next;
        mem_free(d);
    }
}

/* The item leaves the dialogue for its next place. */
static struct item *release(struct dialogue *d) {
    struct item *item = d->item;
    d->item = NULL;
    item->in_dialogue = false;
    return item;
}

static void hold(struct verify_engine *e, struct dialogue *d, struct item *item) {
    timer_stop(&e->timers, &item->timer);
    item->in_dialogue = true;
    d->item = item;
}

static void say(struct verify_engine *e, struct dialogue *d, struct str text) {
    wire_say(d, text);
    wire_deadline(e, d, e->options.reply_ms);
    wire_flush(e, d);
}

static void quit(struct verify_engine *e, struct dialogue *d) {
    d->state = D_QUITTING;
    wire_say(d, STR("QUIT\r\n"));
    wire_deadline(e, d, QUIT_MS);
    wire_flush(e, d);
}

void dialogue_end(struct verify_engine *e, struct dialogue *d, bool politely) {
    if (d->item)
        item_drop(e, release(d));
    if (politely && d->state == D_TALKING)
        quit(e, d);
    else if (!politely || d->state < D_TALKING)
        close_dialogue(e, d);
}

/* --- the way to a host --- */

static enum host_state hosts_as(const struct dialogue *d) {
    if (d->any_reached || d->any_failed)
        return HOST_KNOWN;
    return d->any_private ? HOST_NOT_PUBLIC : HOST_NONE;
}

/* Every host was tried. Who waits for the same route shares the fate, unless another
 * connection is doing fine: then this one was one too many. */
static void give_up(struct verify_engine *e, struct dialogue *d) {
    struct route *route = d->route;
    struct item *item = release(d);
    bool began_late = route->first_until_ms > e->now_ms && route->first_host > 0 && !item->host_at;
    if (began_late) { /* the host that answered last time; those before it are worth a try */
        route->first_until_ms = 0;
        close_dialogue(e, d);
        item_requeue(e, item);
        return;
    }
    bool alone = route->dialogues == 1 && !item->host_at;
    enum probe_state as = d->any_reached ? (enum probe_state) d->worst : PROBE_NO_CONNECT;
    route->hosts_as = hosts_as(d);
    close_dialogue(e, d);
    bool spoke = as == PROBE_ANSWERED; /* a greeting that refuses; the item knows what it means */
    if (route->hosts_as == HOST_KNOWN && !(spoke && item->probe == PROBE_ANSWERED))
        item->probe = (unsigned char) as;
    if (alone && !spoke)
        route_down(e, route, as);
    else
        site_busy(e, route->site);
    if (route->hosts_as == HOST_KNOWN)
        item_retry(e, item, 0);
    else
        item_finish(e, item);
}

static void not_probed(struct verify_engine *e, struct item *item) {
    item_finish(e, item);
}

/* Probing is off: that a host has a usable address is all that there is to find out. */
static void finish_unprobed(struct verify_engine *e, struct dialogue *d) {
    struct route *route = d->route;
    struct item *item = release(d);
    route->hosts_as = HOST_KNOWN;
    close_dialogue(e, d);
    item_finish(e, item);
    route_flush(e, route, not_probed);
}

static bool try_addresses(struct verify_engine *e, struct dialogue *d, const struct host *host) {
    for (; d->address < host->n; d->address++) {
        d->any_reached = true;
        if (wire_connect(e, d, (const struct sockaddr *) &host->addresses[d->address])) {
            d->state = D_CONNECTING;
            wire_deadline(e, d, e->options.connect_ms);
            return true;
        }
        if (d->worst == PROBE_NONE)
            d->worst = PROBE_NO_CONNECT;
    }
    return false;
}

static void try_hosts(struct verify_engine *e, struct dialogue *d) {
    for (; d->host < d->route->n_hosts; d->host++, d->address = 0) {
        struct host *host = host_of(e, d->route->hosts[d->host]);
        d->state = D_RESOLVING;
        if (!host_want(e, host, d))
            return;
        d->any_failed |= host->state == HOST_FAILED;
        d->any_private |= host->state == HOST_NOT_PUBLIC;
        if (host->state == HOST_KNOWN && !e->probes) {
            finish_unprobed(e, d);
            return;
        }
        if (host->state == HOST_KNOWN && try_addresses(e, d, host))
            return;
    }
    give_up(e, d);
}

void dialogue_host_known(struct verify_engine *e, struct dialogue *d) {
    if (!e->ending)
        try_hosts(e, d);
}

void dialogue_start(struct verify_engine *e, struct route *route, struct item *item) {
    struct dialogue *d = MEM_NEW(struct dialogue);
    bool fresh = route->first_until_ms > e->now_ms;
    *d = (struct dialogue){
        .route = route,
        .stream = { .fd = -1 },
        .ends_ms = e->now_ms + e->options.dialogue_ms,
        .host = item->host_at ? item->host_at : fresh ? route->first_host : 0,
        .null_sender = route->site->null_sender,
    };
    d->next = d->prev = d;
    if (e->dialogues) {
        d->next = e->dialogues;
        d->prev = e->dialogues->prev;
        d->prev->next = d->next->prev = d;
    }
    e->dialogues = d;
    route->dialogues++;
    route->site->connections++;
    e->connections++;
    hold(e, d, item);
    try_hosts(e, d);
}

/* This address of the host will not do: the next. */
static void try_next(struct verify_engine *e, struct dialogue *d, enum probe_state as) {
    wire_close(e, d);
    timer_stop(&e->timers, &d->timer);
    d->worst = (unsigned char) (d->worst > as ? d->worst : as);
    d->is_tls = d->pipelines = d->offers_tls = d->offers_utf8 = false;
    d->address++;
    if (e->now_ms >= d->ends_ms) {
        d->address = 0;
        d->host = d->route->n_hosts;
    }
    try_hosts(e, d);
}

void dialogue_connected(struct verify_engine *e, struct dialogue *d, bool worked) {
    e->stats.connects++;
    if (!worked) {
        try_next(e, d, PROBE_NO_CONNECT);
        return;
    }
    d->state = D_GREETING;
    wire_deadline(e, d, e->options.reply_ms);
}

/* The connection ended in the middle: once more at once, then later. */
static void cut_off(struct verify_engine *e, struct dialogue *d, enum probe_state as) {
    struct item *item = d->item ? release(d) : NULL;
    close_dialogue(e, d);
    if (!item)
        return;
    if (item->phase == PHASE_TARGET)
        item->probe = (unsigned char) as;
    if (item->drops++ < DROPS_MAX)
        item_requeue(e, item);
    else
        item_retry(e, item, 0);
}

void dialogue_failed(struct verify_engine *e, struct dialogue *d, enum probe_state as) {
    if (d->state == D_QUITTING || d->state == D_TALKING)
        cut_off(e, d, as);
    else if (d->state == D_CONNECTING && as == PROBE_BROKEN)
        try_next(e, d, PROBE_NO_CONNECT);
    else
        try_next(e, d, as);
}

/* --- what replies mean --- */

static struct str local_part(const struct item *item) {
    struct str text = item ? (struct str){ item->text, item->n } : STR("");
    return str_sub(text, 0, str_find_last(text, '@'));
}

static enum reply_meaning note_reply(struct verify_engine *e, struct dialogue *d, struct str lines,
                                     enum reply_stage stage) {
    struct reply reply = { 0 };
    struct item *item = d->item;
    enum provider provider = d->route->site->provider;
    if (reply_parse(e->scratch, lines, &reply) != OK)
        return REPLY_PROTOCOL;
    enum reply_meaning meaning = reply_classify(&reply, stage, provider);
    if (meaning == REPLY_UNMATCHED || meaning == REPLY_BARE)
        engine_note_unmatched(e, provider, &reply, local_part(item));
    if (!item || item->phase != PHASE_TARGET)
        return meaning;
    item->probe = PROBE_ANSWERED;
    item->meaning = (unsigned char) meaning;
    item->code = (unsigned short) reply.code;
    item->enhanced[0] = (unsigned short) reply.class;
    item->enhanced[1] = (unsigned short) reply.subject;
    item->enhanced[2] = (unsigned short) reply.detail;
    item->checked_at_ms = clock_now(e->clock);
    return meaning;
}

static int64_t wait_of(struct verify_engine *e, struct str lines) {
    struct reply reply = { 0 };
    return reply_parse(e->scratch, lines, &reply) == OK ? reply_wait_seconds(&reply) * SECOND_MS : 0;
}

static void blocked(struct verify_engine *e, struct dialogue *d) {
    struct item *item = release(d);
    struct site *site = d->route->site;
    if (d->state == D_TALKING)
        quit(e, d);
    else
        close_dialogue(e, d);
    bool again = site_blocked(e, site);
    if (again && item->blocks++ <= e->n_sources)
        item_requeue(e, item);
    else
        item_finish(e, item);
}

static void later(struct verify_engine *e, struct dialogue *d, int64_t wait_ms) {
    item_retry(e, release(d), wait_ms);
    go_on(e, d);
}

/* This host does not serve it, or cannot just now; which of both decides when all said so. */
static void next_mx(struct verify_engine *e, struct dialogue *d, enum reply_meaning meaning) {
    struct item *item = release(d);
    item->denied = (unsigned char) (item->denied + (meaning == REPLY_RELAY_DENIED));
    item->host_at = (unsigned char) (d->host + 1);
    if (meaning == REPLY_BUSY) {
        site_busy(e, d->route->site);
        quit(e, d);
    }
    if (item->host_at < d->route->n_hosts)
        item_requeue(e, item);
    else if (item->denied >= d->route->n_hosts)
        item_finish(e, item);
    else
        item_retry(e, item, 0);
    go_on(e, d);
}

/* One recipient each: a new transaction, then a new connection, then later. */
static void new_transaction(struct verify_engine *e, struct dialogue *d) {
    d->route->site->one_recipient = true;
    if (d->in_transaction > 1) {
        begin_round(e, d);
        return;
    }
    struct item *item = release(d);
    quit(e, d);
    if (d->recipients > 1)
        item_requeue(e, item);
    else
        item_retry(e, item, 0);
}

static void start_tls(struct verify_engine *e, struct dialogue *d) {
    struct site *site = d->route->site;
    if (!site->needs_tls) {
        site->needs_tls = true;
        site_store(e, site);
    }
    d->state = D_TLS_ASKED;
    d->n_commands = d->said = d->answered = 0;
    d->in_mail = d->mail_refused = false;
    say(e, d, STR("STARTTLS\r\n"));
}

static void act(struct verify_engine *e, struct dialogue *d, enum reply_meaning meaning,
                struct str lines) {
    switch (reply_meaning_facts(meaning)->action) {
    case ACTION_NEXT_MX:
        next_mx(e, d, meaning);
        return;
    case ACTION_NEW_TRANSACTION:
        new_transaction(e, d);
        return;
    case ACTION_START_TLS:
        if (d->offers_tls && !d->is_tls) {
            start_tls(e, d);
            return;
        }
        break;
    case ACTION_RETRY_LATER:
        later(e, d, wait_of(e, lines));
        return;
    case ACTION_STOP_SITE:
        blocked(e, d);
        return;
    case ACTION_DONE:
        break;
    }
    item_finish(e, release(d));
    go_on(e, d);
}

/* --- before the first round --- */

static void refused_early(struct verify_engine *e, struct dialogue *d, struct str lines,
                          enum reply_stage stage) {
    enum reply_meaning meaning = note_reply(e, d, lines, stage);
    if (reply_meaning_facts(meaning)->action == ACTION_STOP_SITE) {
        blocked(e, d);
        return;
    }
    try_next(e, d, PROBE_ANSWERED);
}

static void say_hello(struct verify_engine *e, struct dialogue *d, enum command word) {
    d->state = D_HELLO;
    d->hello = (unsigned char) word;
    say(e, d, arena_printf(e->scratch, "%s %.*s\r\n", word == SAY_EHLO ? "EHLO" : "HELO",
                           STR_FMT(e->options.helo)));
}

static void greeted(struct verify_engine *e, struct dialogue *d, struct str lines) {
    if (smtp_reply_code(lines) == 220)
        say_hello(e, d, SAY_EHLO);
    else
        refused_early(e, d, lines, STAGE_CONNECT);
}

static void begin_talking(struct verify_engine *e, struct dialogue *d) {
    struct route *route = d->route;
    route->first_host = d->host;
    route->first_until_ms = e->now_ms + FIRST_HOST_MS;
    route->down_until_ms = 0;
    route->hosts_as = HOST_KNOWN;
    d->state = D_TALKING;
    begin_round(e, d);
}

static void helloed(struct verify_engine *e, struct dialogue *d, struct str lines) {
    int code = smtp_reply_code(lines);
    bool knows_no_ehlo = code == 500 || code == 502 || code == 504;
    if (code != 250) {
        if (knows_no_ehlo && d->hello == SAY_EHLO)
            say_hello(e, d, SAY_HELO);
        else
            refused_early(e, d, lines, STAGE_HELLO);
        return;
    }
    d->pipelines = smtp_reply_offers(lines, STR("PIPELINING"));
    d->offers_tls = smtp_reply_offers(lines, STR("STARTTLS"));
    d->offers_utf8 = smtp_reply_offers(lines, STR("SMTPUTF8"));
    if (d->route->site->needs_tls && d->offers_tls && !d->is_tls)
        start_tls(e, d);
    else
        begin_talking(e, d);
}

static void tls_answered(struct verify_engine *e, struct dialogue *d, struct str lines) {
    if (smtp_reply_code(lines) != 220) {
        refused_early(e, d, lines, STAGE_TLS);
        return;
    }
    d->state = D_TLS;
    wire_deadline(e, d, e->options.reply_ms);
    wire_start_tls(e, d);
}

void dialogue_tls_done(struct verify_engine *e, struct dialogue *d, bool worked) {
    if (!worked) {
        try_next(e, d, PROBE_BROKEN);
        return;
    }
    d->is_tls = true;
    say_hello(e, d, SAY_EHLO); /* what was offered in clear does not count (RFC 3207, 4.2) */
}

/* --- rounds --- */

static struct str command_text(struct verify_engine *e, struct dialogue *d, enum command command) {
    if (command == SAY_RSET)
        return STR("RSET\r\n");
    if (command == SAY_MAIL)
        return arena_printf(e->scratch, "MAIL FROM:<%.*s>%s\r\n",
                            STR_FMT(d->null_sender ? STR("") : e->options.mail_from),
                            d->item->is_utf8 ? " SMTPUTF8" : "");
    return arena_printf(e->scratch, "RCPT TO:<%.*s>\r\n", STR_FMT(item_recipient(e, d->item)));
}

/* What may be said now: with pipelining the whole round. */
static void say_round(struct verify_engine *e, struct dialogue *d) {
    while (d->said < d->n_commands && (d->pipelines || d->said == d->answered)) {
        wire_say(d, command_text(e, d, (enum command) d->commands[d->said]));
        d->said++;
    }
    wire_deadline(e, d, e->options.reply_ms);
    wire_flush(e, d);
}

static bool is_spent(struct verify_engine *e, const struct dialogue *d) {
    int of_provider = provider_facts(d->route->site->provider)->per_connection;
    int64_t most = e->options.site_recipients;
    most = of_provider && of_provider < most ? of_provider : most;
    return d->rejected >= REJECTED_MAX || d->recipients >= most || e->now_ms >= d->ends_ms;
}

/* Not without SMTPUTF8 (RFC 6531, 3.1); the address is told so. */
static bool cannot_carry(struct verify_engine *e, struct dialogue *d, struct item *item) {
    if (d->offers_utf8 || !item->is_utf8)
        return false;
    item->probe = PROBE_ANSWERED;
    item->meaning = REPLY_NEEDS_UTF8;
    item->code = 0;
    item->checked_at_ms = clock_now(e->clock);
    item->in_dialogue = false;
    item_finish(e, item);
    return true;
}

static void begin_round(struct verify_engine *e, struct dialogue *d) {
    if (is_spent(e, d)) {
        item_requeue(e, release(d));
        quit(e, d);
        return;
    }
    if (cannot_carry(e, d, d->item)) {
        d->item = NULL;
        go_on(e, d);
        return;
    }
    bool same = d->in_mail && d->item->phase != PHASE_TARGET && !d->route->site->one_recipient
                && d->in_transaction > 0;
    d->n_commands = d->said = d->answered = 0;
    d->mail_refused = false;
    if (!same) {
        if (d->in_mail)
            d->commands[d->n_commands++] = SAY_RSET;
        d->commands[d->n_commands++] = SAY_MAIL;
        d->in_transaction = 0;
    }
    d->commands[d->n_commands++] = SAY_RCPT;
    say_round(e, d);
}

/* The next that waits, or goodbye. */
static void go_on(struct verify_engine *e, struct dialogue *d) {
    if (d->state != D_TALKING)
        return;
    struct item *item = is_spent(e, d) ? NULL : route_take(e, d->route, d->host);
    while (item && cannot_carry(e, d, item))
        item = route_take(e, d->route, d->host);
    if (!item) {
        quit(e, d);
        return;
    }
    d->in_transaction = 0; /* what is open belongs to another address */
    hold(e, d, item);
    begin_round(e, d);
}

static void judge_random(struct verify_engine *e, struct dialogue *d, enum reply_meaning meaning,
                         struct str lines) {
    struct item *item = d->item;
    enum reply_action action = reply_meaning_facts(meaning)->action;
    enum catch_all result = CATCH_ALL_UNCLEAR;
    bool refused = meaning == REPLY_USER_UNKNOWN || meaning == REPLY_BARE || meaning == REPLY_DISABLED;
    if (refused && item->phase == PHASE_NAME_LIKE) {
        item->phase = PHASE_RANDOM;
        begin_round(e, d);
        return;
    }
    /* Where the name-like one is greylisted, the other's time begins now as well; then both
     * are asked for again. */
    if (meaning == REPLY_GREYLISTED && item->phase == PHASE_NAME_LIKE) {
        item->phase = PHASE_RANDOM;
        item->is_name_deferred = true;
        begin_round(e, d);
        return;
    }
    bool name_is_open = item->is_name_deferred && meaning != REPLY_ACCEPTED;
    if (name_is_open) {
        item->phase = PHASE_NAME_LIKE;
        item->is_name_deferred = false;
        later(e, d, wait_of(e, lines));
        return;
    }
    if (!refused && action != ACTION_DONE) {
        act(e, d, meaning, lines);
        return;
    }
    if (refused)
        result = CATCH_ALL_NO;
    else if (meaning == REPLY_ACCEPTED)
        result = CATCH_ALL_YES;
    (void) release(d); /* it is the domain's tester and ends with the test */
    domain_set_catch_all(e, item->domain, result);
    go_on(e, d);
}

static void judge_target(struct verify_engine *e, struct dialogue *d, enum reply_meaning meaning,
                         struct str lines) {
    struct item *item = d->item;
    /* One that gets too much mail still after a while is there all the same. */
    bool is_there = meaning == REPLY_ACCEPTED || (meaning == REPLY_MAILBOX_BUSY && item->retries);
    if (!is_there) {
        act(e, d, meaning, lines);
        return;
    }
    item->in_dialogue = false;
    if (item_accepted(e, item)) {
        item->in_dialogue = true;
        item->phase = PHASE_NAME_LIKE;
        item->retries = 0; /* the random names are greylisted by themselves */
        begin_round(e, d);
        return;
    }
    d->item = NULL;
    go_on(e, d);
}

static void mail_was_refused(struct verify_engine *e, struct dialogue *d, struct str lines) {
    struct site *site = d->route->site;
    bool may_try_null = d->refusal_code >= 500 && d->refusal != REPLY_NEEDS_TLS && !d->null_sender;
    if (may_try_null) {
        d->null_sender = true; /* some know our own sender and do not like it */
        begin_round(e, d);
        return;
    }
    d->null_sender = site->null_sender;
    act(e, d, d->refusal, lines);
}

static void answered_mail(struct verify_engine *e, struct dialogue *d, struct str lines) {
    if (smtp_reply_code(lines) / 100 == 2) {
        struct site *site = d->route->site;
        d->in_mail = true;
        if (d->null_sender && !site->null_sender) {
            site->null_sender = true;
            site_store(e, site);
        }
        return;
    }
    d->refusal = note_reply(e, d, lines, STAGE_MAIL);
    d->refusal_code = smtp_reply_code(lines);
    d->mail_refused = true;
    if (!d->pipelines)
        mail_was_refused(e, d, lines);
}

static void answered_rcpt(struct verify_engine *e, struct dialogue *d, struct str lines) {
    if (d->mail_refused) {
        mail_was_refused(e, d, lines);
        return;
    }
    int code = smtp_reply_code(lines);
    struct site *site = d->route->site;
    enum reply_meaning meaning = note_reply(e, d, lines, STAGE_RCPT);
    d->recipients++;
    d->in_transaction++;
    d->rejected += code >= 500;
    e->stats.recipients++;
    if (e->n_sources)
        e->sources[site->source].used++;
    if (meaning == REPLY_GREYLISTED && !site->greylists) {
        site->greylists = true;
        site_store(e, site);
    }
    if (meaning != REPLY_BLOCKED && meaning != REPLY_BUSY)
        site_answered(e, site);
    if (d->item->phase == PHASE_TARGET)
        judge_target(e, d, meaning, lines);
    else
        judge_random(e, d, meaning, lines);
}

static void answered(struct verify_engine *e, struct dialogue *d, struct str lines) {
    if (d->answered == d->said) { /* nothing was asked: it closes, or makes no sense */
        cut_off(e, d, PROBE_BROKEN);
        return;
    }
    enum command command = (enum command) d->commands[d->answered++];
    if (command == SAY_RSET) {
        d->in_mail = false;
        if (smtp_reply_code(lines) != 250) {
            cut_off(e, d, PROBE_BROKEN);
            return;
        }
    } else if (command == SAY_MAIL) {
        answered_mail(e, d, lines);
    } else {
        answered_rcpt(e, d, lines);
        return;
    }
    if (d->state == D_TALKING && d->answered == d->said && d->said < d->n_commands)
        say_round(e, d);
}

void dialogue_reply(struct verify_engine *e, struct dialogue *d, struct str lines) {
    static void (*const by_state[])(struct verify_engine *e, struct dialogue *d, struct str lines) = {
        [D_GREETING] = greeted,
        [D_HELLO] = helloed,
        [D_TLS_ASKED] = tls_answered,
        [D_TALKING] = answered,
    };
    if (d->state == D_QUITTING)
        close_dialogue(e, d);
    else if (d->state < LENGTH(by_state) && by_state[d->state])
        by_state[d->state](e, d, lines);
}
