-- Where an account wants to be told what happens. Secrets are sealed (store/secrets.h).
CREATE TABLE webhooks (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    slot TEXT NOT NULL,           -- two hexadecimal digits, its own among those of the account
    url TEXT NOT NULL,
    description TEXT,
    activity_bits INTEGER NOT NULL, -- what it wants to be told: store/webhooks.h
    replied_only INTEGER NOT NULL, -- 1: only of contacts that have replied
    concurrency INTEGER,          -- requests at a time; NULL: webhook.concurrency
    per_second INTEGER,           -- requests a second; NULL: as fast as it takes them
    sealed BLOB,                  -- signing secrets and headers; NULL: deleted
    header_names TEXT NOT NULL,   -- JSON array; values are in `sealed`
    enabled INTEGER NOT NULL,
    disabled_reason TEXT CHECK (disabled_reason IN ('user', 'gone', 'failing', 'deleted')),
    disabled_at INTEGER,
    version INTEGER NOT NULL,     -- counts changes, for those who keep a copy
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX webhooks_slot ON webhooks (account_id, slot) WHERE sealed IS NOT NULL;

-- Beside each webhook: one process at a time delivers to it, and how that has gone.
CREATE TABLE webhook_queues (
    account_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    owner TEXT,                   -- who delivers now; NULL: nobody
    fence INTEGER NOT NULL,       -- counts owners: what an earlier one says is not taken
    lease_until INTEGER NOT NULL, -- then somebody else may
    failing_since INTEGER,        -- NULL: it takes what it is sent
    failures INTEGER NOT NULL,    -- since then
    successes INTEGER NOT NULL,   -- since then
    delivered_at INTEGER,         -- the last one that it took
    PRIMARY KEY (account_id, endpoint_id)
) STRICT;

-- One row for an event and each webhook that wants it, written with the event.
CREATE TABLE webhook_deliveries (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,             -- the event's with the slot in its last two digits
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    order_key TEXT,               -- lead, else contact: what is about the same goes out in order
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL,    -- ever made
    tries INTEGER NOT NULL,       -- since it was last (re)queued
    next_at INTEGER NOT NULL,     -- not tried before
    status INTEGER,               -- of the last answer
    error TEXT,                   -- of the last attempt, or why there was none
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (account_id, id)
) STRICT;
-- What is sent next, and what it has to wait for.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (account_id, endpoint_id, next_at, id)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (account_id, endpoint_id, order_key, id)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (account_id, endpoint_id, id)
    WHERE state = 'failed';
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (account_id, endpoint_id, id);
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at)
    WHERE finished_at IS NOT NULL;

-- What was tried, as long as the delivery is kept. No bodies of requests: those can be made
-- again from the event.
CREATE TABLE webhook_attempts (
    account_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    number INTEGER NOT NULL,      -- from 1
    at INTEGER NOT NULL,          -- when it began
    duration INTEGER NOT NULL,    -- ms
    status INTEGER,               -- NULL: there was no answer
    error TEXT,                   -- why not, or what is wrong with it
    request_head TEXT NOT NULL,   -- without signature and values of own headers
    response_head TEXT,
    response_body TEXT,           -- its beginning, of an answer that is no success
    PRIMARY KEY (account_id, delivery_id, number)
) STRICT;
