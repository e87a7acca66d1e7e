"""Retries, fault attribution and the circuit breaker, wrapped around any source."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from core.attribution import Reaction
from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.clock import Clock
from core.errors import (
    BreakerOpenError,
    Culprit,
    LoginExpiredError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
    UnexpectedResponseError,
)
from core.messages import Message
from core.settings import Pace
from sources.base import (
    ANONYMOUS,
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
    keeping_answers,
)
from sources.blame import Asked, Blame
from sources.pacing import EVERYTHING

T = TypeVar("T")
SESSION_CHECK = "session"
BACKOFF_BASE_SECS = 0.5
# The turn of a session check may be this far away; a later one waits for the account's next use.
MAX_CHECK_WAIT_SECS = 5.0
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
    the responses were damaged, and is raised as it is when none came. Before an account's login is
    called lost, the platform is asked who is signed in.

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
            SourceError: some could not be fetched; its `answers` are what all attempts fetched.
            StoppedSignal: `stop` was set before a request.
            OutOfTurnSignal: the account's pace allows no request soon.
        """
        source = cast(StatsSource, self.source)
        found: dict[str, StatsAnswer] = {}

        def fetch_missing() -> None:
            missing = [video_id for video_id in ids if video_id not in found]
            try:
                found.update(source.video_stats(session, missing))
            except SourceError as error:
                found.update(error.answers)
                raise

        with keeping_answers(lambda: found):
            self._call(session, stop, "stats", fetch_missing)
        return found

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
        return self._call(session, stop, SESSION_CHECK, lambda: self.source.check_session(session))

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
                failure = self._after_session_check(session, kind, error, stop)
                failure.culprit = self._blame.judge(self.platform, context, failure)
                self._record_failure(session, failure)
                if not isinstance(failure, RetryableError):
                    raise failure from (None if failure is error else error)
                if attempt == self._attempts or failure.is_lasting:
                    raise self._exhausted(session, failure, kind, attempt, stop) from failure
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

    def _exhausted(
        self,
        session: AccountSession,
        error: RetryableError,
        kind: str,
        attempts: int,
        stop: threading.Event,
    ) -> SourceError:
        """Return the error of a request that failed at each of its `attempts`."""
        message = Message.of("tries_used_up", cause=error, n=attempts)
        if not error.damaged:
            final: SourceError = RetryableError(message, error.evidence, fault=error.fault)
            final.culprit = error.culprit
            return final
        # A login page comes with HTTP 200 as well, and platforms have codes of their own for it.
        if kind != SESSION_CHECK and self._is_signed_out(session, stop):
            final = LoginExpiredError(message, error.evidence)
            final.culprit = Culprit.ACCOUNT
            return final
        final = UnexpectedResponseError(message, error.evidence)
        final.culprit = Culprit.OURSELVES
        return final

    def _after_session_check(
        self, session: AccountSession, kind: str, error: SourceError, stop: threading.Event
    ) -> SourceError:
        """Return the error; where it may be the session's, what the platform says of that instead.

        A refusal that means "not signed in" may also come from one endpoint alone.
        """
        is_doubtful = error.verdict is not None and (
            error.verdict.reaction is Reaction.CHECK_SESSION
        )
        if not is_doubtful or kind == SESSION_CHECK or session.account_id <= ANONYMOUS:
            return error
        try:
            signed_in = self._ask_session(session, stop)
        except SourceError as failure:
            # A check that is refused says nothing about the login.
            return failure
        if not signed_in:
            return error
        message = Message.of("signed_in_but_refused", cause=error)
        return UnexpectedResponseError(message, error.evidence)

    def _is_signed_out(self, session: AccountSession, stop: threading.Event) -> bool:
        if session.account_id <= ANONYMOUS:
            return False
        try:
            return not self._ask_session(session, stop)
        except SourceError:
            return False

    def _ask_session(self, session: AccountSession, stop: threading.Event) -> bool:
        """Return whether the session is signed in, at the account's pace.

        Raises:
            RiskControlError: its next turn is too far away; the account's session is checked before
                its next use.
            SourceError: the platform did not say.
        """
        try:
            try:
                return self.source.check_session(session).signed_in
            except OutOfTurnSignal as signal:
                if signal.secs > MAX_CHECK_WAIT_SECS:
                    raise
                if self._clock.wait(stop, signal.secs):
                    raise StoppedSignal from None
                return self.source.check_session(session).signed_in
        except OutOfTurnSignal:
            raise RiskControlError("session_unchecked") from None
