"""Counts what was served, so that a test or a benchmark can hold a client to account."""

from __future__ import annotations

import threading
from collections import Counter

from sandbox.accounts import Accounts
from sandbox.catalog import Question
from sandbox.messages import Json


class Stats:
    """Counters of one sandbox; thread-safe.

    A page counts when it showed at least one hit and reached the client whole and unspoilt, late
    or not. It is a duplicate when the same search type, keyword and page was served before.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._lock = threading.Lock()
        self._served: Counter[Question] = Counter()
        self._faults: Counter[str] = Counter()

    def answered(self, account: str, page: Question | None) -> None:
        """Record a good answer; `page` when it was a search page with hits."""
        self._record(account, page, by=1)

    def retract(self, account: str, page: Question | None) -> None:
        """Take back a recorded answer that did not reach the client."""
        self._record(account, page, by=-1)

    def faulted(self, kind: str) -> None:
        """Record that a fault was played."""
        with self._lock:
            self._faults[kind] += 1

    def snapshot(self) -> Json:
        """All counters, as the stats endpoint shows them."""
        accounts = self._accounts.snapshot()
        with self._lock:
            served = [times for times in self._served.values() if times > 0]
            faults = dict(sorted(self._faults.items()))
        return {
            "pages": sum(served),
            "duplicate_pages": sum(served) - len(served),
            "over_limit": sum(account["over_limit"] for account in accounts.values()),
            "after_ban": sum(account["after_ban"] for account in accounts.values()),
            "accounts": accounts,
            "faults": faults,
        }

    def reset(self) -> None:
        """Set every counter to zero and forget the accounts."""
        self._accounts.reset()
        with self._lock:
            self._served.clear()
            self._faults.clear()

    def _record(self, account: str, page: Question | None, by: int) -> None:
        self._accounts.answered(account, is_page=page is not None, by=by)
        if page is not None:
            with self._lock:
                self._served[page] += by
