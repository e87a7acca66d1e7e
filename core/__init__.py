"""Settings, clock, errors, leases, logging, services: the lowest layer imports no other."""
