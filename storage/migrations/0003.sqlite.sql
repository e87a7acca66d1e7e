-- Version 3: alerts, the catalogue of videos, and scheduled jobs.
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
CREATE TABLE works_version (
  id INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  changed_at TEXT NOT NULL
);
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
INSERT OR IGNORE INTO works_version (id, version, changed_at) VALUES (1, 0, strftime('%Y-%m-%d %H:%M:%f', 'now'));
