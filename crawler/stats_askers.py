"""Who asks a platform for the counters of a batch of videos: the pool's accounts, or one key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from accounts.manager import AccountManager, Purpose
from core.clock import Clock
from core.errors import (
    BreakerOpen,
    CredentialsError,
    InvalidInput,
    SourceError,
    Throttled,
)
from crawler.visits import PlatformAccess, Visit, Visits
from sources.base import ANONYMOUS, AccountSession, RequestGate, StatsAnswer
from sources.pacing import OutOfTurn, Stopped

TRIES = 5  # of one batch, with other accounts or after a rest
REST_SECS = 30.0
LONGEST_WAIT_SECS = 120.0


class Asker(Protocol):
    """Asks for one batch after another; `lanes` batches may be asked for side by side."""

    lanes: int

    def ask(self, batch: Sequence[str], stop: threading.Event) -> dict[str, StatsAnswer]:
        """The answer for each id.

        Raises:
            SourceError, CredentialsError, InvalidInput: nothing is known of any of them.
            Stopped: the wait for a turn was cut short.
        """


class PoolAsker:
    """Asks with whichever account of the pool has its turn."""

    lanes = 4

    def __init__(
        self, platform: str, accounts: AccountManager, visits: Visits, clock: Clock
    ) -> None:
        self._platform = platform
        self._accounts = accounts
        self._visits = visits
        self._clock = clock

    def ask(self, batch: Sequence[str], stop: threading.Event) -> dict[str, StatsAnswer]:
        """As in `Asker`; account trouble lets the next account ask."""
        failure: SourceError | CredentialsError | None = None
        tries = 0
        while tries < TRIES:
            leased = self._accounts.lease(Purpose.INGESTING, self._platform)
            if leased is None:
                self._wait_for_account(failure, stop)
                continue
            visit = Visit(leased)
            try:
                answers = self._visit(visit, batch, stop)
            except BreakerOpen:
                raise
            except (SourceError, CredentialsError) as error:
                failure, tries = error, tries + 1
                continue
            finally:
                self._accounts.abandon(leased)  # also where giving it back failed
            if answers is not None:
                return answers
        assert failure is not None
        raise failure

    def _visit(
        self, visit: Visit, batch: Sequence[str], stop: threading.Event
    ) -> dict[str, StatsAnswer] | None:
        """One try with one account, which is given back; None when it was not its turn."""
        try:
            self._visits.enter(visit, stop)
            answers = visit.source.video_stats(visit.session, batch, stop)
        except (SourceError, CredentialsError) as error:
            self._visits.leave_after(visit, error)
            raise
        except OutOfTurn:
            self._visits.leave(visit)
            return None
        except BaseException:
            self._visits.leave(visit)
            raise
        visit.good_answers += 1
        self._visits.leave(visit)
        return answers

    def _wait_for_account(
        self, failure: SourceError | CredentialsError | None, stop: threading.Event
    ) -> None:
        """Wait for the next account's turn. Raises when that is too far away."""
        shortage = self._accounts.shortage(Purpose.INGESTING, self._platform)
        secs = 1.0
        if shortage.until is not None:
            secs = max(0.05, (shortage.until - self._clock.now()).total_seconds())
        if secs > LONGEST_WAIT_SECS or (shortage.until is None and not shortage.busy):
            raise failure or InvalidInput(f"{self._platform}: {shortage.reason}")
        if self._clock.wait(stop, secs):
            raise Stopped


class SessionAsker:
    """Asks with an API key, or as a visitor without an account.

    Args:
        key: None for a visitor.
        gate: the pace of everybody who asks with that key.
    """

    def __init__(
        self, access: PlatformAccess, key: str | None, gate: RequestGate, clock: Clock, lanes: int
    ) -> None:
        self.lanes = lanes
        self._access = access
        self._key = key
        self._gate = gate
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[AccountSession] = []
        self._opened = 0

    def ask(self, batch: Sequence[str], stop: threading.Event) -> dict[str, StatsAnswer]:
        """As in `Asker`; a throttle is waited out."""
        session = self._take_session()
        try:
            return self._patiently(
                lambda: self._access.source.video_stats(session, batch, stop), stop
            )
        finally:
            with self._lock:
                self._idle.append(session)

    def _patiently(
        self, ask: Callable[[], dict[str, StatsAnswer]], stop: threading.Event
    ) -> dict[str, StatsAnswer]:
        for _ in range(TRIES - 1):
            try:
                return ask()
            except Throttled as error:
                rest_secs = min(error.retry_after_secs or REST_SECS, LONGEST_WAIT_SECS)
            if self._clock.wait(stop, rest_secs):
                raise Stopped
        return ask()

    def _take_session(self) -> AccountSession:
        """A session that nobody uses now: one is for one thread at a time."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            number, self._opened = self._opened, self._opened + 1
        name = "anonymous" if self._key is None else "key"
        opened = self._access.sessions.session(ANONYMOUS - number, name, self._key, None)
        opened.gate = self._gate
        return opened
