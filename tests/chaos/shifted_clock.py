"""Clocks of a process that stand or are set while it runs, as the driver wants.

A process started by `as_host.py` reads how far its clocks are off from two small files that the
driver writes: one of its host, and one of the process itself.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

HOST = "host"
OFFSETS = struct.Struct("dd")  # seconds: the wall clock is ahead, the monotonic one stood


class OffsetFile:
    """Two offsets in seconds, written by one process and read by others without a system call."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b" if create else "r+b") as file:
            if os.fstat(file.fileno()).st_size < OFFSETS.size:
                file.truncate(OFFSETS.size)
            self._memory = mmap.mmap(file.fileno(), OFFSETS.size)

    @property
    def ahead_secs(self) -> float:
        return float(OFFSETS.unpack_from(self._memory)[0])

    @property
    def stood_secs(self) -> float:
        return float(OFFSETS.unpack_from(self._memory)[1])

    def set_ahead(self, secs: float) -> None:
        """Set the wall clock so far ahead of the machine's; negative: behind."""
        OFFSETS.pack_into(self._memory, 0, secs, self.stood_secs)

    def stand(self, secs: float, *, wall_too: bool) -> None:
        """Let the monotonic clock have stood for so long, and the wall clock with it."""
        ahead_secs = self.ahead_secs - (secs if wall_too else 0.0)
        OFFSETS.pack_into(self._memory, 0, ahead_secs, self.stood_secs + secs)


def install(folder: Path) -> None:
    """Make Baton in this process see the clocks that the files in `folder` say."""
    from core.clock import SystemClock

    host, own = OffsetFile(folder / HOST), OffsetFile(folder / str(os.getpid()))
    real_time, real_monotonic = time.time, SystemClock.monotonic

    def ahead_secs() -> float:
        return host.ahead_secs + own.ahead_secs

    def now(_: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead_secs())

    def monotonic(clock: SystemClock) -> float:
        return real_monotonic(clock) - own.stood_secs

    time.time = lambda: real_time() + ahead_secs()
    SystemClock.now = now  # type: ignore[method-assign]
    SystemClock.monotonic = monotonic  # type: ignore[method-assign]
