"""Find the causes of alerts about the database itself, its disk and its clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from alerts.causes import AlertCause
from core.clock import Clock, iso_utc
from storage.engines.outages import OutageWatch
from storage.engines.transactions import Tx
from storage.operations import alert_queries, database_clock
from storage.operations.alerts import Alert, AlertKind

DISK_PATIENCE = timedelta(seconds=30)
MIN_OUTAGE_SECS = 15.0  # shorter ones are waited out, and only logged
OUTAGE_TOLD_SECS = 120.0
MAX_STEP_BACK = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class DatabaseTrouble:
    """Finds outages that ended, unknown errors, a clock that went back, and full disks.

    Args:
        outages: what this process knows of the trouble of its database.
        host: name of this host.
    """

    outages: OutageWatch
    clock: Clock
    host: str

    def causes(self, tx: Tx, known: list[Alert]) -> list[AlertCause]:
        """Return every cause that exists now; `known` are the open alerts."""
        return [
            *self._full_disks(tx),
            *self._ended_outages(known),
            *self._unknown_errors(),
            *self._clock_gone_back(tx, known),
        ]

    def _full_disks(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield a cause while an export has waited for room on its disk for some time."""
        before = self.clock.now() - DISK_PATIENCE
        task = alert_queries.oldest_wait_for_disk(tx, before)
        if task is not None:
            facts = {"task": task.id, "domain": task.domain, "error": task.last_error or ""}
            yield AlertCause(
                AlertKind.DISK_FULL, f"task:{task.id}", facts, since_at=task.waiting_since
            )

    def _ended_outages(self, known: list[Alert]) -> Iterator[AlertCause]:
        """Yield the outage of the database that is just over: nothing could be raised before.

        All processes notice it; the facts of the first that told of it stay.
        """
        outage = self.outages.ended_within(OUTAGE_TOLD_SECS)
        if outage is None or outage.secs < MIN_OUTAGE_SECS:
            return
        told = [alert for alert in known if alert.kind is AlertKind.DATABASE_UNAVAILABLE]
        facts = {
            "secs": round(outage.secs),
            "began_at": iso_utc(outage.began_at),
            "host": self.host,
            "error": outage.cause.dump(),
        }
        yield AlertCause(
            AlertKind.DATABASE_UNAVAILABLE, "database", told[0].facts if told else facts
        )

    def _clock_gone_back(self, tx: Tx, known: list[Alert]) -> Iterator[AlertCause]:
        """Yield a cause while the database's clock is behind what it was before."""
        highest = database_clock.highest(tx)
        behind = highest - self.clock.now() if highest else timedelta()
        if behind > MAX_STEP_BACK:
            told = [alert for alert in known if alert.kind is AlertKind.CLOCK_WENT_BACK]
            facts = told[0].facts if told else {"secs": round(behind.total_seconds())}
            yield AlertCause(AlertKind.CLOCK_WENT_BACK, "database", facts)

    def _unknown_errors(self) -> Iterator[AlertCause]:
        for found in self.outages.unknown_within(OUTAGE_TOLD_SECS):
            facts = {"number": found.number, "host": self.host, "error": found.cause.dump()}
            subject = f"database:{found.number},host:{self.host}"[:110]
            yield AlertCause(AlertKind.DATABASE_UNKNOWN_ERROR, subject, facts)
