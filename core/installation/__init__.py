"""How the program was started, and the folder that it works in."""
