"""Queries on the hourly numbers of works: a folder's module for each table."""
