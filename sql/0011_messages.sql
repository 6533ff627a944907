-- Emails of sequences, each written whole before it is sent. Of a lead and a stage there is
-- one; when it is tried again it is the same row with the same Message-ID.
CREATE TABLE messages (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    sequence_id TEXT NOT NULL,
    stage_id TEXT NOT NULL,
    variant_id TEXT,
    contact_id TEXT,              -- NULL: removed for privacy
    user_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'sending', 'sent', 'retry_wait',
                                         'failed', 'uncertain', 'held', 'canceled')),
    reason TEXT,                  -- of the state, one word: sequence/delivery.h
    detail TEXT,                  -- the same in words, with what a server said
    recipient TEXT,               -- in normal form; NULL: removed for privacy
    recipient_domain TEXT,        -- behind its @; NULL: anybody gets an address there
    subject TEXT,
    message_id TEXT NOT NULL,     -- of the header, without < and >
    refers_to TEXT,               -- References: those before it in the thread, with < and >
    priority INTEGER NOT NULL,    -- 0 low, 1 normal, 2 high
    is_first INTEGER NOT NULL,    -- 1: of its lead's; a mailbox's day has a share for those
    due_at INTEGER NOT NULL,      -- as it was planned
    next_at INTEGER NOT NULL,     -- nothing is done with it before
    attempts INTEGER NOT NULL,    -- refusals for the moment
    looks INTEGER NOT NULL,       -- of an uncertain one: how often it was looked for
    dated_at INTEGER,             -- what its Date says: when it was first sent
    counted_at INTEGER,           -- when it took one of its mailbox's day; NULL: it was not sent
    sent_at INTEGER,
    reply TEXT,                   -- the server's words when it took the message
    opens INTEGER NOT NULL,
    clicks INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX messages_stage ON messages (account_id, lead_id, stage_id);
CREATE INDEX messages_sequence ON messages (account_id, sequence_id, id);
-- What a mailbox sends next; and, from the index alone, how much that is.
CREATE INDEX messages_queue ON messages (account_id, mailbox_id, priority, next_at, id, is_first, state)
    WHERE state IN ('queued', 'retry_wait');
-- What a process that ended may have left behind, and what is looked for.
CREATE INDEX messages_open ON messages (account_id, mailbox_id, next_at)
    WHERE state IN ('claimed', 'sending', 'uncertain');
CREATE INDEX messages_counted ON messages (account_id, mailbox_id, counted_at, is_first)
    WHERE counted_at IS NOT NULL;
CREATE INDEX messages_held ON messages (account_id, id) WHERE state = 'held';
-- A reply or a report names a Message-ID; a removal looks for a person in all accounts.
CREATE INDEX messages_message_id ON messages (message_id, account_id);
CREATE INDEX messages_recipient ON messages (recipient) WHERE recipient IS NOT NULL;
-- A colleague may answer.
CREATE INDEX messages_domain ON messages (account_id, recipient_domain, mailbox_id)
    WHERE recipient_domain IS NOT NULL;

-- The bytes, without Date, until mail.keep_days after they were sent.
CREATE TABLE message_sources (
    account_id TEXT NOT NULL,
    message_id TEXT NOT NULL,     -- id of the message
    written_at INTEGER NOT NULL,
    source BLOB NOT NULL,
    body TEXT NOT NULL,           -- what it says, as plain text if there is one, else as HTML
    PRIMARY KEY (account_id, message_id)
) STRICT;
CREATE INDEX message_sources_written ON message_sources (written_at);

-- One row for each mailbox that ever had a message: one thread of one process at a time
-- sends from it.
CREATE TABLE mailbox_queues (
    account_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL,
    owner TEXT,                   -- who sends from it now, another word with each taking; NULL: nobody
    lease_until INTEGER NOT NULL, -- then somebody else may
    wake_at INTEGER NOT NULL,     -- nothing is to be done before
    free_at INTEGER NOT NULL,     -- the gap after the last message ends
    failures INTEGER NOT NULL,    -- times in a row that its server could not be reached
    day_from INTEGER NOT NULL,    -- when the mailbox's day began in which it sent last; 0: not known,
    day_sent INTEGER NOT NULL,    -- and how many it sent in that, or may have: perhaps less
    PRIMARY KEY (account_id, mailbox_id)
) STRICT;
CREATE INDEX mailbox_queues_wake ON mailbox_queues (wake_at);
