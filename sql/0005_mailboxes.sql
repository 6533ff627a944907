-- What users send from: an account at a mail provider. A deleted one keeps its row (reason
-- 'deleted', no secret), because threads belong to it; connecting the address again takes
-- the row up.
CREATE TABLE mailboxes (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    email TEXT NOT NULL,          -- in lower case
    display_name TEXT,
    email_provider TEXT NOT NULL
        CHECK (email_provider IN ('google', 'outlook', 'other', 'other_mixed')),
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'needs_reconnection')),
    reason TEXT NOT NULL,         -- of the status: one of store/mailboxes.h
    detail TEXT,                  -- the same in words, with what a server said
    auth TEXT NOT NULL CHECK (auth IN ('password', 'oauth_google', 'oauth_microsoft')),
    smtp_host TEXT NOT NULL,
    smtp_port INTEGER NOT NULL,
    smtp_security TEXT NOT NULL CHECK (smtp_security IN ('tls', 'starttls', 'none')),
    smtp_user TEXT NOT NULL,
    imap_host TEXT NOT NULL,
    imap_port INTEGER NOT NULL,
    imap_security TEXT NOT NULL CHECK (imap_security IN ('tls', 'starttls', 'none')),
    imap_user TEXT NOT NULL,
    secret BLOB,                  -- sealed: passwords or tokens
    secret_version INTEGER NOT NULL, -- goes up with each change of the secret
    token_expires_at INTEGER,     -- OAuth: of the access token
    refresh_lease_until INTEGER NOT NULL, -- until then one process refreshes the token
    aliases TEXT NOT NULL,        -- JSON array of addresses that mail to the user may name
    from_address TEXT,            -- the alias that it writes from; NULL: email
    signature TEXT,               -- plain text
    signature_html TEXT,
    time_zone TEXT NOT NULL,
    working_hours TEXT NOT NULL,  -- JSON array of {day, from, to}; empty: always
    daily_email_limit INTEGER NOT NULL,
    ramp_start INTEGER NOT NULL,  -- messages on the first day; 0: no ramp
    ramp_step INTEGER NOT NULL,   -- more on each day after it
    ramp_since INTEGER,           -- when the first day was
    gap_min_s INTEGER NOT NULL,
    gap_max_s INTEGER NOT NULL,
    auth_failures INTEGER NOT NULL, -- in a row
    auth_failed_since INTEGER,    -- the first of them
    auth_failed_at INTEGER,       -- the last of them
    throttled_until INTEGER,      -- the provider wants less until then
    checks TEXT,                  -- JSON: what the last test found
    checked_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX mailboxes_email ON mailboxes (account_id, email);
CREATE INDEX mailboxes_user ON mailboxes (account_id, user_id);
