"""Queries of distribution tasks, their reports and deliveries."""
