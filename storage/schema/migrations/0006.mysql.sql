-- Version 6: a delivery's tasks are rows, no longer read out of its body at each attempt.
CREATE TABLE delivery_tasks (
  delivery_id BIGINT NOT NULL,
  task_id VARCHAR(64) NOT NULL,
  PRIMARY KEY (delivery_id, task_id),
  KEY idx_delivery_tasks_task (task_id, delivery_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- Reasons and errors are TEXT: the length of a VARCHAR no longer cuts them.
ALTER TABLE accounts MODIFY COLUMN disabled_reason TEXT NULL;
ALTER TABLE account_events MODIFY COLUMN detail TEXT NOT NULL;
ALTER TABLE tasks MODIFY COLUMN last_error TEXT NULL;
ALTER TABLE alert_notices MODIFY COLUMN last_error TEXT NULL;
ALTER TABLE works MODIFY COLUMN invalid_reason TEXT NULL, MODIFY COLUMN last_error TEXT NULL;
ALTER TABLE job_runs MODIFY COLUMN result TEXT NULL;
ALTER TABLE task_daily_stats MODIFY COLUMN error TEXT NULL, MODIFY COLUMN response TEXT NULL;
ALTER TABLE webhook_deliveries MODIFY COLUMN last_error TEXT NULL;
ALTER TABLE webhook_attempts MODIFY COLUMN error TEXT NULL;
ALTER TABLE webhook_endpoints MODIFY COLUMN reason TEXT NULL;
ALTER TABLE web_actions MODIFY COLUMN outcome TEXT NOT NULL;
