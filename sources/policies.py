"""Retry, pacing and the breaker: written once, wrapped around any source."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from core.clock import Clock
from core.errors import BreakerOpen, Retry, RiskControl, SourceError, UnexpectedResponse
from core.settings import Pace
from sources.base import AccountSession, CreatorPage, CreatorSource, SessionStatus, Via

T = TypeVar("T")
BACKOFF_BASE_SECS = 0.5
BREAKER_WINDOW_SECS = 60.0
PACE_MARGIN = 1.02


class Stopped(Exception):
    """The wait was cut short because the service stops; the request was not made."""


class Pacer:
    """Spreads each account's requests evenly, so that no window of the declared pace holds more.

    Even spacing needs no memory across processes but the moment of the last request.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next_at: dict[int, float] = {}

    def wait_turn(self, account_id: int, pace: Pace, stop: threading.Event) -> None:
        """Wait until the account may ask again. Raises Stopped when `stop` is set first."""
        gap = pace.gap_secs * PACE_MARGIN
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next_at.get(account_id, now))
            self._next_at[account_id] = turn + gap
        if stop.is_set() or (turn > now and self._clock.wait(stop, turn - now)):
            raise Stopped

    def used_elsewhere(self, account_id: int, secs_ago: float, pace: Pace) -> None:
        """Take into account that another process asked with this account `secs_ago` seconds ago."""
        earliest = self._clock.monotonic() + pace.gap_secs * PACE_MARGIN - secs_ago
        with self._lock:
            self._next_at[account_id] = max(earliest, self._next_at.get(account_id, earliest))


@dataclass
class _Trouble:
    accounts: dict[int, float]
    open_until: float = 0.0
    times: int = 0


class Breaker:
    """Stops a whole way out when risk control hits several accounts on it within a minute.

    A block of the address itself opens it at once. Each opening in a row lasts twice as long.
    """

    def __init__(self, clock: Clock, accounts: int, rest_secs: float) -> None:
        self._clock = clock
        self._accounts = accounts
        self._rest_secs = rest_secs
        self._lock = threading.Lock()
        self._trouble: dict[tuple[str, str], _Trouble] = {}

    def secs_left(self, platform: str, egress: str) -> float:
        """How long the way stays shut; 0 when it is open."""
        with self._lock:
            trouble = self._trouble.get((platform, egress))
            return max(0.0, trouble.open_until - self._clock.monotonic()) if trouble else 0.0

    def note_good(self, platform: str, egress: str) -> None:
        """End the row of openings. An answer that was under way opens no shut way, and accounts at
        risk within the minute still count."""
        with self._lock:
            trouble = self._trouble.get((platform, egress))
            if trouble is not None and trouble.open_until <= self._clock.monotonic():
                trouble.times = 0

    def note_risk(self, platform: str, egress: str, account_id: int, whole_egress: bool) -> bool:
        """Count a risk answer; True when it shuts the way."""
        now = self._clock.monotonic()
        with self._lock:
            trouble = self._trouble.setdefault((platform, egress), _Trouble({}))
            if trouble.open_until > now:
                return False  # one block, answered several times
            recent = {a: t for a, t in trouble.accounts.items() if now - t < BREAKER_WINDOW_SECS}
            recent[account_id] = now
            trouble.accounts = recent
            if not whole_egress and len(recent) < self._accounts:
                return False
            rest = self._rest_secs * 2 ** min(trouble.times, 4)
            trouble.open_until = now + rest
            trouble.times += 1
            trouble.accounts = {}
            return True


class GuardedSource:
    """A source whose requests are paced, retried and stopped by the breaker.

    Raises BreakerOpen when the way out is shut, and what the source raises, except that a Retry
    whose tries are used up comes out as UnexpectedResponse when the answers were damaged, and as
    itself when nothing came.
    """

    def __init__(
        self, source: CreatorSource, pacer: Pacer, breaker: Breaker, clock: Clock, attempts: int
    ) -> None:
        self.source = source
        self.platform = source.platform
        self.pace = source.pace
        self.pacer = pacer
        self.breaker = breaker
        self._clock = clock
        self._attempts = attempts

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via, stop: threading.Event
    ) -> CreatorPage:
        """One page of creators. Raises a SourceError, or Stopped."""
        return self._ask(
            session, stop, lambda: self.source.search_creators(session, domain, page, via)
        )

    def check_session(self, session: AccountSession, stop: threading.Event) -> SessionStatus:
        """Who is signed in. Raises a SourceError, or Stopped."""
        return self._ask(session, stop, lambda: self.source.check_session(session))

    def _ask(self, session: AccountSession, stop: threading.Event, request: Callable[[], T]) -> T:
        for attempt in range(1, self._attempts + 1):
            self._require_open(session)
            self.pacer.wait_turn(session.account_id, self.pace, stop)
            try:
                answer = request()
            except Retry as error:
                if attempt == self._attempts:
                    raise _exhausted(error, attempt) from error
                self._back_off(attempt, stop)
            except RiskControl as error:
                self.breaker.note_risk(
                    self.platform, session.egress, session.account_id, error.whole_egress
                )
                raise
            else:
                self.breaker.note_good(self.platform, session.egress)
                return answer
        raise AssertionError("at least one attempt is made")

    def _require_open(self, session: AccountSession) -> None:
        secs = self.breaker.secs_left(self.platform, session.egress)
        if secs > 0:
            text = f"{self.platform} is left alone for {secs:.0f} s after risk control"
            raise BreakerOpen(text, secs)

    def _back_off(self, attempt: int, stop: threading.Event) -> None:
        pause = BACKOFF_BASE_SECS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)
        if self._clock.wait(stop, pause):
            raise Stopped


def _exhausted(error: Retry, attempts: int) -> SourceError:
    message = f"{error} ({attempts} tries)"
    if error.damaged:
        return UnexpectedResponse(message, error.evidence)
    return Retry(message, error.evidence)
