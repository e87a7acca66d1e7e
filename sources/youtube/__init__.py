"""YouTube's Data API v3: statistics of videos by API key."""
