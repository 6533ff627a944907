-- Search by tags, PostgreSQL: the same tokens as a tsvector under GIN. The short numbers
-- that SQLite gives by itself come from sequences here. Request counters live in an
-- unlogged table: they mean nothing after a crash.
CREATE SEQUENCE companies_doc AS BIGINT OWNED BY companies.doc;
ALTER TABLE companies ALTER COLUMN doc SET DEFAULT nextval('companies_doc');
CREATE SEQUENCE people_doc AS BIGINT OWNED BY people.doc;
ALTER TABLE people ALTER COLUMN doc SET DEFAULT nextval('people_doc');
-- The planner takes array_to_tsvector to be as cheap as an addition and then, as soon as
-- it has statistics, reads the whole table rather than the index; COST says otherwise, and
-- a function in plpgsql is not inlined, which would lose it.
CREATE FUNCTION tags_vector(tags TEXT) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    COST 1000 AS 'BEGIN RETURN array_to_tsvector(string_to_array(tags, '' '')); END';
CREATE INDEX people_tags ON people USING gin (tags_vector(tags));
CREATE INDEX companies_tags ON companies USING gin (tags_vector(tags));
CREATE UNLOGGED TABLE rate_windows (
    account_id TEXT NOT NULL,
    class BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (account_id, class)
);
