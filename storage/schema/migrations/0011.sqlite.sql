-- Version 11: indexes of lists and sums; operations and hosts; days that are incomplete, sums by agent,
-- failures of broadcasts and digests; hourly numbers.
DROP INDEX idx_creators_followers;
CREATE INDEX idx_creators_followers
  ON creators (platform, followers, id, videos, likes, has_contact, uid);
DROP INDEX idx_creators_name;
CREATE INDEX idx_creators_name ON creators (platform, nickname);
DROP INDEX idx_influencers_followers;
CREATE INDEX idx_influencers_followers ON influencers (platform, domain, followers, id, videos);
CREATE INDEX idx_account_events_kind ON account_events (kind, id);
DROP INDEX idx_tasks_parent;
CREATE INDEX idx_tasks_parent ON tasks (parent_id, status, not_before, id, task_type);
CREATE TABLE operations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  open_key TEXT NULL,
  who TEXT NOT NULL,
  host TEXT NOT NULL,
  state TEXT CHECK (state IN ('running','succeeded','failed')) NOT NULL,
  result TEXT NULL,
  error TEXT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL
);
CREATE UNIQUE INDEX uq_operations_open ON operations (open_key);
CREATE INDEX idx_operations_lease ON operations (state, lease_until);
CREATE INDEX idx_operations_finished ON operations (finished_at);
CREATE TABLE hosts (
  host TEXT NOT NULL PRIMARY KEY,
  peer_url TEXT NULL,
  version TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  free_bytes INTEGER NULL,
  pruned_at TEXT NULL,
  seen_at TEXT NOT NULL,
  left_at TEXT NULL
);
ALTER TABLE task_daily_stats ADD COLUMN incomplete_since TEXT NULL;
ALTER TABLE task_daily_stats ADD COLUMN incomplete_cause TEXT NULL;
ALTER TABLE task_daily_stats ADD COLUMN incomplete_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task_daily_stats ADD COLUMN next_count_at TEXT NULL;
ALTER TABLE task_daily_stats ADD COLUMN is_partial INTEGER NOT NULL DEFAULT 0;
CREATE INDEX idx_task_daily_stats_incomplete ON task_daily_stats (incomplete_since, stats_date);
CREATE INDEX idx_task_daily_stats_due ON task_daily_stats (next_count_at, id);
ALTER TABLE task_completions ADD COLUMN video_hash CHAR(64) NULL;
CREATE INDEX idx_task_completions_video ON task_completions (video_hash);
CREATE TABLE agent_daily_stats (
  stats_date DATE NOT NULL,
  task_id TEXT NOT NULL,
  agent_node TEXT NOT NULL,
  account_count INTEGER NOT NULL DEFAULT 0,
  completion_count INTEGER NOT NULL DEFAULT 0,
  yt_account_count INTEGER NOT NULL DEFAULT 0,
  yt_view_count INTEGER NOT NULL DEFAULT 0,
  yt_like_count INTEGER NOT NULL DEFAULT 0,
  yt_comment_count INTEGER NOT NULL DEFAULT 0,
  tt_account_count INTEGER NOT NULL DEFAULT 0,
  tt_view_count INTEGER NOT NULL DEFAULT 0,
  tt_like_count INTEGER NOT NULL DEFAULT 0,
  tt_comment_count INTEGER NOT NULL DEFAULT 0,
  dy_account_count INTEGER NOT NULL DEFAULT 0,
  dy_view_count INTEGER NOT NULL DEFAULT 0,
  dy_like_count INTEGER NOT NULL DEFAULT 0,
  dy_comment_count INTEGER NOT NULL DEFAULT 0,
  dy_share_count INTEGER NOT NULL DEFAULT 0,
  dy_collect_count INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (stats_date, task_id, agent_node)
) WITHOUT ROWID;
CREATE INDEX idx_agent_daily_stats_agent ON agent_daily_stats (agent_node, stats_date, task_id);
CREATE INDEX idx_task_daily_stats_unsent ON task_daily_stats (is_sent, stats_date, task_id, tries, event_id);
CREATE INDEX idx_webhook_deliveries_day ON webhook_deliveries (stats_date, id);
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
CREATE TABLE view_works (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  work_id TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_view_works_identity ON view_works (platform, work_id);
CREATE TABLE view_titles (
  work INTEGER NOT NULL,
  since_hour INTEGER NOT NULL,
  title TEXT NOT NULL,
  PRIMARY KEY (work, since_hour)
) WITHOUT ROWID;
CREATE TABLE view_hours (
  hour INTEGER NOT NULL PRIMARY KEY,
  state TEXT CHECK (state IN ('open','complete','partial')) NOT NULL DEFAULT 'open',
  listed INTEGER NOT NULL DEFAULT 0,
  success INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NULL,
  errors TEXT NULL,
  session_id TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NULL,
  host TEXT NOT NULL,
  version INTEGER NULL,
  list_sha256 TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL
);
CREATE UNIQUE INDEX uq_view_hours_version ON view_hours (version);
CREATE INDEX idx_view_hours_state ON view_hours (state, hour);
CREATE TABLE view_points (
  hour INTEGER NOT NULL,
  work INTEGER NOT NULL,
  at_sec INTEGER NOT NULL,
  views INTEGER NULL,
  danmaku INTEGER NULL,
  comments INTEGER NULL,
  likes INTEGER NULL,
  coins INTEGER NULL,
  favorites INTEGER NULL,
  shares INTEGER NULL,
  shrunk INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, work)
) WITHOUT ROWID;
CREATE TABLE view_errors (
  hour INTEGER NOT NULL,
  platform TEXT NOT NULL,
  work_id TEXT NOT NULL,
  title TEXT NOT NULL,
  error TEXT NOT NULL,
  is_final INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, platform, work_id)
) WITHOUT ROWID;
CREATE TABLE view_days (
  day INTEGER NOT NULL,
  work INTEGER NOT NULL,
  hours INTEGER NOT NULL,
  views INTEGER NULL,
  danmaku INTEGER NULL,
  comments INTEGER NULL,
  likes INTEGER NULL,
  coins INTEGER NULL,
  favorites INTEGER NULL,
  shares INTEGER NULL,
  packed BLOB NULL,
  PRIMARY KEY (day, work)
) WITHOUT ROWID;

CREATE TABLE view_totals (
  day INTEGER NOT NULL PRIMARY KEY,
  works INTEGER NOT NULL,
  views REAL NULL,
  danmaku REAL NULL,
  comments REAL NULL,
  likes REAL NULL,
  coins REAL NULL,
  favorites REAL NULL,
  shares REAL NULL,
  views_growth REAL NULL,
  danmaku_growth REAL NULL,
  comments_growth REAL NULL,
  likes_growth REAL NULL,
  coins_growth REAL NULL,
  favorites_growth REAL NULL,
  shares_growth REAL NULL
);
CREATE TABLE view_rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT CHECK (kind IN ('passes','rises','gone')) NOT NULL,
  threshold INTEGER NOT NULL DEFAULT 0,
  scope TEXT CHECK (scope IN ('all','platform','author','label','work')) NOT NULL,
  platform TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',
  since_hour INTEGER NOT NULL,
  created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_view_rules_identity
  ON view_rules (kind, threshold, scope, platform, subject);
CREATE TABLE view_crossings (
  rule_id INTEGER NOT NULL,
  work INTEGER NOT NULL,
  since_hour INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  value INTEGER NULL,
  ended_hour INTEGER NULL,
  in_group INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (rule_id, work)
) WITHOUT ROWID;
CREATE INDEX idx_view_crossings_ended ON view_crossings (ended_hour, rule_id);
