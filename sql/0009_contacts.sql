-- Somebody that an account works with: made from a lead or an import. Of an account there is
-- one for an address and one for a profile. Neither these rows nor leads refer to accounts: a request
-- adds them by the thousand, PostgreSQL would look for the account for each, and none is ever deleted.
CREATE TABLE contacts (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    email TEXT,                   -- in normal form
    linkedin_url TEXT,
    linkedin_key TEXT,            -- "in/slug"
    first_name TEXT,
    last_name TEXT,
    title TEXT,
    location TEXT,
    time_zone TEXT,               -- IANA name
    company_name TEXT,
    company_domain TEXT,
    owner_user_id TEXT,
    last_contacted_at INTEGER,    -- by anybody of the account, on any channel
    name_key TEXT NOT NULL DEFAULT '', -- for finding: the name in lower case,
    search_key TEXT NOT NULL DEFAULT '', -- and all that a person is looked for by
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
-- A removal looks for a person in all accounts, so the person comes first.
CREATE UNIQUE INDEX contacts_email ON contacts (email, account_id);
CREATE UNIQUE INDEX contacts_linkedin ON contacts (linkedin_key, account_id);

-- A contact in a sequence. Its user and mailbox stay for the whole sequence.
CREATE TABLE sequence_leads (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    sequence_id TEXT NOT NULL,
    contact_id TEXT,              -- NULL: removed for privacy
    email TEXT,
    email_domain TEXT,            -- behind its @, the labels backwards: com.example.mail.
    linkedin_url TEXT,
    linkedin_key TEXT,
    domain TEXT,                  -- the company's, of the address; NULL: anybody gets an address there
    data TEXT NOT NULL,           -- JSON object of texts: what templates name
    user_id TEXT NOT NULL,
    mailbox_id TEXT,
    reply_id TEXT,                -- of a reply sequence: what it answers, and in whose thread
    status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'waiting_task', 'paused', 'completed',
                                           'replied', 'bounced', 'unsubscribed', 'removed', 'errored')),
    reason TEXT,                  -- of paused, removed, errored
    ignores_exclusions INTEGER NOT NULL DEFAULT 0, -- was added though it is excluded
    stage_id TEXT,                -- where it stands: the stage that is planned or being done
    due_at INTEGER,               -- when that stage is due by the delays alone
    done_stage_id TEXT,           -- the last one that came to an end
    counts_from INTEGER,          -- what the delay of the stage behind that one counts from
    next_at INTEGER,              -- when the planner looks at it; NULL: something else happens first
    waits_for TEXT CHECK (waits_for IN ('plan', 'start', 'delay', 'window', 'mailbox', 'budget',
                                        'share', 'late', 'pause', 'sequence', 'task', 'message',
                                        'action')),
    urgency INTEGER NOT NULL DEFAULT 0, -- of those that are due the lowest comes first
    paused_until INTEGER,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
-- Nobody is in a sequence twice; the same indexes say where somebody else is.
CREATE UNIQUE INDEX sequence_leads_email ON sequence_leads (email, account_id, sequence_id);
CREATE UNIQUE INDEX sequence_leads_linkedin ON sequence_leads (linkedin_key, account_id, sequence_id);
CREATE INDEX sequence_leads_sequence ON sequence_leads (account_id, sequence_id, id);
CREATE INDEX sequence_leads_contact ON sequence_leads (account_id, contact_id);
-- Whom an excluded domain is about, and colleagues of somebody who answered: those at a domain and
-- below it stand together.
CREATE INDEX sequence_leads_domain ON sequence_leads (account_id, email_domain)
    WHERE status IN ('pending', 'active', 'waiting_task', 'paused', 'completed', 'errored');
-- The planner's: those of all accounts whose time comes.
CREATE INDEX sequence_leads_due ON sequence_leads (urgency, next_at) WHERE next_at IS NOT NULL;
-- A mailbox that works again.
CREATE INDEX sequence_leads_mailbox ON sequence_leads (account_id, mailbox_id) WHERE waits_for = 'mailbox';

-- How many leads each sequence ever got: a limit is judged, and senders take turns, without
-- counting.
CREATE TABLE sequence_counts (
    account_id TEXT NOT NULL,
    sequence_id TEXT NOT NULL,
    leads INTEGER NOT NULL,
    PRIMARY KEY (account_id, sequence_id)
) STRICT;

-- What a user has connected beside mailboxes; a user without a row has nothing.
CREATE TABLE user_connections (
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    dialer INTEGER NOT NULL,
    linkedin INTEGER NOT NULL,
    voice_clone INTEGER NOT NULL,
    copywriter INTEGER NOT NULL,
    ai_credits INTEGER NOT NULL,
    PRIMARY KEY (account_id, user_id)
) STRICT;
