"""Circuits of one process without a database: nothing is shared, nobody else's answers count."""

from __future__ import annotations

import threading

from core.attribution import Attribution, Scope
from core.clock import Clock
from core.errors import Evidence
from sources.circuits import PLAIN_PERMIT, Asker, FailedRequest, Permit

UNUSABLE_SECS = 3600.0


class LocalCircuits:
    """Circuits that admit every request (`sources.circuits.Circuits`).

    For use without a database, such as a check of cookies before they are stored.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._unusable_until: dict[tuple[str, str], float] = {}

    def admit(self, asker: Asker, stop: threading.Event) -> Permit:
        """Return the permission to send one request now."""
        return PLAIN_PERMIT

    def give_back(self, permit: Permit) -> None:
        """Do nothing: there are no probes."""

    def record_good(self, asker: Asker, permit: Permit) -> None:
        """Do nothing: there are no probes."""

    def record_egress_good(self, egress: str) -> None:
        """Do nothing: no route cools down."""

    def record_failure(self, asker: Asker, permit: Permit, failed: FailedRequest) -> Attribution:
        """Return what the platform's rules say, or the egress when no answer came."""
        return Attribution(scope=Scope.EGRESS if failed.fault else failed.scope)

    def conclude(
        self, asker: Asker, failed: FailedRequest, *, session_answered: bool
    ) -> Attribution:
        """Return that a failure concerns the account."""
        return Attribution(scope=Scope.ACCOUNT)

    def is_usable(self, platform: str, endpoint: str) -> bool:
        """Return whether an optional endpoint may be asked, which another one can replace."""
        until = self._unusable_until.get((platform, endpoint), 0.0)
        return self._clock.monotonic() >= until

    def record_unknown(self, asker: Asker, evidence: Evidence) -> None:
        """Do nothing: nobody reads the counts."""

    def leave_alone(self, platform: str, endpoint: str, evidence: Evidence | None) -> float:
        """Leave an optional endpoint alone, and return for how many seconds."""
        self._unusable_until[platform, endpoint] = self._clock.monotonic() + UNUSABLE_SECS
        return UNUSABLE_SECS
