"""The frame of all commands: loading, output, exit codes, signals, help."""
