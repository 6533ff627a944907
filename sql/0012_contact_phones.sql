-- Telephone numbers that an account has of a contact. Reviews of them are in phone_reviews.
CREATE TABLE contact_phones (
    account_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    id TEXT NOT NULL,
    number TEXT NOT NULL,         -- E.164 where the country is known, else as it came
    type TEXT,
    source TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, contact_id, number)
) STRICT;
CREATE UNIQUE INDEX contact_phones_id ON contact_phones (account_id, id);
