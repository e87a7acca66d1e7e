"""Report the current counters of active tasks every few minutes."""
