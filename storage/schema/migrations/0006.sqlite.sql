-- Version 6: a delivery's tasks are rows, no longer read out of its body at each attempt.
CREATE TABLE delivery_tasks (
  delivery_id INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  PRIMARY KEY (delivery_id, task_id)
);
CREATE INDEX idx_delivery_tasks_task ON delivery_tasks (task_id, delivery_id);
