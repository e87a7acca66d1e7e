"""File, lease and control tasks."""
