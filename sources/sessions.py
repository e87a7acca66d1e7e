"""One HTTP session per account, kept; closed when its credentials change."""

from __future__ import annotations

import hashlib
import threading

from sources.base import AccountSession, Source
from sources.request_delay import RequestDelay


class SessionPool:
    """Sessions of this process, by account. An account's lease holder is its only user.

    Args:
        spacing: what keeps the requests of all of them apart.
    """

    def __init__(self, *, source: Source, spacing: RequestDelay | None = None) -> None:
        self._source = source
        self._spacing = spacing
        self._lock = threading.Lock()
        self._open: dict[int, tuple[str, AccountSession]] = {}

    def session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        """The account's session, made anew when its cookies or its proxy changed.

        Raises:
            LoginExpiredError: there are no usable credentials.
        """
        version = hashlib.sha256(f"{session}\n{proxy}".encode()).hexdigest()
        with self._lock:
            known = self._open.get(account_id)
            if known is not None and known[0] == version:
                return known[1]
        fresh = self._source.open_session(account_id, username, session, proxy)
        fresh.spacing = self._spacing
        with self._lock:
            if known is not None:
                known[1].http.close()
            self._open[account_id] = (version, fresh)
        return fresh

    def close(self) -> None:
        with self._lock:
            for _, session in self._open.values():
                session.http.close()
            self._open.clear()
