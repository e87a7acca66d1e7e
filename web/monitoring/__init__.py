"""Monitoring for operators: health, metrics, log files."""
