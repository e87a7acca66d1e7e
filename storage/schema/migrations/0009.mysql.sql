-- Version 9: exports know who joined them, and which name and which rebuild of a file is theirs.
ALTER TABLE tasks
  ADD COLUMN joins INT NOT NULL DEFAULT 0;
ALTER TABLE export_logs
  ADD COLUMN target_path VARCHAR(1024) NULL,
  ADD COLUMN rebuild_token BIGINT NOT NULL DEFAULT 0;
