"""Queries of the catalogue of videos and of its hourly numbers."""
