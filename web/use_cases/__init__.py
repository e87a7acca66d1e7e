"""The use cases of commands, console and API: each once, recorded in the log of actions."""
