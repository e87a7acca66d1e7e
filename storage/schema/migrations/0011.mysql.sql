-- Version 11: hourly numbers of works.
CREATE TABLE view_works (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  work_id VARCHAR(255) NOT NULL,
  UNIQUE KEY uq_view_works_identity (platform, work_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_titles (
  work BIGINT NOT NULL,
  since_hour INT NOT NULL,
  title VARCHAR(1024) NOT NULL,
  PRIMARY KEY (work, since_hour)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_hours (
  hour INT NOT NULL PRIMARY KEY,
  state ENUM('open','complete','partial') NOT NULL DEFAULT 'open',
  listed INT NOT NULL DEFAULT 0,
  success INT NOT NULL DEFAULT 0,
  failed INT NOT NULL DEFAULT 0,
  skipped INT NULL,
  errors TEXT NULL,
  session_id VARCHAR(255) NOT NULL,
  started_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  host VARCHAR(255) NOT NULL,
  version BIGINT NULL,
  lease_owner VARCHAR(64) NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  UNIQUE KEY uq_view_hours_version (version),
  KEY idx_view_hours_state (state, hour)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_points (
  hour INT NOT NULL,
  work BIGINT NOT NULL,
  at_sec INT NOT NULL,
  views BIGINT NULL,
  danmaku BIGINT NULL,
  comments BIGINT NULL,
  likes BIGINT NULL,
  coins BIGINT NULL,
  favorites BIGINT NULL,
  shares BIGINT NULL,
  shrunk TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, work)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_errors (
  hour INT NOT NULL,
  platform VARCHAR(32) NOT NULL,
  work_id VARCHAR(255) NOT NULL,
  title VARCHAR(1024) NOT NULL,
  error TEXT NOT NULL,
  is_final TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, platform, work_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE view_days (
  work BIGINT NOT NULL,
  day INT NOT NULL,
  hours INT NOT NULL,
  views BIGINT NULL,
  danmaku BIGINT NULL,
  comments BIGINT NULL,
  likes BIGINT NULL,
  coins BIGINT NULL,
  favorites BIGINT NULL,
  shares BIGINT NULL,
  packed VARBINARY(4096) NULL,
  PRIMARY KEY (work, day),
  KEY idx_view_days_day (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
