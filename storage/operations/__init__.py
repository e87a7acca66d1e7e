"""Queries of alerts, metrics, retention, listings and the web."""
