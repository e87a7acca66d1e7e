"""Fetch the counters of all valid works every hour, and keep them in files and a database."""
