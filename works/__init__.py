"""Works: the catalogue of videos, their hourly counters and their play counts."""
