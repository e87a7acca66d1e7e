"""Broadcast: report the current counters of active distribution tasks every few minutes."""
