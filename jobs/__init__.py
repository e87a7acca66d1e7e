"""Scheduled jobs: which runs are due, running them under leases, and jobs for the pool."""
