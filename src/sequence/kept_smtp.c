#include "sequence/kept_smtp.h"

#include <pthread.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

/* Servers end what is idle after five minutes, and count how many somebody has open. */
#define KEEP_MS (5 * SECOND_MS)
enum { KEPT_MAX = 64, ID_BYTES = 64 };

struct entry {
    struct kept_smtp one; /* without a client: the entry is free */
    char mailbox_id[ID_BYTES];
    int64_t since_ms;
};

struct kept_smtps {
    pthread_mutex_t lock;
    struct entry entries[KEPT_MAX];
};

struct kept_smtps *kept_smtps_new(void) {
    struct kept_smtps *kept = MEM_NEW(struct kept_smtps);
    int failed = pthread_mutex_init(&kept->lock, NULL);
    ASSERT(!failed);
    return kept;
}

/* The caller's then, who closes it without the lock, because that talks. */
static struct smtp_client *take_out(struct entry *e) {
    struct smtp_client *smtp = e->one.smtp;
    e->one = (struct kept_smtp){ .smtp = NULL };
    return smtp;
}

static void close_before(struct kept_smtps *kept, int64_t since_ms) {
    struct smtp_client *old[KEPT_MAX];
    size_t n = 0;
    (void) pthread_mutex_lock(&kept->lock); /* fails only when misused, as do the next */
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (kept->entries[i].one.smtp && kept->entries[i].since_ms <= since_ms)
            old[n++] = take_out(&kept->entries[i]);
    (void) pthread_mutex_unlock(&kept->lock);
    for (size_t i = 0; i < n; i++)
        smtp_close(&old[i]);
}

void kept_smtps_close_old(struct kept_smtps *kept) {
    close_before(kept, monotonic_ms() - KEEP_MS);
}

void kept_smtps_free(struct kept_smtps **kept) {
    close_before(*kept, INT64_MAX);
    (void) pthread_mutex_destroy(&(*kept)->lock);
    mem_free(*kept);
    *kept = NULL;
}

struct kept_smtp kept_smtp_take(struct kept_smtps *kept, struct str mailbox_id) {
    struct kept_smtp found = { .smtp = NULL };
    int64_t since_ms = monotonic_ms() - KEEP_MS;
    (void) pthread_mutex_lock(&kept->lock);
    for (size_t i = 0; !found.smtp && i < KEPT_MAX; i++) {
        struct entry *e = &kept->entries[i];
        if (!e->one.smtp || e->since_ms <= since_ms || !str_eq(str_of(e->mailbox_id), mailbox_id))
            continue;
        found = e->one;
        (void) take_out(e); /* it is in `found` */
    }
    (void) pthread_mutex_unlock(&kept->lock);
    return found;
}

/* A free one, else the oldest. */
static struct entry *place(struct kept_smtps *kept) {
    struct entry *best = &kept->entries[0];
    for (size_t i = 0; best->one.smtp && i < KEPT_MAX; i++)
        if (!kept->entries[i].one.smtp || kept->entries[i].since_ms < best->since_ms)
            best = &kept->entries[i];
    return best;
}

void kept_smtp_put(struct kept_smtps *kept, struct str mailbox_id, const struct kept_smtp *one) {
    ASSERT(mailbox_id.n < ID_BYTES);
    (void) pthread_mutex_lock(&kept->lock);
    struct entry *e = place(kept);
    struct smtp_client *old = take_out(e);
    *e = (struct entry){ .one = *one, .since_ms = monotonic_ms() };
    memcpy(e->mailbox_id, mailbox_id.p, mailbox_id.n);
    (void) pthread_mutex_unlock(&kept->lock);
    smtp_close(&old);
}
