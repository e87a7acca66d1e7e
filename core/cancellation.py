"""Signals that end or interrupt work without an error."""

from __future__ import annotations


class StoppedSignal(Exception):
    """The wait was cut short because the service stops; the request was not made."""


class OutOfTurnSignal(Exception):
    """The account may not ask for `secs` yet, which is longer than the caller wants to wait."""

    def __init__(self, secs: float) -> None:
        super().__init__(f"next turn in {secs:.1f} s")
        self.secs = secs


class TaskHaltedSignal(Exception):
    """The operator paused or cancelled the task while it was worked on; the lease still holds."""
