"""What workers share: lease renewal, account sessions, the engine that runs the services."""
