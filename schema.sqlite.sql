-- Baton's schema for SQLite, version 3: the twin of schema.sql, where the comments on the columns are.
-- python cli.py init loads it.  Times are UTC text, YYYY-MM-DD HH:MM:SS.mmm.

CREATE TABLE schema_version (
  version INTEGER NOT NULL PRIMARY KEY,
  applied_at TEXT NOT NULL
);

-- One row per fact about the installation, e.g. a token that tells the right secret key.
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  username TEXT NOT NULL,
  password TEXT NULL,
  session TEXT NULL,
  proxy TEXT NULL,
  status TEXT CHECK (status IN ('idle','ingesting','exporting','disabled')) NOT NULL DEFAULT 'idle',
  daily_export_limit INTEGER NOT NULL DEFAULT 4000,
  today_export_count INTEGER NOT NULL DEFAULT 0,
  quota_day TEXT NOT NULL DEFAULT '1970-01-01',
  last_used_at TEXT NULL,
  cooldown_until TEXT NULL,
  failure_count INTEGER NOT NULL DEFAULT 0,
  disabled_reason TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  health TEXT CHECK (health IN ('healthy','suspect','probation')) NOT NULL DEFAULT 'healthy',
  good_answers INTEGER NOT NULL DEFAULT 0,
  pace TEXT NULL,
  pace_known INTEGER NOT NULL DEFAULT 1,
  ready_at TEXT NULL,
  session_checked_at TEXT NULL,
  session_expires_at TEXT NULL
);
CREATE UNIQUE INDEX uq_accounts_platform_username ON accounts (platform, username);
CREATE INDEX idx_accounts_claim ON accounts (platform, status, last_used_at, id);

CREATE TABLE account_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  evidence TEXT NULL,
  until_at TEXT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX idx_account_events_account ON account_events (account_id, id);

CREATE TABLE tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent_id INTEGER NULL,
  task_type TEXT CHECK (task_type IN ('ingestion','export')) NOT NULL,
  platform TEXT NOT NULL,
  domain TEXT NOT NULL,
  status TEXT CHECK (status IN ('pending','in_progress','paused','completed','failed')) NOT NULL DEFAULT 'pending',
  is_leaf INTEGER NOT NULL DEFAULT 1,
  open_key TEXT NULL,
  progress_marker TEXT NULL,
  page_from INTEGER NULL,
  page_to INTEGER NULL,
  item_count INTEGER NOT NULL DEFAULT 0,
  new_count INTEGER NOT NULL DEFAULT 0,
  options TEXT NOT NULL,
  assigned_account_id INTEGER NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before TEXT NULL,
  waiting_for TEXT NULL,
  waiting_since TEXT NULL,
  last_error TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  finished_at TEXT NULL
);
CREATE UNIQUE INDEX uq_tasks_open ON tasks (open_key);
CREATE INDEX idx_tasks_claim ON tasks (task_type, is_leaf, status, not_before, id);
CREATE INDEX idx_tasks_parent ON tasks (parent_id, status, not_before, id);
CREATE INDEX idx_tasks_pieces ON tasks (parent_id, id);
CREATE INDEX idx_tasks_domain ON tasks (domain);

CREATE TABLE ingestion_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  domain TEXT NOT NULL,
  page_number INTEGER NOT NULL,
  ingested_count INTEGER NOT NULL,
  new_count INTEGER NOT NULL,
  rejected_count INTEGER NOT NULL DEFAULT 0,
  start_time TEXT NOT NULL,
  end_time TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_ingestion_logs_page ON ingestion_logs (task_id, page_number);

CREATE TABLE export_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  platform TEXT NOT NULL,
  domain TEXT NOT NULL,
  quota_day TEXT NOT NULL,
  quota_limit INTEGER NOT NULL,
  exported_count INTEGER NOT NULL,
  first_id INTEGER NOT NULL,
  last_id INTEGER NOT NULL,
  format TEXT NOT NULL,
  options TEXT NOT NULL,
  state TEXT CHECK (state IN ('open','sealed')) NOT NULL DEFAULT 'open',
  file_path TEXT NULL,
  bytes INTEGER NULL,
  sha256 TEXT NULL,
  host TEXT NOT NULL,
  start_time TEXT NOT NULL,
  end_time TEXT NULL
);
CREATE INDEX idx_export_logs_task ON export_logs (task_id, state, id);
CREATE INDEX idx_export_logs_account ON export_logs (account_id, quota_day);
CREATE INDEX idx_export_logs_state ON export_logs (state, id);
CREATE INDEX idx_export_logs_domain ON export_logs (domain, id);

CREATE TABLE influencers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  uid TEXT NOT NULL,
  nickname TEXT NOT NULL,
  domain TEXT NOT NULL,
  source_page INTEGER NOT NULL,
  raw_data TEXT NOT NULL,
  status TEXT CHECK (status IN ('pending_export','exported')) NOT NULL DEFAULT 'pending_export',
  ingested_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  ingestion_log_id INTEGER NOT NULL,
  export_log_id INTEGER NULL
);
CREATE UNIQUE INDEX uq_influencers_identity ON influencers (platform, domain, uid);
CREATE INDEX idx_influencers_export ON influencers (platform, domain, status, id);
CREATE INDEX idx_influencers_segment ON influencers (export_log_id);

-- What was spent at each platform on its own day: quota units, or millionths of a dollar.
CREATE TABLE api_budgets (
  platform TEXT NOT NULL PRIMARY KEY,
  day TEXT NOT NULL,
  spent INTEGER NOT NULL
);

CREATE TABLE workers (
  id TEXT NOT NULL PRIMARY KEY,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  roles TEXT NOT NULL,
  started_at TEXT NOT NULL,
  seen_at TEXT NOT NULL
);

-- What is wrong, or was: one row per cause and time.
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  open_key TEXT NULL,
  detail TEXT NOT NULL,
  raised_at TEXT NOT NULL,
  resolved_at TEXT NULL,
  raised_told_at TEXT NULL,
  resolved_told_at TEXT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL
);
CREATE UNIQUE INDEX uq_alerts_open ON alerts (open_key);
CREATE INDEX idx_alerts_raised ON alerts (raised_at, id);
CREATE INDEX idx_alerts_resolved ON alerts (resolved_told_at, resolved_at, id);

-- The catalogue of videos.
CREATE TABLE works (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  work_id TEXT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  author TEXT NOT NULL DEFAULT '',
  uid TEXT NULL,
  publish_time TEXT NULL,
  cover_url TEXT NOT NULL DEFAULT '',
  is_valid INTEGER NOT NULL DEFAULT 1,
  invalid_by TEXT CHECK (invalid_by IN ('operator','platform')) NULL,
  invalid_reason TEXT NULL,
  play_count INTEGER NULL,
  checked_at TEXT NULL,
  failure_count INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_works_identity ON works (platform, work_id);
CREATE INDEX idx_works_checked ON works (platform, is_valid, checked_at, id);
CREATE INDEX idx_works_creator ON works (platform, uid, id);
CREATE INDEX idx_works_published ON works (publish_time, id);

-- One row: grows with every change of what views.json tells, so that no change is missed.
CREATE TABLE works_version (
  id INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  changed_at TEXT NOT NULL
);

-- Runs of scheduled jobs: whoever inserts the row of a scheduled time runs it.
CREATE TABLE job_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL,
  scheduled_at TEXT NOT NULL,
  cause TEXT CHECK (cause IN ('schedule','catch_up','manual')) NOT NULL,
  state TEXT CHECK (state IN ('running','succeeded','failed','missed')) NOT NULL,
  started_at TEXT NULL,
  finished_at TEXT NULL,
  result TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL
);
CREATE UNIQUE INDEX uq_job_runs_time ON job_runs (job, scheduled_at);
CREATE INDEX idx_job_runs_state ON job_runs (state, lease_until);

INSERT INTO works_version (id, version, changed_at) VALUES (1, 0, strftime('%Y-%m-%d %H:%M:%f', 'now'));
INSERT INTO schema_version (version, applied_at) VALUES (3, strftime('%Y-%m-%d %H:%M:%f', 'now'));
