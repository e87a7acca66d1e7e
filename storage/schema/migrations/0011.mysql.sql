-- Version 11: indexes of lists and sums; operations and hosts; days that are incomplete, sums by agent,
-- failures of broadcasts and digests; hourly numbers.
ALTER TABLE creators
  DROP KEY idx_creators_followers,
  ADD KEY idx_creators_followers (platform, followers, id, videos, likes, has_contact, uid),
  DROP KEY idx_creators_name,
  ADD KEY idx_creators_name (platform, nickname);
ALTER TABLE influencers
  DROP KEY idx_influencers_followers,
  ADD KEY idx_influencers_followers (platform, domain, followers, id, videos);
ALTER TABLE account_events ADD KEY idx_account_events_kind (kind, id);
ALTER TABLE tasks
  DROP KEY idx_tasks_parent,
  ADD KEY idx_tasks_parent (parent_id, status, not_before, id, task_type);
CREATE TABLE operations (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(64) NOT NULL,                  -- such as works.add
  subject TEXT NOT NULL,                      -- a name, or a message
  open_key VARCHAR(191) NULL,                 -- kind and subject while it runs: one at a time
  who VARCHAR(255) NOT NULL,
  host VARCHAR(255) NOT NULL,
  state ENUM('running','succeeded','failed') NOT NULL,
  result MEDIUMTEXT NULL,                     -- JSON so far
  error TEXT NULL,                            -- a message: why it ended early
  started_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  UNIQUE KEY uq_operations_open (open_key),
  KEY idx_operations_lease (state, lease_until),
  KEY idx_operations_finished (finished_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE hosts (
  host VARCHAR(255) NOT NULL PRIMARY KEY,
  peer_url VARCHAR(512) NULL,                 -- where its console answers other hosts
  version VARCHAR(64) NOT NULL,
  time_zone VARCHAR(64) NOT NULL,
  free_bytes BIGINT NULL,                     -- of its data folder
  pruned_at DATETIME(3) NULL,                 -- when its old files were removed last
  seen_at DATETIME(3) NOT NULL,
  left_at DATETIME(3) NULL                    -- when its last process ended in order; NULL while it works
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
ALTER TABLE task_daily_stats
  ADD COLUMN incomplete_since DATETIME(3) NULL,
  ADD COLUMN incomplete_cause TEXT NULL,
  ADD COLUMN incomplete_tries INT NOT NULL DEFAULT 0,
  ADD COLUMN next_count_at DATETIME(3) NULL,
  ADD COLUMN is_partial TINYINT NOT NULL DEFAULT 0;
ALTER TABLE task_daily_stats ADD KEY idx_task_daily_stats_incomplete (incomplete_since, stats_date);
ALTER TABLE task_daily_stats ADD KEY idx_task_daily_stats_due (next_count_at, id);
ALTER TABLE task_completions ADD COLUMN video_hash CHAR(64) NULL;
ALTER TABLE task_completions ADD KEY idx_task_completions_video (video_hash);
CREATE TABLE agent_daily_stats (
  stats_date DATE NOT NULL,
  task_id VARCHAR(64) NOT NULL,
  agent_node VARCHAR(255) NOT NULL,
  account_count INT NOT NULL DEFAULT 0,
  completion_count INT NOT NULL DEFAULT 0,
  yt_account_count INT NOT NULL DEFAULT 0,
  yt_view_count BIGINT NOT NULL DEFAULT 0,
  yt_like_count BIGINT NOT NULL DEFAULT 0,
  yt_comment_count BIGINT NOT NULL DEFAULT 0,
  tt_account_count INT NOT NULL DEFAULT 0,
  tt_view_count BIGINT NOT NULL DEFAULT 0,
  tt_like_count BIGINT NOT NULL DEFAULT 0,
  tt_comment_count BIGINT NOT NULL DEFAULT 0,
  dy_account_count INT NOT NULL DEFAULT 0,
  dy_view_count BIGINT NOT NULL DEFAULT 0,
  dy_like_count BIGINT NOT NULL DEFAULT 0,
  dy_comment_count BIGINT NOT NULL DEFAULT 0,
  dy_share_count BIGINT NOT NULL DEFAULT 0,
  dy_collect_count BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (stats_date, task_id, agent_node),
  KEY idx_agent_daily_stats_agent (agent_node, stats_date, task_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
ALTER TABLE task_daily_stats ADD KEY idx_task_daily_stats_unsent (is_sent, stats_date, task_id, tries, event_id);
ALTER TABLE webhook_deliveries ADD KEY idx_webhook_deliveries_day (stats_date, id);
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
CREATE TABLE view_works (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  work_id VARCHAR(255) NOT NULL,
  UNIQUE KEY uq_view_works_identity (platform, work_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_titles (
  work BIGINT NOT NULL,
  since_hour INT NOT NULL,
  title VARCHAR(1024) NOT NULL,
  PRIMARY KEY (work, since_hour)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_hours (
  hour INT NOT NULL PRIMARY KEY,
  state ENUM('open','complete','partial') NOT NULL DEFAULT 'open',
  listed INT NOT NULL DEFAULT 0,
  success INT NOT NULL DEFAULT 0,
  failed INT NOT NULL DEFAULT 0,
  skipped INT NULL,
  errors TEXT NULL,
  session_id VARCHAR(255) NOT NULL,
  started_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  host VARCHAR(255) NOT NULL,
  version BIGINT NULL,
  list_sha256 VARCHAR(64) NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  UNIQUE KEY uq_view_hours_version (version),
  KEY idx_view_hours_state (state, hour)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_points (
  hour INT NOT NULL,
  work BIGINT NOT NULL,
  at_sec INT NOT NULL,
  views BIGINT NULL,
  danmaku BIGINT NULL,
  comments BIGINT NULL,
  likes BIGINT NULL,
  coins BIGINT NULL,
  favorites BIGINT NULL,
  shares BIGINT NULL,
  shrunk TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, work)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_errors (
  hour INT NOT NULL,
  platform VARCHAR(32) NOT NULL,
  work_id VARCHAR(255) NOT NULL,
  title VARCHAR(1024) NOT NULL,
  error TEXT NOT NULL,
  is_final TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, platform, work_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_days (
  day INT NOT NULL,
  work BIGINT NOT NULL,
  hours INT NOT NULL,
  views BIGINT NULL,
  danmaku BIGINT NULL,
  comments BIGINT NULL,
  likes BIGINT NULL,
  coins BIGINT NULL,
  favorites BIGINT NULL,
  shares BIGINT NULL,
  packed VARBINARY(4096) NULL,
  PRIMARY KEY (day, work)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE view_totals (
  day INT NOT NULL PRIMARY KEY,
  works INT NOT NULL,
  views DOUBLE NULL,
  danmaku DOUBLE NULL,
  comments DOUBLE NULL,
  likes DOUBLE NULL,
  coins DOUBLE NULL,
  favorites DOUBLE NULL,
  shares DOUBLE NULL,
  views_growth DOUBLE NULL,
  danmaku_growth DOUBLE NULL,
  comments_growth DOUBLE NULL,
  likes_growth DOUBLE NULL,
  coins_growth DOUBLE NULL,
  favorites_growth DOUBLE NULL,
  shares_growth DOUBLE NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_rules (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind ENUM('passes','rises','gone') NOT NULL,
  threshold BIGINT NOT NULL DEFAULT 0,
  scope ENUM('all','platform','author','label','work') NOT NULL,
  platform VARCHAR(32) NOT NULL DEFAULT '',
  subject VARCHAR(255) NOT NULL DEFAULT '',
  since_hour INT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_view_rules_identity (kind, threshold, scope, platform, subject)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_crossings (
  rule_id BIGINT NOT NULL,
  work BIGINT NOT NULL,
  since_hour INT NOT NULL,
  hour INT NOT NULL,
  value BIGINT NULL,
  ended_hour INT NULL,
  in_group TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (rule_id, work),
  KEY idx_view_crossings_ended (ended_hour, rule_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
