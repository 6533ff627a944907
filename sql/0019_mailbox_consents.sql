-- Consents in a browser that somebody began and the provider did not answer yet. A row goes
-- with the answer, whatever it says; those that are too old with the next one of any account.
CREATE TABLE mailbox_consents (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,             -- the state names it, signed
    mailbox_id TEXT,              -- only its tokens are to be new; else the setup says it all
    setup TEXT NOT NULL,          -- JSON: the mailbox to connect, without secrets
    verifier BLOB NOT NULL,       -- sealed: what the code is exchanged with (RFC 7636)
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX mailbox_consents_by_expiry ON mailbox_consents (expires_at);
