"""Run the workers: the engine, renewal of leases, sessions of leased accounts."""
