"""Scheduled jobs: what is due, runs under leases, and the jobs of the pool itself."""
