-- Version 12: tasks without numbers in the newest round of the broadcaster, and since when it reports
-- nothing; daily digests to channels.
CREATE TABLE broadcast_failures (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id VARCHAR(64) NOT NULL,
  reason TEXT NOT NULL,
  is_postponed TINYINT NOT NULL DEFAULT 0,
  since_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_broadcast_failures_task (task_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE digest_notices (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  day DATE NOT NULL,
  channel VARCHAR(16) NOT NULL,
  state ENUM('due','told','given_up') NOT NULL DEFAULT 'due',
  attempts INT NOT NULL DEFAULT 0,
  not_before DATETIME(3) NOT NULL,
  told_at DATETIME(3) NULL,
  last_error TEXT NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_digest_notices_day (day, channel),
  KEY idx_digest_notices_due (state, channel, not_before, id),
  KEY idx_digest_notices_created (created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
ALTER TABLE broadcaster
  ADD COLUMN switched_at DATETIME(3) NULL,
  ADD COLUMN reported_at DATETIME(3) NULL,
  ADD COLUMN last_error TEXT NULL;
