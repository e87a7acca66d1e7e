"""`views`: hourly counters of videos."""
