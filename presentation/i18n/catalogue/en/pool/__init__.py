"""Messages in English about accounts that come, move and go, and about pins of tasks."""
