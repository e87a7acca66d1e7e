-- Baton's schema for MySQL 8.0+ and MariaDB 10.6+, version 11.
-- Load it into an empty database:  mysql -u USER -p DATABASE < schema.sql
-- (python cli.py init does the same.)  Times are UTC.  schema.sqlite.sql is its twin.

CREATE TABLE schema_version (
  version INT NOT NULL PRIMARY KEY,
  applied_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row per fact about the installation, e.g. a token that tells the right secret key.
CREATE TABLE meta (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE accounts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  username VARCHAR(128) NOT NULL,
  password TEXT NULL,                         -- encrypted
  session MEDIUMTEXT NULL,                    -- encrypted
  proxy TEXT NULL,                            -- encrypted
  status ENUM('idle','ingesting','exporting','disabled') NOT NULL DEFAULT 'idle',
  daily_export_limit INT NOT NULL DEFAULT 4000,
  today_export_count INT NOT NULL DEFAULT 0,  -- of quota_day
  quota_day DATE NOT NULL DEFAULT '1970-01-01',
  last_used_at DATETIME(3) NULL,
  cooldown_until DATETIME(3) NULL,
  failure_count INT NOT NULL DEFAULT 0,       -- in a row
  disabled_reason TEXT NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,      -- fencing token: grows with every lease
  lease_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  health ENUM('healthy','suspect','probation') NOT NULL DEFAULT 'healthy',
  good_answers INT NOT NULL DEFAULT 0,        -- in a row, while on probation
  pace TEXT NULL,                             -- JSON: learned limits and the newest requests
  pace_known TINYINT NOT NULL DEFAULT 1,      -- 0: the last user has not said what it asked
  ready_at DATETIME(3) NULL,                  -- its pace lets it ask again from then on
  session_checked_at DATETIME(3) NULL,
  session_expires_at DATETIME(3) NULL,
  proxy_id BIGINT NULL,                       -- unused (egress names the proxy): dropping it would stop all hosts
  egress VARCHAR(80) NULL,                    -- its egress route, without secrets
  platform_uid VARCHAR(32) NULL,              -- the platform's own id of the login
  uid_seen_at DATETIME(3) NULL,               -- the platform showed that id then
  device TEXT NULL,                           -- encrypted
  session_renewed_at DATETIME(3) NULL,
  session_version INT NOT NULL DEFAULT 0,     -- grows with every import and renewal
  working_task_id BIGINT NULL,                -- top-level task; kept while it rests between two requests
  today_page_count INT NOT NULL DEFAULT 0,    -- of pages_day
  pages_day DATE NOT NULL DEFAULT '1970-01-01',
  user_agent VARCHAR(512) NULL,
  group_name VARCHAR(64) NULL,
  deleted_at DATETIME(3) NULL,
  UNIQUE KEY uq_accounts_platform_username (platform, username),
  UNIQUE KEY uq_accounts_platform_uid (platform, platform_uid),
  KEY idx_accounts_claim (platform, status, last_used_at, id),
  KEY idx_accounts_group (platform, group_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE account_events (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT NOT NULL,
  kind VARCHAR(32) NOT NULL,
  detail TEXT NOT NULL,
  evidence MEDIUMTEXT NULL,                   -- JSON, redacted
  until_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  KEY idx_account_events_account (account_id, id),
  KEY idx_account_events_created (created_at),
  KEY idx_account_events_kind (kind, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tasks (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  parent_id BIGINT NULL,
  task_type ENUM('ingestion','export') NOT NULL,
  platform VARCHAR(32) NOT NULL,
  domain VARCHAR(128) NOT NULL,
  status ENUM('pending','in_progress','paused','completed','failed') NOT NULL DEFAULT 'pending',
  is_leaf TINYINT NOT NULL DEFAULT 1,         -- only leaves are claimed
  open_key VARCHAR(191) NULL,                 -- set while the task is open: one per type, platform, domain
  progress_marker VARCHAR(255) NULL,          -- page=10, last_id=4000 or place=4000
  page_from INT NULL,
  page_to INT NULL,
  item_count BIGINT NOT NULL DEFAULT 0,       -- creators seen, or rows exported
  new_count BIGINT NOT NULL DEFAULT 0,        -- creators that were new
  options TEXT NOT NULL,                      -- JSON
  assigned_account_id BIGINT NULL,
  attempts INT NOT NULL DEFAULT 0,            -- failures in a row
  not_before DATETIME(3) NULL,
  waiting_for VARCHAR(32) NULL,               -- account, quota, rows, platform, disk
  waiting_since DATETIME(3) NULL,
  last_error TEXT NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL,
  joins INT NOT NULL DEFAULT 0,               -- requests that were answered with this open task
  only_account_id BIGINT NULL,                -- no other account may work on it
  only_group VARCHAR(64) NULL,                -- no account outside this group may
  keyword VARCHAR(128) NULL,                  -- a crawl: what it searches for; NULL: the domain
  end_reason TEXT NULL,                       -- JSON: why it was completed before its last page
  UNIQUE KEY uq_tasks_open (open_key),
  KEY idx_tasks_claim (task_type, is_leaf, status, not_before, id),
  KEY idx_tasks_parent (parent_id, status, not_before, id, task_type),
  KEY idx_tasks_pieces (parent_id, id),
  KEY idx_tasks_ended (parent_id, finished_at),
  KEY idx_tasks_domain (domain),
  KEY idx_tasks_open_domain (task_type, platform, domain, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE task_labels (
  label VARCHAR(64) NOT NULL,                 -- what people file the task under: a client, a campaign
  task_id BIGINT NOT NULL,
  PRIMARY KEY (label, task_id),
  KEY idx_task_labels_task (task_id, label)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE ingestion_logs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  domain VARCHAR(128) NOT NULL,
  page_number INT NOT NULL,
  ingested_count INT NOT NULL,
  new_count INT NOT NULL,
  rejected_count INT NOT NULL DEFAULT 0,
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  keyword VARCHAR(128) NULL,                  -- what was searched for; NULL: not in day_totals yet
  UNIQUE KEY uq_ingestion_logs_page (task_id, page_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE export_logs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  platform VARCHAR(32) NOT NULL,
  domain VARCHAR(128) NOT NULL,
  quota_day DATE NOT NULL,
  quota_limit INT NOT NULL,                   -- the account's daily limit at that time
  exported_count INT NOT NULL,
  first_id BIGINT NOT NULL,
  last_id BIGINT NOT NULL,
  format VARCHAR(16) NOT NULL,
  options TEXT NOT NULL,                      -- JSON: what it takes to render the file again
  state ENUM('open','sealed') NOT NULL DEFAULT 'open',
  file_path VARCHAR(1024) NULL,
  bytes BIGINT NULL,
  sha256 CHAR(64) NULL,
  host VARCHAR(255) NOT NULL,
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NULL,
  target_path VARCHAR(1024) NULL,             -- the name that was found free for its file
  rebuild_token BIGINT NOT NULL DEFAULT 0,    -- grows with every rebuild: the newest one publishes
  content_sha256 CHAR(64) NULL,               -- of its values, whatever the format
  KEY idx_export_logs_task (task_id, state, id),
  KEY idx_export_logs_account (account_id, quota_day),
  KEY idx_export_logs_state (state, id),
  KEY idx_export_logs_domain (domain, id),
  KEY idx_export_logs_day (quota_day, account_id, domain)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A creator in a domain: what is exported. An exported row keeps its nickname and raw data for ever.
CREATE TABLE influencers (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  nickname MEDIUMTEXT NOT NULL,
  domain VARCHAR(128) NOT NULL,
  source_page INT NOT NULL,
  raw_data JSON NOT NULL,
  status ENUM('pending_export','exported') NOT NULL DEFAULT 'pending_export',
  ingested_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  ingestion_log_id BIGINT NOT NULL,           -- the page that brought it first
  export_log_id BIGINT NULL,                  -- the segment it is in
  followers BIGINT NULL,                      -- as in creators: what is filtered and sorted by
  videos BIGINT NULL,
  seen_at DATETIME(3) NULL,                   -- listed by a page last; NULL: not in creators yet
  source_url VARCHAR(1024) NULL,              -- the page or the profile, where the platform has one
  UNIQUE KEY uq_influencers_identity (platform, domain, uid),
  KEY idx_influencers_export (platform, domain, status, id),
  KEY idx_influencers_segment (export_log_id),
  KEY idx_influencers_creator (platform, uid),
  KEY idx_influencers_followers (platform, domain, followers, id, videos)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A creator as the platform showed it last, whatever the domains that list it.
CREATE TABLE creators (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  nickname VARCHAR(512) NOT NULL,             -- cut; the whole one is in raw_data
  followers BIGINT NULL,
  videos BIGINT NULL,
  likes BIGINT NULL,
  has_contact TINYINT NOT NULL DEFAULT 0,     -- bits: 1 e-mail, 2 phone, 4 messenger in its signature
  raw_data JSON NOT NULL,                     -- the newest complete entry
  revision INT NOT NULL DEFAULT 1,            -- grows when a name, a number or a contact changes
  first_seen_at DATETIME(3) NOT NULL,
  seen_at DATETIME(3) NOT NULL,
  changed_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_creators_identity (platform, uid),
  KEY idx_creators_followers (platform, followers, id, videos, likes, has_contact, uid),
  KEY idx_creators_first_seen (first_seen_at, id),
  KEY idx_creators_seen (seen_at, id),
  KEY idx_creators_name (platform, nickname)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The numbers that a creator had from `day` to `until_day`, as it was seen on both; days of the quota zone.
CREATE TABLE creator_observations (
  creator_id BIGINT NOT NULL,
  day DATE NOT NULL,
  until_day DATE NOT NULL,
  followers BIGINT NULL,
  videos BIGINT NULL,
  likes BIGINT NULL,
  nickname VARCHAR(512) NULL,                 -- set only where it changed
  PRIMARY KEY (creator_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The searches that listed a creator in its domain.
CREATE TABLE influencer_keywords (
  influencer_id BIGINT NOT NULL,
  keyword VARCHAR(128) NOT NULL,
  PRIMARY KEY (influencer_id, keyword)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a filtered or sorted export delivers, in its order.
CREATE TABLE export_selections (
  task_id BIGINT NOT NULL,
  place INT NOT NULL,
  influencer_id BIGINT NOT NULL,
  PRIMARY KEY (task_id, place),
  UNIQUE KEY uq_export_selections_row (task_id, influencer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What each account ingested on each day of the quota zone.
CREATE TABLE day_totals (
  day DATE NOT NULL,
  account_id BIGINT NOT NULL,
  platform VARCHAR(32) NOT NULL,
  domain VARCHAR(128) NOT NULL,
  pages INT NOT NULL,
  seen INT NOT NULL,
  new_count INT NOT NULL,
  PRIMARY KEY (day, account_id, platform, domain)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What was spent at each platform on its own day: quota units, or millionths of a dollar.
CREATE TABLE api_budgets (
  platform VARCHAR(32) NOT NULL PRIMARY KEY,
  day DATE NOT NULL,
  spent BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What shared fault attribution knows of a platform: a circuit that is not closed. No row: all is well.
CREATE TABLE source_states (
  platform VARCHAR(32) NOT NULL,
  egress VARCHAR(80) NOT NULL,                -- as in proxies; key:… for an API key, anonymous; * = all
  endpoint VARCHAR(64) NOT NULL,              -- as in the platform's response rules; * = all
  state VARCHAR(12) NOT NULL,                 -- quarantined, open, half_open
  cause VARCHAR(24) NOT NULL,                 -- risk, throttle, no_answer, server_error, unusable, key
  code VARCHAR(32) NULL,                      -- the platform's own code
  since_at DATETIME(3) NOT NULL,
  until_at DATETIME(3) NOT NULL,              -- open: no request before; quarantined: it ends by itself
  times INT NOT NULL DEFAULT 0,               -- opened so often in a row
  good_in_row INT NOT NULL DEFAULT 0,         -- half open: good answers since the probe
  good_account_id BIGINT NULL,                -- half open: whose answer was the first of them
  probe_owner VARCHAR(64) NULL,               -- who may send the next request
  probe_token BIGINT NOT NULL DEFAULT 0,
  probe_until DATETIME(3) NULL,
  evidence TEXT NULL,                         -- JSON without secrets
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (platform, egress, endpoint)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Refusals whose unit may turn out to be wider than the account; kept for two days.
CREATE TABLE source_refusals (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  endpoint VARCHAR(64) NOT NULL,
  egress VARCHAR(80) NOT NULL,
  account_id BIGINT NOT NULL,
  account_token BIGINT NOT NULL,              -- of the lease under which it was refused
  cause VARCHAR(24) NOT NULL,
  code VARCHAR(32) NULL,
  scope VARCHAR(16) NOT NULL,                  -- what the response rules say that it concerns
  question VARCHAR(16) NULL,                   -- what was asked, as a hash
  before_health VARCHAR(16) NULL,
  before_failures INT NULL,
  before_pace TEXT NULL,
  is_confirmation TINYINT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  reverted_at DATETIME(3) NULL,               -- it was not the account's fault
  KEY idx_source_refusals_created (platform, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Egress routes: how requests leave, and which of them do not work, for all platforms.
CREATE TABLE proxies (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  egress VARCHAR(80) NOT NULL,                -- host:port#hash of user and password; direct@host
  gateway VARCHAR(80) NOT NULL,               -- host:port; direct@host
  kind VARCHAR(8) NOT NULL,                   -- direct, http, https, socks4, socks5, socks5h
  host VARCHAR(255) NULL,
  port INT NULL,
  url TEXT NULL,                              -- encrypted
  is_rotating TINYINT NOT NULL DEFAULT 0,     -- another exit each time
  first_seen_at DATETIME(3) NOT NULL,
  last_good_at DATETIME(3) NULL,
  last_bad_at DATETIME(3) NULL,
  bad_in_row INT NOT NULL DEFAULT 0,
  last_error TEXT NULL,
  fault VARCHAR(12) NULL,                     -- egress, gateway, exit: whose the last failure was
  cooldown_until DATETIME(3) NULL,
  cooldowns INT NOT NULL DEFAULT 0,           -- in a row
  updated_at DATETIME(3) NOT NULL,
  added_at DATETIME(3) NULL,                  -- an operator added it; NULL: an account came with it
  UNIQUE KEY uq_proxies_egress (egress),
  KEY idx_proxies_gateway (gateway)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Answers that no response rule describes, counted, with one piece of evidence each.
CREATE TABLE unknown_answers (
  platform VARCHAR(32) NOT NULL,
  endpoint VARCHAR(64) NOT NULL,
  http_status INT NOT NULL,                   -- 0: none
  code VARCHAR(32) NOT NULL,                  -- empty: none
  seen INT NOT NULL,
  evidence TEXT NULL,                         -- JSON without secrets
  first_seen_at DATETIME(3) NOT NULL,
  last_seen_at DATETIME(3) NOT NULL,
  PRIMARY KEY (platform, endpoint, http_status, code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE workers (
  id VARCHAR(64) NOT NULL PRIMARY KEY,        -- fresh at every start; lease_owner points here
  host VARCHAR(255) NOT NULL,
  pid INT NOT NULL,
  roles VARCHAR(255) NOT NULL,
  started_at DATETIME(3) NOT NULL,
  seen_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Work that a request began in the background, on any host; rows stay for BATON_KEEP_JOB_RUNS_DAYS.
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

-- The machines that work on this database.
CREATE TABLE hosts (
  host VARCHAR(255) NOT NULL PRIMARY KEY,
  peer_url VARCHAR(512) NULL,                 -- where its console answers other hosts
  version VARCHAR(64) NOT NULL,
  time_zone VARCHAR(64) NOT NULL,             -- of its quota days and hours
  free_bytes BIGINT NULL,                     -- of its data folder
  pruned_at DATETIME(3) NULL,                 -- when its old files were removed last
  seen_at DATETIME(3) NOT NULL,
  left_at DATETIME(3) NULL                    -- when its last process ended in order; NULL while it works
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What is wrong, or was: one row per cause and time.
CREATE TABLE alerts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(32) NOT NULL,                  -- account_disabled, accounts_spent, breaker_open, ...
  subject VARCHAR(160) NOT NULL,              -- what it is about: account:7, task:12, platform:bilibili
  open_key VARCHAR(191) NULL,                 -- kind and subject while it lasts: one open per cause
  facts TEXT NOT NULL,                        -- JSON: what its sentence is made of
  until_at DATETIME(3) NULL,                  -- when it ends by itself, or what it warns of happens
  raised_at DATETIME(3) NOT NULL,
  well_since DATETIME(3) NULL,                -- its cause is gone since then; over when that lasts
  calm_secs INT NOT NULL,                     -- how long it must last
  resolved_at DATETIME(3) NULL,
  UNIQUE KEY uq_alerts_open (open_key),
  KEY idx_alerts_subject (kind, subject, id),
  KEY idx_alerts_resolved (resolved_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What each notification channel is to be told of an alert: one row per message.
CREATE TABLE alert_notices (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  alert_id BIGINT NOT NULL,
  news ENUM('raised','resolved') NOT NULL,
  channel VARCHAR(16) NOT NULL,               -- tells channels apart, and nothing of their address
  state ENUM('due','told','given_up') NOT NULL DEFAULT 'due',
  attempts INT NOT NULL DEFAULT 0,
  not_before DATETIME(3) NOT NULL,
  told_at DATETIME(3) NULL,
  last_error TEXT NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_alert_notices_message (alert_id, news, channel),
  KEY idx_alert_notices_due (state, channel, not_before, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Daily digests to channels; what one says is read when it is sent.
CREATE TABLE digest_notices (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  day DATE NOT NULL,                          -- the day of the quota zone that it is about
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

-- The catalogue of videos.
CREATE TABLE works (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  work_id VARCHAR(64) NOT NULL,
  title VARCHAR(512) NOT NULL DEFAULT '',
  author VARCHAR(255) NOT NULL DEFAULT '',
  uid VARCHAR(64) NULL,                       -- its creator
  publish_time DATETIME(3) NULL,
  cover_url VARCHAR(1024) NOT NULL DEFAULT '',
  is_valid TINYINT NOT NULL DEFAULT 1,
  invalid_by ENUM('operator','platform') NULL, -- the other one cannot bring it back
  invalid_reason TEXT NULL,                   -- gone, hidden, or disabled by the operator
  play_count BIGINT NULL,
  checked_at DATETIME(3) NULL,                -- when play_count was asked last
  failure_count INT NOT NULL DEFAULT 0,       -- in a row
  last_error TEXT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_works_identity (platform, work_id),
  KEY idx_works_checked (platform, is_valid, checked_at, id),
  KEY idx_works_creator (platform, uid, id),
  KEY idx_works_published (publish_time, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row: grows with every change of what views.json tells, so that no change is missed.
CREATE TABLE works_version (
  id TINYINT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  changed_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Runs of scheduled jobs: whoever inserts the row of a scheduled time runs it.
CREATE TABLE job_runs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  job VARCHAR(64) NOT NULL,
  open_key VARCHAR(64) NULL,                  -- the job while it runs: one run at a time
  scheduled_at DATETIME(3) NOT NULL,
  times INT NOT NULL DEFAULT 1,              -- scheduled times without a run, up to scheduled_at, when missed
  cause ENUM('schedule','catch_up','manual') NOT NULL,
  state ENUM('running','succeeded','failed','missed') NOT NULL,
  started_at DATETIME(3) NULL,
  finished_at DATETIME(3) NULL,
  result TEXT NULL,                           -- what it did, or why it did not
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  UNIQUE KEY uq_job_runs_time (job, scheduled_at),
  UNIQUE KEY uq_job_runs_open (open_key),
  KEY idx_job_runs_finished (finished_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO works_version (id, version, changed_at) VALUES (1, 0, UTC_TIMESTAMP(3));
-- Whose videos are paid for: the users of the distribution tasks.
CREATE TABLE users (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id VARCHAR(64) NOT NULL,               -- as the distributing site names it
  name VARCHAR(255) NOT NULL DEFAULT '',
  agent_node VARCHAR(255) NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_users_user_id (user_id),
  KEY idx_users_agent (agent_node, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Distribution tasks: a drama that users post on their channels.
CREATE TABLE drama_tasks (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id VARCHAR(64) NOT NULL,
  project_id VARCHAR(64) NOT NULL,
  title VARCHAR(512) NOT NULL DEFAULT '',
  duration INT NOT NULL DEFAULT 0,            -- seconds
  platform VARCHAR(32) NULL,                  -- of video_url
  video_url VARCHAR(1024) NULL,
  status ENUM('active','paused','finished') NOT NULL DEFAULT 'active',
  callback_url VARCHAR(1024) NULL,
  callback_secret TEXT NULL,                  -- encrypted; newest first while it is rotated
  callback_status VARCHAR(16) NULL,           -- of the newest delivery: delivered, failed, dead
  callback_retry_count INT NOT NULL DEFAULT 0,
  callback_last_attempt DATETIME(3) NULL,
  callback_delivery_id BIGINT NULL,           -- that delivery
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_drama_tasks_task_id (task_id),
  KEY idx_drama_tasks_status (status, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE task_completions (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id VARCHAR(64) NOT NULL,
  user_id VARCHAR(64) NOT NULL,
  platform VARCHAR(32) NOT NULL,              -- youtube, tiktok, douyin
  submission_link VARCHAR(1024) NOT NULL,
  link_hash CHAR(64) NOT NULL,                -- SHA-256 of the video or short link: one row each
  verification_details JSON NULL,             -- counters as they were verified
  completed_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  changed_at DATETIME(3) NOT NULL DEFAULT '1970-01-01',  -- when it was stored, or verified anew
  video_hash CHAR(64) NULL,                   -- of a short link that was resolved: link_hash of its video
  UNIQUE KEY uq_task_completions_link (link_hash, task_id, user_id),
  KEY idx_task_completions_day (completed_at, task_id, changed_at),
  KEY idx_task_completions_task (task_id, completed_at),
  KEY idx_task_completions_video (video_hash)
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
  revision INT NOT NULL DEFAULT 1,            -- grows when a later scan finds other numbers
  error TEXT NULL,                            -- what could not be counted
  event_id VARCHAR(128) NULL,                 -- the report that told this revision
  is_sent TINYINT NOT NULL DEFAULT 0,
  sent_at DATETIME(3) NULL,
  response TEXT NULL,
  tries INT NOT NULL DEFAULT 0,
  scanned_at DATETIME(3) NOT NULL,
  counted_until DATETIME(3) NOT NULL DEFAULT '1970-01-01',  -- completions changed before are in it
  incomplete_since DATETIME(3) NULL,          -- a passing cause keeps it from being counted; NULL: it was counted
  incomplete_cause TEXT NULL,                 -- that cause
  incomplete_tries INT NOT NULL DEFAULT 0,    -- how often it was counted in vain
  next_count_at DATETIME(3) NULL,             -- when it is counted again
  is_partial TINYINT NOT NULL DEFAULT 0,      -- its sums lack something for that cause: held back, or marked
  UNIQUE KEY uq_task_daily_stats_day (task_id, stats_date),
  KEY idx_task_daily_stats_date (stats_date, task_id),
  KEY idx_task_daily_stats_event (event_id),
  KEY idx_task_daily_stats_incomplete (incomplete_since, stats_date),
  KEY idx_task_daily_stats_due (next_count_at, id),
  KEY idx_task_daily_stats_unsent (is_sent, stats_date, task_id, tries, event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The sums of a task's day by agent; '' is for users without one. Written with the day, so that both agree.
CREATE TABLE agent_daily_stats (
  stats_date DATE NOT NULL,
  task_id VARCHAR(64) NOT NULL,
  agent_node VARCHAR(255) NOT NULL,            -- as users had it when the day was counted
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

-- One row: whether tasks are broadcast, and the round that runs: rounds never overlap.
CREATE TABLE broadcaster (
  id TINYINT NOT NULL PRIMARY KEY,
  is_on TINYINT NOT NULL DEFAULT 0,
  started_at DATETIME(3) NULL,                -- of the newest round
  finished_at DATETIME(3) NULL,
  result VARCHAR(1024) NULL,                  -- JSON: what became of the newest finished one
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,      -- grows with every round
  lease_until DATETIME(3) NULL,
  next_tasks TEXT NULL,                       -- JSON: the task that a platform's next round begins with
  switched_at DATETIME(3) NULL,               -- when it was turned on or off last
  reported_at DATETIME(3) NULL,               -- end of the newest round that had numbers, or no tasks to report
  last_error TEXT NULL                        -- why the newest round reported nothing
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The tasks without numbers in the newest round that ended, with the reason of each.
CREATE TABLE broadcast_failures (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id VARCHAR(64) NOT NULL,
  reason TEXT NOT NULL,
  is_postponed TINYINT NOT NULL DEFAULT 0,    -- no request was made: time or budget had run out
  since_at DATETIME(3) NOT NULL,              -- end of the first of its failed rounds in a row
  UNIQUE KEY uq_broadcast_failures_task (task_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What is to be told to whom: written in the transaction that makes it true, sent afterwards.
CREATE TABLE webhook_deliveries (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id VARCHAR(128) NOT NULL,             -- fixed per report, revision and part
  kind ENUM('daily','broadcast','completion','test') NOT NULL,
  url VARCHAR(1024) NOT NULL,
  url_hash CHAR(64) NOT NULL,
  host VARCHAR(255) NOT NULL,                 -- of the URL: few requests at a time go to one
  task_id VARCHAR(64) NULL,                   -- whose secret signs, and whose order is kept
  stats_date DATE NULL,
  body MEDIUMTEXT NOT NULL,                   -- the bytes that are signed and sent
  state ENUM('pending','sending','delivered','failed','dead') NOT NULL DEFAULT 'pending',
  attempts INT NOT NULL DEFAULT 0,            -- since it was filed, or replayed last
  not_before DATETIME(3) NULL,                -- when it is due; NULL: done, or under way
  first_tried_at DATETIME(3) NULL,            -- end of its first attempt: younger ones of task and URL wait for it
  last_status INT NULL,
  last_error TEXT NULL,
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
  KEY idx_webhook_deliveries_created (created_at, id),
  KEY idx_webhook_deliveries_day (stats_date, id),
  KEY idx_webhook_deliveries_finished (kind, finished_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The distribution tasks that a delivery reports on, filed with it.
CREATE TABLE delivery_tasks (
  delivery_id BIGINT NOT NULL,
  task_id VARCHAR(64) NOT NULL,
  PRIMARY KEY (delivery_id, task_id),
  KEY idx_delivery_tasks_task (task_id, delivery_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE webhook_attempts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  delivery_id BIGINT NOT NULL,
  number INT NOT NULL,                        -- from 1
  started_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL,
  status INT NULL,
  response MEDIUMTEXT NULL,                   -- 64 KB of it at most
  error TEXT NULL,
  KEY idx_webhook_attempts_delivery (delivery_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- URLs that something was ever filed for: whether they are sent to.
CREATE TABLE webhook_endpoints (
  url_hash CHAR(64) NOT NULL PRIMARY KEY,
  url VARCHAR(1024) NOT NULL,
  host VARCHAR(255) NOT NULL,
  is_enabled TINYINT NOT NULL DEFAULT 1,
  reason TEXT NULL,
  rest_until DATETIME(3) NULL,                -- it asked for a rest by Retry-After
  changed_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Access to the web console and its API, and who did what there.
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
  outcome TEXT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  KEY idx_web_actions_created (created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Hourly numbers of works. An hour is a number: local days since 1970 (quota zone) x 24 + local hour.
CREATE TABLE view_works (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  work_id VARCHAR(255) NOT NULL,
  UNIQUE KEY uq_view_works_identity (platform, work_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A row only where a title changes: it holds from that hour to the next row.
CREATE TABLE view_titles (
  work BIGINT NOT NULL,
  since_hour INT NOT NULL,
  title VARCHAR(1024) NOT NULL,
  PRIMARY KEY (work, since_hour)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Each hour that was crawled or imported; the lease is that of who crawls it now.
CREATE TABLE view_hours (
  hour INT NOT NULL PRIMARY KEY,
  state ENUM('open','complete','partial') NOT NULL DEFAULT 'open',
  listed INT NOT NULL DEFAULT 0,              -- works that were to be asked for
  success INT NOT NULL DEFAULT 0,             -- works with numbers
  failed INT NOT NULL DEFAULT 0,
  skipped INT NULL,                           -- works of other platforms
  errors TEXT NULL,                           -- the most frequent reason of failures
  session_id VARCHAR(255) NOT NULL,
  started_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  host VARCHAR(255) NOT NULL,
  version BIGINT NULL,                        -- grows over all hours, when an hour's content has changed
  list_sha256 VARCHAR(64) NULL,               -- of the ids in a views.json of its host; NULL: the catalogue
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  UNIQUE KEY uq_view_hours_version (version),
  KEY idx_view_hours_state (state, hour)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The numbers of the last days; NULL: the platform does not tell.
CREATE TABLE view_points (
  hour INT NOT NULL,
  work BIGINT NOT NULL,
  at_sec INT NOT NULL,                        -- seconds since the beginning of the hour
  views BIGINT NULL,
  danmaku BIGINT NULL,
  comments BIGINT NULL,
  likes BIGINT NULL,
  coins BIGINT NULL,
  favorites BIGINT NULL,
  shares BIGINT NULL,
  shrunk TINYINT NOT NULL DEFAULT 0,          -- bits of numbers lower than before, views first
  PRIMARY KEY (hour, work)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Why works have no numbers, for the last days.
CREATE TABLE view_errors (
  hour INT NOT NULL,
  platform VARCHAR(32) NOT NULL,
  work_id VARCHAR(255) NOT NULL,
  title VARCHAR(1024) NOT NULL,
  error TEXT NOT NULL,
  is_final TINYINT NOT NULL DEFAULT 0,        -- another request in that hour is of no use
  PRIMARY KEY (hour, platform, work_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The last numbers of each day, for ever; the day's hours are packed when their points are deleted.
CREATE TABLE view_days (
  day INT NOT NULL,                           -- local days since 1970
  work BIGINT NOT NULL,
  hours INT NOT NULL,                         -- a bit for each hour with numbers, 0 o'clock the lowest
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

-- The sums of all works for each day of view_days.
CREATE TABLE view_totals (
  day INT NOT NULL PRIMARY KEY,
  works INT NOT NULL,
  views DOUBLE NULL,                          -- sums of the last numbers; whole, and exact up to 2^53
  danmaku DOUBLE NULL,
  comments DOUBLE NULL,
  likes DOUBLE NULL,
  coins DOUBLE NULL,
  favorites DOUBLE NULL,
  shares DOUBLE NULL,
  views_growth DOUBLE NULL,                   -- against the day before, of works with both
  danmaku_growth DOUBLE NULL,
  comments_growth DOUBLE NULL,
  likes_growth DOUBLE NULL,
  coins_growth DOUBLE NULL,
  favorites_growth DOUBLE NULL,
  shares_growth DOUBLE NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Of which numbers of which works an alert tells: rules of the operator.
CREATE TABLE view_rules (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind ENUM('passes','rises','gone') NOT NULL,
  threshold BIGINT NOT NULL DEFAULT 0,        -- views, or views an hour; 0 of gone
  scope ENUM('all','platform','author','label','work') NOT NULL,
  platform VARCHAR(32) NOT NULL DEFAULT '',
  subject VARCHAR(255) NOT NULL DEFAULT '',   -- the author, the label or the work's id
  since_hour INT NOT NULL,                    -- later hours are judged
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_view_rules_identity (kind, threshold, scope, platform, subject)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Works that did what a rule says: each is told once.
CREATE TABLE view_crossings (
  rule_id BIGINT NOT NULL,
  work BIGINT NOT NULL,
  since_hour INT NOT NULL,
  hour INT NOT NULL,                          -- the newest hour in which it did
  value BIGINT NULL,                          -- views, or views an hour; NULL of gone
  ended_hour INT NULL,                        -- when it was over; NULL while it lasts
  in_group TINYINT NOT NULL DEFAULT 0,        -- one of many in an hour, which are told together
  PRIMARY KEY (rule_id, work),
  KEY idx_view_crossings_ended (ended_hour, rule_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO schema_version (version, applied_at) VALUES (11, UTC_TIMESTAMP(3));
