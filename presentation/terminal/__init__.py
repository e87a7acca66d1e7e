"""The live screen and the tables of the terminal."""
