"""The catalogue of videos: entries, imports, uploads, and the exported list."""
