"""Daily statistics: add up the completions of a day and file reports on them."""
