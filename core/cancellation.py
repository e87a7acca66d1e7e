"""Signals that end or interrupt work without an error."""

from __future__ import annotations


class StoppedSignal(Exception):
    """A wait was cut short because the service stops; the work after it was not done."""


class OutOfTurnSignal(Exception):
    """The account may not send a request for `secs` seconds; the caller would not wait so long."""

    def __init__(self, secs: float) -> None:
        super().__init__(f"next turn in {secs:.1f} s")
        self.secs = secs


class TaskHaltedSignal(Exception):
    """The operator paused or cancelled the task during work on it; its lease is still held."""
