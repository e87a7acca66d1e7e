-- Version 2: accounts explain themselves; what grows with the years is looked up by an index.
CREATE INDEX idx_export_logs_domain ON export_logs (domain, id);
ALTER TABLE accounts ADD COLUMN health TEXT CHECK (health IN ('healthy','suspect','probation')) NOT NULL DEFAULT 'healthy';
ALTER TABLE accounts ADD COLUMN good_answers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN pace TEXT NULL;
ALTER TABLE accounts ADD COLUMN pace_known INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN ready_at TEXT NULL;
ALTER TABLE accounts ADD COLUMN session_checked_at TEXT NULL;
ALTER TABLE accounts ADD COLUMN session_expires_at TEXT NULL;
DROP INDEX idx_influencers_export;
CREATE INDEX idx_influencers_export ON influencers (platform, domain, status, id);
DROP INDEX idx_tasks_claim;
CREATE INDEX idx_tasks_claim ON tasks (task_type, is_leaf, status, not_before, id);
DROP INDEX idx_tasks_parent;
CREATE INDEX idx_tasks_parent ON tasks (parent_id, status, not_before, id);
DROP INDEX idx_tasks_domain;
CREATE INDEX idx_tasks_domain ON tasks (domain);
CREATE INDEX idx_tasks_pieces ON tasks (parent_id, id);
CREATE TABLE api_budgets (
  platform TEXT NOT NULL PRIMARY KEY,
  day TEXT NOT NULL,
  spent INTEGER NOT NULL
);
