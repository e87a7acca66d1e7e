"""Fetching the counters of a batch of videos, with the pool's accounts or with one API key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from accounts.account_lease import Purpose
from accounts.manager import AccountManager
from accounts.shortage import Shortage
from core.attribution import Scope
from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.clock import Clock
from core.errors import (
    CircuitOpenError,
    CredentialsError,
    ItemUnavailableError,
    NoFitAccountError,
    SourceError,
    ThrottledError,
    UnexpectedResponseError,
)
from core.logs import redacted
from core.messages import Message
from crawler.runtime.account_sessions import AccountCheckout, AccountSessions
from crawler.statistics.retry_policy import (
    StatsRetryPolicy,
    may_help_other,
    secs_until_asked_again,
)
from crawler.statistics.waits import WaitReporter
from sources.base import (
    ANONYMOUS,
    AccountSession,
    RequestGate,
    StatsAnswer,
    keeping_answers,
)
from sources.platform_access import PlatformAccess
from sources.policies import STATS

T = TypeVar("T")
MAX_TRIES = 5  # of one batch, with other accounts or after a throttle
MAX_ODD = 3  # accounts that are asked a question to which no answer is understood


class BatchFetcher(Protocol):
    """Fetches the counters of one batch of video ids after another.

    `lanes` is the number of batches that may be under way at once.
    """

    lanes: int

    def fetch(self, batch: Sequence[str], stop: threading.Event) -> dict[str, StatsAnswer]:
        """Return for each id of the batch its counters, or why the platform has none.

        Raises:
            SourceError: some could not be fetched; its `answers` has those of the others.
            CredentialsError, InvalidInputError: nothing is known of any of them.
            StoppedSignal: `stop` was set while it waited.
        """


@dataclass(frozen=True, kw_only=True)
class PoolBatchFetcher:
    """Fetches with the accounts of the pool; each request takes the next account whose turn has
    come.

    Args:
        waits: is told of each wait for an account or its turn.
    """

    lanes = 1

    platform: str
    accounts: AccountManager
    sessions: AccountSessions
    clock: Clock
    retry_policy: StatsRetryPolicy
    waits: WaitReporter

    def fetch(self, batch: Sequence[str], stop: threading.Event) -> dict[str, StatsAnswer]:
        """Return for each id of the batch its counters, or why the platform has none.

        An account is leased for the request; when it is refused, up to four others may be tried,
        for what is still missing.

        Raises:
            SourceError: of the last account tried; its `answers` has what was fetched.
            CredentialsError: of the last account tried.
            NoFitAccountError: no account can send a request soon.
            StoppedSignal: `stop` was set while it waited.
        """
        found: dict[str, StatsAnswer] = {}

        def fetch_missing(checkout: AccountCheckout) -> None:
            with _adding_to(found):
                missing = [video_id for video_id in batch if video_id not in found]
                found.update(checkout.source.video_stats(checkout.session, missing, stop))

        with keeping_answers(lambda: found):
            self.run_with_account(fetch_missing, stop)
        return found

    def run_with_account(
        self,
        request: Callable[[AccountCheckout], T],
        stop: threading.Event,
        kind: str = STATS,
    ) -> T:
        """Return the result of `request`, which is tried with up to five accounts, one after the
        other.

        The account is leased and opened for `request`, which makes a call of that `kind` (STATS …),
        and given back after it.

        Raises:
            SourceError, CredentialsError: the last account's error, or one that no other account
                can help.
            NoFitAccountError: no account is fit, and none will be within the policy's
                `max_wait_secs`.
            StoppedSignal: `stop` was set while it waited.
        """
        failure: SourceError | CredentialsError | None = None
        tries = odd = 0
        patience_secs = self.retry_policy.max_wait_secs
        left_out: set[int] = set()  # accounts that would get no better answer just now
        while tries < MAX_TRIES:
            leased = self.accounts.lease(
                Purpose.INGESTING,
                self.platform,
                excluding=left_out,
                endpoints=self.sessions.endpoints_of(self.platform, kind),
            )
            if leased is None:
                self._wait_for_account(failure, kind, stop)
                continue
            try:
                return self._try_with(AccountCheckout(leased), request, stop)
            except OutOfTurnSignal:
                # Its turn is too far away: the next account may have its turn sooner.
                continue
            except (SourceError, CredentialsError) as error:
                failure, tries = error, tries + 1
                waited_secs = self._wait_out(error, patience_secs, stop)
                if waited_secs is not None:
                    patience_secs -= waited_secs
                    continue
                self._require_other_may_help(error)
                is_odd = isinstance(error, UnexpectedResponseError)
                if is_odd or _is_of_egress(error):
                    odd += is_odd
                    left_out.add(leased.id)
                    # Others that rest for long are not waited for: the batch's requester would be.
                    if odd >= MAX_ODD or not self._has_other(left_out):
                        raise
            finally:
                # Also where giving it back failed: its lease must end.
                self.accounts.abandon(leased)
        assert failure is not None
        raise failure

    def _wait_out(
        self, error: SourceError | CredentialsError, patience_secs: float, stop: threading.Event
    ) -> float | None:
        """Wait for what nobody gets through to, and return for how many seconds.

        None: nothing was waited for, as that is no help or would take longer than the patience.
        """
        secs = secs_until_asked_again(error, self.clock.now())
        if secs is None or secs > patience_secs:
            return None
        self.waits.report(redacted(error), secs)
        if self.clock.wait(stop, secs):
            raise StoppedSignal
        return secs

    def _require_other_may_help(self, error: SourceError | CredentialsError) -> None:
        """Raise the error when no other account should be tried after it."""
        # What concerns the question is so whoever asks, and so is what nobody gets through to.
        is_of_all = isinstance(error, ItemUnavailableError | CircuitOpenError)
        if may_help_other(error):
            return
        if is_of_all or not self.retry_policy.try_other_accounts or _is_of_everybody(error):
            raise error

    def _has_other(self, asked: Collection[int]) -> bool:
        return self.accounts.has_other_soon(self.platform, asked)

    def _try_with(
        self,
        checkout: AccountCheckout,
        request: Callable[[AccountCheckout], T],
        stop: threading.Event,
    ) -> T:
        """Make the request with one account, and give it back as the outcome asks for."""
        try:
            self.sessions.open(checkout, stop)
            if checkout.gate is not None:
                checkout.gate.on_wait = self.waits.report_turn
            result = request(checkout)
        except (SourceError, CredentialsError) as error:
            self.sessions.leave_after(checkout, error)
            raise
        except BaseException:
            self.sessions.close(checkout)
            raise
        checkout.good_answers += 1
        self.sessions.close(checkout)
        return result

    def _wait_for_account(
        self, failure: SourceError | CredentialsError | None, kind: str, stop: threading.Event
    ) -> None:
        """Wait for the next account's turn; raise when it is too far away."""
        endpoints = self.sessions.endpoints_of(self.platform, kind)
        shortage = self.accounts.shortage(Purpose.INGESTING, self.platform, endpoints)
        # Without a known moment another worker has the accounts: look again in a second.
        secs = 1.0
        if shortage.until is not None:
            secs = max(0.05, (shortage.until - self.clock.now()).total_seconds())
        hopeless = shortage.until is None and not shortage.busy
        if secs > self.retry_policy.max_wait_secs or hopeless:
            raise failure or self._no_account(shortage)
        self.waits.report(shortage.reason, secs)
        if self.clock.wait(stop, secs):
            raise StoppedSignal

    def _no_account(self, shortage: Shortage) -> NoFitAccountError:
        message = Message.of("platform_shortage", platform=self.platform, reason=shortage.reason)
        if shortage.until is not None:
            message = Message.of("shortage_until", shortage=message, until=shortage.until)
        return NoFitAccountError(message, until=shortage.until)


@dataclass(kw_only=True)
class KeyBatchFetcher:
    """Fetches with one API key, or anonymously.

    Args:
        key: the API key; None for anonymous requests.
        gate: the pace that all requests with that key share.
        lanes: how many batches may be under way at once, each in a session of its own.
        waits: is told of each wait after a throttle.
    """

    access: PlatformAccess
    key: str | None = field(repr=False)
    gate: RequestGate
    clock: Clock
    retry_policy: StatsRetryPolicy
    lanes: int
    waits: WaitReporter
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _idle: list[AccountSession] = field(default_factory=list, init=False)
    _opened: int = field(default=0, init=False)

    def fetch(self, batch: Sequence[str], stop: threading.Event) -> dict[str, StatsAnswer]:
        """Return an answer for each id of the batch, after waits while the platform throttles.

        Raises:
            SourceError: as `BatchFetcher.fetch`; a ThrottledError after five throttles in a row.
            StoppedSignal: a wait was cut short.
        """
        session = self._checkout_session()
        found: dict[str, StatsAnswer] = {}

        def fetch_missing() -> dict[str, StatsAnswer]:
            with _adding_to(found):
                missing = [video_id for video_id in batch if video_id not in found]
                found.update(self.access.source.video_stats(session, missing, stop))
            return found

        try:
            with keeping_answers(lambda: found):
                return self._wait_out_throttles(fetch_missing, stop)
        finally:
            with self._lock:
                self._idle.append(session)

    def _wait_out_throttles(
        self, fetch: Callable[[], dict[str, StatsAnswer]], stop: threading.Event
    ) -> dict[str, StatsAnswer]:
        for _ in range(MAX_TRIES - 1):
            try:
                return fetch()
            except ThrottledError as error:
                wanted_secs = error.retry_after_secs or self.retry_policy.throttle_wait_secs
                reason = Message.of("platform_throttled", cause=redacted(error))
            except SourceError as error:
                secs_left = secs_until_asked_again(error, self.clock.now())
                if secs_left is None or secs_left > self.retry_policy.max_wait_secs:
                    raise
                wanted_secs, reason = secs_left, redacted(error)
            secs = min(wanted_secs, self.retry_policy.max_wait_secs)
            self.waits.report(reason, secs)
            if self.clock.wait(stop, secs):
                raise StoppedSignal
        return fetch()

    def _checkout_session(self) -> AccountSession:
        # A session is for one thread at a time.
        with self._lock:
            if self._idle:
                return self._idle.pop()
            number, self._opened = self._opened, self._opened + 1
        name = "anonymous" if self.key is None else "key"
        opened = self.access.sessions.session(ANONYMOUS - number, name, self.key, None)
        opened.gate = self.gate
        return opened


def _is_of_egress(error: SourceError | CredentialsError) -> bool:
    attribution = error.attribution if isinstance(error, SourceError) else None
    return attribution is not None and attribution.scope is Scope.EGRESS


def _is_of_everybody(error: SourceError | CredentialsError) -> bool:
    attribution = error.attribution if isinstance(error, SourceError) else None
    return attribution is not None and attribution.scope in (Scope.ENDPOINT, Scope.PLATFORM)


@contextmanager
def _adding_to(found: dict[str, StatsAnswer]) -> Iterator[None]:
    """Add what was fetched before a SourceError to `found`, so that it is not fetched again."""
    try:
        yield
    except SourceError as error:
        found.update(error.answers)
        raise
