/* Reads what comes into the mailboxes: INBOX and the folder for spam, where replies land, too.
 * One thread watches the connections, which wait for news (IDLE, RFC 2177) or are looked at
 * every mail.poll_ms; a few others read. A mailbox is read by one process at a time, which
 * holds it by lease, and how far it is read stands in the database with what was read, so
 * nothing is read twice or missed when a process dies. A server that does not answer holds a reader for a
 * minute, so such mailboxes get only some of them (of two or more). Any number of processes may do so on
 * one database.
 *
 * Life cycle: inbox_reader_start, inbox_reader_stop (nulls it). One per process. */
#ifndef SEQUENCE_INBOX_H
#define SEQUENCE_INBOX_H

#include "db/db.h"

struct services;
struct inbox_reader;

enum { INBOX_THREADS_MAX = 64 };

/* `services` outlives it; `threads`: how many mailboxes are read at a time. Aborts when threads
 * cannot be made. */
struct inbox_reader *inbox_reader_start(struct db *db, const struct services *services, int threads);

/* Ends what is being read, and gives the mailboxes back. Accepts NULL. */
void inbox_reader_stop(struct inbox_reader **reader);

#endif
