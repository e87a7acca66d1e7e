"""Detect what is wrong, keep it as alerts, and notify by channels."""
