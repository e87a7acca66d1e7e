"""Texts of help and console, by their English, which stands where they are shown."""
