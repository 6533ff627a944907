-- What happens when a reply gets a label (docs/workflows.md).
CREATE TABLE workflows (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'enabled')),
    position INTEGER NOT NULL,    -- they run in this order
    labels TEXT NOT NULL,         -- JSON array: data/labels.def, "any" or "unlabeled"
    conditions TEXT,              -- JSON object; NULL: none
    actions TEXT NOT NULL,        -- JSON array, in their order
    repeat TEXT NOT NULL CHECK (repeat IN ('once_per_lead', 'every_time')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,           -- its row stays: runs name it
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX workflows_name ON workflows (account_id, name) WHERE deleted_at IS NULL;

-- What each did, appended once; changed by a removal, and when the label that started it goes.
CREATE TABLE workflow_runs (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    reply_id TEXT,                -- these three NULL: a test with an example
    lead_id TEXT,
    contact_id TEXT,              -- NULL also: removed for privacy
    label TEXT,
    status TEXT NOT NULL CHECK (status IN ('done', 'failed', 'shown')),
    is_test INTEGER NOT NULL,
    is_taken_back INTEGER NOT NULL DEFAULT 0, -- 1: with the label of its reply; counts no more
    once INTEGER NOT NULL,        -- 1: no other one of its workflow is about its lead
    input TEXT,                   -- JSON object: the reply, as it was; these two NULL: removed
    actions TEXT,                 -- JSON array: what each action got and gave
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE UNIQUE INDEX workflow_runs_once ON workflow_runs (account_id, workflow_id, lead_id)
    WHERE once = 1 AND is_taken_back = 0;
-- A reply starts each once, as long as its label stays.
CREATE UNIQUE INDEX workflow_runs_reply ON workflow_runs (account_id, workflow_id, reply_id)
    WHERE is_test = 0 AND is_taken_back = 0;
CREATE INDEX workflow_runs_workflow ON workflow_runs (account_id, workflow_id, id);
CREATE INDEX workflow_runs_of_reply ON workflow_runs (account_id, reply_id)
    WHERE reply_id IS NOT NULL;
CREATE INDEX workflow_runs_contact ON workflow_runs (account_id, contact_id)
    WHERE contact_id IS NOT NULL;
CREATE INDEX workflow_runs_lead ON workflow_runs (account_id, lead_id);
