"""Ground floor: settings, clock, errors, logging, services. Imports nothing of ours."""
