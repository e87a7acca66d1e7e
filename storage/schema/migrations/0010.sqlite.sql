-- Version 10: creators as they are now, their history and keywords; selections for exports; tasks that
-- are pinned to an account or a group; proxies that an operator added.
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
CREATE INDEX idx_creators_followers ON creators (platform, followers, id);
CREATE INDEX idx_creators_first_seen ON creators (first_seen_at, id);
CREATE INDEX idx_creators_seen ON creators (seen_at, id);
CREATE INDEX idx_creators_name ON creators (nickname);
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
CREATE TABLE influencer_keywords (
  influencer_id INTEGER NOT NULL,
  keyword TEXT NOT NULL,
  PRIMARY KEY (influencer_id, keyword)
) WITHOUT ROWID;
CREATE TABLE export_selections (
  task_id INTEGER NOT NULL,
  place INTEGER NOT NULL,
  influencer_id INTEGER NOT NULL,
  PRIMARY KEY (task_id, place)
) WITHOUT ROWID;
CREATE UNIQUE INDEX uq_export_selections_row ON export_selections (task_id, influencer_id);
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
ALTER TABLE influencers ADD COLUMN followers INTEGER NULL;
ALTER TABLE influencers ADD COLUMN videos INTEGER NULL;
ALTER TABLE influencers ADD COLUMN seen_at TEXT NULL;
ALTER TABLE influencers ADD COLUMN source_url TEXT NULL;
CREATE INDEX idx_influencers_creator ON influencers (platform, uid);
CREATE INDEX idx_influencers_followers ON influencers (platform, domain, followers, id);
CREATE INDEX idx_accounts_group ON accounts (platform, group_name);
ALTER TABLE proxies ADD COLUMN added_at TEXT NULL;
ALTER TABLE tasks ADD COLUMN only_account_id INTEGER NULL;
ALTER TABLE tasks ADD COLUMN only_group TEXT NULL;
ALTER TABLE tasks ADD COLUMN keyword TEXT NULL;
ALTER TABLE tasks ADD COLUMN end_reason TEXT NULL;
CREATE INDEX idx_tasks_open_domain ON tasks (task_type, platform, domain, status);
ALTER TABLE ingestion_logs ADD COLUMN keyword TEXT NULL;
ALTER TABLE export_logs ADD COLUMN content_sha256 TEXT NULL;
CREATE INDEX idx_export_logs_day ON export_logs (quota_day, account_id, domain);
