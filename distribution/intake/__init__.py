"""Intake of distribution tasks, users and completions from the distributing site."""
