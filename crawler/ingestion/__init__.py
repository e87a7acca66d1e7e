"""Fetch pages of creators and store each in one transaction."""
