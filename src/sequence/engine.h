/* The thread of a server that runs the planner: as long as leads are due it goes on, else it
 * rests until the next one is, somebody wakes it, or sequence.tick_ms have passed (other
 * processes change the database, too).
 *
 * Life cycle: sequence_engine_start, sequence_engine_stop (nulls it). */
#ifndef SEQUENCE_ENGINE_H
#define SEQUENCE_ENGINE_H

#include "db/db.h"

struct sequence_engine;
struct services;

/* `services` outlives it; its sequence.tick_ms is the longest rest. */
struct sequence_engine *sequence_engine_start(struct db *db, const struct services *services);

/* Some lead may be due: after a commit. Any thread; nothing happens when no engine runs in
 * this process. */
void sequence_engine_wake(void);

/* Ends behind the batch that it is at. Accepts NULL. */
void sequence_engine_stop(struct sequence_engine **engine);

#endif
