-- Email validations: a validation is a set of addresses of one account; its work is cut
-- into blocks, which processes take by lease.
CREATE TABLE validations (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'canceled', 'error')),
    error_code TEXT,
    total INTEGER NOT NULL,       -- addresses, each counted once
    single TEXT,                  -- the address's key, of POST /email-validations/single
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX validations_single ON validations (single, account_id);

-- The addresses of which something was found out. Of those that differ in case alone there is
-- one.
CREATE TABLE validation_emails (
    account_id TEXT NOT NULL,
    validation_id TEXT NOT NULL,
    key TEXT NOT NULL,            -- in lower case
    email TEXT NOT NULL,          -- as it was sent
    result TEXT NOT NULL,
    catch_all INTEGER,
    reason TEXT,
    detail TEXT,
    provider TEXT,
    checked_at INTEGER,
    PRIMARY KEY (account_id, validation_id, key)
) STRICT;
CREATE INDEX validation_emails_key ON validation_emails (key); -- what a removal looks for

-- Work: a few hundred addresses, of which at least one has no result yet.
CREATE TABLE validation_blocks (
    account_id TEXT NOT NULL,
    validation_id TEXT NOT NULL,
    block INTEGER NOT NULL,       -- from 0
    size INTEGER NOT NULL,        -- addresses
    is_counted INTEGER NOT NULL,  -- taken from the hourly allowance
    lease_owner TEXT,
    lease_until INTEGER NOT NULL, -- until then nobody else takes it; 0: never taken
    PRIMARY KEY (account_id, validation_id, block)
) STRICT;
CREATE INDEX validation_blocks_lease ON validation_blocks (lease_until);
CREATE INDEX validation_blocks_owner ON validation_blocks (lease_owner);

-- The addresses of a block, in one row, because a request of 100,000 has to be durable before it
-- is answered; apart from the block, whose row changes with every lease.
CREATE TABLE validation_block_emails (
    account_id TEXT NOT NULL,
    validation_id TEXT NOT NULL,
    block INTEGER NOT NULL,
    first_key TEXT NOT NULL,      -- the lowest key; empty when an address was taken out
    last_key TEXT NOT NULL,       -- the highest key; empty when an address was taken out
    emails TEXT NOT NULL,         -- JSON array: as they were sent, in the order of their keys
    PRIMARY KEY (account_id, validation_id, block)
) STRICT;

-- How many addresses an account may still begin to validate: a bucket that fills up with
-- time. In thousandths of an address.
CREATE TABLE validation_allowances (
    account_id TEXT PRIMARY KEY,
    thousandths INTEGER NOT NULL,
    filled_at INTEGER NOT NULL
) STRICT;

-- What validation remembers of domains, mail servers and mailboxes (verify/cache.h), shared
-- by accounts: nothing in it says who asked. Mailboxes are keyed hashes.
CREATE TABLE verify_cache (
    kind INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;
CREATE INDEX verify_cache_age ON verify_cache (expires_at);
