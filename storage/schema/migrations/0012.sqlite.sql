-- Version 12: the sums of a day by agent, for settlements; days by whether their report was accepted.
CREATE TABLE agent_daily_stats (
  stats_date DATE NOT NULL,
  task_id TEXT NOT NULL,
  agent_node TEXT NOT NULL,
  account_count INTEGER NOT NULL DEFAULT 0,
  completion_count INTEGER NOT NULL DEFAULT 0,
  yt_account_count INTEGER NOT NULL DEFAULT 0,
  yt_view_count INTEGER NOT NULL DEFAULT 0,
  yt_like_count INTEGER NOT NULL DEFAULT 0,
  yt_comment_count INTEGER NOT NULL DEFAULT 0,
  tt_account_count INTEGER NOT NULL DEFAULT 0,
  tt_view_count INTEGER NOT NULL DEFAULT 0,
  tt_like_count INTEGER NOT NULL DEFAULT 0,
  tt_comment_count INTEGER NOT NULL DEFAULT 0,
  dy_account_count INTEGER NOT NULL DEFAULT 0,
  dy_view_count INTEGER NOT NULL DEFAULT 0,
  dy_like_count INTEGER NOT NULL DEFAULT 0,
  dy_comment_count INTEGER NOT NULL DEFAULT 0,
  dy_share_count INTEGER NOT NULL DEFAULT 0,
  dy_collect_count INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (stats_date, task_id, agent_node)
) WITHOUT ROWID;
CREATE INDEX idx_agent_daily_stats_agent ON agent_daily_stats (agent_node, stats_date, task_id);
CREATE INDEX idx_task_daily_stats_unsent ON task_daily_stats (is_sent, stats_date, task_id, tries, event_id);
CREATE INDEX idx_webhook_deliveries_day ON webhook_deliveries (stats_date, id);
