"""Platforms, and what they answer."""
