"""`views`: hourly numbers of videos."""
