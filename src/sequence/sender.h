/* Sends the messages that are queued: a thread hands queues of mailboxes that are due to as many
 * others as may send at once. A mailbox is sent from by one thread of one process at a time, over
 * one connection for as long as there is something to send (sequence/delivery.h has what
 * happens to a message). Any number of processes may do so on one database.
 *
 * What keeps a message from being sent twice: it is in state `sending`, committed, before its
 * first byte goes out, and nobody sends what is in that state. A process that dies, or whose
 * lease runs out while it hangs, leaves a message that is looked for first.
 *
 * Life cycle: sender_start, sender_stop (nulls it). One per process. */
#ifndef SEQUENCE_SENDER_H
#define SEQUENCE_SENDER_H

#include "db/db.h"

struct services;
struct sender_pool;

enum { SENDER_THREADS_MAX = 64 };

/* `services` outlives it; `threads`: how many mailboxes are sent from at a time. Aborts when
 * threads cannot be made. */
struct sender_pool *sender_start(struct db *db, const struct services *services, int threads);

/* A message was committed. Any thread; nothing happens when no sender runs in this process. */
void sender_wake(void);

/* Finishes what is being sent, 20 s at most, and gives everything else back. Accepts NULL. */
void sender_stop(struct sender_pool **pool);

#endif
