"""Scheduled jobs: what is due, runs under leases, and the jobs that maintain the pool."""
