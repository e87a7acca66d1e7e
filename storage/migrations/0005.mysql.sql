-- Version 5: tasks carry labels; the newest ended tasks are looked up by an index.
CREATE TABLE task_labels (
  label VARCHAR(64) NOT NULL,
  task_id BIGINT NOT NULL,
  PRIMARY KEY (label, task_id),
  KEY idx_task_labels_task (task_id, label)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX idx_tasks_ended ON tasks (parent_id, finished_at);
