-- What happened, and never changes: read by contacts, statistics and webhooks. A removal for
-- privacy empties a row and leaves it counted.
CREATE TABLE events (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,             -- UUIDv7: in the order in which they were recorded
    kind TEXT NOT NULL,           -- store/events.def
    at INTEGER NOT NULL,          -- when it happened, which may be before it was known
    user_id TEXT,
    mailbox_id TEXT,
    contact_id TEXT,
    lead_id TEXT,
    sequence_id TEXT,
    stage_id TEXT,
    message_id TEXT,
    task_id TEXT,
    call_id TEXT,
    reply_id TEXT,                -- what came in, and is told in data
    data TEXT NOT NULL,           -- JSON object: what the kind says of it
    snapshot TEXT,                -- JSON object: lead, user, sequence and stage as they were
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX events_contact ON events (account_id, contact_id, id);
CREATE INDEX events_lead ON events (account_id, lead_id, kind);
CREATE INDEX events_reply ON events (account_id, reply_id) WHERE reply_id IS NOT NULL;
-- Statistics count in this index alone.
CREATE INDEX events_sequence ON events (account_id, sequence_id, kind, stage_id, lead_id)
    WHERE sequence_id IS NOT NULL;

-- What somebody has to do, or a connector does: a stage that is due for a lead, or something
-- that a user wrote down.
CREATE TABLE tasks (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    automatic INTEGER NOT NULL,   -- 1: nobody completes it by hand
    type TEXT NOT NULL,           -- as that of a stage
    status TEXT NOT NULL CHECK (status IN ('scheduled', 'in_progress', 'completed', 'skipped',
                                           'canceled', 'failed')),
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
    due_at INTEGER NOT NULL,
    finished_at INTEGER,
    subject TEXT,                 -- of an email; else what it is about
    body TEXT,                    -- rendered: what to send or say
    notes TEXT,
    search_key TEXT NOT NULL,     -- subject and notes, folded
    contact_id TEXT,
    lead_id TEXT,                 -- NULL: made by hand
    sequence_id TEXT,
    stage_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX tasks_user ON tasks (account_id, user_id, id);
CREATE INDEX tasks_lead ON tasks (account_id, lead_id);
-- A stage asks for one thing at a time.
CREATE UNIQUE INDEX tasks_open ON tasks (account_id, lead_id, stage_id)
    WHERE status IN ('scheduled', 'in_progress');
CREATE INDEX tasks_contact ON tasks (account_id, contact_id);
CREATE INDEX tasks_sequence ON tasks (account_id, sequence_id) WHERE status = 'scheduled';
