"""Distribution tasks: videos that users publish, what these reach, and the reports on it."""
