"""What all commands share: loading, output, exit codes, signals."""
