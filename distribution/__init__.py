"""Distribution tasks: what users publish, what it counts, and what is reported of it."""
