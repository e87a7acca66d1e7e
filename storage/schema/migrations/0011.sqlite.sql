-- Version 11: indexes from which creators, account events and counts of tasks are read without the rows.
DROP INDEX idx_creators_followers;
CREATE INDEX idx_creators_followers
  ON creators (platform, followers, id, videos, likes, has_contact, uid);
DROP INDEX idx_creators_name;
CREATE INDEX idx_creators_name ON creators (platform, nickname);
DROP INDEX idx_influencers_followers;
CREATE INDEX idx_influencers_followers ON influencers (platform, domain, followers, id, videos);
CREATE INDEX idx_account_events_kind ON account_events (kind, id);
DROP INDEX idx_tasks_parent;
CREATE INDEX idx_tasks_parent ON tasks (parent_id, status, not_before, id, task_type);
