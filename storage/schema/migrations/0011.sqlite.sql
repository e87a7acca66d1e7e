-- Version 11: days of distribution tasks that a passing cause keeps from being counted; the videos that
-- short links of completions lead to.
ALTER TABLE task_daily_stats ADD COLUMN incomplete_since TEXT NULL;
ALTER TABLE task_daily_stats ADD COLUMN incomplete_cause TEXT NULL;
ALTER TABLE task_daily_stats ADD COLUMN incomplete_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task_daily_stats ADD COLUMN next_count_at TEXT NULL;
ALTER TABLE task_daily_stats ADD COLUMN is_partial INTEGER NOT NULL DEFAULT 0;
CREATE INDEX idx_task_daily_stats_incomplete ON task_daily_stats (incomplete_since, id);
CREATE INDEX idx_task_daily_stats_due ON task_daily_stats (next_count_at, id);
ALTER TABLE task_completions ADD COLUMN video_hash CHAR(64) NULL;
CREATE INDEX idx_task_completions_video ON task_completions (video_hash);
