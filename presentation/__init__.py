"""What front ends share: snapshots of the state, rows as JSON, messages, terminal screens."""
