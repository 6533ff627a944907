-- How a call can end, in the words of the account. A deleted one keeps its row: calls name it.
CREATE TABLE dispositions (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('complete', 'next_stage')),
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX dispositions_slug ON dispositions (account_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE calls (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    contact_id TEXT,
    lead_id TEXT,
    from_number TEXT NOT NULL,    -- as it was told; empty: forgotten
    to_number TEXT NOT NULL,
    from_key TEXT NOT NULL,       -- E.164 where the country is known
    to_key TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('incoming', 'outgoing')),
    duration INTEGER NOT NULL,    -- seconds
    answered INTEGER NOT NULL,
    human INTEGER NOT NULL,
    transcription TEXT,
    notes TEXT,
    disposition_id TEXT,
    recording_url TEXT,
    recording_type TEXT,          -- media type of the stored recording; NULL: none is stored
    recording_error TEXT,         -- why not
    start_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX calls_contact ON calls (account_id, contact_id);
CREATE INDEX calls_lead ON calls (account_id, lead_id);

-- A recording in parts of 256 KiB: in the database, so that every process that serves it has
-- it, backups hold it, and a removal deletes it with the rest.
CREATE TABLE call_recordings (
    account_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    part INTEGER NOT NULL,        -- from 0
    content BLOB NOT NULL,
    PRIMARY KEY (account_id, call_id, part)
) STRICT;
