"""Counts what was served, so that a test or a benchmark can hold a client to account."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from sandbox.accounts import Accounts
from sandbox.catalog import Question
from sandbox.fault_kind import BILIBILI
from sandbox.messages import Json


class Stats:
    """Counters of one sandbox; thread-safe. `accounts` are those of each platform.

    A page counts when it showed at least one hit and reached the client whole and unspoilt, late
    or not. It is a duplicate when the same search type, keyword and page was served before.
    `others` are counters that are kept elsewhere, by the name under which they are shown.
    """

    def __init__(
        self,
        accounts: Mapping[str, Accounts],
        others: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        self._accounts = accounts
        self._others = dict(others or {})
        self._lock = threading.Lock()
        self._served: Counter[Question] = Counter()
        self._faults: Counter[str] = Counter()
        self._requests: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._totals: Counter[str] = Counter()

    def requested(self, platform: str, path: str) -> None:
        """Record that an endpoint of a platform was asked, whatever comes of it."""
        with self._lock:
            self._requests[platform][path] += 1

    def served(self, page: Question, by: int) -> None:
        """Record a page with hits (`by=-1` takes it back, when it did not reach the client)."""
        with self._lock:
            self._served[page] += by

    def spent(self, what: str, by: int = 1) -> None:
        """Record what cost something: `youtube_units` or `tikhub_charged`."""
        with self._lock:
            self._totals[what] += by

    def faulted(self, kind: str) -> None:
        """Record that a fault was played."""
        with self._lock:
            self._faults[kind] += 1

    def snapshot(self) -> Json:
        """All counters, as the stats endpoint shows them; `accounts` are those of Bilibili."""
        accounts = {platform: each.snapshot() for platform, each in self._accounts.items()}
        everybody = [account for each in accounts.values() for account in each.values()]
        with self._lock:
            served = [times for times in self._served.values() if times > 0]
            faults = dict(sorted(self._faults.items()))
            requests = {name: dict(sorted(each.items())) for name, each in self._requests.items()}
            totals = dict(self._totals)
        return {
            "pages": sum(served),
            "duplicate_pages": sum(served) - len(served),
            "over_limit": sum(account["over_limit"] for account in everybody),
            "after_ban": sum(account["after_ban"] for account in everybody),
            "accounts": accounts.pop(BILIBILI),
            "faults": faults,
            "other_accounts": accounts,
            "requests": dict(sorted(requests.items())),
            "youtube_units": totals.get("youtube_units", 0),
            "tikhub_charged": totals.get("tikhub_charged", 0),
            **{name: count() for name, count in self._others.items()},
        }

    def reset(self) -> None:
        """Set every counter to zero and forget the accounts."""
        for accounts in self._accounts.values():
            accounts.reset()
        with self._lock:
            self._served.clear()
            self._faults.clear()
            self._requests.clear()
            self._totals.clear()
