"""The account pool: leases, quota, cooldown, and the vault for their secrets."""
