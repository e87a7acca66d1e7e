"""Cookies as people hand them in: every form is read, and one site's cookies are taken of it."""
