"""Who asks a platform for the counters of a batch of videos: the pool's accounts, or one key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from accounts.account_lease import Purpose
from accounts.manager import AccountManager
from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.clock import Clock
from core.errors import (
    BreakerOpenError,
    CredentialsError,
    NoFitAccountError,
    SourceError,
    ThrottledError,
)
from crawler.runtime.account_sessions import AccountCheckout, AccountSessions
from crawler.statistics.retry_policy import StatsRetryPolicy, is_of_account
from sources.base import ANONYMOUS, AccountSession, RequestGate, StatsAnswer
from sources.platform_access import PlatformAccess

T = TypeVar("T")
TRIES = 5  # of one batch, with other accounts or after a rest


class Asker(Protocol):
    """Asks for one batch after another; `lanes` batches may be asked for side by side."""

    lanes: int

    def ask(self, batch: Sequence[str], stop: threading.Event) -> dict[str, StatsAnswer]:
        """The answer for each id.

        Raises:
            SourceError, CredentialsError, InvalidInputError: nothing is known of any of them.
            Stopped: the wait for a turn was cut short.
        """


class PoolAsker:
    """Asks with whichever account of the pool has its turn."""

    lanes = 1

    def __init__(
        self,
        *,
        platform: str,
        accounts: AccountManager,
        visits: AccountSessions,
        clock: Clock,
        patience: StatsRetryPolicy,
    ) -> None:
        self._platform = platform
        self._accounts = accounts
        self._visits = visits
        self._clock = clock
        self._patience = patience

    def ask(self, batch: Sequence[str], stop: threading.Event) -> dict[str, StatsAnswer]:
        """As in `Asker`."""
        return self.with_account(lambda v: v.source.video_stats(v.session, batch, stop), stop)

    def with_account(self, question: Callable[[AccountCheckout], T], stop: threading.Event) -> T:
        """The answer to one question; account trouble lets the next account ask.

        Raises:
            SourceError, CredentialsError: some accounts in a row did not get it.
            NoFitAccountError: none can ask soon.
            Stopped
        """
        failure: SourceError | CredentialsError | None = None
        tries = 0
        while tries < TRIES:
            leased = self._accounts.lease(Purpose.INGESTING, self._platform)
            if leased is None:
                self._wait_for_account(failure, stop)
                continue
            try:
                return self._visit(AccountCheckout(leased), question, stop)
            except OutOfTurnSignal:
                continue
            except BreakerOpenError:
                raise
            except (SourceError, CredentialsError) as error:
                if not self._patience.others_try and not is_of_account(error):
                    raise
                failure, tries = error, tries + 1
            finally:
                self._accounts.abandon(leased)  # also where giving it back failed
        assert failure is not None
        raise failure

    def _visit(
        self,
        visit: AccountCheckout,
        question: Callable[[AccountCheckout], T],
        stop: threading.Event,
    ) -> T:
        """One try with one account, which is given back as its outcome asks for."""
        try:
            self._visits.enter(visit, stop)
            answer = question(visit)
        except (SourceError, CredentialsError) as error:
            self._visits.leave_after(visit, error)
            raise
        except BaseException:
            self._visits.leave(visit)
            raise
        visit.good_answers += 1
        self._visits.leave(visit)
        return answer

    def _wait_for_account(
        self, failure: SourceError | CredentialsError | None, stop: threading.Event
    ) -> None:
        """Wait for the next account's turn. Raises when that is too far away."""
        shortage = self._accounts.shortage(Purpose.INGESTING, self._platform)
        secs = 1.0
        if shortage.until is not None:
            secs = max(0.05, (shortage.until - self._clock.now()).total_seconds())
        hopeless = shortage.until is None and not shortage.busy
        if secs > self._patience.max_secs or hopeless:
            raise failure or NoFitAccountError(
                message=f"{self._platform}: {shortage.reason}", until=shortage.until
            )
        if self._clock.wait(stop, secs):
            raise StoppedSignal


class SessionAsker:
    """Asks with an API key, or as a visitor without an account.

    Args:
        key: None for a visitor.
        gate: the pace of everybody who asks with that key.
    """

    def __init__(
        self,
        *,
        access: PlatformAccess,
        key: str | None,
        gate: RequestGate,
        clock: Clock,
        patience: StatsRetryPolicy,
        lanes: int,
    ) -> None:
        self.lanes = lanes
        self._access = access
        self._key = key
        self._gate = gate
        self._clock = clock
        self._patience = patience
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
            except ThrottledError as error:
                wanted_secs = error.retry_after_secs or self._patience.rest_secs
            if self._clock.wait(stop, min(wanted_secs, self._patience.max_secs)):
                raise StoppedSignal
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
