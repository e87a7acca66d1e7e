"""Session cookies that the platform changes of its own accord: renewed, or emptied."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from urllib.parse import quote

from sandbox.messages import Reply
from sandbox.sessions import Session, Sessions

_EMPTIED = "SESSDATA=; Path=/; Max-Age=0"


class CookieChanges:
    """Changes that wait for an account's next request, on any path; thread-safe."""

    def __init__(self, sessions: Sessions, now: Callable[[], float]) -> None:
        self._sessions = sessions
        self._now = now
        self._lock = threading.Lock()
        self._renewals: set[str] = set()
        self._emptyings: dict[str, bool] = {}
        self._last_request: dict[str, int] = {}  # account: the newest serial that it ends

    def renew(self, account: str) -> None:
        """Send a new session with the next answer; the old one ends with the request after it."""
        with self._lock:
            self._renewals.add(account)

    def empty(self, account: str, *, ends: bool) -> None:
        """Empty the session cookie with the next answer; `ends`: the session is over as well."""
        with self._lock:
            self._emptyings[account] = ends

    def on_answer(self, session: Session, reply: Reply) -> Reply:
        """Return the answer to a request of a session, with the cookies that have changed.

        An answer that does not arrive whole changes nothing, as its cookies would be lost.
        """
        account = session.account
        if not account or reply.hangs_up:
            return reply
        with self._lock:
            ends_up_to = self._last_request.pop(account, None)
            is_renewed = account in self._renewals
            self._renewals.discard(account)
            ends = self._emptyings.pop(account, None)
        if ends_up_to is not None:
            self._sessions.end(account, self._now(), ends_up_to)
        if ends is not None:
            return self._emptied(account, reply, ends=ends)
        if is_renewed and not self._sessions.is_over(session):
            return self._renewed(session, reply)
        return reply

    def reset(self) -> None:
        """Forget the changes that wait."""
        with self._lock:
            self._renewals.clear()
            self._emptyings.clear()
            self._last_request.clear()

    def _emptied(self, account: str, reply: Reply, *, ends: bool) -> Reply:
        if ends:
            self._sessions.end(account, self._now())
        return replace(reply, set_cookies=(*reply.set_cookies, _EMPTIED))

    def _renewed(self, session: Session, reply: Reply) -> Reply:
        issued = self._sessions.issue(session.account)
        with self._lock:
            self._last_request[session.account] = issued.serial - 1
        expires = formatdate(issued.ends_at, usegmt=True)
        cookies = (
            f"SESSDATA={quote(issued.sessdata, safe='')}; Path=/; Expires={expires}",
            f"bili_jct={issued.csrf}; Path=/; Expires={expires}",
        )
        return replace(reply, set_cookies=(*reply.set_cookies, *cookies))
