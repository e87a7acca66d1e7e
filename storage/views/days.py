"""Queries on `view_days`: the last numbers of each work and day, and its packed hours.

A day is a number: local days since 1970. `hours` has a bit for each hour with numbers; of two maps
of one day, the one with the later last hour is the higher number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage.engines.transactions import Row, Tx, in_list
from storage.views.points import COLUMNS, COUNTERS, Counts, counts_of

HOURS_A_DAY = 24


@dataclass(frozen=True, kw_only=True)
class PackedDay:
    """A work's packed hours of a day, with its last numbers and the map of its hours."""

    work: int
    hours: int
    counts: Counts
    packed: bytes


def note_hour(tx: Tx, hour: int) -> None:
    """Take the numbers of an hour over into the daily columns of their works."""
    day, number = divmod(hour, HOURS_A_DAY)
    bit = 1 << number
    # A map below 2 × bit has no later hour. MySQL assigns in this order: the map is compared before
    # it changes.
    changes = {
        name: f"CASE WHEN view_days.hours<2*:bit THEN {tx.dialect.proposed(name)}"
        f" ELSE view_days.{name} END"
        for name in COUNTERS
    } | {"hours": "view_days.hours | :bit"}
    tail = tx.dialect.on_conflict_set("work, day", changes)
    tx.execute(
        f"INSERT INTO view_days (work, day, hours, {COLUMNS})"
        f" SELECT work, :day, :bit, {COLUMNS} FROM view_points WHERE hour=:hour {tail}",
        day=day,
        bit=bit,
        hour=hour,
    )


def put_packed(tx: Tx, day: int, rows: Iterable[PackedDay]) -> None:
    """Store the packed hours of works on a day, with the daily columns that follow from them."""
    values = [
        dict(zip(COUNTERS, row.counts, strict=True))
        | {"work": row.work, "day": day, "hours": row.hours, "packed": row.packed}
        for row in rows
    ]
    if values:
        columns = ["hours", *COUNTERS, "packed"]
        tx.execute_many(
            f"INSERT INTO view_days (work, day, hours, {COLUMNS}, packed) VALUES (:work, :day,"
            f" :hours, {', '.join(f':{name}' for name in COUNTERS)}, :packed)"
            f" {tx.dialect.on_conflict_update('work, day', columns)}",
            values,
        )


def packed_of_works(tx: Tx, day: int, works: Collection[int]) -> dict[int, bytes]:
    """Return the packed hours of works on a day, of those that have some."""
    if not works:
        return {}
    marks, names = in_list(works)
    rows = tx.all(
        "SELECT work, packed FROM view_days"
        f" WHERE work IN ({marks}) AND day=:day AND packed IS NOT NULL",
        day=day,
        **names,
    )
    return {row["work"]: row["packed"] for row in rows}


def packed_of_day(tx: Tx, day: int) -> list[Row]:
    """Return `work` and `packed` of all works with packed hours on a day."""
    return tx.all(
        f"SELECT work, packed FROM view_days {tx.dialect.force_index('idx_view_days_day')}"
        " WHERE day=:day AND packed IS NOT NULL",
        day=day,
    )


def packed_of_work(tx: Tx, work: int, first: int, last: int) -> dict[int, bytes]:
    """Return the packed hours of a work from day `first` to `last`, by day."""
    rows = tx.all(
        "SELECT day, packed FROM view_days WHERE work=:work AND day BETWEEN :first AND :last"
        " AND packed IS NOT NULL ORDER BY day",
        work=work,
        first=first,
        last=last,
    )
    return {row["day"]: row["packed"] for row in rows}


def of_work(tx: Tx, work: int, first: int, last: int) -> list[Row]:
    """Return the daily columns of a work from day `first` to `last`, by day."""
    return tx.all(
        f"SELECT day, hours, {COLUMNS} FROM view_days"
        " WHERE work=:work AND day BETWEEN :first AND :last ORDER BY day",
        work=work,
        first=first,
        last=last,
    )


def of_day(tx: Tx, day: int, counter: str) -> Mapping[int, int | None]:
    """Return the last value of a counter on a day by work; `counter` is one of COUNTERS."""
    if counter not in COUNTERS:
        raise ValueError(f"no counter: {counter!r}")
    rows = tx.all(
        f"SELECT work, {counter} AS value FROM view_days"
        f" {tx.dialect.force_index('idx_view_days_day')} WHERE day=:day",
        day=day,
    )
    return {row["work"]: row["value"] for row in rows}


def last_before(tx: Tx, work: int, day: int) -> Counts | None:
    """Return the last numbers of a work on a day; None when it has none."""
    row = tx.one(
        f"SELECT {COLUMNS} FROM view_days WHERE work=:work AND day=:day", work=work, day=day
    )
    return counts_of(row) if row else None


def forget_works(tx: Tx, day: int, works: Collection[int]) -> None:
    """Delete the rows of works on a day."""
    tx.execute_many(
        "DELETE FROM view_days WHERE work=:work AND day=:day",
        [{"work": work, "day": day} for work in sorted(works)],
    )


def drop_packed(tx: Tx, before_day: int, limit: int) -> int:
    """Forget up to `limit` packed days before a day; return how many. Their daily columns stay."""
    found = tx.all(
        f"SELECT work, day FROM view_days {tx.dialect.force_index('idx_view_days_day')}"
        " WHERE day<:day AND packed IS NOT NULL LIMIT :limit",
        day=before_day,
        limit=limit,
    )
    if found:
        tx.execute_many(
            "UPDATE view_days SET packed=NULL WHERE work=:work AND day=:day",
            [dict(row) for row in found],
        )
    return len(found)


def hours_in(bits: int) -> Sequence[int]:
    """Return the hours (0 to 23) of a map of hours."""
    return [number for number in range(HOURS_A_DAY) if bits >> number & 1]
