"""Signed-in sessions of Bilibili: issued by a QR code, or simply an account's name as cookie."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clock import DAY_SECS
from sandbox.mixing import salt_of

LIFETIME_SECS = 180 * DAY_SECS
_REFRESH_BEFORE_SECS = 30 * DAY_SECS
_NEVER = (float("inf"), 0)


@dataclass(frozen=True, slots=True)
class Session:
    """A session; `sessdata` is the decoded cookie, and `serial` tells older from newer ones."""

    sessdata: str
    account: str
    csrf: str
    ends_at: float
    serial: int


def member_id(account: str) -> int:
    """The number of an account, as `nav` shows it."""
    return 1 + salt_of("account", account) % 10**9


class Sessions:
    """All sessions; thread-safe. A cookie that nobody issued is the name of an account."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._issued: dict[str, Session] = {}
        self._ended: dict[str, tuple[float, int]] = {}  # account: (when, up to which serial)
        self._all_ended = _NEVER
        self._exempt: set[str] = set()
        self._serial = 0

    def issue(self, account: str, lasts_secs: float = LIFETIME_SECS) -> Session:
        """A new session, which outlives what has been said about older ones."""
        ends_at = self._now() + lasts_secs
        mark = hashlib.md5(uuid.uuid4().bytes).hexdigest()
        with self._lock:
            self._serial += 1
            sessdata = f"{mark[:8]},{int(ends_at)},{mark[8:13]}*c1"
            session = Session(
                sessdata=sessdata, account=account, csrf=mark, ends_at=ends_at, serial=self._serial
            )
            self._issued[sessdata] = session
            return session

    def find(self, sessdata: str) -> Session:
        """The session that a cookie stands for."""
        with self._lock:
            issued = self._issued.get(sessdata)
            return issued or Session(
                sessdata=sessdata, account=sessdata, csrf="", ends_at=float("inf"), serial=0
            )

    def ends_at(self, session: Session) -> float:
        """When a session ends or ended."""
        with self._lock:
            for_all = _NEVER if session.account in self._exempt else self._all_ended
            orders = (self._ended.get(session.account, _NEVER), for_all)
        ends = [when for when, last_serial in orders if session.serial <= last_serial]
        return min([session.ends_at, *ends])

    def is_over(self, session: Session) -> bool:
        """Whether a session has ended."""
        return self._now() >= self.ends_at(session)

    def wants_refresh(self, session: Session) -> bool:
        """Whether a session ends within thirty days."""
        return self._now() >= self.ends_at(session) - _REFRESH_BEFORE_SECS

    def end(self, account: str, when: float, up_to: int | None = None) -> None:
        """Let all sessions that an account has now end at a moment; `up_to`: newer ones stay."""
        with self._lock:
            self._ended[account] = (when, self._serial if up_to is None else up_to)

    def end_all(self, when: float) -> None:
        """Let the sessions that all accounts have now end at a moment."""
        with self._lock:
            self._all_ended = (when, self._serial)
            self._exempt.clear()

    def revive(self, account: str) -> None:
        """Take back that an account's sessions end."""
        with self._lock:
            self._ended.pop(account, None)
            self._exempt.add(account)

    def revive_all(self) -> None:
        """Take back that all sessions end; those that ended alone stay so."""
        with self._lock:
            self._all_ended = _NEVER

    def reset(self) -> None:
        """Forget all sessions."""
        with self._lock:
            self._issued.clear()
            self._ended.clear()
            self._all_ended = _NEVER
            self._exempt.clear()
