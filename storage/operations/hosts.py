"""Queries on `hosts`: the machines that work on this database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_of, row_to

ANNOUNCED = ("peer_url", "version", "time_zone", "free_bytes", "seen_at", "left_at")


@dataclass(frozen=True)
class HostFacts:
    """What a host says of itself: `peer_url` is where its console answers other hosts, None
    nowhere; `time_zone` is that of its days and hours, empty of an older version; `free_bytes` is
    the room of its data folder, None when that cannot be seen."""

    host: str
    peer_url: str | None
    version: str
    time_zone: str
    free_bytes: int | None
    seen_at: datetime


@dataclass(frozen=True)
class HostRow(HostFacts):
    """A host's row.

    `pruned_at` is when its old files were removed last, None never. `left_at` is when it stopped in
    order, None while it works, as far as is known.
    """

    pruned_at: datetime | None
    left_at: datetime | None


def announce(tx: Tx, facts: HostFacts) -> None:
    """Insert a host, or replace what it said of itself."""
    tx.add("hosts", tx.dialect.on_conflict_update("host", ANNOUNCED), **row_of(facts), left_at=None)


def leave(tx: Tx, host: str, now: datetime) -> None:
    """Note that a host stops in order."""
    tx.execute("UPDATE hosts SET left_at=:now WHERE host=:host", host=host, now=to_sql(now))


def gone(tx: Tx, before: datetime) -> list[HostRow]:
    """Return the hosts that were last seen before a moment and did not stop in order, by name."""
    rows = tx.all(
        "SELECT * FROM hosts WHERE seen_at<:before AND left_at IS NULL ORDER BY host",
        before=to_sql(before),
    )
    return [row_to(HostRow, row) for row in rows]


def take_pruning(tx: Tx, host: str, now: datetime, before: datetime) -> bool:
    """Note that a host removes its old files now; return False when it did so since `before`."""
    return 1 == tx.execute(
        "UPDATE hosts SET pruned_at=:now"
        " WHERE host=:host AND (pruned_at IS NULL OR pruned_at<:before)",
        host=host,
        now=to_sql(now),
        before=to_sql(before),
    )


def get(tx: Tx, host: str) -> HostRow | None:
    """Return a host's row; None for one that never worked on this database."""
    row = tx.one("SELECT * FROM hosts WHERE host=:host", host=host)
    return row_to(HostRow, row) if row else None


def every(tx: Tx) -> list[HostRow]:
    """Return all hosts, by name."""
    return [row_to(HostRow, row) for row in tx.all("SELECT * FROM hosts ORDER BY host")]


def forget(tx: Tx, host: str) -> bool:
    """Remove a host that is gone for good; return False when there was none.

    It comes back by itself when it works again.
    """
    return 1 == tx.execute("DELETE FROM hosts WHERE host=:host", host=host)
