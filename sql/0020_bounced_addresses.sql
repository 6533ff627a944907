-- Addresses of which a mail server has told an account, in a refusal or a bounce, that they do not
-- exist: what validations of the account say of them then. A row goes when somebody writes from there.
CREATE TABLE bounced_addresses (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    key TEXT NOT NULL,            -- as validation_emails has it
    bounced_at INTEGER NOT NULL,  -- the last time
    PRIMARY KEY (account_id, key)
) STRICT;
CREATE INDEX bounced_addresses_key ON bounced_addresses (key); -- what a removal looks for
