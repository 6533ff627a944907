-- Searches for addresses that nobody told (enrich/address_finder.h): of each person the last
-- one, for all accounts. Of an address that was found this is where it came from (outcome
-- 'found') and when the mail server said that there is such a mailbox (ended_at).
CREATE TABLE address_searches (
    person_id TEXT PRIMARY KEY,
    urgent INTEGER NOT NULL,      -- 1: somebody waits for it
    began_at INTEGER NOT NULL,    -- when it was asked for
    tried_at INTEGER,             -- when a mail server was first to be asked; NULL: not yet
    outcome TEXT CHECK (outcome IN ('found', 'none', 'unclear')), -- NULL: not yet known
    ended_at INTEGER,
    lease_owner TEXT,
    lease_until INTEGER NOT NULL  -- until then nobody else takes it; 0: never taken
) STRICT;
CREATE INDEX address_searches_open ON address_searches (urgent, began_at) WHERE outcome IS NULL;
CREATE INDEX address_searches_owner ON address_searches (lease_owner) WHERE lease_owner IS NOT NULL;
-- What a company's addresses look like is read from those of its people who have one.
CREATE INDEX people_company_email ON people (company_id) WHERE email_key IS NOT NULL;
