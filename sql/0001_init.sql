-- The first schema. Written once for both engines: on PostgreSQL INTEGER becomes
-- BIGINT, BLOB becomes BYTEA and STRICT goes (db/migrate.c). Times are UTC
-- milliseconds since 1970. Ids are UUIDv7 texts. The account's id leads every key of
-- what belongs to an account, so that the tables can be distributed by it.

-- A tenant. Owns everything that has an account_id; one process serves many.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- People who log in. Emails are kept in lower case.
CREATE TABLE users (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'sales_rep')),
    status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
    password_hash TEXT,           -- Argon2id; NULL: cannot log in
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX users_email ON users (account_id, email);

-- API keys. Only the SHA-256 of a key is kept; it is looked up by that.
CREATE TABLE api_keys (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('api', 'admin')),
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,         -- written at most once a minute
    revoked_at INTEGER,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

-- What an account can still spend, in halves of a credit. Changed only together with
-- an entry of the ledger.
CREATE TABLE credit_balances (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
    halves INTEGER NOT NULL CHECK (halves >= 0),
    PRIMARY KEY (account_id, kind)
) STRICT;

-- The ledger. charge_key names what was paid for, so that charging twice is a
-- constraint violation: 'email:PERSON', 'phone:PHONE', 'found:PERSON:TIME', 'grant:ID'.
CREATE TABLE credit_entries (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    charge_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    halves INTEGER NOT NULL,      -- negative: spent
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, charge_key)
) STRICT;

-- When an account last paid for having found a person: half a credit, at most once in
-- any 24 hours.
CREATE TABLE found_charges (
    account_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    charged_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, person_id)
) STRICT;
-- For removals, as those of phone_reviews and enrichment_items below.
CREATE INDEX found_charges_person ON found_charges (person_id);

-- Answers of POST requests that carried an Idempotency-Key, for 24 hours. status NULL:
-- still running, by the request that holds it until locked_until.
CREATE TABLE idempotency_keys (
    account_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,    -- SHA-256 of method, path and body
    status INTEGER,
    headers TEXT,                 -- JSON array: names and values of the answer's headers in turn
    body TEXT,
    locked_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Companies, shared by all accounts. *_key columns are normalised forms for matching;
-- they are derived and can be rebuilt.
CREATE TABLE companies (
    doc INTEGER PRIMARY KEY,      -- short number inside the search
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,       -- folded, without legal form
    domain TEXT,                  -- registrable domain in lower case, ASCII
    linkedin_url TEXT,
    linkedin_key TEXT,            -- "company/slug"
    website TEXT,
    overview TEXT,
    logo_url TEXT,
    founded_year INTEGER,
    traffic_rank INTEGER,
    sic_codes TEXT,               -- JSON arrays and objects are kept as text
    naics_codes TEXT,
    type TEXT,
    total_funding INTEGER,
    latest_funding_stage TEXT,
    latest_funding_date TEXT,
    keywords TEXT,
    estimated_number_of_employees INTEGER,
    followers INTEGER,
    size TEXT,
    industry TEXT,
    location TEXT,
    city TEXT,
    region TEXT,
    country TEXT,                 -- ISO 3166-1 alpha-2
    locations TEXT,
    is_b2b INTEGER,
    is_b2c INTEGER,
    technologies TEXT,
    department_headcount TEXT,
    job_function_headcount TEXT,
    estimated_revenue TEXT,
    revenue INTEGER,
    extra TEXT,                   -- columns of the import that have no field here
    tags TEXT NOT NULL,           -- what the search matches, one token per filter value
    rank INTEGER NOT NULL,        -- best first when nothing else decides
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX companies_id ON companies (id);
CREATE UNIQUE INDEX companies_domain ON companies (domain);
CREATE UNIQUE INDEX companies_linkedin ON companies (linkedin_key);
CREATE INDEX companies_name ON companies (name_key);
CREATE INDEX companies_rank ON companies (rank DESC, doc);

-- People, shared by all accounts. stored_email and phone numbers are shown only after a
-- reveal.
CREATE TABLE people (
    doc INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    name_key TEXT NOT NULL,       -- folded tokens in sorted order
    linkedin_url TEXT,
    linkedin_key TEXT,            -- "in/slug"
    gender TEXT,
    title TEXT,
    title_key TEXT,               -- folded, abbreviations spelled out
    seniority TEXT,
    departments TEXT,             -- JSON arrays
    job_functions TEXT,
    headline TEXT,
    about TEXT,
    current_position_start_date TEXT,
    current_position_description TEXT,
    image_url TEXT,
    location TEXT,
    city TEXT,
    region TEXT,
    country TEXT,
    experiences TEXT,
    educations TEXT,
    languages TEXT,
    keywords TEXT,
    stored_email TEXT,
    email_key TEXT,               -- lower case, ASCII domain
    company_id TEXT,
    extra TEXT,
    tags TEXT NOT NULL,
    rank INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX people_id ON people (id);
CREATE UNIQUE INDEX people_linkedin ON people (linkedin_key);
CREATE UNIQUE INDEX people_email ON people (email_key);
CREATE INDEX people_name ON people (name_key, company_id);
CREATE INDEX people_company ON people (company_id);
CREATE INDEX people_rank ON people (rank DESC, doc);

CREATE TABLE phone_numbers (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL,
    number TEXT NOT NULL,         -- E.164 where the country is known, else as it came
    type TEXT,
    source TEXT,
    is_dnc_listed INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX phone_numbers_person ON phone_numbers (person_id, number);

-- What users of an account said about a number; the number is shown as wrong to
-- that account.
CREATE TABLE phone_reviews (
    account_id TEXT NOT NULL,
    phone_id TEXT NOT NULL,
    user_id TEXT,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, phone_id)
) STRICT;
CREATE INDEX phone_reviews_phone ON phone_reviews (phone_id);

-- People removed for privacy: only keyed hashes of what identified them remain
-- (BLAKE2b under the key file, which is not in the database).
CREATE TABLE removals (
    hash BLOB PRIMARY KEY,
    kind TEXT NOT NULL,           -- 'id', 'linkedin', 'email', 'name'
    removed_at INTEGER NOT NULL
) STRICT;

-- Emails and domains that are not to be sequenced.
CREATE TABLE exclusions (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL CHECK (kind IN ('domain', 'email')),
    value TEXT NOT NULL,
    source TEXT NOT NULL,         -- 'amplemarket': may be deleted; else the CRM it came from
    excluded_reason TEXT NOT NULL,
    date_added INTEGER NOT NULL,
    PRIMARY KEY (account_id, kind, value)
) STRICT;

-- Work that outlives a request. Claimed by lease: a worker that dies lets the lease
-- run out and another goes on. Kinds: jobs/kinds.c.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,        -- what it is about, e.g. the enrichment's id
    payload TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'canceled')),
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,    -- how often it failed
    lost INTEGER NOT NULL DEFAULT 0, -- claims that ran out, since it last got on
    lease_owner TEXT,
    lease_until INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX jobs_due ON jobs (status, run_at);
CREATE UNIQUE INDEX jobs_subject ON jobs (account_id, kind, subject);

-- Batches of /people/enrichment-requests and /companies/enrichment-requests. Their ids
-- are integers, counted per installation.
CREATE TABLE enrichments (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'company')),
    status TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'canceled', 'error')),
    reveal_email INTEGER NOT NULL,
    reveal_phone_numbers INTEGER NOT NULL,
    total INTEGER NOT NULL,
    error_code TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (account_id, id)
) STRICT;

CREATE TABLE enrichment_items (
    account_id TEXT NOT NULL,
    enrichment_id INTEGER NOT NULL,
    position INTEGER NOT NULL,    -- from 0, the order of the request
    input TEXT NOT NULL,          -- the item as JSON; '{}' once it is done
    status TEXT,                  -- NULL: not yet done
    subject_id TEXT,              -- the person or company that was found
    PRIMARY KEY (account_id, enrichment_id, position)
) STRICT;

-- What a removal looks for: results that name a person, and batches that still hold what
-- was asked.
CREATE INDEX enrichment_items_subject ON enrichment_items (subject_id)
    WHERE subject_id IS NOT NULL;
CREATE INDEX enrichments_running ON enrichments (account_id, id)
    WHERE status IN ('queued', 'processing');

-- Numbers handed out one by one, where the API shows integers.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counters (name, value) VALUES ('enrichment', 0);
