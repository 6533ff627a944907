-- What holds because a reply has its label, and is taken back with that: a lead that it ended or
-- paused, an address or domain that it excluded, a lead or task that its workflows made. Several
-- replies may hold the same. When a person
-- or anything else decides about the subject, its rows go: what holds then is theirs.
CREATE TABLE reply_claims (
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('lead', 'email', 'domain', 'lead_added', 'task')),
    subject TEXT NOT NULL,        -- id of the lead or task; what is excluded
    reply_id TEXT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('label', 'workflow')), -- of a reply the latter counts
    status TEXT,                  -- of a lead: what it is to be
    reason TEXT,
    until INTEGER,                -- of paused
    was_status TEXT,              -- what it was before any reply held it
    was_reason TEXT,
    was_until INTEGER,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, kind, subject, reply_id, cause)
) STRICT;
CREATE INDEX reply_claims_reply ON reply_claims (account_id, reply_id);
-- A removal looks for an address in all accounts.
CREATE INDEX reply_claims_email ON reply_claims (subject) WHERE kind = 'email';
