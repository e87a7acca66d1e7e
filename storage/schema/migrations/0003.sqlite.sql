-- Version 3: alerts, the catalogue of videos, and scheduled jobs.
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  open_key TEXT NULL,
  facts TEXT NOT NULL,
  until_at TEXT NULL,
  raised_at TEXT NOT NULL,
  well_since TEXT NULL,
  calm_secs INTEGER NOT NULL,
  resolved_at TEXT NULL
);
CREATE UNIQUE INDEX uq_alerts_open ON alerts (open_key);
CREATE INDEX idx_alerts_subject ON alerts (kind, subject, id);
CREATE TABLE alert_notices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alert_id INTEGER NOT NULL,
  news TEXT CHECK (news IN ('raised','resolved')) NOT NULL,
  channel TEXT NOT NULL,
  state TEXT CHECK (state IN ('due','told','given_up')) NOT NULL DEFAULT 'due',
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before TEXT NOT NULL,
  told_at TEXT NULL,
  last_error TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL,
  created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_alert_notices_message ON alert_notices (alert_id, news, channel);
CREATE INDEX idx_alert_notices_due ON alert_notices (state, channel, not_before, id);
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
  open_key TEXT NULL,
  scheduled_at TEXT NOT NULL,
  times INTEGER NOT NULL DEFAULT 1,
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
CREATE UNIQUE INDEX uq_job_runs_open ON job_runs (open_key);
INSERT OR IGNORE INTO works_version (id, version, changed_at) VALUES (1, 0, strftime('%Y-%m-%d %H:%M:%f', 'now'));
