"""Pages on the pool: accounts, how they come in, their proxies and egress routes."""
