/* Two locks. `use` guards the replica's being open: searches hold it for reading while they
 * read the indexes, which have locks of their own; the thread takes it for writing to show
 * or withdraw the replica, not to change it. `mutex` guards the rest.
 *
 * Waiting is by numbers: a search that wants to see something new raises `asked` and waits
 * until `answered` has reached its number, which the thread sets to what `asked` was when a
 * round began. So a round that began before is not enough, and one round serves all who
 * waited for it.
 *
 * When other programs write much, or some for seconds, a search waits for none of it and asks
 * nobody: it takes the state of a moment ago, and the thread reads together what changed in that
 * time, which costs a fraction of a round for each search. What this process has committed is
 * always waited for: whatever writes people or companies says so (db_mark), and most of what a
 * server commits, as counting the request itself, is nothing that a search could see. */
#include "search/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bell.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "search/replica.h"
#include "store/shown_cache.h"

enum {
    POLL_MS = 250, /* how far behind other processes it may be when nobody searches */
    WAIT_MS = 500, /* how long a search waits for it before it asks the database */
    CHECKPOINT_MS = 5000,
    CHECKPOINT_ROWS = 32768,
    FLOOD_ROWS = 5000, /* changed in a second: others write much */
    STEADY_ROWS = 500, /* in each of so many seconds: others write all the time */
    STEADY_SECONDS = 3,
    FLOOD_POLL_MS = 100,
    BEHIND_MS = 800, /* how old a state searches take then; an older one, the database */
    PAUSE_MIN_MS = 100, /* before it tries again after a failure; doubles each time */
    PAUSE_MAX_MS = 60000,
    FOLDERS_MAX = 64,
};
#define SHOWN_MAX_BYTES ((size_t) 32 * 1024 * 1024)

struct follower {
    struct db *db;
    const struct clock *clock;
    char *folder; /* this process's own */
    int lock;     /* of it, held */
    pthread_t thread;
    atomic_bool stop;

    pthread_rwlock_t use;
    struct replica replica;
    bool is_shown;
    struct shown_cache *shown; /* follows while the replica does */

    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    uint64_t asked, answered;
    bool is_current;     /* the last round succeeded */
    int64_t current_ms;  /* when the last one that did began, monotonic; 0: never */
    int64_t written;     /* by this process, before that */
    bool is_flood;       /* the thread itself reads it without the mutex */
    struct {
        int64_t from_ms, rows;
        int steady; /* seconds before it */
    } second;            /* for telling a flood: what changed since then */
    struct change_position position; /* a copy of the replica's */
    char *snapshot;

    _Atomic int64_t builds, from_index, from_database;
};

/* --- waiting --- */

/* Until somebody asks or `ms` are over. Returns what is asked now. */
static uint64_t wait_for_work(struct follower *f, int64_t ms) {
    int64_t until = monotonic_ms() + ms;
    pthread_mutex_lock(&f->mutex);
    while (f->asked == f->answered && !atomic_load(&f->stop)
           && cond_wait_until(&f->wake, &f->mutex, until))
        ;
    uint64_t asked = f->asked;
    pthread_mutex_unlock(&f->mutex);
    return asked;
}

/* --- showing the replica --- */

/* What a round stands for. */
struct round {
    uint64_t asked; /* when it began, like the next two */
    int64_t began_ms, written;
    int64_t changed;
};

static struct round begin_round(struct follower *f, uint64_t asked) {
    struct db_stats stats;
    db_stats(f->db, &stats);
    return (struct round){ .asked = asked, .began_ms = monotonic_ms(), .written = stats.marked };
}

/* With `mutex` held. */
static void watch_for_flood(struct follower *f, const struct round *round) {
    f->second.rows += round->changed;
    if (f->second.rows >= FLOOD_ROWS)
        f->is_flood = true;
    int64_t elapsed = round->began_ms - f->second.from_ms;
    if (elapsed < SECOND_MS)
        return;
    int64_t rate = f->second.rows * SECOND_MS / elapsed; /* a busy machine's seconds are long */
    f->second.steady = rate >= STEADY_ROWS ? f->second.steady + 1 : 0;
    f->is_flood = rate >= FLOOD_ROWS || f->second.steady >= STEADY_SECONDS;
    f->second.rows = 0;
    f->second.from_ms = round->began_ms;
}

static void answer(struct follower *f, const struct round *round) {
    pthread_mutex_lock(&f->mutex);
    f->answered = round->asked;
    f->is_current = true;
    mem_free(f->snapshot);
    f->position = f->replica.position;
    f->snapshot = str_is_set(f->position.snapshot) ? mem_strdup(f->replica.snapshot) : NULL;
    f->position.snapshot.p = f->snapshot;
    f->current_ms = round->began_ms;
    f->written = round->written;
    watch_for_flood(f, round);
    pthread_cond_broadcast(&f->done);
    pthread_mutex_unlock(&f->mutex);
}

/* Nobody waits for what does not come: searches ask the database until a round succeeds. */
static void give_up(struct follower *f) {
    pthread_mutex_lock(&f->mutex);
    f->answered = f->asked;
    f->is_current = false;
    pthread_cond_broadcast(&f->done);
    pthread_mutex_unlock(&f->mutex);
}

/* Whoever still read rows for a search from before it was withdrawn may have put some into
 * the cache that nobody told it of. */
static void show(struct follower *f) {
    f->replica.shown = f->shown;
    shown_cache_clear(f->shown);
    pthread_rwlock_wrlock(&f->use);
    f->is_shown = true;
    pthread_rwlock_unlock(&f->use);
}

static void withdraw(struct follower *f) {
    give_up(f);
    pthread_rwlock_wrlock(&f->use); /* waits for those who search */
    f->is_shown = false;
    pthread_rwlock_unlock(&f->use);
    shown_cache_clear(f->shown);
}

/* --- the thread --- */

static int64_t rows_of(struct index *index) {
    struct index_stats stats;
    index_stats(index, &stats);
    return stats.rows;
}

static enum rc catch_up(struct follower *f, struct ctx *ctx, uint64_t asked) {
    struct round round = begin_round(f, asked);
    enum rc rc = replica_catch_up(ctx, &f->replica, &round.changed);
    if (rc == OK)
        answer(f, &round);
    return rc;
}

/* OK when what is in the folder can be followed from. */
static enum rc open_folder(struct follower *f, struct ctx *ctx) {
    enum rc rc = replica_open(ctx, f->folder, &f->stop, &f->replica);
    if (rc == OK)
        rc = catch_up(f, ctx, 0);
    if (rc != OK)
        replica_close(&f->replica);
    return rc;
}

/* A folder that is missing, of something else, damaged or too old is made anew. */
static enum rc prepare(struct follower *f, struct ctx *ctx) {
    int64_t began = monotonic_ms();
    enum rc rc = open_folder(f, ctx);
    bool built = rc == E_NOT_FOUND || rc == E_CONFLICT || rc == E_INVALID;
    if (built) {
        log_info(ctx, "building the search index", LOG_C("because", rc_name(rc)),
                 LOG_S("reason", ctx->err.text));
        ctx_clear_error(ctx);
        rc = replica_build(ctx, f->folder, &f->stop);
        mem_trim(); /* a build takes a hundred times what following does */
        f->builds++;
        if (rc == OK)
            rc = open_folder(f, ctx);
    }
    if (rc == OK)
        log_info(ctx, "the search index is ready", LOG_I("people", rows_of(f->replica.people)),
                 LOG_I("companies", rows_of(f->replica.companies)), LOG_I("built", built),
                 LOG_I("ms", monotonic_ms() - began));
    return rc;
}

static void checkpoint_if_due(struct follower *f, int64_t *last_ms) {
    int64_t now = monotonic_ms();
    bool due = f->replica.uncheckpointed >= CHECKPOINT_ROWS || now - *last_ms >= CHECKPOINT_MS;
    if (f->replica.uncheckpointed == 0 || !due)
        return;
    replica_checkpoint_soon(&f->replica);
    *last_ms = now;
}

/* Whether the indexes are in order and only the database, or the disk, did not do its part. */
static bool is_passing(enum rc rc) {
    return rc != OK && rc != E_NOT_FOUND && rc != E_INVALID && rc != E_CANCELED;
}

/* The indexes stay open, but searches ask the database until a round succeeds. */
static void wait_after_failure(struct follower *f, struct ctx *ctx, enum rc rc, int64_t *pause_ms) {
    give_up(f);
    if (rc != E_NOT_FOUND) /* another history: it is built anew, and that is said */
        log_warn(ctx, "the search index cannot follow, retrying", LOG_C("result", rc_name(rc)),
                 LOG_S("error", ctx->err.text), LOG_I("pause_ms", *pause_ms));
    ctx_clear_error(ctx);
    pthread_mutex_lock(&f->mutex);
    int64_t until = monotonic_ms() + *pause_ms;
    while (!atomic_load(&f->stop) && cond_wait_until(&f->wake, &f->mutex, until))
        ;
    pthread_mutex_unlock(&f->mutex);
    *pause_ms = *pause_ms * 2 < PAUSE_MAX_MS ? *pause_ms * 2 : PAUSE_MAX_MS;
}

/* Rounds until the indexes are of no use any more or the end. */
static enum rc follow(struct follower *f, struct ctx *ctx) {
    enum rc rc = OK;
    int64_t checkpoint_ms = monotonic_ms(), pause_ms = PAUSE_MIN_MS;
    while ((rc == OK || is_passing(rc)) && !atomic_load(&f->stop)) {
        rc = catch_up(f, ctx, wait_for_work(f, f->is_flood ? FLOOD_POLL_MS : POLL_MS));
        if (is_passing(rc))
            wait_after_failure(f, ctx, rc, &pause_ms);
        if (rc == OK) {
            checkpoint_if_due(f, &checkpoint_ms);
            pause_ms = PAUSE_MIN_MS;
        }
        arena_reset(ctx->arena);
    }
    if (atomic_load(&f->stop))
        rc = f->replica.uncheckpointed ? replica_checkpoint(ctx, &f->replica) : OK;
    return rc;
}

static void run_once(struct follower *f, struct ctx *ctx, int64_t *pause_ms) {
    enum rc rc = prepare(f, ctx);
    if (rc == OK) {
        show(f);
        rc = follow(f, ctx);
        withdraw(f);
        replica_close(&f->replica);
        *pause_ms = PAUSE_MIN_MS;
    }
    if (rc != OK && rc != E_CANCELED)
        wait_after_failure(f, ctx, rc, pause_ms);
    arena_reset(ctx->arena);
}

static void *follower_main(void *arg) {
    struct follower *f = arg;
    struct ctx ctx = { .arena = arena_new(), .clock = f->clock, .db = db_session_open(f->db) };
    int64_t pause_ms = PAUSE_MIN_MS;
    while (!atomic_load(&f->stop))
        run_once(f, &ctx, &pause_ms);
    db_session_close(&ctx.db);
    arena_free(&ctx.arena);
    return NULL;
}

/* --- start and stop --- */

static enum rc make_folder(struct ctx *ctx, const char *path) {
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(ctx, E_IO, "create %s: %s", path, error_text(errno));
    return OK;
}

static const char *folder_at(struct ctx *ctx, const char *folder, int i) {
    return arena_printf(ctx->arena, "%s/%d", folder, i).p;
}

/* The lock of folder `i`: a descriptor, or -1 with errno. It lies beside the folder, because
 * all that is in there is the index's. */
static int open_lock(struct ctx *ctx, const char *folder, int i, int flags) {
    return open(arena_printf(ctx->arena, "%s/%d.lock", folder, i).p, O_RDWR | O_CLOEXEC | flags, 0600);
}

enum rc follower_discard(struct ctx *ctx, const char *folder) {
    enum rc rc = OK;
    for (int i = 0; rc == OK && i < FOLDERS_MAX; i++) {
        int lock = open_lock(ctx, folder, i, 0);
        if (lock < 0)
            return errno == ENOENT ? OK : fail(ctx, E_IO, "open a lock in %s: %s", folder, error_text(errno));
        if (flock(lock, LOCK_EX | LOCK_NB) == 0)
            rc = replica_discard(ctx, folder_at(ctx, folder, i));
        (void) close(lock); /* nothing was written */
    }
    return rc;
}

/* The first folder that no other process holds. */
static enum rc take_folder(struct ctx *ctx, const char *folder, struct follower *f) {
    enum rc rc = make_folder(ctx, folder);
    for (int i = 0; rc == OK && f->lock < 0 && i < FOLDERS_MAX; i++) {
        int lock = open_lock(ctx, folder, i, O_CREAT);
        if (lock < 0)
            return fail(ctx, E_IO, "make a lock in %s: %s", folder, error_text(errno));
        if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
            (void) close(lock); /* nothing was written */
            continue;
        }
        f->lock = lock;
        f->folder = mem_strdup(folder_at(ctx, folder, i));
    }
    if (rc == OK && f->lock < 0)
        return fail(ctx, E_IO, "%s is used by %d processes", folder, FOLDERS_MAX);
    return rc == OK ? make_folder(ctx, f->folder) : rc;
}

static void follower_free(struct follower *f) {
    (void) pthread_cond_destroy(&f->wake); /* these fail only for what is in use */
    (void) pthread_cond_destroy(&f->done);
    (void) pthread_mutex_destroy(&f->mutex);
    (void) pthread_rwlock_destroy(&f->use);
    if (f->lock >= 0)
        (void) close(f->lock); /* nothing was written */
    shown_cache_free(&f->shown);
    mem_free(f->snapshot);
    mem_free(f->folder);
    mem_free(f);
}

enum rc follower_start(struct ctx *ctx, struct db *db, const char *folder,
                       struct follower **ret_follower) {
    struct follower *f = MEM_NEW(struct follower);
    f->db = db;
    f->clock = ctx->clock;
    f->lock = -1;
    f->shown = shown_cache_new(SHOWN_MAX_BYTES);
    (void) pthread_rwlock_init(&f->use, NULL); /* these cannot fail on Linux */
    (void) pthread_mutex_init(&f->mutex, NULL);
    cond_init(&f->wake);
    cond_init(&f->done);
    enum rc rc = take_folder(ctx, folder, f);
    if (rc != OK) {
        follower_free(f);
        return rc;
    }
    thread_start(&f->thread, follower_main, f);
    *ret_follower = f;
    return OK;
}

void follower_stop(struct follower **follower) {
    struct follower *f = *follower;
    if (!f)
        return;
    pthread_mutex_lock(&f->mutex);
    atomic_store(&f->stop, true);
    pthread_cond_broadcast(&f->wake);
    pthread_cond_broadcast(&f->done);
    pthread_mutex_unlock(&f->mutex);
    (void) pthread_join(f->thread, NULL); /* fails only for a wrong thread */
    follower_free(f);
    *follower = NULL;
}

/* --- searching --- */

/* How the indexes were after the last round. */
struct state {
    bool is_current;
    bool may_lag; /* others write much, and this process has written nothing */
    bool is_recent;
    struct change_position position;
};

static struct state state_of(struct follower *f, struct arena *arena) {
    struct db_stats stats;
    db_stats(f->db, &stats);
    pthread_mutex_lock(&f->mutex);
    struct state state = {
        .is_current = f->is_current,
        .may_lag = f->is_flood && f->written == stats.marked,
        .is_recent = monotonic_ms() - f->current_ms < BEHIND_MS,
        .position = f->position,
    };
    if (f->snapshot)
        state.position.snapshot = arena_str(arena, f->position.snapshot);
    pthread_mutex_unlock(&f->mutex);
    return state;
}

/* Asks for a round, and returns its number. */
static uint64_t ask(struct follower *f) {
    pthread_mutex_lock(&f->mutex);
    uint64_t mine = ++f->asked;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->mutex);
    return mine;
}

/* True when a round that began now has succeeded. */
static bool wait_for_round(struct follower *f) {
    int64_t until = monotonic_ms() + WAIT_MS;
    uint64_t mine = ask(f);
    pthread_mutex_lock(&f->mutex);
    while (f->answered < mine && !atomic_load(&f->stop)
           && cond_wait_until(&f->done, &f->mutex, until))
        ;
    bool done = f->answered >= mine && f->is_current;
    pthread_mutex_unlock(&f->mutex);
    return done;
}

static enum rc make_current(struct ctx *ctx, struct follower *f, bool had_gaps,
                            bool *ret_is_current) {
    bool pending = false;
    struct state state = state_of(f, ctx->arena);
    bool may_lag = state.may_lag && !had_gaps;
    *ret_is_current = state.is_current && may_lag && state.is_recent;
    if (*ret_is_current)
        return OK;
    enum rc rc = state.is_current ? changes_pending(ctx, state.position, &pending) : OK;
    if (rc != OK)
        return rc;
    *ret_is_current = pending ? !may_lag && wait_for_round(f) : state.is_current;
    return OK;
}

/* Who knows that it is not current does not come here, so that `withdraw` gets its turn. */
static bool search_shown(struct follower *f, struct arena *arena, const struct plan *plan,
                         struct hits *ret_hits) {
    pthread_rwlock_rdlock(&f->use);
    bool answered = f->is_shown && replica_search(&f->replica, arena, plan, ret_hits) == OK;
    if (answered)
        ret_hits->shown = f->shown;
    pthread_rwlock_unlock(&f->use);
    return answered;
}

enum rc follower_search(struct ctx *ctx, struct follower *f, const struct plan *plan,
                        struct hits *ret_hits) {
    bool is_current = false;
    enum rc rc = make_current(ctx, f, ret_hits->had_gaps, &is_current);
    if (rc != OK)
        return rc;
    bool answered = is_current && search_shown(f, ctx->arena, plan, ret_hits);
    (*(answered ? &f->from_index : &f->from_database))++;
    return answered ? OK : E_UNSUPPORTED;
}

void follower_stats(struct follower *f, struct follower_stats *ret_stats) {
    struct follower_stats stats = { .builds = f->builds, .from_index = f->from_index,
                                    .from_database = f->from_database };
    pthread_mutex_lock(&f->mutex);
    stats.behind_ms = f->current_ms ? monotonic_ms() - f->current_ms : -1;
    stats.position = f->position.number;
    bool is_current = f->is_current;
    pthread_mutex_unlock(&f->mutex);
    pthread_rwlock_rdlock(&f->use);
    stats.is_ready = f->is_shown && is_current;
    for (size_t i = 0; f->is_shown && i < 2; i++) {
        struct index_stats of;
        struct index *index = i ? f->replica.companies : f->replica.people;
        index_stats(index, &of);
        stats.is_ready &= !index_is_damaged(index); /* soon withdrawn */
        stats.rows[i] = of.rows;
        stats.segments[i] = of.segments;
        stats.tail_rows[i] = of.tail_rows;
        stats.dead_rows[i] = of.dead_rows;
        stats.bytes[i] = of.bytes;
    }
    pthread_rwlock_unlock(&f->use);
    *ret_stats = stats;
}
