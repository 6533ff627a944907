-- Which server of a mailbox refused the login: 'smtp' or 'imap'. That the other one takes it says
-- nothing about this one.
ALTER TABLE mailboxes ADD COLUMN auth_failed_by TEXT;
