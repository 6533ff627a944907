-- Search by tags, SQLite: full-text tables over the tags columns, which hold tokens of
-- letters, digits and '_' only. External content: the text is not kept twice. The
-- triggers give FTS5 the old text, which it needs to forget a row.
CREATE VIRTUAL TABLE people_tags USING fts5 (
    tags, content='people', content_rowid='doc', detail='none',
    tokenize="unicode61 remove_diacritics 0 tokenchars '_'"
);
CREATE TRIGGER people_tags_insert AFTER INSERT ON people BEGIN
    INSERT INTO people_tags (rowid, tags) VALUES (new.doc, new.tags);
END;
CREATE TRIGGER people_tags_delete AFTER DELETE ON people BEGIN
    INSERT INTO people_tags (people_tags, rowid, tags) VALUES ('delete', old.doc, old.tags);
END;
CREATE TRIGGER people_tags_update AFTER UPDATE OF tags ON people WHEN old.tags <> new.tags BEGIN
    INSERT INTO people_tags (people_tags, rowid, tags) VALUES ('delete', old.doc, old.tags);
    INSERT INTO people_tags (rowid, tags) VALUES (new.doc, new.tags);
END;

CREATE VIRTUAL TABLE companies_tags USING fts5 (
    tags, content='companies', content_rowid='doc', detail='none',
    tokenize="unicode61 remove_diacritics 0 tokenchars '_'"
);
CREATE TRIGGER companies_tags_insert AFTER INSERT ON companies BEGIN
    INSERT INTO companies_tags (rowid, tags) VALUES (new.doc, new.tags);
END;
CREATE TRIGGER companies_tags_delete AFTER DELETE ON companies BEGIN
    INSERT INTO companies_tags (companies_tags, rowid, tags) VALUES ('delete', old.doc, old.tags);
END;
CREATE TRIGGER companies_tags_update AFTER UPDATE OF tags ON companies WHEN old.tags <> new.tags BEGIN
    INSERT INTO companies_tags (companies_tags, rowid, tags) VALUES ('delete', old.doc, old.tags);
    INSERT INTO companies_tags (rowid, tags) VALUES (new.doc, new.tags);
END;

-- An import asks for hundreds of hashes at once, as hexadecimal text in a JSON array.
-- PostgreSQL decodes that text; SQLite before 3.41 cannot.
CREATE INDEX removals_hex ON removals (lower(hex(hash)));
