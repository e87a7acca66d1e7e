-- Version 12: the sums of a day by agent, for settlements; days by whether their report was accepted.
CREATE TABLE agent_daily_stats (
  stats_date DATE NOT NULL,
  task_id VARCHAR(64) NOT NULL,
  agent_node VARCHAR(255) NOT NULL,
  account_count INT NOT NULL DEFAULT 0,
  completion_count INT NOT NULL DEFAULT 0,
  yt_account_count INT NOT NULL DEFAULT 0,
  yt_view_count BIGINT NOT NULL DEFAULT 0,
  yt_like_count BIGINT NOT NULL DEFAULT 0,
  yt_comment_count BIGINT NOT NULL DEFAULT 0,
  tt_account_count INT NOT NULL DEFAULT 0,
  tt_view_count BIGINT NOT NULL DEFAULT 0,
  tt_like_count BIGINT NOT NULL DEFAULT 0,
  tt_comment_count BIGINT NOT NULL DEFAULT 0,
  dy_account_count INT NOT NULL DEFAULT 0,
  dy_view_count BIGINT NOT NULL DEFAULT 0,
  dy_like_count BIGINT NOT NULL DEFAULT 0,
  dy_comment_count BIGINT NOT NULL DEFAULT 0,
  dy_share_count BIGINT NOT NULL DEFAULT 0,
  dy_collect_count BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (stats_date, task_id, agent_node),
  KEY idx_agent_daily_stats_agent (agent_node, stats_date, task_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
ALTER TABLE task_daily_stats ADD KEY idx_task_daily_stats_unsent (is_sent, stats_date, task_id, tries, event_id);
ALTER TABLE webhook_deliveries ADD KEY idx_webhook_deliveries_day (stats_date, id);
