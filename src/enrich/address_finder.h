/* Finds email addresses that nobody told: of people of the database of whom name and company
 * are known. What the company's known addresses look like says what the address might be
 * (data/local_parts.h); its mail servers are asked, through the validation engine, until one
 * of at most LOCAL_GUESSES_MAX guesses is deliverable. Without that proof nothing is found:
 * not where every name is taken, not where the servers do not tell, not while probing is off.
 *
 * A search is a row (store/address_searches.h), one for a person whoever asks and however
 * often. Threads of the processes that probe take them by lease and store what they find with
 * the person. Nothing is charged here: what was found is revealed as any other address.
 *
 * Life cycle of the thread: address_finder_start, address_finder_stop (nulls it). One per
 * process. */
#ifndef ENRICH_ADDRESS_FINDER_H
#define ENRICH_ADDRESS_FINDER_H

#include "db/db.h"
#include "store/people.h"
#include "store/services.h"
#include "verify/verify.h"

enum address_state {
    ADDRESS_KNOWN,   /* stored_email is set, or was set since: read the person again */
    ADDRESS_NONE,    /* none can be found now; asked again in some days there may be one */
    ADDRESS_PENDING, /* it is being looked for: ask again */
};

struct address_want {
    const struct person *person;
    enum address_state ret_state;
    int64_t ret_began_ms; /* PENDING: when the address was first wanted */
    int64_t ret_tried_ms; /* PENDING: when a mail server was first to be asked; 0: not yet */
};

/* Fills in what is known of the address of each of these people (no two the same), and begins
 * the searches that are missing: set-based, cheap to repeat. A search ends by itself: usually
 * within seconds, within hours where servers ask to come back later. `urgent`: somebody waits
 * for these, they go before others. Not inside db_transact. */
MUST_USE enum rc addresses_want(struct ctx *ctx, struct address_want *wants, size_t n,
                                bool urgent);

struct address_finder;

/* Aborts when a thread cannot be made. The engine outlives the finder, and probes. */
struct address_finder *address_finder_start(struct db *db, const struct services *services,
                                            struct verify_engine *engine);

/* Looks for searches now instead of at the next tick. Any thread; nothing happens when no
 * finder runs in this process. */
void address_finder_wake(void);

/* Gives back what is not done and ends the thread. Accepts NULL. */
void address_finder_stop(struct address_finder **finder);

#endif
