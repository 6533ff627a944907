-- Whose addresses a reply has: its writer's, those of its header, and those in its text. By these
-- a removal for privacy finds what names somebody.
CREATE TABLE reply_addresses (
    account_id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    address TEXT NOT NULL,        -- in normal form
    PRIMARY KEY (account_id, reply_id, address)
) STRICT;
CREATE INDEX reply_addresses_address ON reply_addresses (address);
