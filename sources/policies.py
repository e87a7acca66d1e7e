"""Retries, fault attribution and the circuit breaker, wrapped around any source."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.clock import Clock
from core.errors import (
    BreakerOpenError,
    Culprit,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
    UnexpectedResponseError,
)
from core.messages import Message
from core.settings import Pace
from sources.base import (
    AccountSession,
    CreatorPage,
    CreatorSource,
    SequentialSource,
    SessionStatus,
    Source,
    StatsAnswer,
    StatsSource,
    UploadsPage,
    UploadsSource,
    Via,
)
from sources.blame import Asked, Blame
from sources.pacing import EVERYTHING

T = TypeVar("T")
BACKOFF_BASE_SECS = 0.5
PROBE_SECS = 30.0  # how long one request may try a way that was shut before another may
ALL_WAYS = "*"


@dataclass
class _Way:
    open_until: float = 0.0
    probe_until: float = 0.0
    times: int = 0


@dataclass(frozen=True)
class ShutWay:
    """An egress that no request uses for `secs_left` seconds; None stands for all of a platform."""

    platform: str
    egress: str | None
    secs_left: float


class Breaker:
    """A circuit breaker for each egress of a platform and for the platform as a whole.

    A shut one is opened again by the good answer to a single probe. Each time in a row it stays
    shut twice as long, at most sixteen times as long as `rest_secs`.
    """

    def __init__(self, *, clock: Clock, rest_secs: float) -> None:
        self._clock = clock
        self._rest_secs = rest_secs
        self._lock = threading.Lock()
        self._ways: dict[tuple[str, str], _Way] = {}

    def admit(self, platform: str, egress: str) -> float:
        """Return 0 when a request may be sent, else the seconds to wait.

        After a time shut, the one request that is admitted is the probe.
        """
        now = self._clock.monotonic()
        with self._lock:
            ways = [way for way in self._of(platform, egress) if way.times]
            secs = max((max(way.open_until, way.probe_until) - now for way in ways), default=0.0)
            if secs > 0:
                return secs
            for way in ways:
                way.probe_until = now + PROBE_SECS
            return 0.0

    def secs_left(self, platform: str, egress: str) -> float:
        """Return the seconds for which the egress stays shut; 0 when open or ready for a probe."""
        now = self._clock.monotonic()
        with self._lock:
            ways = self._of(platform, egress)
            return max((max(0.0, way.open_until - now) for way in ways), default=0.0)

    def shut(self, platform: str, egress: str = ALL_WAYS) -> bool:
        """Shut an egress; return False when it is shut already (one block, answered twice)."""
        now = self._clock.monotonic()
        with self._lock:
            way = self._ways.setdefault((platform, egress), _Way())
            if way.open_until > now:
                return False
            way.open_until = now + self._rest_secs * 2 ** min(way.times, 4)
            way.probe_until = 0.0
            way.times += 1
            return True

    def note_good(self, platform: str, egress: str) -> None:
        """Open what was probed, as a good answer came. An egress that is still shut stays so."""
        now = self._clock.monotonic()
        with self._lock:
            for key in ((platform, egress), (platform, ALL_WAYS)):
                way = self._ways.get(key)
                if way is not None and way.open_until <= now:
                    del self._ways[key]

    def note_failed(self, platform: str, egress: str) -> None:
        """Let another request probe at once: this one brought neither a good answer nor a block."""
        with self._lock:
            for way in self._of(platform, egress):
                way.probe_until = 0.0

    def shut_ways(self) -> list[ShutWay]:
        """Return each egress that is shut now."""
        now = self._clock.monotonic()
        with self._lock:
            return [
                ShutWay(platform, None if egress == ALL_WAYS else egress, way.open_until - now)
                for (platform, egress), way in self._ways.items()
                if way.open_until > now
            ]

    def _of(self, platform: str, egress: str) -> list[_Way]:
        found = (self._ways.get((platform, name)) for name in (egress, ALL_WAYS))
        return [way for way in found if way is not None]


class GuardedSource:
    """A source whose requests are retried, whose refusals get a culprit, and which the breaker
    stops.

    Its methods raise BreakerOpenError when the egress is shut, and what the source raises, with its
    `culprit` set. A RetryableError whose attempts are used up becomes UnexpectedResponseError when
    the responses were damaged, and is raised as it is when none came.

    Args:
        attempts: how often one request is sent at most.
    """

    def __init__(
        self, *, source: Source, breaker: Breaker, blame: Blame, clock: Clock, attempts: int
    ) -> None:
        self.source = source
        self.platform = source.platform
        self.breaker = breaker
        self._blame = blame
        self._clock = clock
        self._attempts = attempts

    @property
    def paces(self) -> Mapping[str, Pace]:
        """Return the declared paces, by path prefix; EVERYTHING is the one of all requests."""
        return {EVERYTHING: self.source.pace, **self.source.endpoint_paces}

    @property
    def batch(self) -> int:
        """Return the best number of video ids for one call."""
        return cast(StatsSource, self.source).batch

    def with_attempts(self, attempts: int) -> GuardedSource:
        """Return the same source, with the same circuit breaker, that sends each request up to
        `attempts` times."""
        return GuardedSource(
            source=self.source,
            breaker=self.breaker,
            blame=self._blame,
            clock=self._clock,
            attempts=attempts,
        )

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via, stop: threading.Event
    ) -> CreatorPage:
        """Return a page of creators (from 1), after the pages a sequential source needs before it.

        Raises:
            SourceError: the platform refused or did not answer.
            StoppedSignal: `stop` was set before a request.
            OutOfTurnSignal: the account's pace allows no request soon.
        """
        source = cast(CreatorSource, self.source)
        if isinstance(source, SequentialSource):
            sequential: SequentialSource = source
            while sequential.pages_before(session, domain, page):
                self._call(
                    session, stop, "search", lambda: sequential.advance(session, domain, page)
                )
        return self._call(
            session, stop, "search", lambda: source.search_creators(session, domain, page, via)
        )

    def video_stats(
        self, session: AccountSession, ids: Sequence[str], stop: threading.Event
    ) -> dict[str, StatsAnswer]:
        """Return for each of the video ids its counters, or why there are none, by id.

        Raises:
            SourceError: nothing is known of any of them.
            StoppedSignal: `stop` was set before a request.
            OutOfTurnSignal: the account's pace allows no request soon.
        """
        source = cast(StatsSource, self.source)
        return self._call(session, stop, "stats", lambda: source.video_stats(session, ids))

    def uploads(
        self, session: AccountSession, uid: str, page: int, stop: threading.Event
    ) -> UploadsPage:
        """Return page `page`, from 1, of a creator's uploads.

        Raises:
            SourceError: the platform refused or did not answer.
            StoppedSignal: `stop` was set before a request.
            OutOfTurnSignal: the account's pace allows no request soon.
        """
        source = cast(UploadsSource, self.source)
        return self._call(session, stop, "uploads", lambda: source.uploads(session, uid, page))

    def check_session(self, session: AccountSession, stop: threading.Event) -> SessionStatus:
        """Return who is signed in with a session; nobody is a result, not an error.

        Raises:
            SourceError: the platform refused for another reason, or did not answer.
            StoppedSignal: `stop` was set before a request.
            OutOfTurnSignal: the account's pace allows no request soon.
        """
        return self._call(session, stop, "session", lambda: self.source.check_session(session))

    def _call(
        self, session: AccountSession, stop: threading.Event, kind: str, request: Callable[[], T]
    ) -> T:
        context = Asked(session.account_id, session.egress, kind)
        for attempt in range(1, self._attempts + 1):
            self._require_open(session)
            try:
                answer = request()
            except (StoppedSignal, OutOfTurnSignal):
                self.breaker.note_failed(self.platform, session.egress)
                raise
            except SourceError as error:
                error.culprit = self._blame.judge(self.platform, context, error)
                self._record_failure(session, error)
                if not isinstance(error, RetryableError):
                    raise
                if attempt == self._attempts or error.is_lasting:
                    raise _exhausted(error, attempt) from error
                self._back_off(attempt, stop)
            else:
                self._blame.note_good(self.platform, context)
                self.breaker.note_good(self.platform, session.egress)
                if session.gate is not None:
                    session.gate.record_success()
                return answer
        raise AssertionError("at least one attempt is made")

    def _record_failure(self, session: AccountSession, error: SourceError) -> None:
        if isinstance(error, ThrottledError) and session.gate is not None:
            session.gate.record_throttle()
        if not isinstance(error, RiskControlError) or error.culprit is Culprit.ACCOUNT:
            self.breaker.note_failed(self.platform, session.egress)
            return
        whole = error.culprit is not Culprit.PROXY
        self.breaker.shut(self.platform, ALL_WAYS if whole else session.egress)

    def _require_open(self, session: AccountSession) -> None:
        secs = self.breaker.admit(self.platform, session.egress)
        if secs > 0:
            raise BreakerOpenError("platform_resting", secs, platform=self.platform, secs=secs)

    def _back_off(self, attempt: int, stop: threading.Event) -> None:
        # With jitter: workers that failed together must not all try again together.
        pause = BACKOFF_BASE_SECS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)
        if self._clock.wait(stop, pause):
            raise StoppedSignal


def _exhausted(error: RetryableError, attempts: int) -> SourceError:
    message = Message.of("tries_used_up", cause=error, n=attempts)
    final: SourceError
    if error.damaged:
        final = UnexpectedResponseError(message, error.evidence)
        final.culprit = Culprit.OURSELVES
    else:
        final = RetryableError(message, error.evidence, fault=error.fault)
        final.culprit = error.culprit
    return final
