"""What the hosts of one database answer each other: files and logs, by requests that are sealed."""
