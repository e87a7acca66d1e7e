"""Signals that end or interrupt work without an error."""

from __future__ import annotations


class StoppedSignal(Exception):
    """A wait was cut short because the service stops; the work after it was not done."""


class OutOfTurnSignal(Exception):
    """Raised instead of a long wait: the account's pace allows no request for `secs` seconds."""

    def __init__(self, secs: float) -> None:
        super().__init__(f"next turn in {secs:.1f} s")
        self.secs = secs


class TaskHaltedSignal(Exception):
    """The operator paused or cancelled the task during work on it; its lease is still held."""
