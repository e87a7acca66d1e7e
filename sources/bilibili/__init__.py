"""Bilibili (api.bilibili.com), as a signed-in user's browser sees it."""
