"""Forecast how long a crawl and the export of what it brings take."""
