-- Version 2: accounts explain themselves; what grows with the years is looked up by an index.
ALTER TABLE export_logs ADD KEY idx_export_logs_domain (domain, id);
ALTER TABLE accounts ADD COLUMN health ENUM('healthy','suspect','probation') NOT NULL DEFAULT 'healthy';
ALTER TABLE accounts ADD COLUMN good_answers INT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN pace TEXT NULL;
ALTER TABLE accounts ADD COLUMN pace_known TINYINT NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN ready_at DATETIME(3) NULL;
ALTER TABLE accounts ADD COLUMN session_checked_at DATETIME(3) NULL;
ALTER TABLE accounts ADD COLUMN session_expires_at DATETIME(3) NULL;
ALTER TABLE influencers DROP KEY idx_influencers_export, ADD KEY idx_influencers_export (platform, domain, status, id);
ALTER TABLE tasks DROP KEY idx_tasks_claim, ADD KEY idx_tasks_claim (task_type, is_leaf, status, not_before, id);
ALTER TABLE tasks DROP KEY idx_tasks_parent, ADD KEY idx_tasks_parent (parent_id, status, not_before, id);
ALTER TABLE tasks DROP KEY idx_tasks_domain, ADD KEY idx_tasks_domain (domain);
ALTER TABLE tasks ADD KEY idx_tasks_pieces (parent_id, id);
CREATE TABLE api_budgets (
  platform VARCHAR(32) NOT NULL PRIMARY KEY,
  day DATE NOT NULL,
  spent BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
