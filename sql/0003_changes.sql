-- The feed of changes, SQLite: what the search index reads to follow people and companies.
-- Triggers write it in the transaction of the change, so that no code can forget to. A row
-- says which row to read again, not what became of it; many may name the same one.
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY,      -- in the order of commits: there is one writer at a time
    kind INTEGER NOT NULL,        -- 1 a company, 2 the people of a company, 3 a person
    doc INTEGER NOT NULL,         -- of the person or company
    at INTEGER NOT NULL           -- seconds since 1970, for pruning
) STRICT;

-- One row. `origin` names this history: an index that was made from another one (before a
-- restore, on another server) is of no use. Changes up to `pruned` are not in the feed.
CREATE TABLE change_feed (
    origin TEXT NOT NULL,
    pruned INTEGER NOT NULL
) STRICT;
INSERT INTO change_feed (origin, pruned) VALUES (lower(hex(randomblob(8))), 0);

CREATE TRIGGER people_changes_insert AFTER INSERT ON people BEGIN
    INSERT INTO changes (kind, doc, at) VALUES (3, new.doc, unixepoch());
END;
CREATE TRIGGER people_changes_update AFTER UPDATE ON people BEGIN
    INSERT INTO changes (kind, doc, at) VALUES (3, new.doc, unixepoch());
END;
CREATE TRIGGER people_changes_delete AFTER DELETE ON people BEGIN
    INSERT INTO changes (kind, doc, at) VALUES (3, old.doc, unixepoch());
END;

-- The index keeps five values of a company with each of its people, too.
CREATE TRIGGER companies_changes_insert AFTER INSERT ON companies BEGIN
    INSERT INTO changes (kind, doc, at) VALUES (1, new.doc, unixepoch()), (2, new.doc, unixepoch());
END;
CREATE TRIGGER companies_changes_update AFTER UPDATE ON companies BEGIN
    INSERT INTO changes (kind, doc, at) VALUES (1, new.doc, unixepoch());
    INSERT INTO changes (kind, doc, at) SELECT 2, new.doc, unixepoch()
    WHERE old.size IS NOT new.size OR old.industry IS NOT new.industry
        OR old.country IS NOT new.country OR old.estimated_revenue IS NOT new.estimated_revenue
        OR old.latest_funding_stage IS NOT new.latest_funding_stage;
END;
-- What is gone cannot be asked for its people later.
CREATE TRIGGER companies_changes_delete AFTER DELETE ON companies BEGIN
    INSERT INTO changes (kind, doc, at) VALUES (1, old.doc, unixepoch());
    INSERT INTO changes (kind, doc, at)
    SELECT 3, doc, unixepoch() FROM people WHERE company_id = old.id;
END;
