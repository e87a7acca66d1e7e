"""`start_crawl`, `start_export`, `run`, `plan`, `tasks`, `exports`, `jobs`, `alerts`, `status`."""
