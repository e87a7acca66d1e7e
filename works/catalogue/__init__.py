"""The catalogue of videos: entries, imports, uploads of creators, and the exported list."""
