"""What shells offer behind a half-written command line."""
