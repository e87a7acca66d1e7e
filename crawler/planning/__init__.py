"""Forecast how long a crawl and an export take."""
