"""Detect what is wrong, keep it as alerts, and send them to notification channels."""
