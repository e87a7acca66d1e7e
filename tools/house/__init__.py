"""Measures of the code's outer shape: folders, imports, calls, docstrings, lines."""
