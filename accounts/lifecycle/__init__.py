"""How accounts are named, grouped and deleted."""
