-- Version 7: accounts know the task they work for, their pages of the day, identity and egress route.
ALTER TABLE accounts ADD COLUMN proxy_id INTEGER NULL;
ALTER TABLE accounts ADD COLUMN egress TEXT NULL;
ALTER TABLE accounts ADD COLUMN platform_uid TEXT NULL;
ALTER TABLE accounts ADD COLUMN uid_seen_at TEXT NULL;
ALTER TABLE accounts ADD COLUMN device TEXT NULL;
ALTER TABLE accounts ADD COLUMN session_renewed_at TEXT NULL;
ALTER TABLE accounts ADD COLUMN session_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN working_task_id INTEGER NULL;
ALTER TABLE accounts ADD COLUMN today_page_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN pages_day TEXT NOT NULL DEFAULT '1970-01-01';
ALTER TABLE accounts ADD COLUMN user_agent TEXT NULL;
ALTER TABLE accounts ADD COLUMN group_name TEXT NULL;
ALTER TABLE accounts ADD COLUMN deleted_at TEXT NULL;
CREATE UNIQUE INDEX uq_accounts_platform_uid ON accounts (platform, platform_uid);
