"""Waits of a fetch of counters, reported to whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import Clock
from core.messages import Message

# Shorter waits are the ordinary pace of requests.
MIN_REPORTED_SECS = 5.0


@dataclass(frozen=True)
class Wait:
    """A platform's requests wait for `reason` until the moment `until` (UTC)."""

    platform: str
    reason: Message
    until: datetime


WaitObserver = Callable[[Wait], None]


def ignore_wait(_wait: Wait) -> None:
    """Watch no waits."""


@dataclass(frozen=True, kw_only=True)
class WaitReporter:
    """Reports the waits of one platform that last MIN_REPORTED_SECS or longer, as they begin.

    Args:
        observer: called in the thread that waits.
    """

    platform: str
    clock: Clock
    observer: WaitObserver = ignore_wait

    def report(self, reason: Message, secs: float) -> None:
        """Report a wait of `secs` seconds from now."""
        if secs >= MIN_REPORTED_SECS:
            until = self.clock.now() + timedelta(seconds=secs)
            self.observer(Wait(self.platform, reason, until))

    def report_turn(self, secs: float) -> None:
        """Report a wait for the turn of the next request."""
        self.report(Message.of("next_turn"), secs)
