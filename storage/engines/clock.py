"""The database's clock: read now and then, and carried on by the host's monotonic clock."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import DatabaseError, DatabaseUnavailableError
from storage.engines.transactions import Database, Tx

# A reading is wrong by its round trip at most: a slower one would be too inaccurate for leases.
SLOW_SECS = 1.0
FIRST_TRIES = 10
DRIFT_SECS = 1.0
CHECK_SECS = 1.0


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """One reading: the database's time at a moment of the host's two clocks.

    `generation` is that of the engine before the reading.
    """

    moment: datetime
    host_moment: datetime
    learnt_secs: float
    generation: int

    def now(self, host_clock: Clock) -> datetime:
        """Return the database's time, carried on by the host's monotonic clock."""
        return self.moment + timedelta(seconds=host_clock.monotonic() - self.learnt_secs)

    def drift_secs(self, host_clock: Clock) -> float:
        """Return how far the host's clock went ahead of its monotonic one since the reading."""
        passed_secs = host_clock.monotonic() - self.learnt_secs
        return (host_clock.now() - self.host_moment).total_seconds() - passed_secs


@dataclass(kw_only=True)
class DatabaseClock:
    """A Clock whose `now` is the database's.

    By it, hosts that share a database agree on leases, cooldowns and the quota day, however wrong
    their own clocks are. Between two calls of `sync` the host's monotonic clock carries it on, so
    that setting the host's clock changes nothing. Before the first `sync`, and on SQLite, it is the
    host's clock.
    """

    host_clock: Clock
    database: Database
    _anchor: Anchor | None = field(default=None, init=False)
    _checked_secs: float = field(default=0.0, init=False)
    _checking: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    offset_secs: float = field(default=0.0, init=False)

    def sync(self) -> float:
        """Read the database's clock and return its offset from the host's, in seconds.

        The reading is true for some moment between question and answer. After a stalled answer an
        earlier reading is more accurate and kept; a first one is asked for again.

        Raises:
            DatabaseError: no answer, or never one within SLOW_SECS.
        """
        generation = self.database.engine.generation
        for _ in range(FIRST_TRIES):
            reading = self.database.read(Tx.read_clock)
            if reading is None:
                return 0.0
            if reading.round_trip_secs <= SLOW_SECS:
                break
            if self._anchor is not None:
                return self.offset_secs
        else:
            raise DatabaseUnavailableError("database_clock_slow", secs=SLOW_SECS)
        offset, host_now = reading.offset_secs, self.host_clock.now()
        self._anchor = Anchor(
            moment=host_now + timedelta(seconds=offset),
            host_moment=host_now,
            learnt_secs=self.host_clock.monotonic(),
            generation=generation,
        )
        self.offset_secs = offset
        return offset

    def now(self) -> datetime:
        """Return the database's current time in UTC.

        That needs no query, unless the host's two clocks have moved apart: then somebody set the
        one, or the host stood still as a frozen virtual machine does, and the database is asked.
        So it is after the server was lost: another one may have another clock.
        """
        anchor = self._anchor
        if anchor is None:
            return self.host_clock.now()
        is_of_another = anchor.generation != self.database.engine.generation
        if is_of_another or abs(anchor.drift_secs(self.host_clock)) > DRIFT_SECS:
            anchor = self._learn_anew(anchor)
        return anchor.now(self.host_clock)

    def _learn_anew(self, anchor: Anchor) -> Anchor:
        """Ask the database, at most once a second; return the newest anchor, new or old."""
        if not self._checking.acquire(blocking=False):
            return anchor  # another thread asks
        try:
            now_secs = self.host_clock.monotonic()
            if self._anchor is anchor and now_secs - self._checked_secs >= CHECK_SECS:
                self._checked_secs = now_secs
                with suppress(DatabaseError), self.database.patience(0):
                    self.sync()
        finally:
            self._checking.release()
        return self._anchor or anchor

    def monotonic(self) -> float:
        return self.host_clock.monotonic()

    def wait(self, event: threading.Event, secs: float) -> bool:
        return self.host_clock.wait(event, secs)
