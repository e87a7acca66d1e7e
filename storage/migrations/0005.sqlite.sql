-- Version 5: tasks carry labels; the newest ended tasks are looked up by an index.
CREATE TABLE task_labels (
  label TEXT NOT NULL,
  task_id INTEGER NOT NULL,
  PRIMARY KEY (label, task_id)
);
CREATE INDEX idx_task_labels_task ON task_labels (task_id, label);
CREATE INDEX idx_tasks_ended ON tasks (parent_id, finished_at);
