"""Keep a process alive: contain the errors of its threads, and notice threads that hang."""
