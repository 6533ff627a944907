-- Processes that read mailboxes, so that each leaves the others their part.
CREATE TABLE inbox_readers (
    owner TEXT PRIMARY KEY,       -- as inboxes has it
    seen_until INTEGER NOT NULL   -- then it is taken for gone
) STRICT;
