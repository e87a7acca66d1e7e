"""What commands, console and API let people do: each use case once, noted in the log of actions."""
