/* The writer: the one connection that changes a SQLite database, owned by one thread.
 *
 * db_transact puts its work into a queue and waits. The thread takes one work after
 * another, each but the first inside a savepoint, until the queue is empty; commits
 * once, which costs one fsync for all of them; and wakes all. A work that fails takes
 * back only itself. While a group commits the next one gathers, so that the more
 * threads write, the more share a commit.
 *
 * SQLite 3.40.1 can damage its WAL when two connections write or checkpoint at once,
 * so this thread also makes every checkpoint, and holds a lock on the file write.lock
 * from before BEGIN until after the checkpoint: no other process does either then. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "db/sqlite.h"

enum {
    /* Works of one group: bounds how long the first of them waits for its commit. */
    GROUP_MAX = 512,
    /* Pages of 4 KB. A checkpoint that waits for nobody is made from this size on: a group of leads
     * or of an import changes thousands, so that with 1,000 each would be followed by one … */
    CHECKPOINT_PAGES = 8000,
    /* … and one that waits for the readers, so that the file begins anew, whenever
     * it has grown by this much. */
    TRUNCATE_PAGES = 16384,
    TRUNCATE_WAIT_MS = 1000,
    WRITE_WAIT_MS = 10000,
    EMPTY_LOG_TRIES = 30,
};

struct transaction {
    struct transaction *next;
    struct ctx *ctx;
    db_work *work;
    void *arg;
    enum rc rc;
    enum { NOTHING_MORE, EMPTY_LOG, REWRITE } then; /* once it is committed */
    sem_t done;
};

struct queue {
    struct transaction *first, **end;
};

struct writer {
    struct sqlite_session session;
    int lock; /* file descriptor of write.lock */
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows, up to `stopping` */
    pthread_cond_t wake;
    struct queue waiting;
    bool stopping;
    int wal_pages;   /* after the latest commit */
    int truncate_at; /* pages */
};

static struct writer *writer_of(const struct ctx *ctx) {
    return ((const struct sqlite_db *) ctx->db->db)->writer;
}

static void queue_init(struct queue *queue) {
    *queue = (struct queue){ NULL, &queue->first };
}

static void queue_add(struct queue *queue, struct transaction *t) {
    t->next = NULL;
    *queue->end = t;
    queue->end = &t->next;
}

static struct transaction *queue_take(struct queue *queue) {
    struct transaction *t = queue->first;
    if (!t)
        return NULL;
    queue->first = t->next;
    if (!queue->first)
        queue->end = &queue->first;
    return t;
}

/* The lock file: byte 0 is the right to write, byte 1 the place of the next in line.
 * Whoever wants the one waits for it while holding the other, so that a process that
 * writes all the time cannot overtake one that waits. Open file description locks
 * end with the process, however it ends. */
enum { BYTE_WRITE = 0, BYTE_NEXT = 1 };

static int lock_byte(int file, short type, off_t byte) {
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
    int result;
    do
        result = fcntl(file, F_OFD_SETLKW, &lock);
    while (result < 0 && errno == EINTR);
    return result;
}

static bool write_lock(struct writer *writer) {
    bool locked = lock_byte(writer->lock, F_WRLCK, BYTE_NEXT) == 0
                  && lock_byte(writer->lock, F_WRLCK, BYTE_WRITE) == 0;
    int saved = errno;
    (void) lock_byte(writer->lock, F_UNLCK, BYTE_NEXT); /* fails only when it was not held */
    errno = saved;
    return locked;
}

static void write_unlock(struct writer *writer) {
    int result = lock_byte(writer->lock, F_UNLCK, BYTE_WRITE);
    ASSERT(result == 0);
}

static int run_sql(struct writer *writer, const char *sql) {
    return sqlite3_exec(writer->session.handle, sql, NULL, NULL, NULL);
}

/* Checkpoints. The write lock is held. */

static int on_commit(void *arg, sqlite3 *handle, const char *schema, int pages) {
    (void) handle; /* it is ours, */
    (void) schema; /* and has one schema */
    ((struct writer *) arg)->wal_pages = pages;
    return SQLITE_OK;
}

/* Waits for readers, so that the next commit writes at the WAL's beginning. False when they
 * stayed. */
static bool checkpoint_truncate(struct writer *writer) {
    sqlite3 *handle = writer->session.handle;
    (void) sqlite3_busy_timeout(handle, TRUNCATE_WAIT_MS);
    int code = sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void) sqlite3_busy_timeout(handle, WRITE_WAIT_MS);
    if (code == SQLITE_OK)
        writer->wal_pages = 0;
    /* A reader that stays long keeps the file as it is; try again when it has grown. */
    writer->truncate_at = writer->wal_pages + TRUNCATE_PAGES;
    return code == SQLITE_OK;
}

/* What a transaction asked for beyond being committed. */
static void do_rest(struct writer *writer, struct transaction *t) {
    if (t->rc != OK || t->then == NOTHING_MORE)
        return;
    if (t->then == REWRITE && run_sql(writer, "VACUUM") != SQLITE_OK)
        t->rc = fail(t->ctx, E_DB, "rewrite: %s", sqlite3_errmsg(writer->session.handle));
    else if (!checkpoint_truncate(writer))
        t->rc = E_TIMEOUT;
}

static void checkpoint_if_due(struct writer *writer) {
    if (writer->wal_pages >= writer->truncate_at)
        (void) checkpoint_truncate(writer); /* is tried again later */
    else if (writer->wal_pages >= CHECKPOINT_PAGES)
        /* Failing, it leaves the WAL as it is: longer, not wrong. */
        (void) sqlite3_wal_checkpoint_v2(writer->session.handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                         NULL, NULL);
}

/* Groups. */

/* The first work of a group that is kept needs no savepoint, which would cost a copy of
 * each page that it changes: until then the whole transaction can go. */
static int begin_work(struct writer *writer, bool first) {
    return first ? SQLITE_OK : run_sql(writer, "SAVEPOINT work");
}

/* Keeps or takes back a work; false when the engine has rolled everything back. */
static bool end_work(struct writer *writer, bool first, bool keep) {
    if (sqlite3_get_autocommit(writer->session.handle))
        return false;
    if (keep)
        return first || run_sql(writer, "RELEASE work") == SQLITE_OK;
    return run_sql(writer, first ? "ROLLBACK; BEGIN IMMEDIATE" : "ROLLBACK TO work; RELEASE work")
               == SQLITE_OK
           && !sqlite3_get_autocommit(writer->session.handle);
}

/* Runs one work. False when it took the whole transaction with it (a full disk, an
 * I/O error): what the group has done so far is gone then. */
static bool run_one(struct writer *writer, struct transaction *t, bool first) {
    struct ctx *ctx = t->ctx;
    struct db_session *own = ctx->db;
    struct db_session *session = &writer->session.base;
    if (begin_work(writer, first) != SQLITE_OK) {
        t->rc = fail(ctx, E_DB, "savepoint: %s", sqlite3_errmsg(writer->session.handle));
        return false;
    }
    ctx->db = session;
    session->in_transaction = true;
    session->failed = OK;
    t->rc = t->work(ctx, t->arg);
    if (t->rc == OK)
        t->rc = session->failed;
    rows_close_inside(session);
    session->in_transaction = false;
    session->failed = OK;
    ctx->db = own;
    if (end_work(writer, first, t->rc == OK))
        return true;
    t->rc = fail(ctx, E_DB, "the transaction was rolled back by the engine");
    return false;
}

static struct transaction *take_waiting(struct writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    struct transaction *t = queue_take(&writer->waiting);
    pthread_mutex_unlock(&writer->mutex);
    return t;
}

/* All that were well so far fail with what the engine says. */
static void fail_group(struct queue *group, const char *what, const char *message) {
    for (struct transaction *t = group->first; t; t = t->next)
        if (t->rc == OK)
            t->rc = fail(t->ctx, E_DB, "%s: %s", what, message);
}

static void wake_group(struct queue *group) {
    for (struct transaction *t; (t = queue_take(group));)
        sem_post(&t->done); /* from here on *t belongs to its thread */
}

/* `any`: there is something to be kept. */
static void commit_group(struct writer *writer, struct queue *group, bool any) {
    struct db *db = writer->session.base.db;
    if (any && run_sql(writer, "COMMIT") == SQLITE_OK) {
        db->commits++;
        return;
    }
    if (any) {
        db->failures++;
        fail_group(group, "commit", sqlite3_errmsg(writer->session.handle));
    }
    /* Nothing to roll back when the engine has done so. */
    (void) run_sql(writer, "ROLLBACK");
}

static void run_group(struct writer *writer) {
    struct queue group;
    queue_init(&group);
    bool locked = write_lock(writer);
    const char *reason = locked ? "" : strerror(errno);
    bool begun = locked && run_sql(writer, "BEGIN IMMEDIATE") == SQLITE_OK;
    if (locked && !begun)
        reason = sqlite3_errmsg(writer->session.handle);
    bool whole = true, any = false;
    for (int n = 0; n < GROUP_MAX && whole; n++) {
        struct transaction *t = take_waiting(writer);
        if (!t)
            break;
        queue_add(&group, t);
        t->rc = OK;
        whole = !begun || run_one(writer, t, !any);
        any = any || t->rc == OK;
    }
    if (!begun) {
        writer->session.base.db->failures++;
        fail_group(&group, "begin", reason);
    } else if (!whole) {
        fail_group(&group, "rolled back", "with another transaction");
        (void) run_sql(writer, "ROLLBACK"); /* as in commit_group */
    } else {
        commit_group(writer, &group, any);
        for (struct transaction *t = group.first; t; t = t->next)
            do_rest(writer, t);
    }
    wake_group(&group);
    if (locked) {
        checkpoint_if_due(writer);
        write_unlock(writer);
    }
}

/* False when there is nothing more to do, ever. */
static bool wait_for_work(struct writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    while (!writer->waiting.first && !writer->stopping)
        pthread_cond_wait(&writer->wake, &writer->mutex);
    bool work = writer->waiting.first;
    pthread_mutex_unlock(&writer->mutex);
    return work;
}

static void *writer_main(void *arg) {
    struct writer *writer = arg;
    while (wait_for_work(writer))
        run_group(writer);
    return NULL;
}

static enum rc queue_and_wait(struct writer *writer, struct transaction *t) {
    sem_init(&t->done, 0, 0);
    pthread_mutex_lock(&writer->mutex);
    ASSERT(!writer->stopping);
    queue_add(&writer->waiting, t);
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    while (sem_wait(&t->done) != 0)
        ASSERT(errno == EINTR);
    sem_destroy(&t->done);
    return t->rc;
}

enum rc writer_transact(struct ctx *ctx, db_work *work, void *arg) {
    struct transaction t = { .ctx = ctx, .work = work, .arg = arg };
    return queue_and_wait(writer_of(ctx), &t);
}

static enum rc no_work(struct ctx *ctx, void *arg) {
    (void) ctx; /* the checkpoint after it is what counts */
    (void) arg;
    return OK;
}

/* Each try waits TRUNCATE_WAIT_MS for readers and lets others write before the next. */
enum rc writer_empty_log(struct ctx *ctx) {
    for (int i = 0; i < EMPTY_LOG_TRIES; i++) {
        struct transaction t = { .ctx = ctx, .work = no_work, .then = EMPTY_LOG };
        enum rc rc = queue_and_wait(writer_of(ctx), &t);
        if (rc != E_TIMEOUT)
            return rc;
    }
    return fail(ctx, E_TIMEOUT, "the write-ahead log is in use");
}

enum rc writer_rewrite(struct ctx *ctx) {
    struct transaction t = { .ctx = ctx, .work = no_work, .then = REWRITE };
    enum rc rc = queue_and_wait(writer_of(ctx), &t);
    return rc == E_TIMEOUT ? writer_empty_log(ctx) : rc;
}

/* Start and stop. */

/* The journal mode is kept in the file; setting it writes. */
static enum rc set_journal_mode(struct ctx *ctx, struct writer *writer) {
    if (!write_lock(writer))
        return fail(ctx, E_IO, "lock write.lock: %s", strerror(errno));
    sqlite3_stmt *handle = NULL;
    sqlite3 *db = writer->session.handle;
    bool wal = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &handle, NULL) == SQLITE_OK
               && sqlite3_step(handle) == SQLITE_ROW
               && str_eq(str_of((const char *) sqlite3_column_text(handle, 0)), STR("wal"));
    enum rc rc = wal ? OK : fail(ctx, E_DB, "the database cannot use a write-ahead log here: %s",
                                 sqlite3_errmsg(db));
    sqlite3_finalize(handle);
    write_unlock(writer);
    return rc;
}

static enum rc connect_writer(struct ctx *ctx, const struct sqlite_db *db, struct writer *writer) {
    const char *path = arena_printf(ctx->arena, "%s/write.lock", db->folder).p;
    writer->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (writer->lock < 0)
        return fail(ctx, E_IO, "open %s: %s", path, strerror(errno));
    enum rc rc = sqlite_connect(ctx, &writer->session, true);
    if (rc == OK)
        rc = set_journal_mode(ctx, writer);
    if (rc == OK)
        (void) sqlite3_wal_hook(writer->session.handle, on_commit, writer);
    return rc;
}

static void writer_free(struct writer *writer) {
    sqlite_disconnect(&writer->session);
    if (writer->lock >= 0)
        (void) close(writer->lock); /* nothing is ever written to it */
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->wake);
    mem_free(writer);
}

enum rc writer_start(struct ctx *ctx, struct sqlite_db *db) {
    struct writer *writer = MEM_NEW(struct writer);
    writer->session.base.db = &db->base;
    writer->truncate_at = TRUNCATE_PAGES;
    queue_init(&writer->waiting);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->wake, NULL);
    enum rc rc = connect_writer(ctx, db, writer);
    int error = rc == OK ? pthread_create(&writer->thread, NULL, writer_main, writer) : 0;
    if (error)
        rc = fail(ctx, E_IO, "start the writer: %s", strerror(error));
    if (rc != OK) {
        writer_free(writer);
        return rc;
    }
    db->writer = writer;
    return OK;
}

void writer_stop(struct sqlite_db *db) {
    struct writer *writer = db->writer;
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    if (write_lock(writer)) {
        (void) checkpoint_truncate(writer); /* who opens the database reads what is left */
        write_unlock(writer);
    }
    writer_free(writer);
}
