-- Which mailboxes are read, by whom and when next. A row for each that was ever active.
CREATE TABLE inboxes (
    account_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL,
    owner TEXT,                   -- who reads it now; NULL: nobody
    lease_until INTEGER NOT NULL, -- then somebody else may
    wake_at INTEGER NOT NULL,     -- it is not read before
    failures INTEGER NOT NULL,    -- times in a row that it could not be read
    PRIMARY KEY (account_id, mailbox_id)
) STRICT;
CREATE INDEX inboxes_wake ON inboxes (wake_at);
INSERT INTO inboxes (account_id, mailbox_id, lease_until, wake_at, failures)
    SELECT account_id, id, 0, 0, 0 FROM mailboxes WHERE status = 'active';

-- How far a folder has been read.
CREATE TABLE inbox_folders (
    account_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL,
    folder TEXT NOT NULL,         -- as the server names it
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,    -- the first that has not been read
    PRIMARY KEY (account_id, mailbox_id, folder)
) STRICT;

-- What came back from leads, and about messages to them: replies, automatic answers, bounces,
-- complaints. Other mail of the mailbox is not kept.
CREATE TABLE replies (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,           -- reply/inbound_kinds.def
    kind_rule TEXT,               -- what decided it
    matched_by TEXT NOT NULL,     -- sequence/threads.h
    mailbox_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    message_id TEXT NOT NULL,     -- the message that it belongs to
    lead_id TEXT NOT NULL,
    sequence_id TEXT NOT NULL,
    stage_id TEXT NOT NULL,
    contact_id TEXT,              -- NULL: removed for privacy
    header_id TEXT NOT NULL,      -- its Message-ID without < and >; of one without, made of its bytes
    from_address TEXT,            -- these six NULL: removed for privacy
    from_name TEXT,
    to_addresses TEXT,            -- JSON array of texts
    cc_addresses TEXT,
    subject TEXT,
    snippet TEXT,
    last_message TEXT,            -- what is new in it
    body TEXT,                    -- all of it, as plain text
    dated_at INTEGER NOT NULL,    -- as it says, else when it was read
    label TEXT,                   -- data/labels.def; NULL: none
    label_source TEXT CHECK (label_source IN ('rules', 'model', 'hook', 'person')),
    confidence INTEGER,           -- of the label, of 1000
    evidence TEXT,                -- JSON array of texts: what spoke for it
    return_on TEXT,               -- dates: out of office until, to be written to again
    follow_up_on TEXT,
    referred TEXT,                -- JSON object: who is to be written to instead
    bounce_class TEXT CHECK (bounce_class IN ('hard', 'soft', 'sender')), -- NULL: no bounce
    bounce TEXT,                  -- JSON object: recipient, reason, status, diagnostic
    effects TEXT,                 -- JSON object: what it changed
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
-- Nothing is read twice, whatever the server numbers it, and whoever got a copy.
CREATE UNIQUE INDEX replies_header ON replies (account_id, header_id);
CREATE INDEX replies_lead ON replies (account_id, lead_id);
-- A removal looks for contacts, leads and writers.
CREATE INDEX replies_contact ON replies (account_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX replies_from ON replies (from_address) WHERE from_address IS NOT NULL;
CREATE INDEX replies_sequence ON replies (account_id, sequence_id, id);

-- Their bytes, until mail.keep_days after they were read.
CREATE TABLE reply_sources (
    account_id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    read_at INTEGER NOT NULL,
    source BLOB NOT NULL,
    PRIMARY KEY (account_id, reply_id)
) STRICT;
CREATE INDEX reply_sources_read ON reply_sources (read_at);
