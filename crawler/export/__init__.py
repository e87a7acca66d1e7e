"""Export creators into files under the daily quotas, and verify the files."""
