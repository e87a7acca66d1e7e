"""Circuits as sources see them: who may ask a platform what, and what a refusal turns out to be."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.attribution import KEY_PREFIX, Attribution, CircuitCause, CircuitUnit, Reaction, Scope
from core.errors import (
    Evidence,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
    TransportFault,
)

ANONYMOUS_EGRESS = "anonymous"  # of requests without an account, whose refusals are their own


@dataclass(frozen=True, kw_only=True)
class Asker:
    """One request: the units that its answer may be about.

    Args:
        egress: as in `AccountSession.egress`; without an account `key:…` or ANONYMOUS_EGRESS.
        account_id: 0 or less without an account.
        question: a hash of what is asked, by which a repetition is recognised.
        lease_token: that of the account's lease, without which nothing is sent; None: no lease is
            looked at.
        is_of_item: it is about one resource of several, and one that always fails is possible.
    """

    platform: str
    egress: str
    endpoint: str
    account_id: int
    lease_token: int | None = None
    question: str = ""
    is_of_item: bool = False

    @property
    def has_route(self) -> bool:
        """Return whether `egress` names a route, and not an API key or nobody."""
        return self.egress != ANONYMOUS_EGRESS and not self.egress.startswith(KEY_PREFIX)


@dataclass(frozen=True)
class Probe:
    """The right to send the next request through a circuit that is not closed."""

    unit: CircuitUnit
    token: int


@dataclass(frozen=True)
class Permit:
    """The permission for one request.

    Args:
        probes: the circuits that its answer decides about.
        is_route_good: a good answer says nothing new of its egress route.
    """

    probes: tuple[Probe, ...] = ()
    is_route_good: bool = False


PLAIN_PERMIT = Permit()


@dataclass(frozen=True, kw_only=True)
class FailedRequest:
    """A request that got no good answer, for a reason that may concern others too.

    Args:
        scope: what the platform's rules say that it concerns.
        is_conclusive: one such answer is enough.
        code: the platform's own code; None without one.
        retry_after_secs: what the platform asks for; None when it names no time.
        fault: why no usable answer came; None when one came.
        is_confirmation: it was let through as the next asker after another refusal.
    """

    cause: CircuitCause
    scope: Scope
    is_conclusive: bool = False
    code: str | None = None
    retry_after_secs: float | None = None
    evidence: Evidence | None = None
    fault: TransportFault | None = None
    is_confirmation: bool = False


class Circuits(Protocol):
    """The circuits that all processes share: they admit requests and judge failed ones."""

    def admit(self, asker: Asker, stop: threading.Event) -> Permit:
        """Return the permission to send one request now, after a short wait for another's answer.

        Raises:
            AccountTakenError: the account is not the asker's any more.
            CircuitOpenError: a unit that the request goes through is left alone.
            StoppedSignal: `stop` was set while it waited.
        """

    def give_back(self, permit: Permit) -> None:
        """Let another request probe, as this one did not leave or its answer says nothing."""

    def record_good(self, asker: Asker, permit: Permit) -> None:
        """Record that a request was answered, with what was asked for or why there is none."""

    def record_egress_good(self, egress: str) -> None:
        """Record that a call by this egress route was answered."""

    def record_failure(self, asker: Asker, permit: Permit, failed: FailedRequest) -> Attribution:
        """Record a failed request, and return whom it concerns as far as is known now."""

    def conclude(
        self, asker: Asker, failed: FailedRequest, *, session_answered: bool
    ) -> Attribution:
        """Return whom a failure concerns, now that the platform was asked who is signed in.

        `session_answered`: it said so, by the same egress; who is signed in does not matter.
        """

    def is_usable(self, platform: str, endpoint: str) -> bool:
        """Return whether an optional endpoint may be asked, which another one can replace."""

    def record_unknown(self, asker: Asker, evidence: Evidence) -> None:
        """Count an answer that no rule of the platform describes."""

    def leave_alone(self, platform: str, endpoint: str, evidence: Evidence | None) -> float:
        """Leave an optional endpoint alone, and return for how many seconds."""


@dataclass(kw_only=True)
class RequestCircuits:
    """The requests of one call to a source, each admitted as it leaves.

    Within a call one request leaves after the other: at most one is without an outcome.

    Args:
        base: the asker of a request whose path has no name of its own.
        endpoints: the names of endpoints, by the beginning of their paths.
    """

    circuits: Circuits
    base: Asker
    endpoints: Mapping[str, str]
    stop: threading.Event
    is_admitted: bool = False  # the next request was admitted before its turn
    _pending: tuple[Asker, Permit] | None = field(default=None, init=False)

    def admit_first(self) -> None:
        """Admit the call's first request now, for requests that wait for no turn.

        Raises:
            CircuitOpenError: as `Circuits.admit`.
        """
        self._admit(self.base)
        self.is_admitted = True

    def before_request(self, path: str) -> None:
        """Admit a request to `path`; of the one before, nothing is concluded that `settle` did not.

        Raises:
            CircuitOpenError: as `Circuits.admit`; the request must not be sent.
        """
        if self.is_admitted:
            self.is_admitted = False
            return
        self.give_back()
        self._admit(replace(self.base, endpoint=self._endpoint(path)))

    @contextmanager
    def aside(self, path: str) -> Iterator[None]:
        """Admit a request beside the newest one, whose outcome stays open.

        An error leaves it as the request that failed.

        Raises:
            CircuitOpenError: as `Circuits.admit`; the request must not be sent.
        """
        if self.is_admitted:
            self.is_admitted = False
            yield
            return
        newest, self._pending = self._pending, None
        try:
            self.before_request(path)
            yield
        except BaseException:
            if newest is not None:
                self.circuits.give_back(newest[1])
            raise
        self.settle()
        self._pending = newest

    def settle(self, error: SourceError | None = None) -> None:
        """Record the newest request as answered; do nothing when it has an outcome already.

        Args:
            error: what the answer says of one resource; None for what was asked for.
        """
        if self._pending is None:
            return
        if error is not None:
            self.record_unknown(self._pending[0], error)
        asker, permit = self._pending
        self._pending = None
        self.circuits.record_good(asker, permit)

    def record_unknown(self, asker: Asker, error: SourceError) -> None:
        """Count the error's answer when no rule describes it."""
        is_known = error.verdict is None or error.verdict.known
        if not is_known and error.evidence is not None:
            self.circuits.record_unknown(asker, error.evidence)

    def give_back(self) -> None:
        """Forget the newest request, whose answer says nothing or did not come."""
        if self._pending is not None:
            self.circuits.give_back(self._pending[1])
            self._pending = None

    def take_failed(self) -> tuple[Asker, Permit]:
        """Return the request that failed, with its permit."""
        pending = self._pending or (self.base, PLAIN_PERMIT)
        self._pending = None
        return pending

    def _admit(self, asker: Asker) -> None:
        self._pending = asker, self.circuits.admit(asker, self.stop)

    def _endpoint(self, path: str) -> str:
        fitting = (name for prefix, name in self.endpoints.items() if path.startswith(prefix))
        return next(fitting, self.base.endpoint)


def failed_request(error: SourceError) -> FailedRequest | None:
    """Return a failure as circuits take it; None for one that concerns nobody else."""
    otherwise = Scope.ACCOUNT
    match error:
        case RiskControlError():
            cause, retry_after_secs, fault = CircuitCause.RISK, None, None
        case _ if _is_of_key(error):
            cause, retry_after_secs, fault = CircuitCause.KEY, None, None
        case ThrottledError():
            cause, retry_after_secs, fault = CircuitCause.THROTTLE, error.retry_after_secs, None
        case RetryableError() if not error.damaged:
            otherwise, silent = Scope.REQUEST, error.fault is not None
            cause = CircuitCause.NO_ANSWER if silent else CircuitCause.SERVER_ERROR
            retry_after_secs, fault = error.retry_after_secs, error.fault
        case _:
            return None
    return FailedRequest(
        cause=cause,
        scope=error.verdict.scope if error.verdict else otherwise,
        is_conclusive=error.verdict is not None and error.verdict.conclusive,
        code=_code(error.evidence),
        retry_after_secs=retry_after_secs,
        evidence=error.evidence,
        fault=fault,
    )


def _is_of_key(error: SourceError) -> bool:
    """Return whether an API key is refused until a person changes something."""
    verdict = error.verdict
    if verdict is None or verdict.scope is not Scope.KEY:
        return False
    return verdict.reaction in (Reaction.DISABLE, Reaction.FAIL)


def _code(evidence: Evidence | None) -> str | None:
    if evidence is None:
        return None
    if evidence.code:
        return str(evidence.code)
    return None if evidence.http_status is None else f"HTTP {evidence.http_status}"


def question_hash(*parts: object) -> str:
    """Return 16 hexadecimal digits that stand for what is asked."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]
