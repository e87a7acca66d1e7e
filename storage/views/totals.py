"""Queries on `view_totals`: the sums of all works for each day, so that nobody adds a year up."""

from __future__ import annotations

from storage.engines.transactions import Row, Tx
from storage.views.points import COUNTERS


def count_anew(tx: Tx, day: int) -> None:
    """Write the sums of a day anew, and those of the next one, which grows from it, if it has some.

    Call it when the day's numbers have changed, after the change was published: whoever publishes
    waits for its turn, so that the later one counts both changes.
    """
    _count(tx, day)
    if tx.exists("SELECT 1 AS yes FROM view_totals WHERE day=:day", day=day + 1):
        _count(tx, day + 1)


def since(tx: Tx, first: int, counter: str) -> list[Row]:
    """Return the sums of each day from `first` on, by day.

    Columns: `day`, `works`; `total`, the sum of the last `counter` of each work; `growth` of it
    against the day before, of works that had one then (None where none had).

    Raises:
        ValueError: `counter` is none of COUNTERS.
    """
    if counter not in COUNTERS:
        raise ValueError(f"no counter: {counter!r}")
    return tx.all(
        f"SELECT day, works, {counter} AS total, {counter}_growth AS growth FROM view_totals"
        " WHERE day>=:first ORDER BY day",
        first=first,
    )


def _count(tx: Tx, day: int) -> None:
    tx.execute("DELETE FROM view_totals WHERE day=:day", day=day)
    columns = ", ".join([*COUNTERS, *(f"{name}_growth" for name in COUNTERS)])
    # As floating point: whole numbers of any size may come in a file, and must not overflow here.
    sums = [f"SUM(d.{name}*1.0e0)" for name in COUNTERS]
    growth = [f"SUM(d.{name}*1.0e0-p.{name}*1.0e0)" for name in COUNTERS]
    tx.execute(
        f"INSERT INTO view_totals (day, works, {columns})"
        f" SELECT d.day, COUNT(*), {', '.join([*sums, *growth])} FROM view_days d"
        " LEFT JOIN view_days p ON p.day=:before AND p.work=d.work"
        " WHERE d.day=:day GROUP BY d.day",
        day=day,
        before=day - 1,
    )
