"""Pages on counted days: those that are incomplete, and videos that were handed in twice."""
