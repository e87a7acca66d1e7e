"""The endpoints of all platforms: short names for orders, and which platform a path belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sandbox.fault_kind import BILIBILI, MARKET, PLATFORMS, SHORT_LINKS, TIKHUB, YOUTUBE
from sandbox.market_dialects import ME

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "home": "/",
        "nav": "/x/web-interface/nav",
        "spi": "/x/frontend/finger/spi",
        "zone": "/x/web-interface/zone",
        "passport": "/x/passport-login/*",
        "qr_generate": "/x/passport-login/web/qrcode/generate",
        "qr_poll": "/x/passport-login/web/qrcode/poll",
        "cookie_info": "/x/passport-login/web/cookie/info",
        "search": "/x/web-interface/wbi/search/type",
        "view": "/x/web-interface/view",
        "batch": "/medialist/gateway/base/resource/infos",
        "favourites": "/x/v3/fav/resource/infos",
        "space": "/x/space/*",
        "uploads": "/x/space/wbi/arc/search",
        "card": "/x/web-interface/card",
        "followers": "/x/relation/stat",
    }
)
_QUIET = ("/", NAMES["nav"], NAMES["spi"], NAMES["zone"], ME)
_PREFIXES = (
    ("/youtube/", YOUTUBE),
    ("/api/v1/", TIKHUB),
    ("/market/", MARKET),
    ("/x/", BILIBILI),
    ("/medialist/", BILIBILI),
)
_OWN = ("/__sandbox__/", "/webhooks/")


def platform_of(path: str) -> str:
    """Return the platform that a path belongs to; empty for the sandbox's own paths."""
    if path == "/":
        return BILIBILI
    if path.startswith(_OWN):
        return ""
    for prefix, platform in _PREFIXES:
        if path.startswith(prefix):
            return platform
    return SHORT_LINKS


def is_quiet(path: str) -> bool:
    """Return whether an order must name this endpoint in order to hit it."""
    return path in _QUIET or path.startswith("/x/passport-login/")


def counted_path(platform: str, path: str) -> str:
    """Return the path under which requests are counted: of a short link, its host."""
    return f"/{path.strip('/').partition('/')[0]}" if platform == SHORT_LINKS else path


def is_name(endpoint: str) -> bool:
    """Return whether an order may call an endpoint so: a platform, a name, or a path."""
    return endpoint in PLATFORMS or endpoint in NAMES or endpoint.startswith("/")


def matches(endpoint: str, path: str) -> bool:
    """Return whether a name or a path means this path; a path may end in `*`."""
    pattern = NAMES.get(endpoint, endpoint)
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
