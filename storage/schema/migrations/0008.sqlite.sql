-- Version 8: circuits, refusals, egress routes and unknown answers, which all processes share.
-- What shared fault attribution knows of a platform: a circuit that is not closed. No row: all is well.
CREATE TABLE source_states (
  platform TEXT NOT NULL,
  egress TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  code TEXT NULL,
  since_at TEXT NOT NULL,
  until_at TEXT NOT NULL,
  times INTEGER NOT NULL DEFAULT 0,
  good_in_row INTEGER NOT NULL DEFAULT 0,
  good_account_id INTEGER NULL,
  probe_owner TEXT NULL,
  probe_token INTEGER NOT NULL DEFAULT 0,
  probe_until TEXT NULL,
  evidence TEXT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (platform, egress, endpoint)
);

-- Refusals whose unit may turn out to be wider than the account; kept for two days.
CREATE TABLE source_refusals (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  egress TEXT NOT NULL,
  account_id INTEGER NOT NULL,
  account_token INTEGER NOT NULL,
  cause TEXT NOT NULL,
  code TEXT NULL,
  scope TEXT NOT NULL,
  question TEXT NULL,
  before_health TEXT NULL,
  before_failures INTEGER NULL,
  before_pace TEXT NULL,
  created_at TEXT NOT NULL,
  reverted_at TEXT NULL
);
CREATE INDEX idx_source_refusals_created ON source_refusals (platform, created_at);

-- Egress routes: how requests leave, and which of them do not work, for all platforms.
CREATE TABLE proxies (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  egress TEXT NOT NULL,
  gateway TEXT NOT NULL,
  kind TEXT NOT NULL,
  host TEXT NULL,
  port INTEGER NULL,
  url TEXT NULL,
  is_rotating INTEGER NOT NULL DEFAULT 0,
  first_seen_at TEXT NOT NULL,
  last_good_at TEXT NULL,
  last_bad_at TEXT NULL,
  bad_in_row INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NULL,
  fault TEXT NULL,
  cooldown_until TEXT NULL,
  cooldowns INTEGER NOT NULL DEFAULT 0,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX uq_proxies_egress ON proxies (egress);
CREATE INDEX idx_proxies_gateway ON proxies (gateway);

-- Answers that no response rule describes, counted, with one piece of evidence each.
CREATE TABLE unknown_answers (
  platform TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  code TEXT NOT NULL,
  seen INTEGER NOT NULL,
  evidence TEXT NULL,
  first_seen_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  PRIMARY KEY (platform, endpoint, http_status, code)
);
