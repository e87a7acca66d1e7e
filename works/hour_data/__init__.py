"""The numbers of an hour as rows, as a dated file, and as the statistics file."""
