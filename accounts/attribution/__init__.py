"""Whom a refusal concerns: decisions, and the circuits that all processes share."""
