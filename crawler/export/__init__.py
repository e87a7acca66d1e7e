"""Export creators into files under the daily quotas, and prove the files."""
