-- Version 2: what grows with the years is looked up by an index.
ALTER TABLE export_logs ADD KEY idx_export_logs_domain (domain, id);
