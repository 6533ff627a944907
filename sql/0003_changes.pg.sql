-- The feed of changes, PostgreSQL. Sequence numbers are handed out before commit, so they
-- are not in the order of commits: a reader keeps the snapshot up to which it has read, and
-- takes what that snapshot did not see. `tx` is the transaction, for telling. Kinds and the
-- rest: 0003_changes.sql.
CREATE TABLE changes (
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind BIGINT NOT NULL,
    doc BIGINT NOT NULL,
    at BIGINT NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    PRIMARY KEY (tx, seq)
);
CREATE TABLE change_feed (
    origin TEXT NOT NULL,
    pruned BIGINT NOT NULL          -- a transaction's number
);
INSERT INTO change_feed (origin, pruned) VALUES (md5(gen_random_uuid()::text), 0);

-- Once per statement, whose rows are in the table `touched`.
CREATE FUNCTION people_changed() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    INSERT INTO changes (kind, doc) SELECT 3, doc FROM touched;
    RETURN NULL;
END';
CREATE TRIGGER people_changes_insert AFTER INSERT ON people
    REFERENCING NEW TABLE AS touched EXECUTE FUNCTION people_changed();
CREATE TRIGGER people_changes_update AFTER UPDATE ON people
    REFERENCING NEW TABLE AS touched EXECUTE FUNCTION people_changed();
CREATE TRIGGER people_changes_delete AFTER DELETE ON people
    REFERENCING OLD TABLE AS touched EXECUTE FUNCTION people_changed();

CREATE FUNCTION companies_inserted() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    INSERT INTO changes (kind, doc)
    SELECT kind, doc FROM touched, (VALUES (1), (2)) AS kinds (kind);
    RETURN NULL;
END';
CREATE TRIGGER companies_changes_insert AFTER INSERT ON companies
    REFERENCING NEW TABLE AS touched EXECUTE FUNCTION companies_inserted();

CREATE FUNCTION companies_updated() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    INSERT INTO changes (kind, doc) SELECT 1, doc FROM touched;
    INSERT INTO changes (kind, doc) SELECT 2, n.doc FROM touched n JOIN former o ON o.doc = n.doc
    WHERE (o.size, o.industry, o.country, o.estimated_revenue, o.latest_funding_stage)
        IS DISTINCT FROM (n.size, n.industry, n.country, n.estimated_revenue, n.latest_funding_stage);
    RETURN NULL;
END';
CREATE TRIGGER companies_changes_update AFTER UPDATE ON companies
    REFERENCING OLD TABLE AS former NEW TABLE AS touched EXECUTE FUNCTION companies_updated();

CREATE FUNCTION companies_deleted() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    INSERT INTO changes (kind, doc) SELECT 1, doc FROM touched;
    INSERT INTO changes (kind, doc)
    SELECT 3, p.doc FROM people p JOIN touched t ON p.company_id = t.id;
    RETURN NULL;
END';
CREATE TRIGGER companies_changes_delete AFTER DELETE ON companies
    REFERENCING OLD TABLE AS touched EXECUTE FUNCTION companies_deleted();
