"""Requests of no account, such as to short links: admitted, repeated and attributed like others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from core.attribution import CircuitUnit, Scope
from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import CircuitOpenError, RetryableError, SourceError
from sources.base import ANONYMOUS
from sources.circuits import Asker, Circuits, failed_request, question_hash
from sources.transport.egress import Egress
from sources.transport.request_delay import backoff_secs

T = TypeVar("T")
MAX_HOST_CHARS = 32  # what the column of a circuit's platform holds


class RouteRecord(Protocol):
    """What is known of egress routes."""

    def note(self, route: Egress) -> None:
        """Make a route known, so that its failures can be counted."""

    def cooling_until(self, egress: str) -> datetime | None:
        """Return until when (UTC) a route is in cooldown; None when it is not, or not known."""


def ignore_retry(error: SourceError) -> None:
    """Do nothing."""


@dataclass(kw_only=True)
class AnonymousRequests:
    """Sends requests of no account by one egress route, and records what became of them.

    A host that is asked this way is a platform of its own for the circuits: that it refuses, or
    does not answer, says nothing about those that accounts ask.

    Args:
        route: the one by which the requests leave.
        attempts: how often one request is sent at most.
    """

    circuits: Circuits
    routes: RouteRecord
    route: Egress
    clock: Clock
    attempts: int
    _is_noted: bool = field(default=False, init=False)

    def send(
        self,
        host: str,
        endpoint: str,
        request: Callable[[], T],
        *,
        resource: str = "",
        stop: threading.Event | None = None,
        on_retry: Callable[[SourceError], None] = ignore_retry,
    ) -> T:
        """Return what `request` returns; it sends one request to `host` each time it is called.

        Args:
            endpoint: the name of what is asked there.
            resource: the one of several that it is about; empty: there is only one.
            on_retry: called with the failure before the request is repeated.

        Raises:
            CircuitOpenError: the host gets no request now, or the route is in cooldown.
            StoppedSignal: `stop` was set before a request.
            SourceError: what `request` raised last, with its `attribution` set.
        """
        stop = stop or threading.Event()
        asker = Asker(
            platform=host[:MAX_HOST_CHARS],
            egress=self.route.name,
            endpoint=endpoint,
            account_id=ANONYMOUS,
            question=question_hash(host, endpoint, resource),
            is_of_item=bool(resource),
        )
        self._require_open_route(asker)
        for attempt in range(1, self.attempts + 1):
            is_last = attempt == self.attempts
            try:
                return self._attempt(asker, request, stop, is_last=is_last)
            except RetryableError as error:
                if is_last or error.attribution is not None:
                    raise
                on_retry(error)
            if self.clock.wait(stop, backoff_secs(attempt)):
                raise StoppedSignal
        raise AssertionError("at least one attempt is made")

    def _require_open_route(self, asker: Asker) -> None:
        if not self._is_noted:
            self.routes.note(self.route)
            self._is_noted = True
        until = self.routes.cooling_until(self.route.name)
        if until is not None:
            raise CircuitOpenError(unit=CircuitUnit(asker.platform, self.route.name), until=until)

    def _attempt(
        self, asker: Asker, request: Callable[[], T], stop: threading.Event, *, is_last: bool
    ) -> T:
        permit = self.circuits.admit(asker, stop)
        try:
            answer = request()
        except SourceError as error:
            failed = failed_request(error)
            may_pass = isinstance(error, RetryableError) and not error.is_lasting
            if failed is None or (may_pass and not is_last):
                self.circuits.give_back(permit)
                if failed is None and error.evidence is not None and error.evidence.http_status:
                    self.circuits.record_egress_good(self.route.name)
            else:
                error.attribution = self.circuits.record_failure(asker, permit, failed)
                if error.attribution.scope is Scope.EGRESS:
                    error.name_route(self.route.name, error.attribution.until)
            raise
        except BaseException:
            self.circuits.give_back(permit)
            raise
        self.circuits.record_good(asker, permit)
        return answer
