-- Version 11: days of distribution tasks that a passing cause keeps from being counted; the videos that
-- short links of completions lead to.
ALTER TABLE task_daily_stats
  ADD COLUMN incomplete_since DATETIME(3) NULL,
  ADD COLUMN incomplete_cause TEXT NULL,
  ADD COLUMN incomplete_tries INT NOT NULL DEFAULT 0,
  ADD COLUMN next_count_at DATETIME(3) NULL,
  ADD COLUMN is_partial TINYINT NOT NULL DEFAULT 0;
ALTER TABLE task_daily_stats ADD KEY idx_task_daily_stats_incomplete (incomplete_since, id);
ALTER TABLE task_daily_stats ADD KEY idx_task_daily_stats_due (next_count_at, id);
ALTER TABLE task_completions ADD COLUMN video_hash CHAR(64) NULL;
ALTER TABLE task_completions ADD KEY idx_task_completions_video (video_hash);
