/* Works off email validations in this process: takes blocks of addresses (store/
 * validation_work.h), gives them to the validation engine (verify/verify.h), stores what
 * comes back. A thread of its own, because an address may take an hour and a worker of the
 * jobs must not wait for it. Several processes share the validations of one database.
 *
 * Life cycle: validator_start, validator_stop (nulls it). One per process. */
#ifndef ENRICH_VALIDATOR_H
#define ENRICH_VALIDATOR_H

#include "db/db.h"
#include "store/services.h"
#include "verify/verify.h"

struct validator;

struct validator_options {
    struct db *db;
    const struct services *services;
    struct verify_engine *engine;
    int64_t per_hour;    /* addresses an account may begin within an hour; 0: no limit */
    bool is_only_process; /* of this database: what is leased was left by its earlier self */
};

/* Aborts when a thread cannot be made. The engine outlives the validator. */
struct validator *validator_start(const struct validator_options *options);

/* Looks for work now instead of at the next tick. Any thread; nothing happens when no
 * validator runs in this process. */
void validator_wake(void);

/* Gives back what is not done and ends the thread. Accepts NULL. */
void validator_stop(struct validator **validator);

/* A cache for the engine in the database of `db`; its sessions are opened at the first use.
 * The owner frees it after the engine. */
struct validator_cache;
struct validator_cache *validator_cache_new(struct db *db, const struct services *services);
const struct verify_cache *validator_cache_of(const struct validator_cache *cache);
void validator_cache_free(struct validator_cache **cache);

#endif
