"""Take in distribution tasks, users and completions."""
