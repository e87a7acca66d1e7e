"""The command line: one file per command group, and the one place where everything is built."""
