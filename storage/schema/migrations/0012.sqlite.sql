-- Version 12: tasks without numbers in the newest round of the broadcaster, and since when it reports
-- nothing; daily digests to channels.
CREATE TABLE broadcast_failures (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  is_postponed INTEGER NOT NULL DEFAULT 0,
  since_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_broadcast_failures_task ON broadcast_failures (task_id);
CREATE TABLE digest_notices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  day TEXT NOT NULL,
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
CREATE UNIQUE INDEX uq_digest_notices_day ON digest_notices (day, channel);
CREATE INDEX idx_digest_notices_due ON digest_notices (state, channel, not_before, id);
CREATE INDEX idx_digest_notices_created ON digest_notices (created_at, id);
ALTER TABLE broadcaster ADD COLUMN switched_at TEXT NULL;
ALTER TABLE broadcaster ADD COLUMN reported_at TEXT NULL;
ALTER TABLE broadcaster ADD COLUMN last_error TEXT NULL;
