"""Proxy gateways: listeners that speak HTTP proxy and SOCKS5, and how they fail."""
