"""`init`, `serve`, `sandbox`, `demo`, `web`: set up, serve and try."""
