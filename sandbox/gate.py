"""The risk control before a search: is this a browser, come from the site, with a signature?"""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox import envelopes
from sandbox.messages import Reply, Request, json_reply
from sandbox.wbi import KeyPair, is_signed

_SITE = "bilibili.com"


def refusal(request: Request, keys: KeyPair, wall_secs: float) -> Reply | None:
    """How a search is turned away: HTTP 412 without a device cookie, else -352; None if welcome."""
    if not request.cookies.get("buvid3"):
        return json_reply(envelopes.failure(envelopes.BLOCKED), 412)
    if _is_browser(request) and is_signed(request.raw_query, keys, wall_secs):
        return None
    return json_reply(envelopes.failure(envelopes.RISK, envelopes.voucher()))


def _is_browser(request: Request) -> bool:
    return "Mozilla/" in request.headers.get("user-agent", "") and _is_at_home(request)


def _is_at_home(request: Request) -> bool:
    try:
        referer = urlsplit(request.headers.get("referer", ""))
        host = referer.hostname or ""
    except ValueError:
        return False
    is_site = host == _SITE or host.endswith(f".{_SITE}")
    return is_site or (bool(host) and referer.netloc == request.headers.get("host"))
