-- Version 4: distribution tasks, reports, webhooks, and access to the web console.
CREATE TABLE users (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id VARCHAR(64) NOT NULL,
  name VARCHAR(255) NOT NULL DEFAULT '',
  agent_node VARCHAR(255) NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_users_user_id (user_id),
  KEY idx_users_agent (agent_node, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE drama_tasks (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id VARCHAR(64) NOT NULL,
  project_id VARCHAR(64) NOT NULL,
  title VARCHAR(512) NOT NULL DEFAULT '',
  duration INT NOT NULL DEFAULT 0,
  platform VARCHAR(32) NULL,
  video_url VARCHAR(1024) NULL,
  status ENUM('active','paused','finished') NOT NULL DEFAULT 'active',
  callback_url VARCHAR(1024) NULL,
  callback_secret TEXT NULL,
  callback_status VARCHAR(16) NULL,
  callback_retry_count INT NOT NULL DEFAULT 0,
  callback_last_attempt DATETIME(3) NULL,
  callback_delivery_id BIGINT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_drama_tasks_task_id (task_id),
  KEY idx_drama_tasks_status (status, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE task_completions (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id VARCHAR(64) NOT NULL,
  user_id VARCHAR(64) NOT NULL,
  platform VARCHAR(32) NOT NULL,
  submission_link VARCHAR(1024) NOT NULL,
  link_hash CHAR(64) NOT NULL,
  verification_details JSON NULL,
  completed_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_task_completions_link (link_hash, task_id, user_id),
  KEY idx_task_completions_day (completed_at, task_id),
  KEY idx_task_completions_task (task_id, completed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE task_daily_stats (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id VARCHAR(64) NOT NULL,
  stats_date DATE NOT NULL,
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
  revision INT NOT NULL DEFAULT 1,
  error VARCHAR(1024) NULL,
  event_id VARCHAR(128) NULL,
  is_sent TINYINT NOT NULL DEFAULT 0,
  sent_at DATETIME(3) NULL,
  response VARCHAR(1024) NULL,
  tries INT NOT NULL DEFAULT 0,
  scanned_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_task_daily_stats_day (task_id, stats_date),
  KEY idx_task_daily_stats_date (stats_date, task_id),
  KEY idx_task_daily_stats_event (event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE broadcaster (
  id TINYINT NOT NULL PRIMARY KEY,
  is_on TINYINT NOT NULL DEFAULT 0,
  started_at DATETIME(3) NULL,
  finished_at DATETIME(3) NULL,
  result VARCHAR(1024) NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE webhook_deliveries (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id VARCHAR(128) NOT NULL,
  kind ENUM('daily','broadcast','completion','test') NOT NULL,
  url VARCHAR(1024) NOT NULL,
  url_hash CHAR(64) NOT NULL,
  host VARCHAR(255) NOT NULL,
  task_id VARCHAR(64) NULL,
  stats_date DATE NULL,
  body MEDIUMTEXT NOT NULL,
  state ENUM('pending','sending','delivered','failed','dead') NOT NULL DEFAULT 'pending',
  attempts INT NOT NULL DEFAULT 0,
  not_before DATETIME(3) NULL,
  first_tried_at DATETIME(3) NULL,
  last_status INT NULL,
  last_error VARCHAR(1024) NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL,
  UNIQUE KEY uq_webhook_deliveries_event (event_id),
  KEY idx_webhook_deliveries_next (url_hash, not_before, id),
  KEY idx_webhook_deliveries_order (url_hash, task_id, first_tried_at, id),
  KEY idx_webhook_deliveries_task (task_id, id),
  KEY idx_webhook_deliveries_state (state, id),
  KEY idx_webhook_deliveries_created (created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE webhook_attempts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  delivery_id BIGINT NOT NULL,
  number INT NOT NULL,
  started_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL,
  status INT NULL,
  response MEDIUMTEXT NULL,
  error VARCHAR(1024) NULL,
  KEY idx_webhook_attempts_delivery (delivery_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE webhook_endpoints (
  url_hash CHAR(64) NOT NULL PRIMARY KEY,
  url VARCHAR(1024) NOT NULL,
  host VARCHAR(255) NOT NULL,
  is_enabled TINYINT NOT NULL DEFAULT 1,
  reason VARCHAR(512) NULL,
  rest_until DATETIME(3) NULL,
  changed_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE web_tokens (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  role ENUM('admin','reader') NOT NULL,
  token_hash CHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  last_used_at DATETIME(3) NULL,
  revoked_at DATETIME(3) NULL,
  UNIQUE KEY uq_web_tokens_hash (token_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE web_actions (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  who VARCHAR(64) NOT NULL,
  address VARCHAR(64) NOT NULL,
  action VARCHAR(64) NOT NULL,
  subject VARCHAR(191) NOT NULL,
  outcome VARCHAR(512) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  KEY idx_web_actions_created (created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
