"""Measures of the code's structure: folders, imports, calls, docstrings, lines."""
