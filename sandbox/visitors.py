"""Who asks, by which egress route and with which device: counted before anything else."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from sandbox.fault_kind import BILIBILI, MARKET, TIKHUB, YOUTUBE, Asked
from sandbox.messages import Json, Request
from sandbox.sessions import Sessions

NOBODY = "(anonymous)"


@dataclass(slots=True)
class _Seen:
    requests: int = 0
    refused: int = 0
    platforms: Counter[str] = field(default_factory=Counter)
    accounts: set[str] = field(default_factory=set)


class Visitors:
    """Counters of egress routes and devices; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._egresses: defaultdict[str, _Seen] = defaultdict(_Seen)
        self._devices: defaultdict[str, _Seen] = defaultdict(_Seen)

    def arrived(self, asked: Asked, device: str) -> None:
        """Count a request; `device` is its `buvid3`, empty when there is none."""
        with self._lock:
            _count(self._egresses[asked.egress], asked)
            if device:
                _count(self._devices[device], asked)

    def refused(self, asked: Asked) -> None:
        """Count a request that was refused for its egress route, whoever asked."""
        with self._lock:
            self._egresses[asked.egress].refused += 1

    def egresses(self) -> Json:
        """Return the counters of every egress route."""
        with self._lock:
            return {
                name: {
                    "requests": seen.requests,
                    "refused": seen.refused,
                    "platforms": dict(sorted(seen.platforms.items())),
                    "accounts": sorted(seen.accounts),
                }
                for name, seen in sorted(self._egresses.items())
            }

    def devices(self) -> Json:
        """Return the counters of every device, with the accounts that showed it."""
        with self._lock:
            return {
                name: {"requests": seen.requests, "accounts": sorted(seen.accounts)}
                for name, seen in sorted(self._devices.items())
            }

    def reset(self) -> None:
        """Forget all counters."""
        with self._lock:
            self._egresses.clear()
            self._devices.clear()


def account_of(platform: str, request: Request, sessions: Sessions) -> str:
    """Return the account, key or token that a request came with."""
    headers = request.headers
    if platform == BILIBILI:
        account = sessions.find(request.account).account
    elif platform == YOUTUBE:
        account = request.params.get("key") or headers.get("x-goog-api-key", "")
    elif platform == TIKHUB:
        account = headers.get("authorization", "").removeprefix("Bearer ")
    elif platform == MARKET:
        account = request.cookies.get("market_session") or headers.get("x-market-token", "")
    else:
        account = ""
    return account or NOBODY


def _count(seen: _Seen, asked: Asked) -> None:
    seen.requests += 1
    seen.platforms[asked.platform] += 1
    if asked.account != NOBODY:
        seen.accounts.add(asked.account)
