"""What a clock that was wrong leaves behind: its latest time, and moments that lie in the future.

Only moments of what has happened, and rests whose length has a limit, are looked at: a task may
well wait for next week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from storage.engines.datetimes import from_sql, to_sql
from storage.engines.transactions import Tx
from storage.schema import schema

HIGHEST = "clock_high"


@dataclass(frozen=True)
class FutureMoments:
    """A column with moments in the future: how many rows, and the latest of them."""

    table: str
    column: str
    rows: int
    latest: str


@dataclass(frozen=True)
class Stamp:
    """A column that holds moments of the past, or of a limited future.

    Args:
        ahead: how far in the future its moments may lie.
        mended: the SQL that a moment beyond that becomes; by default `:now`.
        where: a condition for the rows that are looked at.
    """

    table: str
    column: str
    ahead: timedelta = timedelta(0)
    mended: str = ":now"
    where: str = "1=1"

    @property
    def condition(self) -> str:
        """The SQL condition of rows whose moment lies beyond `:limit`."""
        return f"{self.column}>:limit AND ({self.where})"


LONGEST_REST = timedelta(days=7, hours=1)
LATER = "updated_at>:limit"  # the row was written by the clock that was ahead
TRIED_LATER = (
    "EXISTS (SELECT 1 FROM webhook_attempts a WHERE a.delivery_id=webhook_deliveries.id"
    " AND a.started_at>:limit)"
)
STAMPS = (
    Stamp("accounts", "last_used_at"),
    Stamp("accounts", "cooldown_until", mended="NULL", where=LATER),
    Stamp("accounts", "ready_at", mended="NULL", where=LATER),
    Stamp("accounts", "cooldown_until", LONGEST_REST, "NULL"),
    Stamp("accounts", "ready_at", LONGEST_REST, "NULL"),
    Stamp("accounts", "session_checked_at", mended="NULL"),
    Stamp("accounts", "updated_at"),
    Stamp("tasks", "not_before", where=LATER),
    Stamp("tasks", "updated_at"),
    Stamp("tasks", "waiting_since"),
    Stamp("works", "checked_at", mended="NULL"),
    Stamp("alerts", "raised_at", where="resolved_at IS NULL"),
    Stamp("alerts", "well_since", mended="NULL", where="resolved_at IS NULL"),
    Stamp("alert_notices", "not_before", timedelta(days=1), where="state='due'"),
    Stamp("webhook_deliveries", "not_before", where="created_at>:limit"),
    Stamp("webhook_deliveries", "not_before", where=TRIED_LATER),
    Stamp("webhook_endpoints", "rest_until", LONGEST_REST, "NULL"),
    Stamp("source_states", "until_at", where=LATER),
    Stamp("source_states", "probe_until", where=LATER),
    Stamp("source_states", "updated_at"),
    Stamp("proxies", "cooldown_until", where=LATER),
    Stamp("proxies", "updated_at"),
    Stamp("broadcaster", "started_at"),
    Stamp("workers", "seen_at"),
    Stamp("meta", "value", where="name='alerts_since' OR name LIKE 'job_met:%'"),
)
# What is leased, with the condition of rows that are. Such a lease is a dead worker's: who lives
# renews its own by the true time.
LEASED = {
    "accounts": "1=1",
    "tasks": "1=1",
    "job_runs": "state='running'",
    "webhook_deliveries": "1=1",
    "broadcaster": "1=1",
}
# Days by which quota and pages are counted: a day that lies ahead would count nothing till then.
DAYS = (("accounts", "quota_day"), ("accounts", "pages_day"))
RUNS_AHEAD = "scheduled_at>:limit AND state<>'running'"
TOLERANCE = timedelta(minutes=5)  # of hosts whose clocks differ before they asked the database


def note_highest(tx: Tx, now: datetime) -> None:
    """Keep the database's time when it is the latest so far."""
    schema.set_fact_once(tx, HIGHEST, to_sql(now))
    tx.execute(
        "UPDATE meta SET value=:now WHERE name=:name AND value<:now", name=HIGHEST, now=to_sql(now)
    )


def highest(tx: Tx) -> datetime | None:
    """Return the latest time of the database that was noted; None before the first."""
    text = schema.get_fact(tx, HIGHEST)
    return None if text is None else from_sql(text)


def future_moments(tx: Tx, now: datetime, today: date, *, lease: timedelta) -> list[FutureMoments]:
    """Return the columns with moments that a clock which was ahead left behind.

    `lease` is how long a lease lasts before it is renewed.
    """
    found = []
    for stamp in _stamps(lease):
        limit = to_sql(now + stamp.ahead + TOLERANCE)
        found += _found(tx, stamp.table, stamp.column, stamp.condition, limit)
    for table, column in DAYS:
        found += _found(tx, table, column, f"{column}>:limit", str(today))
    found += _found(tx, "job_runs", "scheduled_at", RUNS_AHEAD, to_sql(now + TOLERANCE))
    return found


def mend(tx: Tx, now: datetime, today: date, *, lease: timedelta) -> int:
    """Set what `future_moments` returns to now or clear it; return the number of values.

    Tasks that wait for an account or a platform look again at once, as those may rest no longer.

    Runs of scheduled jobs that lie ahead are deleted: they would keep the real ones from running.
    """
    changed = 0
    for stamp in _stamps(lease):
        changed += tx.execute(
            f"UPDATE {stamp.table} SET {stamp.column}={stamp.mended} WHERE {stamp.condition}",
            limit=to_sql(now + stamp.ahead + TOLERANCE),
            now=to_sql(now),
        )
    for table, column in DAYS:
        changed += tx.execute(
            f"UPDATE {table} SET {column}=:today WHERE {column}>:today", today=str(today)
        )
    # They wait for as long as an account or a circuit was to rest, by a moment that is mended now.
    tx.execute(
        "UPDATE tasks SET not_before=:now, updated_at=:now WHERE status IN ('pending','paused')"
        " AND is_leaf=1 AND waiting_for IN ('account','platform') AND not_before>:now",
        now=to_sql(now),
    )
    changed += tx.execute(f"DELETE FROM job_runs WHERE {RUNS_AHEAD}", limit=to_sql(now + TOLERANCE))
    schema.set_fact(tx, HIGHEST, to_sql(now))
    return changed


def _stamps(lease: timedelta) -> tuple[Stamp, ...]:
    leases = (Stamp(table, "lease_until", lease, where=held) for table, held in LEASED.items())
    return (*leases, *STAMPS)


def _found(tx: Tx, table: str, column: str, condition: str, limit: str) -> list[FutureMoments]:
    row = tx.one(
        f"SELECT COUNT(*) AS n, MAX({column}) AS latest FROM {table} WHERE {condition}",
        limit=limit,
    )
    if row is None or not row["n"]:
        return []
    return [FutureMoments(table, column, int(row["n"]), str(row["latest"]))]
