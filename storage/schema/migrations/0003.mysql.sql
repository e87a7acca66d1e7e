-- Version 3: alerts, the catalogue of videos, and scheduled jobs.
CREATE TABLE alerts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(32) NOT NULL,
  subject VARCHAR(160) NOT NULL,
  open_key VARCHAR(191) NULL,
  facts TEXT NOT NULL,
  until_at DATETIME(3) NULL,
  raised_at DATETIME(3) NOT NULL,
  well_since DATETIME(3) NULL,
  calm_secs INT NOT NULL,
  resolved_at DATETIME(3) NULL,
  UNIQUE KEY uq_alerts_open (open_key),
  KEY idx_alerts_subject (kind, subject, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE alert_notices (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  alert_id BIGINT NOT NULL,
  news ENUM('raised','resolved') NOT NULL,
  channel VARCHAR(16) NOT NULL,
  state ENUM('due','told','given_up') NOT NULL DEFAULT 'due',
  attempts INT NOT NULL DEFAULT 0,
  not_before DATETIME(3) NOT NULL,
  told_at DATETIME(3) NULL,
  last_error VARCHAR(512) NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_alert_notices_message (alert_id, news, channel),
  KEY idx_alert_notices_due (state, channel, not_before, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE works (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  work_id VARCHAR(64) NOT NULL,
  title VARCHAR(512) NOT NULL DEFAULT '',
  author VARCHAR(255) NOT NULL DEFAULT '',
  uid VARCHAR(64) NULL,
  publish_time DATETIME(3) NULL,
  cover_url VARCHAR(1024) NOT NULL DEFAULT '',
  is_valid TINYINT NOT NULL DEFAULT 1,
  invalid_by ENUM('operator','platform') NULL,
  invalid_reason VARCHAR(512) NULL,
  play_count BIGINT NULL,
  checked_at DATETIME(3) NULL,
  failure_count INT NOT NULL DEFAULT 0,
  last_error VARCHAR(1024) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_works_identity (platform, work_id),
  KEY idx_works_checked (platform, is_valid, checked_at, id),
  KEY idx_works_creator (platform, uid, id),
  KEY idx_works_published (publish_time, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE works_version (
  id TINYINT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  changed_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE job_runs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  job VARCHAR(64) NOT NULL,
  open_key VARCHAR(64) NULL,
  scheduled_at DATETIME(3) NOT NULL,
  times INT NOT NULL DEFAULT 1,
  cause ENUM('schedule','catch_up','manual') NOT NULL,
  state ENUM('running','succeeded','failed','missed') NOT NULL,
  started_at DATETIME(3) NULL,
  finished_at DATETIME(3) NULL,
  result VARCHAR(1024) NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  UNIQUE KEY uq_job_runs_time (job, scheduled_at),
  UNIQUE KEY uq_job_runs_open (open_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT IGNORE INTO works_version (id, version, changed_at) VALUES (1, 0, UTC_TIMESTAMP(3));
