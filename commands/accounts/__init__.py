"""`accounts`: the accounts of the pool."""
