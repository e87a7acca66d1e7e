"""Distribution tasks and what is reported of them: daily, every few minutes, at once."""
