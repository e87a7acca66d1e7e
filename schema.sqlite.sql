-- Baton's schema for SQLite, version 11: the twin of schema.sql, where the comments on the columns are.
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
  session_expires_at TEXT NULL,
  proxy_id INTEGER NULL,
  egress TEXT NULL,
  platform_uid TEXT NULL,
  uid_seen_at TEXT NULL,
  device TEXT NULL,
  session_renewed_at TEXT NULL,
  session_version INTEGER NOT NULL DEFAULT 0,
  working_task_id INTEGER NULL,
  today_page_count INTEGER NOT NULL DEFAULT 0,
  pages_day TEXT NOT NULL DEFAULT '1970-01-01',
  user_agent TEXT NULL,
  group_name TEXT NULL,
  deleted_at TEXT NULL
);
CREATE UNIQUE INDEX uq_accounts_platform_username ON accounts (platform, username);
CREATE UNIQUE INDEX uq_accounts_platform_uid ON accounts (platform, platform_uid);
CREATE INDEX idx_accounts_claim ON accounts (platform, status, last_used_at, id);
CREATE INDEX idx_accounts_group ON accounts (platform, group_name);

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
CREATE INDEX idx_account_events_created ON account_events (created_at);
CREATE INDEX idx_account_events_kind ON account_events (kind, id);

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
  finished_at TEXT NULL,
  joins INTEGER NOT NULL DEFAULT 0,
  only_account_id INTEGER NULL,
  only_group TEXT NULL,
  keyword TEXT NULL,
  end_reason TEXT NULL
);
CREATE UNIQUE INDEX uq_tasks_open ON tasks (open_key);
CREATE INDEX idx_tasks_claim ON tasks (task_type, is_leaf, status, not_before, id);
CREATE INDEX idx_tasks_parent ON tasks (parent_id, status, not_before, id, task_type);
CREATE INDEX idx_tasks_pieces ON tasks (parent_id, id);
CREATE INDEX idx_tasks_ended ON tasks (parent_id, finished_at);
CREATE INDEX idx_tasks_domain ON tasks (domain);
CREATE INDEX idx_tasks_open_domain ON tasks (task_type, platform, domain, status);

CREATE TABLE task_labels (
  label TEXT NOT NULL,
  task_id INTEGER NOT NULL,
  PRIMARY KEY (label, task_id)
);
CREATE INDEX idx_task_labels_task ON task_labels (task_id, label);

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
  end_time TEXT NOT NULL,
  keyword TEXT NULL
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
  end_time TEXT NULL,
  target_path TEXT NULL,
  rebuild_token INTEGER NOT NULL DEFAULT 0,
  content_sha256 TEXT NULL
);
CREATE INDEX idx_export_logs_task ON export_logs (task_id, state, id);
CREATE INDEX idx_export_logs_account ON export_logs (account_id, quota_day);
CREATE INDEX idx_export_logs_state ON export_logs (state, id);
CREATE INDEX idx_export_logs_domain ON export_logs (domain, id);
CREATE INDEX idx_export_logs_day ON export_logs (quota_day, account_id, domain);

-- A creator in a domain: what is exported. An exported row keeps its nickname and raw data for ever.
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
  export_log_id INTEGER NULL,
  followers INTEGER NULL,
  videos INTEGER NULL,
  seen_at TEXT NULL,
  source_url TEXT NULL
);
CREATE UNIQUE INDEX uq_influencers_identity ON influencers (platform, domain, uid);
CREATE INDEX idx_influencers_export ON influencers (platform, domain, status, id);
CREATE INDEX idx_influencers_segment ON influencers (export_log_id);
CREATE INDEX idx_influencers_creator ON influencers (platform, uid);
CREATE INDEX idx_influencers_followers ON influencers (platform, domain, followers, id, videos);

-- A creator as the platform showed it last, whatever the domains that list it.
CREATE TABLE creators (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  uid TEXT NOT NULL,
  nickname TEXT NOT NULL,
  followers INTEGER NULL,
  videos INTEGER NULL,
  likes INTEGER NULL,
  has_contact INTEGER NOT NULL DEFAULT 0,
  raw_data TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  first_seen_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  changed_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_creators_identity ON creators (platform, uid);
CREATE INDEX idx_creators_followers
  ON creators (platform, followers, id, videos, likes, has_contact, uid);
CREATE INDEX idx_creators_first_seen ON creators (first_seen_at, id);
CREATE INDEX idx_creators_seen ON creators (seen_at, id);
CREATE INDEX idx_creators_name ON creators (platform, nickname);

-- The numbers that a creator had from `day` to `until_day`, as it was seen on both; days of the quota zone.
CREATE TABLE creator_observations (
  creator_id INTEGER NOT NULL,
  day TEXT NOT NULL,
  until_day TEXT NOT NULL,
  followers INTEGER NULL,
  videos INTEGER NULL,
  likes INTEGER NULL,
  nickname TEXT NULL,
  PRIMARY KEY (creator_id, day)
) WITHOUT ROWID;

-- The searches that listed a creator in its domain.
CREATE TABLE influencer_keywords (
  influencer_id INTEGER NOT NULL,
  keyword TEXT NOT NULL,
  PRIMARY KEY (influencer_id, keyword)
) WITHOUT ROWID;

-- What a filtered or sorted export delivers, in its order.
CREATE TABLE export_selections (
  task_id INTEGER NOT NULL,
  place INTEGER NOT NULL,
  influencer_id INTEGER NOT NULL,
  PRIMARY KEY (task_id, place)
) WITHOUT ROWID;
CREATE UNIQUE INDEX uq_export_selections_row ON export_selections (task_id, influencer_id);

-- What each account ingested on each day of the quota zone.
CREATE TABLE day_totals (
  day TEXT NOT NULL,
  account_id INTEGER NOT NULL,
  platform TEXT NOT NULL,
  domain TEXT NOT NULL,
  pages INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  new_count INTEGER NOT NULL,
  PRIMARY KEY (day, account_id, platform, domain)
) WITHOUT ROWID;

-- What was spent at each platform on its own day: quota units, or millionths of a dollar.
CREATE TABLE api_budgets (
  platform TEXT NOT NULL PRIMARY KEY,
  day TEXT NOT NULL,
  spent INTEGER NOT NULL
);

-- What shared fault attribution knows of a platform: a circuit that is not closed. No row: all is well.
CREATE TABLE source_states (
  platform TEXT NOT NULL,
  egress TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  code TEXT NULL,
  since_at TEXT NOT NULL,
  until_at TEXT NOT NULL,
  times INTEGER NOT NULL DEFAULT 0,
  good_in_row INTEGER NOT NULL DEFAULT 0,
  good_account_id INTEGER NULL,
  probe_owner TEXT NULL,
  probe_token INTEGER NOT NULL DEFAULT 0,
  probe_until TEXT NULL,
  evidence TEXT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (platform, egress, endpoint)
);

-- Refusals whose unit may turn out to be wider than the account; kept for two days.
CREATE TABLE source_refusals (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  egress TEXT NOT NULL,
  account_id INTEGER NOT NULL,
  account_token INTEGER NOT NULL,
  cause TEXT NOT NULL,
  code TEXT NULL,
  scope TEXT NOT NULL,
  question TEXT NULL,
  before_health TEXT NULL,
  before_failures INTEGER NULL,
  before_pace TEXT NULL,
  is_confirmation INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  reverted_at TEXT NULL
);
CREATE INDEX idx_source_refusals_created ON source_refusals (platform, created_at);

-- Egress routes: how requests leave, and which of them do not work, for all platforms.
CREATE TABLE proxies (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  egress TEXT NOT NULL,
  gateway TEXT NOT NULL,
  kind TEXT NOT NULL,
  host TEXT NULL,
  port INTEGER NULL,
  url TEXT NULL,
  is_rotating INTEGER NOT NULL DEFAULT 0,
  first_seen_at TEXT NOT NULL,
  last_good_at TEXT NULL,
  last_bad_at TEXT NULL,
  bad_in_row INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NULL,
  fault TEXT NULL,
  cooldown_until TEXT NULL,
  cooldowns INTEGER NOT NULL DEFAULT 0,
  updated_at TEXT NOT NULL,
  added_at TEXT NULL
);
CREATE UNIQUE INDEX uq_proxies_egress ON proxies (egress);
CREATE INDEX idx_proxies_gateway ON proxies (gateway);

-- Answers that no response rule describes, counted, with one piece of evidence each.
CREATE TABLE unknown_answers (
  platform TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  code TEXT NOT NULL,
  seen INTEGER NOT NULL,
  evidence TEXT NULL,
  first_seen_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  PRIMARY KEY (platform, endpoint, http_status, code)
);

CREATE TABLE workers (
  id TEXT NOT NULL PRIMARY KEY,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  roles TEXT NOT NULL,
  started_at TEXT NOT NULL,
  seen_at TEXT NOT NULL
);

-- Work that a request began in the background, on any host; rows stay for BATON_KEEP_JOB_RUNS_DAYS.
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

-- The machines that work on this database.
CREATE TABLE hosts (
  host TEXT NOT NULL PRIMARY KEY,
  peer_url TEXT NULL,
  version TEXT NOT NULL,
  time_zone TEXT NOT NULL,                    -- of its quota days and hours
  free_bytes INTEGER NULL,
  pruned_at TEXT NULL,
  seen_at TEXT NOT NULL,
  left_at TEXT NULL
);

-- What is wrong, or was: one row per cause and time.
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
CREATE INDEX idx_alerts_resolved ON alerts (resolved_at);

-- What each notification channel is to be told of an alert: one row per message.
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

-- Daily digests to channels; what one says is read when it is sent.
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
CREATE INDEX idx_job_runs_finished ON job_runs (finished_at);

INSERT INTO works_version (id, version, changed_at) VALUES (1, 0, strftime('%Y-%m-%d %H:%M:%f', 'now'));
-- Whose videos are paid for: the users of the distribution tasks.
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

-- Distribution tasks: a drama that users post on their channels.
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
  created_at TEXT NOT NULL,
  changed_at TEXT NOT NULL DEFAULT '1970-01-01 00:00:00.000',
  video_hash CHAR(64) NULL
);
CREATE UNIQUE INDEX uq_task_completions_link ON task_completions (link_hash, task_id, user_id);
CREATE INDEX idx_task_completions_day ON task_completions (completed_at, task_id, changed_at);
CREATE INDEX idx_task_completions_task ON task_completions (task_id, completed_at);
CREATE INDEX idx_task_completions_video ON task_completions (video_hash);

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
  scanned_at TEXT NOT NULL,
  counted_until TEXT NOT NULL DEFAULT '1970-01-01 00:00:00.000',
  incomplete_since TEXT NULL,
  incomplete_cause TEXT NULL,
  incomplete_tries INTEGER NOT NULL DEFAULT 0,
  next_count_at TEXT NULL,
  is_partial INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX uq_task_daily_stats_day ON task_daily_stats (task_id, stats_date);
CREATE INDEX idx_task_daily_stats_date ON task_daily_stats (stats_date, task_id);
CREATE INDEX idx_task_daily_stats_event ON task_daily_stats (event_id);
CREATE INDEX idx_task_daily_stats_incomplete ON task_daily_stats (incomplete_since, stats_date);
CREATE INDEX idx_task_daily_stats_due ON task_daily_stats (next_count_at, id);
CREATE INDEX idx_task_daily_stats_unsent ON task_daily_stats (is_sent, stats_date, task_id, tries, event_id);

-- The sums of a task's day by agent; '' is for users without one. Written with the day, so that both agree.
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

-- One row: whether tasks are broadcast, and the round that runs: rounds never overlap.
CREATE TABLE broadcaster (
  id INTEGER NOT NULL PRIMARY KEY,
  is_on INTEGER NOT NULL DEFAULT 0,
  started_at TEXT NULL,
  finished_at TEXT NULL,
  result TEXT NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL,
  next_tasks TEXT NULL,
  switched_at TEXT NULL,
  reported_at TEXT NULL,
  last_error TEXT NULL
);

-- The tasks without numbers in the newest round that ended, with the reason of each.
CREATE TABLE broadcast_failures (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  is_postponed INTEGER NOT NULL DEFAULT 0,
  since_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_broadcast_failures_task ON broadcast_failures (task_id);

-- What is to be told to whom: written in the transaction that makes it true, sent afterwards.
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
CREATE INDEX idx_webhook_deliveries_day ON webhook_deliveries (stats_date, id);
CREATE INDEX idx_webhook_deliveries_finished ON webhook_deliveries (kind, finished_at);

-- The distribution tasks that a delivery reports on, filed with it.
CREATE TABLE delivery_tasks (
  delivery_id INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  PRIMARY KEY (delivery_id, task_id)
);
CREATE INDEX idx_delivery_tasks_task ON delivery_tasks (task_id, delivery_id);

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

-- URLs that something was ever filed for: whether they are sent to.
CREATE TABLE webhook_endpoints (
  url_hash CHAR(64) NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  host TEXT NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT 1,
  reason TEXT NULL,
  rest_until TEXT NULL,
  changed_at TEXT NOT NULL
);

-- Access to the web console and its API, and who did what there.
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

-- Hourly numbers of works. An hour is a number: local days since 1970 (quota zone) x 24 + local hour.
CREATE TABLE view_works (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  work_id TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_view_works_identity ON view_works (platform, work_id);

-- A row only where a title changes: it holds from that hour to the next row.
CREATE TABLE view_titles (
  work INTEGER NOT NULL,
  since_hour INTEGER NOT NULL,
  title TEXT NOT NULL,
  PRIMARY KEY (work, since_hour)
) WITHOUT ROWID;

-- Each hour that was crawled or imported; the lease is that of who crawls it now.
CREATE TABLE view_hours (
  hour INTEGER NOT NULL PRIMARY KEY,
  state TEXT CHECK (state IN ('open','complete','partial')) NOT NULL DEFAULT 'open',
  listed INTEGER NOT NULL DEFAULT 0,          -- works that were to be asked for
  success INTEGER NOT NULL DEFAULT 0,         -- works with numbers
  failed INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NULL,                       -- works of other platforms
  errors TEXT NULL,                           -- the most frequent reason of failures
  session_id TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NULL,
  host TEXT NOT NULL,
  version INTEGER NULL,                       -- grows over all hours, when an hour's content has changed
  list_sha256 TEXT NULL,                      -- of the ids in a views.json of its host; NULL: the catalogue
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL
);
CREATE UNIQUE INDEX uq_view_hours_version ON view_hours (version);
CREATE INDEX idx_view_hours_state ON view_hours (state, hour);

-- The numbers of the last days; NULL: the platform does not tell.
CREATE TABLE view_points (
  hour INTEGER NOT NULL,
  work INTEGER NOT NULL,
  at_sec INTEGER NOT NULL,                    -- seconds since the beginning of the hour
  views INTEGER NULL,
  danmaku INTEGER NULL,
  comments INTEGER NULL,
  likes INTEGER NULL,
  coins INTEGER NULL,
  favorites INTEGER NULL,
  shares INTEGER NULL,
  shrunk INTEGER NOT NULL DEFAULT 0,          -- bits of numbers lower than before, views first
  PRIMARY KEY (hour, work)
) WITHOUT ROWID;

-- Why works have no numbers, for the last days.
CREATE TABLE view_errors (
  hour INTEGER NOT NULL,
  platform TEXT NOT NULL,
  work_id TEXT NOT NULL,
  title TEXT NOT NULL,
  error TEXT NOT NULL,
  is_final INTEGER NOT NULL DEFAULT 0,        -- another request in that hour is of no use
  PRIMARY KEY (hour, platform, work_id)
) WITHOUT ROWID;

-- The last numbers of each day, for ever; the day's hours are packed when their points are deleted.
CREATE TABLE view_days (
  day INTEGER NOT NULL,                       -- local days since 1970
  work INTEGER NOT NULL,
  hours INTEGER NOT NULL,                     -- a bit for each hour with numbers, 0 o'clock the lowest
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

-- The sums of all works for each day of view_days.
CREATE TABLE view_totals (
  day INTEGER NOT NULL PRIMARY KEY,
  works INTEGER NOT NULL,
  views REAL NULL,                            -- sums of the last numbers; whole, and exact up to 2^53
  danmaku REAL NULL,
  comments REAL NULL,
  likes REAL NULL,
  coins REAL NULL,
  favorites REAL NULL,
  shares REAL NULL,
  views_growth REAL NULL,                     -- against the day before, of works with both
  danmaku_growth REAL NULL,
  comments_growth REAL NULL,
  likes_growth REAL NULL,
  coins_growth REAL NULL,
  favorites_growth REAL NULL,
  shares_growth REAL NULL
);

-- Of which numbers of which works an alert tells: rules of the operator.
CREATE TABLE view_rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT CHECK (kind IN ('passes','rises','gone')) NOT NULL,
  threshold INTEGER NOT NULL DEFAULT 0,       -- views, or views an hour; 0 of gone
  scope TEXT CHECK (scope IN ('all','platform','author','label','work')) NOT NULL,
  platform TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',           -- the author, the label or the work's id
  since_hour INTEGER NOT NULL,                -- later hours are judged
  created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_view_rules_identity
  ON view_rules (kind, threshold, scope, platform, subject);

-- Works that did what a rule says: each is told once.
CREATE TABLE view_crossings (
  rule_id INTEGER NOT NULL,
  work INTEGER NOT NULL,
  since_hour INTEGER NOT NULL,
  hour INTEGER NOT NULL,                      -- the newest hour in which it did
  value INTEGER NULL,                         -- views, or views an hour; NULL of gone
  ended_hour INTEGER NULL,                    -- when it was over; NULL while it lasts
  in_group INTEGER NOT NULL DEFAULT 0,        -- one of many in an hour, which are told together
  PRIMARY KEY (rule_id, work)
) WITHOUT ROWID;
CREATE INDEX idx_view_crossings_ended ON view_crossings (ended_hour, rule_id);

INSERT INTO schema_version (version, applied_at) VALUES (11, strftime('%Y-%m-%d %H:%M:%f', 'now'));
