"""Queries for the daily digest: the reports of a day, and what was counted for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from storage.distribution.deliveries import DeliveryKind, DeliveryState
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to


@dataclass(frozen=True)
class FiledReports:
    """The number of reports of a kind that were filed within a time and are in a state now."""

    kind: DeliveryKind
    state: DeliveryState
    count: int


@dataclass(frozen=True)
class CountedDay:
    """What was counted for a day: distribution tasks with their completions.

    `incomplete` counts those tasks whose count lacks something.
    """

    tasks: int
    completions: int
    incomplete: int


def filed(tx: Tx, since: datetime, until: datetime) -> list[FiledReports]:
    """Return the reports that were filed in `[since, until)`, by kind and state, without tests."""
    index = tx.dialect.force_index("idx_webhook_deliveries_created")
    rows = tx.all(
        f"SELECT kind, state, COUNT(*) AS count FROM webhook_deliveries {index}"
        " WHERE created_at>=:since AND created_at<:until AND kind<>'test'"
        " GROUP BY kind, state ORDER BY kind, state",
        since=to_sql(since),
        until=to_sql(until),
    )
    return [row_to(FiledReports, row) for row in rows]


def counted(tx: Tx, day: date) -> CountedDay:
    """Return what was counted for a day, up to now."""
    row = tx.one(
        "SELECT COUNT(*) AS tasks, COALESCE(SUM(completion_count), 0) AS completions,"
        " COALESCE(SUM(CASE WHEN incomplete_since IS NULL THEN 0 ELSE 1 END), 0) AS incomplete"
        " FROM task_daily_stats WHERE stats_date=:day",
        day=str(day),
    )
    assert row is not None
    return CountedDay(int(row["tasks"]), int(row["completions"]), int(row["incomplete"]))
