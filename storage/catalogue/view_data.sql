-- data/view_data.sqlite3: the hourly numbers of works, as the main database has them. Times are local
-- to the quota zone; created_at is UTC, and differs from host to host. PRAGMA user_version says up to
-- which change of the main database the file is.

CREATE TABLE work_metrics (
  id INTEGER PRIMARY KEY,
  platform TEXT NOT NULL,
  work_id TEXT NOT NULL,
  title TEXT NOT NULL,
  crawl_date TEXT NOT NULL,                   -- YYYY-MM-DD
  crawl_hour TEXT NOT NULL,                   -- HH
  crawl_time TEXT NOT NULL,                   -- HH:MM:SS
  view_count INTEGER,                         -- NULL: the platform does not tell
  danmaku_count INTEGER,
  comment_count INTEGER,
  like_count INTEGER,
  coin_count INTEGER,
  favorite_count INTEGER,
  share_count INTEGER,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (platform, work_id, crawl_date, crawl_hour)
);
CREATE INDEX idx_work_metrics_platform_work_id ON work_metrics (platform, work_id);
CREATE INDEX idx_work_metrics_crawl_date ON work_metrics (crawl_date);
CREATE INDEX idx_work_metrics_crawl_hour ON work_metrics (crawl_date, crawl_hour);

CREATE TABLE crawl_sessions (
  id INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL UNIQUE,
  crawl_date TEXT NOT NULL,
  crawl_hour TEXT NOT NULL,
  start_time TEXT NOT NULL,
  end_time TEXT NOT NULL,
  total_count INTEGER NOT NULL,
  success_count INTEGER NOT NULL,
  fail_count INTEGER NOT NULL,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_crawl_sessions_date ON crawl_sessions (crawl_date);
CREATE INDEX idx_crawl_sessions_hour ON crawl_sessions (crawl_date, crawl_hour);
