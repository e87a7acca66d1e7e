"""Limits of an address: how often each egress route may ask, whatever its accounts."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from sandbox import envelopes, market_dialects, tikhub_errors, youtube_errors
from sandbox.config import RateLimit
from sandbox.fault_kind import BILIBILI, MARKET, TIKHUB, YOUTUBE, Asked
from sandbox.messages import Reply, html_reply, json_reply

_SPACE = "/x/space/"


class EgressLimits:
    """The limits of every egress route; thread-safe. Quiet endpoints are exempt.

    `rate` applies to each route and platform; a request over it uses up nothing. `space_lock`
    applies to `/x/space/`, where a request over it counts as well: who goes on asking stays locked
    out. `now` gives the seconds that the windows slide by.
    """

    def __init__(
        self,
        *,
        rate: RateLimit | None,
        space_lock: RateLimit | None,
        throttle: str,
        now: Callable[[], float],
    ) -> None:
        self._rate = rate
        self._space_lock = space_lock
        self._throttle = throttle
        self._now = now
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], deque[float]] = {}

    def refusal(self, asked: Asked) -> Reply | None:
        """Return how a request over a limit is refused; None when it is within all of them."""
        if asked.is_quiet:
            return None
        with self._lock:
            if self._space_lock and asked.path.startswith(_SPACE):
                wait_secs = self._wait_secs((asked.egress, _SPACE), self._space_lock, strict=True)
                if wait_secs:
                    return json_reply(envelopes.failure(envelopes.BLOCKED), 412)
            if self._rate:
                wait_secs = self._wait_secs((asked.egress, asked.platform), self._rate)
                if wait_secs:
                    return _throttled(asked, math.ceil(wait_secs), self._throttle)
        return None

    def reset(self) -> None:
        """Empty all windows."""
        with self._lock:
            self._windows.clear()

    def _wait_secs(self, key: tuple[str, str], limit: RateLimit, *, strict: bool = False) -> float:
        """Take a place in a window; return 0.0, or for how long there is none."""
        now, window = self._now(), self._windows.setdefault(key, deque())
        while window and window[0] <= now - limit.per_secs:
            window.popleft()
        is_full = len(window) >= limit.requests
        if strict or not is_full:
            window.append(now)
        return window[0] + limit.per_secs - now if is_full else 0.0


def _throttled(asked: Asked, wait_secs: int, throttle: str) -> Reply:
    if asked.platform == YOUTUBE:
        return youtube_errors.rate_exceeded()
    if asked.platform == TIKHUB:
        return tikhub_errors.too_many(wait_secs)
    if asked.platform == MARKET:
        return market_dialects.refusal(asked.path, market_dialects.THROTTLED)
    if asked.platform == BILIBILI and throttle == "code":
        return json_reply(envelopes.failure(envelopes.TOO_FREQUENT))
    page = html_reply("<html><body><h1>429 Too Many Requests</h1></body></html>", 429)
    return replace(page, headers=(("Retry-After", str(wait_secs)),))
