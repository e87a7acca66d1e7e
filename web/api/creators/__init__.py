"""`/api/v1/creators`: what was collected, in pages and as streams."""
