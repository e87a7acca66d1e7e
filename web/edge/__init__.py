"""What stands between the sockets and the routes: connections, bodies, names, the root path."""
