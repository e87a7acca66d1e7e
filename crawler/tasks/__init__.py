"""File, claim and give back tasks."""
