"""Present the state to people and programs: snapshots, JSON, messages, terminal screens."""
