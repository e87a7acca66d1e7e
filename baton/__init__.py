"""The installed program. Its code lies in `baton/code`, so that no generic name is importable."""
