"""What this process knows about the trouble of its database: since when, why, and until when."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime

from core.clock import Clock
from core.errors import (
    CommitUnknownError,
    DatabaseError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    DatabaseUnclassifiedError,
)
from core.logs import service_log
from core.messages import Message

log = service_log("database")
SHOWN_SECS = 2.0  # a statement that was killed, or a connection that was lost, is no outage
LINE_SECS = 60.0
TROUBLE = (DatabaseUnavailableError, DatabaseRefusedError, CommitUnknownError)


@dataclass(frozen=True)
class Outage:
    """A time in which the database was away, let nobody in, or refused to write.

    Moments are the host's, in UTC; `ended_at` is None while it lasts. `cause` is the newest error.
    """

    began_at: datetime
    cause: Message
    ended_at: datetime | None = None
    secs: float = 0.0


@dataclass(frozen=True)
class UnknownError:
    """An error that nobody knows, by its number, with the moment (monotonic) of the newest."""

    number: int
    cause: Message
    seen_secs: float


class OutageWatch:
    """Notes how the transactions and reads of this process end.

    An outage of writes, as on a full disk, is over when a write succeeded, although reads do all
    the while. It is logged at most once a minute, and once when it is over.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._open: Outage | None = None
        self._ended: tuple[Outage, float] | None = None
        self._began_secs = 0.0
        self._of_writes = False
        self._logged_secs: float | None = None
        self._unknown: dict[int, UnknownError] = {}

    @property
    def current(self) -> Outage | None:
        """Return the outage that lasts for 2 s at least; None when there is none."""
        outage = self._open
        lasted_secs = self._clock.monotonic() - self._began_secs
        if outage is None or lasted_secs < SHOWN_SECS:
            return None
        return replace(outage, secs=lasted_secs)

    def ended_within(self, secs: float) -> Outage | None:
        """Return the newest outage that ended so many seconds ago at most; None without one."""
        found = self._ended
        if found is None or self._clock.monotonic() - found[1] > secs:
            return None
        return found[0]

    def unknown_within(self, secs: float) -> list[UnknownError]:
        """Return the errors that nobody knows and that came so many seconds ago at most."""
        since_secs = self._clock.monotonic() - secs
        with self._guard:
            return [one for one in self._unknown.values() if one.seen_secs >= since_secs]

    def failed(self, error: DatabaseError, *, writing: bool) -> None:
        """Note that a transaction (`writing`) or a read ended by an error."""
        now_secs = self._clock.monotonic()
        if isinstance(error, DatabaseUnclassifiedError):
            number = int(error.message.params.get("number", 0))
            with self._guard:
                self._unknown[number] = UnknownError(number, error.message, now_secs)
        if not isinstance(error, TROUBLE):
            return
        with self._guard:
            if self._open is None:
                self._open = Outage(self._clock.now(), error.message)
                self._began_secs, self._of_writes, self._logged_secs = now_secs, writing, None
            self._open = replace(self._open, cause=error.message)
            self._of_writes = self._of_writes or writing
            since_secs = self._logged_secs
            due = now_secs - self._began_secs >= SHOWN_SECS and (
                since_secs is None or now_secs - since_secs >= LINE_SECS
            )
            if due:
                self._logged_secs = now_secs
        if due:
            log.error("database trouble for %.0f s: %s", now_secs - self._began_secs, error)

    def succeeded(self, *, writing: bool) -> None:
        """Note that a transaction (`writing`) or a read succeeded."""
        if self._open is None or (self._of_writes and not writing):
            return
        now_secs = self._clock.monotonic()
        with self._guard:
            if self._open is None:
                return
            secs = now_secs - self._began_secs
            ended = replace(self._open, ended_at=self._clock.now(), secs=secs)
            self._open = None
            if secs >= SHOWN_SECS:
                self._ended = (ended, now_secs)
            was_logged = self._logged_secs is not None
        if was_logged:
            log.warning("the database can be used again, after %.0f s", secs)


def oldest_outage(*watches: OutageWatch) -> Outage | None:
    """Return the outage that lasts longest, of the connections of one process; None without one."""
    outages = [outage for watch in watches if (outage := watch.current)]
    return min(outages, key=lambda outage: outage.began_at, default=None)
