"""Adapters of platforms, with pacing, retries and the circuit breaker; without storage or quota."""
