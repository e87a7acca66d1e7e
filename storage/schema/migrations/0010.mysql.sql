-- Version 10: creators as they are now, their history and keywords; selections for exports; tasks that
-- are pinned to an account or a group; proxies that an operator added.
CREATE TABLE creators (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  nickname VARCHAR(512) NOT NULL,
  followers BIGINT NULL,
  videos BIGINT NULL,
  likes BIGINT NULL,
  has_contact TINYINT NOT NULL DEFAULT 0,
  raw_data JSON NOT NULL,
  revision INT NOT NULL DEFAULT 1,
  first_seen_at DATETIME(3) NOT NULL,
  seen_at DATETIME(3) NOT NULL,
  changed_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_creators_identity (platform, uid),
  KEY idx_creators_followers (platform, followers, id),
  KEY idx_creators_first_seen (first_seen_at, id),
  KEY idx_creators_seen (seen_at, id),
  KEY idx_creators_name (nickname)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE creator_observations (
  creator_id BIGINT NOT NULL,
  day DATE NOT NULL,
  until_day DATE NOT NULL,
  followers BIGINT NULL,
  videos BIGINT NULL,
  likes BIGINT NULL,
  nickname VARCHAR(512) NULL,
  PRIMARY KEY (creator_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE influencer_keywords (
  influencer_id BIGINT NOT NULL,
  keyword VARCHAR(128) NOT NULL,
  PRIMARY KEY (influencer_id, keyword)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE export_selections (
  task_id BIGINT NOT NULL,
  place INT NOT NULL,
  influencer_id BIGINT NOT NULL,
  PRIMARY KEY (task_id, place),
  UNIQUE KEY uq_export_selections_row (task_id, influencer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
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
ALTER TABLE influencers
  MODIFY COLUMN uid VARCHAR(255) NOT NULL,
  ADD COLUMN followers BIGINT NULL,
  ADD COLUMN videos BIGINT NULL,
  ADD COLUMN seen_at DATETIME(3) NULL,
  ADD COLUMN source_url VARCHAR(1024) NULL;
ALTER TABLE influencers ADD KEY idx_influencers_creator (platform, uid);
ALTER TABLE influencers ADD KEY idx_influencers_followers (platform, domain, followers, id);
ALTER TABLE accounts ADD KEY idx_accounts_group (platform, group_name);
ALTER TABLE proxies ADD COLUMN added_at DATETIME(3) NULL;
ALTER TABLE tasks
  MODIFY COLUMN progress_marker VARCHAR(255) NULL,
  ADD COLUMN only_account_id BIGINT NULL,
  ADD COLUMN only_group VARCHAR(64) NULL,
  ADD COLUMN keyword VARCHAR(128) NULL,
  ADD COLUMN end_reason TEXT NULL;
ALTER TABLE tasks ADD KEY idx_tasks_open_domain (task_type, platform, domain, status);
ALTER TABLE ingestion_logs ADD COLUMN keyword VARCHAR(128) NULL;
ALTER TABLE export_logs ADD COLUMN content_sha256 CHAR(64) NULL;
ALTER TABLE export_logs ADD KEY idx_export_logs_day (quota_day, account_id, domain);
