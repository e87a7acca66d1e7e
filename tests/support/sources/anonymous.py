"""Requests of no account without a database, for tests of what is asked and answered."""

from __future__ import annotations

from datetime import datetime

from core.clock import Clock
from sources.anonymous_requests import AnonymousRequests
from sources.local_circuits import LocalCircuits
from sources.transport.egress import Egress, direct_egress


class NoRecord:
    """Routes of which nothing is known."""

    def note(self, route: Egress) -> None:
        """Do nothing."""

    def cooling_until(self, egress: str) -> datetime | None:
        """Return None: no route is in cooldown."""


def unrecorded(clock: Clock, attempts: int = 1) -> AnonymousRequests:
    """Return a sender by the direct route that admits every request and records nothing."""
    return AnonymousRequests(
        circuits=LocalCircuits(clock=clock),
        routes=NoRecord(),
        route=direct_egress("test"),
        clock=clock,
        attempts=attempts,
    )
