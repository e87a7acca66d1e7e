"""Platform adapters and the policies around them; they know nothing of storage or quota."""
