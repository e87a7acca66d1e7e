"""The catalogue of videos, their hourly numbers and play counts."""
