"""One handler per part of the server: a platform's endpoints, and the control endpoints."""
