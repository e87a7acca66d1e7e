-- Version 9: exports know who joined them, and which name and which rebuild of a file is theirs.
ALTER TABLE tasks ADD COLUMN joins INTEGER NOT NULL DEFAULT 0;
ALTER TABLE export_logs ADD COLUMN target_path TEXT NULL;
ALTER TABLE export_logs ADD COLUMN rebuild_token INTEGER NOT NULL DEFAULT 0;
