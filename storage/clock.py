"""The database's clock, asked now and then and carried on by the host's monotonic one."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from core.clock import Clock
from storage.database import Database, Tx


class DatabaseClock:
    """A Clock whose `now` is the database's.

    Hosts that share a database agree on leases, cooldowns and the quota day by it, however wrong
    their own clocks are. Between two calls of `sync` the host's monotonic clock carries it on, so
    that setting the host's clock changes nothing.
    """

    def __init__(self, host_clock: Clock, database: Database) -> None:
        self._host = host_clock
        self._database = database
        self._anchor = host_clock.now()
        self._anchor_at = host_clock.monotonic()
        self.offset_secs = 0.0
        self._follows_host = True

    def sync(self) -> float:
        """Ask the database; its clock minus the host's, in seconds. Raises DatabaseError."""
        offset = self._database.read(Tx.clock_offset_secs)
        if offset is None:
            return 0.0
        anchor = self._host.now() + timedelta(seconds=offset)
        self._anchor, self._anchor_at = anchor, self._host.monotonic()
        self._follows_host = False
        self.offset_secs = offset
        return offset

    def now(self) -> datetime:
        if self._follows_host:
            return self._host.now()
        return self._anchor + timedelta(seconds=self._host.monotonic() - self._anchor_at)

    def monotonic(self) -> float:
        return self._host.monotonic()

    def wait(self, event: threading.Event, secs: float) -> bool:
        return self._host.wait(event, secs)
