-- Version 7: accounts know the task they work for, their pages of the day, identity and egress route.
ALTER TABLE accounts
  ADD COLUMN proxy_id BIGINT NULL,
  ADD COLUMN egress VARCHAR(80) NULL,
  ADD COLUMN platform_uid VARCHAR(32) NULL,
  ADD COLUMN uid_seen_at DATETIME(3) NULL,
  ADD COLUMN device TEXT NULL,
  ADD COLUMN session_renewed_at DATETIME(3) NULL,
  ADD COLUMN session_version INT NOT NULL DEFAULT 0,
  ADD COLUMN working_task_id BIGINT NULL,
  ADD COLUMN today_page_count INT NOT NULL DEFAULT 0,
  ADD COLUMN pages_day DATE NOT NULL DEFAULT '1970-01-01',
  ADD COLUMN user_agent VARCHAR(512) NULL,
  ADD COLUMN group_name VARCHAR(64) NULL,
  ADD COLUMN deleted_at DATETIME(3) NULL,
  ADD UNIQUE KEY uq_accounts_platform_uid (platform, platform_uid);
