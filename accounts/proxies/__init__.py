"""Proxies as objects: their written forms, the list of them, which accounts use which, checks."""
