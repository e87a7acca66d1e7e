"""Platforms described by a TOML file instead of code; docs/sources.md describes how."""
