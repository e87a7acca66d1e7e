-- Version 4: distribution tasks, reports, webhooks, and access to the web console.
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  agent_node TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_users_user_id ON users (user_id);
CREATE INDEX idx_users_agent ON users (agent_node, id);
CREATE TABLE drama_tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  duration INTEGER NOT NULL DEFAULT 0,
  platform TEXT NULL,
  video_url TEXT NULL,
  status TEXT CHECK (status IN ('active','paused','finished')) NOT NULL DEFAULT 'active',
  callback_url TEXT NULL,
  callback_secret TEXT NULL,
  callback_status TEXT NULL,
  callback_retry_count INTEGER NOT NULL DEFAULT 0,
  callback_last_attempt TEXT NULL,
  callback_delivery_id INTEGER NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_drama_tasks_task_id ON drama_tasks (task_id);
CREATE INDEX idx_drama_tasks_status ON drama_tasks (status, id);
CREATE TABLE task_completions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  platform TEXT NOT NULL,
  submission_link TEXT NOT NULL,
  link_hash CHAR(64) NOT NULL,
  verification_details JSON NULL,
  completed_at TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_task_completions_link ON task_completions (link_hash, task_id, user_id);
CREATE INDEX idx_task_completions_day ON task_completions (completed_at, task_id);
CREATE INDEX idx_task_completions_task ON task_completions (task_id, completed_at);
CREATE TABLE task_daily_stats (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL,
  stats_date DATE NOT NULL,
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
  revision INTEGER NOT NULL DEFAULT 1,
  error TEXT NULL,
  event_id TEXT NULL,
  is_sent INTEGER NOT NULL DEFAULT 0,
  sent_at TEXT NULL,
  response TEXT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  scanned_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_task_daily_stats_day ON task_daily_stats (task_id, stats_date);
CREATE INDEX idx_task_daily_stats_date ON task_daily_stats (stats_date, task_id);
CREATE INDEX idx_task_daily_stats_event ON task_daily_stats (event_id);
CREATE TABLE broadcaster (
  id INTEGER NOT NULL PRIMARY KEY,
  is_on INTEGER NOT NULL DEFAULT 0,
  started_at TEXT NULL,
  finished_at TEXT NULL,
  result TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL
);
CREATE TABLE webhook_deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL,
  kind TEXT CHECK (kind IN ('daily','broadcast','completion','test')) NOT NULL,
  url TEXT NOT NULL,
  url_hash CHAR(64) NOT NULL,
  host TEXT NOT NULL,
  task_id TEXT NULL,
  stats_date DATE NULL,
  body MEDIUMTEXT NOT NULL,
  state TEXT CHECK (state IN ('pending','sending','delivered','failed','dead')) NOT NULL DEFAULT 'pending',
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before TEXT NULL,
  first_tried_at TEXT NULL,
  last_status INTEGER NULL,
  last_error TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL,
  created_at TEXT NOT NULL,
  finished_at TEXT NULL
);
CREATE UNIQUE INDEX uq_webhook_deliveries_event ON webhook_deliveries (event_id);
CREATE INDEX idx_webhook_deliveries_next ON webhook_deliveries (url_hash, not_before, id);
CREATE INDEX idx_webhook_deliveries_order ON webhook_deliveries (url_hash, task_id, first_tried_at, id);
CREATE INDEX idx_webhook_deliveries_task ON webhook_deliveries (task_id, id);
CREATE INDEX idx_webhook_deliveries_state ON webhook_deliveries (state, id);
CREATE INDEX idx_webhook_deliveries_created ON webhook_deliveries (created_at, id);
CREATE TABLE webhook_attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT NULL,
  status INTEGER NULL,
  response MEDIUMTEXT NULL,
  error TEXT NULL
);
CREATE INDEX idx_webhook_attempts_delivery ON webhook_attempts (delivery_id, id);
CREATE TABLE webhook_endpoints (
  url_hash CHAR(64) NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  host TEXT NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT 1,
  reason TEXT NULL,
  rest_until TEXT NULL,
  changed_at TEXT NOT NULL
);
CREATE TABLE web_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  role TEXT CHECK (role IN ('admin','reader')) NOT NULL,
  token_hash CHAR(64) NOT NULL,
  created_at TEXT NOT NULL,
  last_used_at TEXT NULL,
  revoked_at TEXT NULL
);
CREATE UNIQUE INDEX uq_web_tokens_hash ON web_tokens (token_hash);
CREATE TABLE web_actions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  who TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX idx_web_actions_created ON web_actions (created_at, id);
