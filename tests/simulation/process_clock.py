"""The clocks of simulated processes: one wall clock, and a monotonic one that may stand still."""

from __future__ import annotations

import threading
from datetime import datetime

from tests.support.moving_clock import MovingClock


class ProcessClock:
    """A clock on the time of the world; its monotonic part stands still while suspended.

    CLOCK_MONOTONIC does not count while a machine is suspended or a virtual one paused.
    """

    def __init__(self, world: MovingClock) -> None:
        self._world = world
        self._slept_secs = 0.0

    def now(self) -> datetime:
        return self._world.now()

    def monotonic(self) -> float:
        return self._world.monotonic() - self._slept_secs

    def wait(self, event: threading.Event, secs: float) -> bool:
        return self._world.wait(event, secs)

    def sleep_through(self, secs: float) -> None:
        """Take the last `secs` seconds as not counted."""
        self._slept_secs += secs
