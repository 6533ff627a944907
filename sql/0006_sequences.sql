-- Sequences: an ordered list of touches. Ids are 40 hexadecimal digits that begin with the
-- time, so their order is that of creation.
CREATE TABLE sequences (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,       -- folded, for searching
    kind TEXT NOT NULL CHECK (kind IN ('sequence', 'reply_sequence')),
    status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'pausing', 'paused', 'resuming',
                                           'archiving', 'archived')),
    created_by_user_id TEXT NOT NULL,
    settings TEXT NOT NULL,       -- JSON: store/sequence_settings.h
    fields_used TEXT NOT NULL,    -- JSON arrays of the names in the templates: the lead's,
    fields_required TEXT NOT NULL, -- those that every lead must have,
    sender_fields_required TEXT NOT NULL, -- and those that every sender must have
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    launched_at INTEGER,          -- the first time
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX sequences_status ON sequences (status);
-- The file of `outrider sequence apply` names a sequence by this.
CREATE UNIQUE INDEX sequences_name ON sequences (account_id, name) WHERE status <> 'archived';

-- The touches. A stage keeps its id when it is edited: what was sent names it.
CREATE TABLE sequence_stages (
    account_id TEXT NOT NULL,
    sequence_id TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,    -- from 0
    type TEXT NOT NULL,
    automatic INTEGER NOT NULL,  -- 0: a task for the user
    delay_days INTEGER NOT NULL,  -- after the stage before is completed
    delay_hours INTEGER NOT NULL, -- and these
    priority TEXT NOT NULL,
    instructions TEXT,
    attachments TEXT,             -- JSON array of names in sequence_attachments
    PRIMARY KEY (account_id, sequence_id, id)
) STRICT;

-- What a stage says; of several each lead gets one, by weight.
CREATE TABLE sequence_variants (
    account_id TEXT NOT NULL,
    sequence_id TEXT NOT NULL,
    stage_id TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    subject TEXT,
    plain TEXT,
    html TEXT,
    PRIMARY KEY (account_id, sequence_id, stage_id, id)
) STRICT;

CREATE TABLE sequence_attachments (
    account_id TEXT NOT NULL,
    sequence_id TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,        -- bytes
    content BLOB NOT NULL,
    PRIMARY KEY (account_id, sequence_id, name)
) STRICT;

-- What an account decides for all its sequences; an account without a row has the usual
-- values (store/account_settings.c).
CREATE TABLE account_settings (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id),
    time_zone TEXT NOT NULL,
    recently_contacted_days INTEGER NOT NULL,
    sequence_lead_limit INTEGER NOT NULL
) STRICT;
