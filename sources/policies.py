"""Retries, circuits and fault attribution, wrapped around any source."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from core.attribution import Reaction, Scope
from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.clock import Clock
from core.errors import (
    AccountTakenError,
    CircuitOpenError,
    ItemUnavailableError,
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
from sources.circuits import Asker, Circuits, RequestCircuits, failed_request, question_hash
from sources.pacing import EVERYTHING
from sources.transport.request_delay import backoff_secs

T = TypeVar("T")
SEARCH, STATS, UPLOADS, SESSION_CHECK = "search", "stats", "uploads", "session"
# The turn of a session check may be this far away; a later one waits for the account's next use.
MAX_CHECK_WAIT_SECS = 5.0


@dataclass(frozen=True)
class _Question:
    """What one call asks: the operation, and what it is about."""

    kind: str
    subject: tuple[object, ...] = ()


class GuardedSource:
    """A source whose requests are admitted by circuits, retried, and attributed when they fail.

    Its methods raise CircuitOpenError when a unit on the request's way is left alone,
    AccountTakenError when the account's lease has ended, and what the source raises, with its
    `attribution` set. A RetryableError whose attempts are used up becomes UnexpectedResponseError
    when the responses were damaged, and is raised as it is when none came. Before an account's
    login is called lost, the platform is asked who is signed in.

    Args:
        attempts: how often one request is sent at most.
    """

    def __init__(self, *, source: Source, circuits: Circuits, clock: Clock, attempts: int) -> None:
        self.source = source
        self.platform = source.platform
        self._circuits = circuits
        self._clock = clock
        self._attempts = attempts
        self._sequential = source if isinstance(source, SequentialSource) else None

    @property
    def paces(self) -> Mapping[str, Pace]:
        """Return the declared paces, by path prefix; EVERYTHING is the one of all requests."""
        return {EVERYTHING: self.source.pace, **self.source.endpoint_paces}

    @property
    def batch(self) -> int:
        """Return the best number of video ids for one call."""
        return cast(StatsSource, self.source).batch

    def endpoints_of(self, kind: str) -> tuple[str, ...]:
        """Return the names of the endpoints that a call of that kind (SEARCH …) asks."""
        return (self.source.endpoints.get(kind, kind),)

    def with_attempts(self, attempts: int) -> GuardedSource:
        """Return the same source, with the same circuits, that sends each request up to `attempts`
        times."""
        return GuardedSource(
            source=self.source, circuits=self._circuits, clock=self._clock, attempts=attempts
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
        source, sequential = cast(CreatorSource, self.source), self._sequential
        if sequential is not None:
            while sequential.pages_before(session, domain, page):
                self._call(
                    _Question(SEARCH, (domain, "before", page)),
                    session,
                    stop,
                    lambda: sequential.advance(session, domain, page),
                )
        return self._call(
            _Question(SEARCH, (domain, page, via)),
            session,
            stop,
            lambda: source.search_creators(session, domain, page, via),
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
            self._call(_Question(STATS, tuple(ids)), session, stop, fetch_missing)
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
        return self._call(
            _Question(UPLOADS, (uid, page)),
            session,
            stop,
            lambda: source.uploads(session, uid, page),
        )

    def check_session(self, session: AccountSession, stop: threading.Event) -> SessionStatus:
        """Return who is signed in with a session; nobody is a result, not an error.

        Raises:
            SourceError: the platform refused for another reason, or did not answer.
            StoppedSignal: `stop` was set before a request.
            OutOfTurnSignal: the account's pace allows no request soon.
        """
        return self._call(
            _Question(SESSION_CHECK), session, stop, lambda: self.source.check_session(session)
        )

    def _call(
        self,
        question: _Question,
        session: AccountSession,
        stop: threading.Event,
        request: Callable[[], T],
    ) -> T:
        for attempt in range(1, self._attempts + 1):
            requests = self._circuits_of(question, session, stop)
            try:
                answer = self._attempt(requests, question, session, request)
            except SourceError as error:
                if isinstance(error, CircuitOpenError | AccountTakenError):
                    raise  # nothing was sent
                failure = self._after_session_check(session, question, error, stop)
                if not isinstance(failure, RetryableError):
                    self._attribute(requests, session, failure)
                    raise failure from (None if failure is error else error)
                if attempt == self._attempts or failure.is_lasting:
                    final = self._exhausted(session, failure, question, attempt, stop)
                    self._attribute(requests, session, final)
                    raise final from failure
                requests.give_back()
                self._back_off(attempt, stop)
            else:
                self._record_good(session)
                return answer
        raise AssertionError("at least one attempt is made")

    def _record_good(self, session: AccountSession) -> None:
        if session.gate is not None:
            session.gate.record_success()

    def _record_answered(self, session: AccountSession) -> None:
        """Record that the platform answered by the session's route, whatever it said."""
        if session.account_id > ANONYMOUS:
            self._circuits.record_egress_good(session.egress)

    def _attempt(
        self,
        requests: RequestCircuits,
        question: _Question,
        session: AccountSession,
        request: Callable[[], T],
    ) -> T:
        """Make the requests of one attempt, each admitted as it leaves."""
        session.circuits = requests
        try:
            if question.kind == SESSION_CHECK:
                # Most platforms answer who is signed in without a turn of its own.
                requests.admit_first()
            answer = request()
            requests.settle()
            return answer
        except (StoppedSignal, OutOfTurnSignal):
            requests.give_back()
            raise
        finally:
            session.circuits = None

    def _circuits_of(
        self, question: _Question, session: AccountSession, stop: threading.Event
    ) -> RequestCircuits:
        asker = Asker(
            platform=self.platform,
            egress=session.egress if session.account_id > ANONYMOUS else session.own_egress,
            endpoint=self.source.endpoints.get(question.kind, question.kind),
            account_id=session.account_id,
            lease_token=session.lease_token,
            question=question_hash(question.kind, *question.subject),
            is_of_item=question.kind == STATS,
        )
        return RequestCircuits(
            circuits=self._circuits, base=asker, endpoints=self.source.endpoints, stop=stop
        )

    def _attribute(
        self, requests: RequestCircuits, session: AccountSession, error: SourceError
    ) -> None:
        """Set whom a failure concerns, and record it where it may concern others too."""
        asker, permit = requests.take_failed()
        requests.record_unknown(asker, error)
        if asker.is_of_item and error.evidence is not None:
            asker = replace(asker, question=question_hash(error.evidence.request))
        failed = failed_request(error)
        if failed is None:
            if error.evidence is not None and error.evidence.http_status is not None:
                self._record_answered(session)
            # What the platform says of one resource is an answer like any other.
            if isinstance(error, ItemUnavailableError):
                self._circuits.record_good(asker, permit)
            else:
                self._circuits.give_back(permit)
            return
        attribution = self._circuits.record_failure(asker, permit, failed)
        if attribution.needs_session_check:
            answered = self._says_who_is_signed_in(session)
            attribution = self._circuits.conclude(asker, failed, session_answered=answered)
        error.attribution = attribution
        is_own = attribution.scope in (Scope.ACCOUNT, Scope.KEY)
        if isinstance(error, ThrottledError) and is_own and session.gate is not None:
            session.gate.record_throttle()

    def _says_who_is_signed_in(self, session: AccountSession) -> bool:
        """Return whether the platform answers a session check by the same egress."""
        try:
            self.source.check_session(session)
        except (SourceError, OutOfTurnSignal, StoppedSignal):
            return False
        self._record_answered(session)
        return True

    def _back_off(self, attempt: int, stop: threading.Event) -> None:
        if self._clock.wait(stop, backoff_secs(attempt)):
            raise StoppedSignal

    def _exhausted(
        self,
        session: AccountSession,
        error: RetryableError,
        question: _Question,
        attempts: int,
        stop: threading.Event,
    ) -> SourceError:
        """Return the error of a request that failed at each of its `attempts`."""
        message = Message.of("tries_used_up", cause=error, n=attempts)
        if not error.damaged:
            final = RetryableError(
                message,
                error.evidence,
                fault=error.fault,
                retry_after_secs=error.retry_after_secs,
            )
            final.verdict = error.verdict
            return final
        # A login page comes with HTTP 200 as well, and platforms have codes of their own for it.
        if question.kind != SESSION_CHECK and self._is_signed_out(session, stop):
            return LoginExpiredError(message, error.evidence)
        return UnexpectedResponseError(message, error.evidence)

    def _after_session_check(
        self,
        session: AccountSession,
        question: _Question,
        error: SourceError,
        stop: threading.Event,
    ) -> SourceError:
        """Return the error; where it may be the session's, what the platform says of that instead.

        A refusal that means "not signed in" may also come from one endpoint alone.
        """
        is_doubtful = error.verdict is not None and (
            error.verdict.reaction is Reaction.CHECK_SESSION
        )
        is_check = question.kind == SESSION_CHECK
        if not is_doubtful or is_check or session.account_id <= ANONYMOUS:
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
                status = self.source.check_session(session)
            except OutOfTurnSignal as signal:
                if signal.secs > MAX_CHECK_WAIT_SECS:
                    raise
                if self._clock.wait(stop, signal.secs):
                    raise StoppedSignal from None
                status = self.source.check_session(session)
        except OutOfTurnSignal:
            raise RiskControlError("session_unchecked") from None
        self._record_answered(session)
        return status.signed_in
