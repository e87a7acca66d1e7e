"""The Chinese message catalogue."""
