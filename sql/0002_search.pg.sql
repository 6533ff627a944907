-- Search by tags, PostgreSQL: the same tokens as a tsvector under GIN. The short numbers
-- that SQLite gives by itself come from sequences here. Request counters live in an
-- unlogged table: they mean nothing after a crash.
CREATE SEQUENCE companies_doc AS BIGINT OWNED BY companies.doc;
ALTER TABLE companies ALTER COLUMN doc SET DEFAULT nextval('companies_doc');
CREATE SEQUENCE people_doc AS BIGINT OWNED BY people.doc;
ALTER TABLE people ALTER COLUMN doc SET DEFAULT nextval('people_doc');
CREATE INDEX people_tags ON people USING gin (array_to_tsvector(string_to_array(tags, ' ')));
CREATE INDEX companies_tags ON companies USING gin (array_to_tsvector(string_to_array(tags, ' ')));
CREATE UNLOGGED TABLE rate_windows (
    account_id TEXT NOT NULL,
    class BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (account_id, class)
);
