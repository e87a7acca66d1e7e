"""The database's clock: read now and then, and carried on by the host's monotonic clock."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import DatabaseUnavailableError
from storage.engines.transactions import Database, Tx

# A reading is wrong by its round trip at most: a slower one would be too inaccurate for leases.
SLOW_SECS = 1.0
FIRST_TRIES = 10


class DatabaseClock:
    """A Clock whose `now` is the database's.

    By it, hosts that share a database agree on leases, cooldowns and the quota day, however wrong
    their own clocks are. Between two calls of `sync` the host's monotonic clock carries it on, so
    that setting the host's clock changes nothing. Before the first `sync`, and on SQLite, it is the
    host's clock.
    """

    def __init__(self, *, host_clock: Clock, database: Database) -> None:
        self._host = host_clock
        self._database = database
        self._anchor: tuple[datetime, float] | None = None  # a moment, and when we learnt it
        self.offset_secs = 0.0

    def sync(self) -> float:
        """Read the database's clock and return its offset from the host's, in seconds.

        The reading is true for some moment between question and answer. After a stalled answer an
        earlier reading is more accurate and kept; a first one is asked for again.

        Raises:
            DatabaseError: no answer, or never one within SLOW_SECS.
        """
        for _ in range(FIRST_TRIES):
            reading = self._database.read(Tx.read_clock)
            if reading is None:
                return 0.0
            if reading.round_trip_secs <= SLOW_SECS:
                break
            if self._anchor is not None:
                return self.offset_secs
        else:
            raise DatabaseUnavailableError("database_clock_slow", secs=SLOW_SECS)
        offset = reading.offset_secs
        self._anchor = (self._host.now() + timedelta(seconds=offset), self._host.monotonic())
        self.offset_secs = offset
        return offset

    def now(self) -> datetime:
        """Return the database's current time in UTC, without a query."""
        anchor = self._anchor
        if anchor is None:
            return self._host.now()
        moment, learnt_at = anchor
        return moment + timedelta(seconds=self._host.monotonic() - learnt_at)

    def monotonic(self) -> float:
        return self._host.monotonic()

    def wait(self, event: threading.Event, secs: float) -> bool:
        return self._host.wait(event, secs)
