"""Run the workers: the engine, lease renewal, sessions of leased accounts."""
