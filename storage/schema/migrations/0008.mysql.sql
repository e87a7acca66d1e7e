-- Version 8: circuits, refusals, egress routes and unknown answers, which all processes share.
-- What shared fault attribution knows of a platform: a circuit that is not closed. No row: all is well.
CREATE TABLE source_states (
  platform VARCHAR(32) NOT NULL,
  egress VARCHAR(80) NOT NULL,
  endpoint VARCHAR(64) NOT NULL,
  state VARCHAR(12) NOT NULL,
  cause VARCHAR(24) NOT NULL,
  code VARCHAR(32) NULL,
  since_at DATETIME(3) NOT NULL,
  until_at DATETIME(3) NOT NULL,
  times INT NOT NULL DEFAULT 0,
  good_in_row INT NOT NULL DEFAULT 0,
  good_account_id BIGINT NULL,
  probe_owner VARCHAR(64) NULL,
  probe_token BIGINT NOT NULL DEFAULT 0,
  probe_until DATETIME(3) NULL,
  evidence TEXT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (platform, egress, endpoint)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Refusals whose unit may turn out to be wider than the account; kept for two days.
CREATE TABLE source_refusals (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  platform VARCHAR(32) NOT NULL,
  endpoint VARCHAR(64) NOT NULL,
  egress VARCHAR(80) NOT NULL,
  account_id BIGINT NOT NULL,
  account_token BIGINT NOT NULL,
  cause VARCHAR(24) NOT NULL,
  code VARCHAR(32) NULL,
  scope VARCHAR(16) NOT NULL,
  question VARCHAR(16) NULL,
  before_health VARCHAR(16) NULL,
  before_failures INT NULL,
  before_pace TEXT NULL,
  created_at DATETIME(3) NOT NULL,
  reverted_at DATETIME(3) NULL,
  KEY idx_source_refusals_created (platform, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Egress routes: how requests leave, and which of them do not work, for all platforms.
CREATE TABLE proxies (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  egress VARCHAR(80) NOT NULL,
  gateway VARCHAR(80) NOT NULL,
  kind VARCHAR(8) NOT NULL,
  host VARCHAR(255) NULL,
  port INT NULL,
  url TEXT NULL,
  is_rotating TINYINT NOT NULL DEFAULT 0,
  first_seen_at DATETIME(3) NOT NULL,
  last_good_at DATETIME(3) NULL,
  last_bad_at DATETIME(3) NULL,
  bad_in_row INT NOT NULL DEFAULT 0,
  last_error TEXT NULL,
  fault VARCHAR(12) NULL,
  cooldown_until DATETIME(3) NULL,
  cooldowns INT NOT NULL DEFAULT 0,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY uq_proxies_egress (egress),
  KEY idx_proxies_gateway (gateway)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Answers that no response rule describes, counted, with one piece of evidence each.
CREATE TABLE unknown_answers (
  platform VARCHAR(32) NOT NULL,
  endpoint VARCHAR(64) NOT NULL,
  http_status INT NOT NULL,
  code VARCHAR(32) NOT NULL,
  seen INT NOT NULL,
  evidence TEXT NULL,
  first_seen_at DATETIME(3) NOT NULL,
  last_seen_at DATETIME(3) NOT NULL,
  PRIMARY KEY (platform, endpoint, http_status, code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
