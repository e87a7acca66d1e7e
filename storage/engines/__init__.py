"""Database engines and what they have in common: transactions, dialects, clocks."""
