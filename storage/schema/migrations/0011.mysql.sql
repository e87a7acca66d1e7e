-- Version 11: indexes from which creators, account events and counts of tasks are read without the rows.
ALTER TABLE creators
  DROP KEY idx_creators_followers,
  ADD KEY idx_creators_followers (platform, followers, id, videos, likes, has_contact, uid),
  DROP KEY idx_creators_name,
  ADD KEY idx_creators_name (platform, nickname);
ALTER TABLE influencers
  DROP KEY idx_influencers_followers,
  ADD KEY idx_influencers_followers (platform, domain, followers, id, videos);
ALTER TABLE account_events ADD KEY idx_account_events_kind (kind, id);
ALTER TABLE tasks
  DROP KEY idx_tasks_parent,
  ADD KEY idx_tasks_parent (parent_id, status, not_before, id, task_type);
