"""Refresh the play counts of the catalogue in rounds."""
