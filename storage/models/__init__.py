"""Rows as frozen values. Their field names are the column names."""
