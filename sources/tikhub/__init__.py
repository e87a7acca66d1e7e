"""TikHub, an API for Douyin and TikTok; each successful response costs money."""
