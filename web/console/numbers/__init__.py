"""Pages about hourly numbers beside the catalogue: works side by side, authors, rules."""
