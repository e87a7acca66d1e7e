"""The HTTP sessions of this process, one per account, replaced when its credentials change."""

from __future__ import annotations

import hashlib
import threading

from core.clock import Clock
from sources.base import AccountSession, Source
from sources.transport.egress import DIRECT
from sources.transport.request_delay import RequestDelay

# An account that nobody asks for this long may be deleted or disabled: its session would stay, with
# its connections, for as long as the process lives.
KEPT_SECS = 86_400.0


class SessionPool:
    """The HTTP sessions of this process, by account.

    The holder of an account's lease is the only user of its session. Those that were not asked for
    within a day are closed when another one is opened.

    Args:
        request_delay: keeps the requests of all these sessions apart; None for no delay.
    """

    def __init__(
        self, *, source: Source, clock: Clock, request_delay: RequestDelay | None = None
    ) -> None:
        self._source = source
        self._clock = clock
        self._request_delay = request_delay
        self._lock = threading.Lock()
        self._open: dict[int, tuple[str, AccountSession]] = {}
        self._asked_at: dict[int, float] = {}  # the longest ago first

    def session(
        self,
        account_id: int,
        username: str,
        session: str | None,
        proxy: str | None,
        *,
        user_agent: str | None = None,
        egress: str = DIRECT,
    ) -> AccountSession:
        """Return the account's session; a new one when its cookies, proxy or User-Agent changed.

        `session` and `proxy` are in clear, `egress` is the name of the route that they make;
        `user_agent` None is the platform's usual one. Nothing is sent.

        Raises:
            LoginExpiredError: there are no usable credentials.
        """
        version = _digest(session, proxy, user_agent)
        with self._lock:
            self._asked_at.pop(account_id, None)
            self._asked_at[account_id] = self._clock.monotonic()
            known = self._open.get(account_id)
            if known is not None and known[0] == version:
                known[1].egress = egress
                return known[1]
        # Opened outside the lock: other accounts must not wait for it.
        fresh = self._source.open_session(account_id, username, session, proxy)
        introduce(fresh, user_agent)
        fresh.request_delay = self._request_delay
        fresh.egress = egress
        with self._lock:
            if known is not None:
                known[1].http.close()
            self._open[account_id] = (version, fresh)
            self._close_old()
        return fresh

    def _close_old(self) -> None:
        oldest = self._clock.monotonic() - KEPT_SECS
        for account_id in [one for one, asked_at in self._asked_at.items() if asked_at < oldest]:
            del self._asked_at[account_id]
            old = self._open.pop(account_id, None)
            if old is not None:
                old[1].http.close()

    def note_stored(
        self, account_id: int, session: str, proxy: str | None, user_agent: str | None
    ) -> None:
        """Keep the account's session open although its stored text is `session` from now on.

        For a text with the cookies that the platform renewed in that very session; `proxy` and
        `user_agent` are those that it was opened with.
        """
        with self._lock:
            known = self._open.get(account_id)
            if known is not None:
                self._open[account_id] = (_digest(session, proxy, user_agent), known[1])

    def close(self) -> None:
        """Close the HTTP connections of all sessions and forget these."""
        with self._lock:
            for _, session in self._open.values():
                session.http.close()
            self._open.clear()
            self._asked_at.clear()


def introduce(session: AccountSession, user_agent: str | None) -> None:
    """Let an account's requests carry its browser's User-Agent; None leaves the usual one."""
    if user_agent:
        session.http.headers["User-Agent"] = user_agent


def _digest(session: str | None, proxy: str | None, user_agent: str | None) -> str:
    # Only a digest is kept to compare with: the secrets stay in the session alone.
    return hashlib.sha256(f"{session}\n{proxy}\n{user_agent}".encode()).hexdigest()
