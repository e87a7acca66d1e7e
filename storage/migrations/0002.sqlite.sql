-- Version 2: what grows with the years is looked up by an index.
CREATE INDEX idx_export_logs_domain ON export_logs (domain, id);
