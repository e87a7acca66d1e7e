"""TikHub, which answers for Douyin and TikTok; each successful answer costs money."""
