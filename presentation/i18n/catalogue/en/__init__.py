"""The English message catalogue."""
