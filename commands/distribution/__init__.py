"""`dramas`, `daily_stats`, `broadcast`, `webhooks`."""
