"""The same work by Baton, by a bare loop and by other projects, each as a process of its own."""
