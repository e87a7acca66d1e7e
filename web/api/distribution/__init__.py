"""Resources of distribution: tasks, settlements, reports and the broadcaster."""
