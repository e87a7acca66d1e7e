"""HTTP as all clients use it: limits of an answer, `Retry-After`, and whose fault a failure is."""
