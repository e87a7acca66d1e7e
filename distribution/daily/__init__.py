"""Count the completions of a day and file its reports."""
