"""`doctor`: check the installation and advise what to do."""
