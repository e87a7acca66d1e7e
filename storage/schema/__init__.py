"""Create, check and upgrade the tables."""
