-- Version 5: tasks carry labels; the newest ended tasks are looked up by an index.
CREATE TABLE task_labels (
  label TEXT NOT NULL,
  task_id INTEGER NOT NULL,
  PRIMARY KEY (label, task_id)
);
CREATE INDEX idx_task_labels_task ON task_labels (task_id, label);
CREATE INDEX idx_tasks_ended ON tasks (parent_id, finished_at);
-- What is pruned is found by its age.
CREATE INDEX idx_account_events_created ON account_events (created_at);
CREATE INDEX idx_alerts_resolved ON alerts (resolved_at);
CREATE INDEX idx_job_runs_finished ON job_runs (finished_at);
CREATE INDEX idx_webhook_deliveries_finished ON webhook_deliveries (kind, finished_at);
-- Completions that came after their day was scanned are found; a broadcast goes on where it stopped.
ALTER TABLE task_completions ADD COLUMN changed_at TEXT NOT NULL DEFAULT '1970-01-01 00:00:00.000';
DROP INDEX idx_task_completions_day;
CREATE INDEX idx_task_completions_day ON task_completions (completed_at, task_id, changed_at);
ALTER TABLE task_daily_stats ADD COLUMN counted_until TEXT NOT NULL DEFAULT '1970-01-01 00:00:00.000';
ALTER TABLE broadcaster ADD COLUMN next_tasks TEXT NULL;
