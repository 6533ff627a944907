#include "sequence/inbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"
#include "sequence/inbox_folder.h"
#include "sequence/mailbox_login.h"
#include "sequence/workflows.h"
#include "store/inboxes.h"
#include "store/services.h"

#define LEASE_MS    (30 * SECOND_MS)
#define RENEW_MS    (LEASE_MS / 5)
#define TAKE_MS     (SECOND_MS)       /* how often mailboxes are looked for that nobody reads */
#define SPAM_MS     (5 * MINUTE_MS)   /* how often the folder for spam is looked at */
#define IDLE_MS     (25 * MINUTE_MS)  /* RFC 2177: below 29 */
#define BACKOFF_MS  (30 * MINUTE_MS)  /* at most, after failures */
enum { ID_BYTES = 64, EVENTS = 64, BACKOFF_STEPS = 5, HOST_BYTES = 280,
       LEAVES_OUT_AFTER = 5 /* failures in a row */ };

/* How likely a worker is to wait long for the server: a dead one holds it for a minute. */
enum lane {
    LANE_OPEN,  /* a connection that worked until now */
    LANE_NEW,   /* is to be connected */
    LANE_DOUBT, /* failed twice in a row, or its server gave nobody an answer lately */
    LANES
};

/* A server of mailboxes. */
struct host {
    struct host *next;
    bool is_silent; /* did not answer in time, and has not since */
    char name[HOST_BYTES]; /* with the port */
};

/* A mailbox that this process reads. Owned by the list; by a worker while it is BUSY. */
enum state { WATCHED_QUEUED, WATCHED_BUSY, WATCHED_RESTING, WATCHED_OVER };
struct watched {
    struct watched *next, *next_due;
    struct host *host; /* NULL: its mailbox is gone */
    enum state state;
    enum lane lane;    /* in which it is queued or served */
    char account_id[ID_BYTES], mailbox_id[ID_BYTES];
    int64_t failures;
    struct imap *imap; /* NULL: not connected */
    bool idles;        /* the server waits with us */
    bool called;       /* it may be that it is not to be read any more */
    bool leaves;       /* it is another process's turn */
    char *spam_folder; /* NULL: there is none */
    int64_t look_at_ms, spam_at_ms; /* monotonic */
};

struct inbox_reader {
    struct db *db;
    struct services services; /* as those of the process, but for jobs_stopping */
    char owner[ID_BYTES];
    int epoll, calls;         /* calls: an eventfd that ends the watcher's wait */
    pthread_mutex_t lock;     /* of the list, the queue and every state */
    pthread_cond_t queued;
    struct watched *list;
    struct host *hosts;
    struct queue {
        struct watched *first, *last;
        int served; /* workers that are with one of it */
    } lanes[LANES];
    bool stops;
    int n;
    pthread_t watcher, workers[INBOX_THREADS_MAX];
};

/* For conversations that are to be broken off: one reader per process. */
static atomic_bool stopping;

static bool is_stopping(void) {
    return atomic_load(&stopping);
}

static void lock(struct inbox_reader *r) {
    (void) pthread_mutex_lock(&r->lock); /* fails only when misused */
}

static void unlock(struct inbox_reader *r) {
    (void) pthread_mutex_unlock(&r->lock);
}

static void put_id(char *to, struct str id) {
    ASSERT(id.n < ID_BYTES);
    memcpy(to, id.p, id.n);
    to[id.n] = '\0';
}

/* What is longer is most likely the same server. */
static void put_name(char *to, struct str server) {
    struct str name = str_sub(server, 0, HOST_BYTES - 1);
    memcpy(to, name.p, name.n);
    to[name.n] = '\0';
}

static void call_watcher(struct inbox_reader *r) {
    const uint64_t one = 1;
    (void) !write(r->calls, &one, sizeof one); /* fails only when it was called already */
}

/* --- one mailbox --- */

/* A round of a worker. */
struct round {
    struct inbox_reader *reader;
    struct watched *w;
    struct ctx ctx;
    struct mailbox mailbox;
    enum rc rc;            /* what came of it */
    char host[HOST_BYTES]; /* empty: no server was asked */
};

static void disconnect(struct watched *w) {
    imap_close(&w->imap);
    mem_free(w->spam_folder);
    w->spam_folder = NULL;
    w->idles = false;
}

static enum rc connect_mailbox(struct round *t) {
    struct mailbox_secret secret;
    struct str reason = STR_NONE;
    struct list folders = { 0 };
    struct watched *w = t->w;
    enum rc rc = mailbox_credentials(&t->ctx, &t->mailbox, &secret, &reason);
    if (rc == OK)
        rc = mailbox_imap(&t->ctx, &t->mailbox, &secret, &w->imap, &reason);
    if (rc == OK)
        rc = imap_folders(w->imap, t->ctx.arena, &folders);
    if (rc != OK)
        return fail(&t->ctx, rc, "%.*s", STR_FMT(reason));
    struct str spam = imap_special(folders, STR("\\Junk"));
    w->spam_folder = str_is_set(spam) ? mem_strdup(arena_cstr(t->ctx.arena, spam)) : NULL;
    w->spam_at_ms = 0;
    return OK;
}

static enum rc end_idle(struct watched *w) {
    enum rc rc = w->idles ? imap_idle_end(w->imap) : OK;
    w->idles = false;
    return rc;
}

/* INBOX last: it is the one that is waited in. */
static enum rc read_folders(struct round *t) {
    struct watched *w = t->w;
    const struct inbox_session session = { &t->ctx, &t->mailbox, w->imap, str_of(t->reader->owner),
                                           w->failures >= LEAVES_OUT_AFTER };
    enum rc rc = OK;
    if (w->spam_folder && monotonic_ms() >= w->spam_at_ms) {
        rc = inbox_read_folder(&session, str_of(w->spam_folder));
        w->spam_at_ms = monotonic_ms() + SPAM_MS;
    }
    if (rc == E_INVALID || rc == E_UNSUPPORTED) { /* INBOX is worth more */
        log_warn(&t->ctx, "the folder for spam cannot be read, leaving it out",
                 LOG_S("mailbox", t->mailbox.id), LOG_S("error", imap_said(w->imap)));
        ctx_clear_error(&t->ctx);
        rc = OK;
    }
    return rc == OK ? inbox_read_folder(&session, STR("INBOX")) : rc;
}

/* Ends with the server waiting with us, or with the time of the next look. */
static enum rc rest(struct round *t, bool *ret_again) {
    struct watched *w = t->w;
    int64_t now = monotonic_ms();
    *ret_again = false;
    w->look_at_ms = now + t->reader->services.mail.poll_ms;
    if (!imap_can(w->imap, STR("IDLE")))
        return OK;
    enum rc rc = imap_idle_begin(w->imap, ret_again);
    w->idles = rc == OK;
    w->look_at_ms = w->spam_folder && w->spam_at_ms < now + IDLE_MS ? w->spam_at_ms : now + IDLE_MS;
    return rc;
}

/* Something came over a connection that waits: usually news, sometimes only a sign of life. */
static enum rc nothing_new(struct watched *w, bool *ret_nothing) {
    bool news = false;
    *ret_nothing = false;
    if (!w->idles || monotonic_ms() >= w->look_at_ms)
        return OK;
    enum rc rc = imap_idle_news(w->imap, &news);
    *ret_nothing = rc == OK && !news;
    return rc;
}

static enum rc read_mailbox(struct round *t) {
    bool nothing = false, again = true;
    enum rc rc = t->w->imap ? nothing_new(t->w, &nothing) : connect_mailbox(t);
    if (rc != OK || nothing)
        return rc;
    for (; rc == OK && again && !is_stopping(); workflows_wake(&t->ctx)) {
        rc = end_idle(t->w);
        if (rc == OK)
            rc = read_folders(t);
        if (rc == OK)
            rc = rest(t, &again);
    }
    return rc;
}

/* --- giving back --- */

static int64_t backoff(const struct round *t, int64_t failures) {
    int64_t steps = failures < BACKOFF_STEPS ? failures - 1 : BACKOFF_STEPS;
    int64_t wait = t->reader->services.mail.poll_ms << steps;
    return wait < BACKOFF_MS ? wait : BACKOFF_MS;
}

static void give_back(struct round *t, int64_t failures, int64_t wake_at) {
    const struct inbox inbox = { t->ctx.account_id, str_of(t->w->mailbox_id), opt_int(failures), STR_NONE };
    if (inbox_give_back(&t->ctx, &inbox, str_of(t->reader->owner), wake_at) != OK)
        log_warn(&t->ctx, "a mailbox could not be given back, its lease will end", LOG_S("mailbox", inbox.mailbox_id));
    disconnect(t->w);
}

/* Replies matter also while somebody has paused sending. */
static bool is_read(const struct mailbox *mailbox) {
    return str_eq(mailbox->status, STR("active")) || str_eq(mailbox->reason, STR("paused"));
}

static void put_host(struct round *t) {
    struct str name = arena_printf(t->ctx.arena, "%.*s:%lld", STR_FMT(t->mailbox.imap_host),
                                   (long long) t->mailbox.imap_port.v);
    put_name(t->host, name);
}

static enum state serve(struct round *t) {
    struct watched *w = t->w;
    if (w->leaves) {
        give_back(t, 0, 0);
        return WATCHED_OVER;
    }
    enum rc rc = mailbox_get(&t->ctx, str_of(w->mailbox_id), &t->mailbox);
    if (rc == E_NOT_FOUND || (rc == OK && !is_read(&t->mailbox))) {
        give_back(t, 0, INT64_MAX);
        return WATCHED_OVER;
    }
    if (rc == OK) {
        put_host(t);
        rc = t->rc = read_mailbox(t);
    }
    if (rc == OK) {
        w->failures = 0;
        return WATCHED_RESTING;
    }
    if (rc != E_CANCELED)
        log_warn(&t->ctx, "a mailbox could not be read, retrying", LOG_S("mailbox", str_of(w->mailbox_id)),
                 LOG_C("why", rc_text(rc)), LOG_S("error", t->ctx.err.text));
    ctx_clear_error(&t->ctx);
    if (rc == E_CANCELED && is_stopping()) /* which says nothing about its server */
        give_back(t, w->failures, 0);
    else
        give_back(t, w->failures + 1, clock_now(&clock_system) + backoff(t, w->failures + 1));
    return WATCHED_OVER;
}

/* --- lanes --- */

static struct host *host_of(struct inbox_reader *r, const char *name) {
    struct host *host = r->hosts;
    while (host && strcmp(host->name, name) != 0)
        host = host->next;
    if (!host) {
        host = MEM_NEW(struct host);
        memcpy(host->name, name, strlen(name) + 1);
        host->next = r->hosts;
        r->hosts = host;
    }
    return host;
}

/* A round has come to its end; under the lock. */
static void note_host(struct inbox_reader *r, struct watched *w, const char *name, enum rc rc) {
    w->host = host_of(r, name);
    if (rc == OK || rc == E_TIMEOUT)
        w->host->is_silent = rc != OK;
}

/* One failure says little: connections break, and who was waited for in vain is a silent host. */
static enum lane lane_of(const struct watched *w) {
    bool is_doubtful = w->failures > 1 || (w->host && w->host->is_silent);
    return is_doubtful ? LANE_DOUBT : w->imap ? LANE_OPEN : LANE_NEW;
}

/* Of several workers one is always left for connections that work, and half of them for servers that
 * answer, so that no number of dead servers keeps the others' mail. */
static bool may_serve(const struct inbox_reader *r, enum lane lane) {
    const int most[LANES] = { r->n, r->n > 1 ? r->n - 1 : 1, r->n > 1 ? r->n / 2 : 1 };
    int served = 0;
    for (int i = (int) lane; i < LANES; i++)
        served += r->lanes[i].served;
    return r->lanes[lane].first && served < most[lane];
}

static void enqueue(struct inbox_reader *r, struct watched *w) {
    w->state = WATCHED_QUEUED;
    w->called = false;
    w->next_due = NULL;
    w->lane = lane_of(w);
    struct queue *queue = &r->lanes[w->lane];
    if (queue->last)
        queue->last->next_due = w;
    else
        queue->first = w;
    queue->last = w;
    (void) pthread_cond_signal(&r->queued); /* cannot fail */
}

/* The last lane first: it takes no more than its share, and the others' go on beside it. */
static struct watched *next_due(struct inbox_reader *r) {
    for (int i = LANES; i-- > 0;) {
        struct queue *queue = &r->lanes[i];
        if (!may_serve(r, (enum lane) i))
            continue;
        struct watched *w = queue->first;
        queue->first = w->next_due;
        if (!queue->first)
            queue->last = NULL;
        queue->served++;
        w->state = WATCHED_BUSY;
        return w;
    }
    return NULL;
}

/* --- workers --- */

static struct watched *dequeue(struct inbox_reader *r) {
    struct watched *w = NULL;
    lock(r);
    while (!r->stops && !(w = next_due(r)))
        (void) pthread_cond_wait(&r->queued, &r->lock);
    unlock(r);
    return w;
}

/* A connection is told of once, then it is the worker's. */
static void watch(struct inbox_reader *r, struct watched *w) {
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = w };
    int fd = imap_fd(w->imap);
    if (epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
        (void) epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event); /* else it is looked at in its time */
}

static void *work(void *arg) {
    struct inbox_reader *r = arg;
    struct db_session *session = db_session_open(r->db);
    struct arena *arena = arena_new();
    struct watched *w;
    while ((w = dequeue(r))) {
        struct round round = { .reader = r, .w = w,
                               .ctx = { .arena = arena, .clock = &clock_system, .db = session,
                                        .services = &r->services, .account_id = str_of(w->account_id) } };
        enum state state = serve(&round);
        arena_reset(arena);
        lock(r);
        w->state = state;
        if (round.host[0])
            note_host(r, w, round.host, round.rc);
        r->lanes[w->lane].served--;
        (void) pthread_cond_signal(&r->queued); /* another may be served now; cannot fail */
        if (w->state == WATCHED_RESTING && w->idles)
            watch(r, w);
        unlock(r);
        call_watcher(r);
    }
    arena_free(&arena);
    db_session_close(&session);
    return NULL;
}

/* --- the watcher --- */

static bool is_listed(struct inbox_reader *r, struct str mailbox_id) {
    lock(r);
    struct watched *w = r->list;
    while (w && (w->state == WATCHED_OVER || !str_eq(str_of(w->mailbox_id), mailbox_id)))
        w = w->next;
    unlock(r);
    return w != NULL;
}

/* One whose lease ran out unseen is still read here, and has a lease again. */
static void add(struct inbox_reader *r, const struct inbox *inbox) {
    if (is_listed(r, inbox->mailbox_id))
        return;
    struct watched *w = MEM_NEW(struct watched);
    put_id(w->account_id, inbox->account_id);
    put_id(w->mailbox_id, inbox->mailbox_id);
    w->failures = inbox->failures.v;
    char host[HOST_BYTES];
    put_name(host, str_is_set(inbox->server) ? inbox->server : STR(""));
    lock(r);
    w->host = host[0] ? host_of(r, host) : NULL;
    w->next = r->list;
    r->list = w;
    enqueue(r, w);
    unlock(r);
}

/* What is above the share and waits with its server goes to processes that read fewer; a little may be
 * above, so that nobody's mailboxes move when others fail and come again. How many are left. */
static int64_t keep_share(struct inbox_reader *r, int64_t share) {
    int64_t held = 0;
    lock(r);
    for (const struct watched *w = r->list; w; w = w->next)
        held += w->state != WATCHED_OVER && !w->leaves;
    bool is_much = held - held / 8 - 1 > share;
    for (struct watched *w = r->list; is_much && held > share && w; w = w->next) {
        if (w->state != WATCHED_RESTING)
            continue;
        w->leaves = true;
        held--;
        enqueue(r, w);
    }
    unlock(r);
    return held;
}

static void take(struct inbox_reader *r, struct ctx *ctx) {
    const struct inbox_lease lease = { str_of(r->owner), ctx_now(ctx), LEASE_MS };
    struct inbox inbox;
    int64_t share = 0;
    enum rc rc = inboxes_share(ctx, lease.now_ms, &share);
    for (int64_t held = rc == OK ? keep_share(r, share) : 0; rc == OK && held < share && !is_stopping(); held++) {
        rc = inbox_take(ctx, &lease, &inbox);
        if (rc == OK)
            add(r, &inbox);
    }
    if (rc != OK && rc != E_NOT_FOUND)
        log_warn(ctx, "mailboxes cannot be taken, retrying", LOG_S("error", ctx->err.text));
}

/* At once also what waits with its server, which may do so for long. */
static void answer_calls(struct inbox_reader *r, struct ctx *ctx) {
    const struct inbox_lease lease = { str_of(r->owner), ctx_now(ctx), LEASE_MS };
    struct strs ids = { 0 };
    if (inboxes_called(ctx, &lease, &ids) != OK)
        log_warn(ctx, "what is new of mailboxes cannot be read, retrying", LOG_S("error", ctx->err.text));
    lock(r);
    for (struct watched *w = r->list; ids.n && w; w = w->next)
        w->called = w->called || strs_have(ids, str_of(w->mailbox_id));
    unlock(r);
}

static void renew(struct inbox_reader *r, struct ctx *ctx) {
    const struct inbox_lease lease = { str_of(r->owner), ctx_now(ctx), LEASE_MS };
    struct strs ids = { 0 };
    lock(r);
    for (const struct watched *w = r->list; w; w = w->next)
        if (w->state != WATCHED_OVER)
            strs_add(ctx->arena, &ids, arena_str(ctx->arena, str_of(w->mailbox_id)));
    unlock(r);
    if (inboxes_renew(ctx, &lease, ids) != OK)
        log_warn(ctx, "leases could not be renewed, retrying", LOG_S("error", ctx->err.text));
}

/* Forgets those that are over, queues those whose time has come; until when to wait. */
static int64_t look_through(struct inbox_reader *r, int64_t now, int64_t until) {
    lock(r);
    for (struct watched **at = &r->list, *w; (w = *at);) {
        if (w->state == WATCHED_OVER) {
            *at = w->next;
            mem_free(w);
            continue;
        }
        if (w->state == WATCHED_RESTING && (w->called || w->look_at_ms <= now))
            enqueue(r, w);
        else if (w->state == WATCHED_RESTING && w->look_at_ms < until)
            until = w->look_at_ms;
        at = &w->next;
    }
    unlock(r);
    return until;
}

static void wait_for_news(struct inbox_reader *r, int64_t until) {
    struct epoll_event events[EVENTS];
    uint64_t count;
    int64_t ms = until - monotonic_ms();
    int n = epoll_wait(r->epoll, events, EVENTS, ms < 0 ? 0 : (int) ms);
    lock(r);
    for (int i = 0; i < n; i++) {
        struct watched *w = events[i].data.ptr;
        if (!w)
            (void) !read(r->calls, &count, sizeof count); /* only to empty it */
        else if (w->state == WATCHED_RESTING)
            enqueue(r, w);
    }
    unlock(r);
}

static void *watch_all(void *arg) {
    struct inbox_reader *r = arg;
    struct db_session *session = db_session_open(r->db);
    struct arena *arena = arena_new();
    int64_t take_at = 0, renew_at = 0;
    while (!is_stopping()) {
        struct ctx ctx = { .arena = arena, .clock = &clock_system, .db = session, .services = &r->services };
        int64_t now = monotonic_ms();
        if (now >= renew_at) {
            renew(r, &ctx);
            renew_at = now + RENEW_MS;
        }
        if (now >= take_at) {
            answer_calls(r, &ctx);
            take(r, &ctx);
            take_at = now + TAKE_MS;
        }
        arena_reset(arena);
        wait_for_news(r, look_through(r, now, take_at));
    }
    arena_free(&arena);
    db_session_close(&session);
    return NULL;
}

/* --- life --- */

struct inbox_reader *inbox_reader_start(struct db *db, const struct services *services, int threads) {
    struct inbox_reader *r = MEM_NEW(struct inbox_reader);
    struct arena *arena = arena_new();
    r->db = db;
    r->services = *services;
    r->services.jobs_stopping = is_stopping;
    r->n = threads < INBOX_THREADS_MAX ? threads : INBOX_THREADS_MAX;
    put_id(r->owner, uuid_new(arena, clock_now(&clock_system)));
    arena_free(&arena);
    atomic_store(&stopping, false);
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->calls = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ASSERT(r->epoll >= 0 && r->calls >= 0);
    struct epoll_event called = { .events = EPOLLIN };
    int failed = epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->calls, &called);
    ASSERT(!failed);
    (void) pthread_mutex_init(&r->lock, NULL); /* cannot fail on Linux, as the next */
    (void) pthread_cond_init(&r->queued, NULL);
    for (int i = 0; i < r->n; i++)
        thread_start(&r->workers[i], work, r);
    thread_start(&r->watcher, watch_all, r);
    return r;
}

static void give_all_back(struct inbox_reader *r) {
    struct db_session *session = db_session_open(r->db);
    struct arena *arena = arena_new();
    for (struct watched *w = r->list, *next; w; w = next) {
        next = w->next;
        struct round round = { .reader = r, .w = w,
                               .ctx = { .arena = arena, .clock = &clock_system, .db = session,
                                        .services = &r->services, .account_id = str_of(w->account_id) } };
        if (w->state != WATCHED_OVER)
            give_back(&round, w->failures, 0);
        arena_reset(arena);
        mem_free(w);
    }
    struct ctx ctx = { .arena = arena, .clock = &clock_system, .db = session, .services = &r->services };
    const struct inbox_lease lease = { str_of(r->owner), ctx_now(&ctx), LEASE_MS };
    if (inboxes_leave(&ctx, &lease) != OK)
        log_warn(&ctx, "others will learn later that this process reads no more", LOG_S("error", ctx.err.text));
    arena_free(&arena);
    db_session_close(&session);
}

void inbox_reader_stop(struct inbox_reader **reader) {
    struct inbox_reader *r = *reader;
    if (!r)
        return;
    atomic_store(&stopping, true);
    call_watcher(r);
    (void) pthread_join(r->watcher, NULL); /* fails only when misused, as do the next */
    lock(r);
    r->stops = true;
    (void) pthread_cond_broadcast(&r->queued);
    unlock(r);
    for (int i = 0; i < r->n; i++)
        (void) pthread_join(r->workers[i], NULL);
    give_all_back(r);
    for (struct host *host = r->hosts, *next; host; host = next) {
        next = host->next;
        mem_free(host);
    }
    (void) close(r->epoll);
    (void) close(r->calls);
    (void) pthread_cond_destroy(&r->queued);
    (void) pthread_mutex_destroy(&r->lock);
    mem_free(r);
    *reader = NULL;
}
