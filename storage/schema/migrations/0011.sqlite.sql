-- Version 11: hourly numbers of works.
CREATE TABLE view_works (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  work_id TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_view_works_identity ON view_works (platform, work_id);
CREATE TABLE view_titles (
  work INTEGER NOT NULL,
  since_hour INTEGER NOT NULL,
  title TEXT NOT NULL,
  PRIMARY KEY (work, since_hour)
) WITHOUT ROWID;
CREATE TABLE view_hours (
  hour INTEGER NOT NULL PRIMARY KEY,
  state TEXT CHECK (state IN ('open','complete','partial')) NOT NULL DEFAULT 'open',
  listed INTEGER NOT NULL DEFAULT 0,
  success INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NULL,
  errors TEXT NULL,
  session_id TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NULL,
  host TEXT NOT NULL,
  version INTEGER NULL,
  lease_owner TEXT NULL,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT NULL
);
CREATE UNIQUE INDEX uq_view_hours_version ON view_hours (version);
CREATE INDEX idx_view_hours_state ON view_hours (state, hour);
CREATE TABLE view_points (
  hour INTEGER NOT NULL,
  work INTEGER NOT NULL,
  at_sec INTEGER NOT NULL,
  views INTEGER NULL,
  danmaku INTEGER NULL,
  comments INTEGER NULL,
  likes INTEGER NULL,
  coins INTEGER NULL,
  favorites INTEGER NULL,
  shares INTEGER NULL,
  shrunk INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, work)
) WITHOUT ROWID;
CREATE TABLE view_errors (
  hour INTEGER NOT NULL,
  platform TEXT NOT NULL,
  work_id TEXT NOT NULL,
  title TEXT NOT NULL,
  error TEXT NOT NULL,
  is_final INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, platform, work_id)
) WITHOUT ROWID;
CREATE TABLE view_days (
  work INTEGER NOT NULL,
  day INTEGER NOT NULL,
  hours INTEGER NOT NULL,
  views INTEGER NULL,
  danmaku INTEGER NULL,
  comments INTEGER NULL,
  likes INTEGER NULL,
  coins INTEGER NULL,
  favorites INTEGER NULL,
  shares INTEGER NULL,
  packed BLOB NULL,
  PRIMARY KEY (work, day)
) WITHOUT ROWID;
CREATE INDEX idx_view_days_day ON view_days (day);
