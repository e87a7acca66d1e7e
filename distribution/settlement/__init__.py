"""What was counted, what was sent and what was answered, by day, task and agent."""
