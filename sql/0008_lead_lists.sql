-- Lead lists: leads of one account, who are looked for among the people, revealed, and
-- whose addresses are validated by validations that belong to the list.
CREATE TABLE lead_lists (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,           -- as it was sent
    status TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'enriched', 'canceled')),
                                  -- 'enriched': ended, but for validations that still run
    error_code TEXT,              -- why it was canceled, when nobody asked for that
    owner_id TEXT NOT NULL,       -- a user
    shared INTEGER NOT NULL,
    visible INTEGER NOT NULL,
    reveal_phone_numbers INTEGER NOT NULL,
    validate_email INTEGER NOT NULL,
    enrich INTEGER NOT NULL,
    total INTEGER NOT NULL,       -- entries
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;

-- What was said about a lead, and who it is. Ids are in the order of the leads. The keys are
-- how people are compared (data/urls.h, store/removals.h).
CREATE TABLE lead_list_entries (
    account_id TEXT NOT NULL,
    lead_list_id TEXT NOT NULL,
    id TEXT NOT NULL,
    is_done INTEGER NOT NULL,     -- 0: still to be looked for
    linkedin_url TEXT,
    email TEXT,                   -- as it was sent, or as it was revealed
    first_name TEXT,
    last_name TEXT,
    title TEXT,
    company_name TEXT,
    company_domain TEXT,
    industry TEXT,
    data TEXT,                    -- JSON object
    linkedin_key TEXT,
    email_key TEXT,
    name_key TEXT,                -- name and company
    person_id TEXT,               -- who was found
    validation_id TEXT,           -- has the result of email_key
    PRIMARY KEY (account_id, lead_list_id, id)
) STRICT;
CREATE INDEX lead_list_entries_pending ON lead_list_entries (account_id, lead_list_id, id)
    WHERE is_done = 0;
-- What a removal looks for.
CREATE INDEX lead_list_entries_person ON lead_list_entries (person_id)
    WHERE person_id IS NOT NULL;
CREATE INDEX lead_list_entries_linkedin ON lead_list_entries (linkedin_key)
    WHERE linkedin_key IS NOT NULL;
CREATE INDEX lead_list_entries_email ON lead_list_entries (email_key)
    WHERE email_key IS NOT NULL;
CREATE INDEX lead_list_entries_name ON lead_list_entries (name_key)
    WHERE name_key IS NOT NULL;

-- Of which lead list a validation is; NULL: the account asked for it.
ALTER TABLE validations ADD COLUMN lead_list_id TEXT;
CREATE INDEX validations_lead_list ON validations (account_id, lead_list_id)
    WHERE lead_list_id IS NOT NULL;
