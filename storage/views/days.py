"""Queries on `view_days`: the last numbers of each work and day, and its packed hours.

A day is a number: local days since 1970. Rows lie by day: what comes in an hour, or is packed in a
night, is next to each other; the days of a work are looked up one by one. `hours` has a bit for
each hour with numbers; of two maps of one day, the one with the later last hour is the higher
number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from storage.engines.transactions import Row, Tx, in_list
from storage.views.points import COLUMNS, COUNTERS, Counts

HOURS_A_DAY = 24
DAYS_AT_ONCE = 366


@dataclass(frozen=True, kw_only=True)
class WorkDay:
    """A work's day: the map of its hours, its last numbers, and its packed hours.

    `packed` is None while all hours of the day are rows of `view_points`.
    """

    work: int
    hours: int
    counts: Counts
    packed: bytes | None


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
    tail = tx.dialect.on_conflict_set("day, work", changes)
    tx.execute(
        f"INSERT INTO view_days (work, day, hours, {COLUMNS})"
        f" SELECT work, :day, :bit, {COLUMNS} FROM view_points WHERE hour=:hour {tail}",
        day=day,
        bit=bit,
        hour=hour,
    )


def put(tx: Tx, day: int, rows: Iterable[WorkDay]) -> None:
    """Insert works' days, or replace them."""
    values: list[dict[str, object]] = [
        {
            **dict(zip(COUNTERS, row.counts, strict=True)),
            "work": row.work,
            "day": day,
            "hours": row.hours,
            "packed": row.packed,
        }
        for row in rows
    ]
    if values:
        columns = ["hours", *COUNTERS, "packed"]
        tx.execute_many(
            f"INSERT INTO view_days (work, day, hours, {COLUMNS}, packed) VALUES (:work, :day,"
            f" :hours, {', '.join(f':{name}' for name in COUNTERS)}, :packed)"
            f" {tx.dialect.on_conflict_update('day, work', columns)}",
            values,
        )


def packed_of_works(tx: Tx, day: int, first_work: int, last_work: int) -> dict[int, bytes]:
    """Return the packed hours of a day of the works with ids from `first_work` to `last_work`."""
    rows = tx.all(
        "SELECT work, packed FROM view_days"
        " WHERE work BETWEEN :first_work AND :last_work AND day=:day AND packed IS NOT NULL",
        first_work=first_work,
        last_work=last_work,
        day=day,
    )
    return {row["work"]: row["packed"] for row in rows}


def packed_of_day(tx: Tx, day: int) -> list[Row]:
    """Return `work`, `hours` and `packed` of all works with packed hours on a day."""
    return tx.all(
        "SELECT work, hours, packed FROM view_days WHERE day=:day AND packed IS NOT NULL", day=day
    )


def packed_of_work(tx: Tx, work: int, first: int, last: int) -> list[Row]:
    """Return `day`, `hours` and `packed` of a work from day `first` to `last`, by day."""
    return _of_work(tx, "day, hours, packed", work, first, last)


def of_work(tx: Tx, work: int, first: int, last: int) -> list[Row]:
    """Return the daily columns of a work from day `first` to `last`, by day."""
    return _of_work(tx, f"day, hours, {COLUMNS}", work, first, last)


def _of_work(tx: Tx, columns: str, work: int, first: int, last: int) -> list[Row]:
    found: list[Row] = []
    for start in range(first, last + 1, DAYS_AT_ONCE):
        marks, names = in_list(range(start, min(start + DAYS_AT_ONCE, last + 1)))
        # By a range of days the rows of all works would be read.
        found += tx.all(
            f"SELECT {columns} FROM view_days WHERE day IN ({marks}) AND work=:work ORDER BY day",
            work=work,
            **names,
        )
    return found


def last_values(
    tx: Tx, works: Collection[int], first: int, last: int, counter: str
) -> dict[int, tuple[int, int]]:
    """Return the last hour of works with a known `counter` on the days from `first` to `last`, and
    its value, by work."""
    value = _known(counter)
    marks, names = in_list(works)
    # By a range of days the rows of all works would be read.
    some = ", ".join(str(int(day)) for day in range(first, last + 1))
    rows = tx.all(
        f"SELECT work, day, hours, {value} AS value FROM view_days WHERE day IN ({some})"
        f" AND work IN ({marks}) AND {value} IS NOT NULL ORDER BY day",
        **names,
    )
    return {
        row["work"]: (row["day"] * HOURS_A_DAY + hours_in(row["hours"])[-1], row["value"])
        for row in rows
    }


def top_growth(tx: Tx, day: int, last: int, counter: str, limit: int) -> list[Row]:
    """Return up to `limit` works whose `counter` grew most from the end of a day to an hour.

    Columns: `work`, `platform`, `work_id`, `hours` (of the day), `from_count`, `to_count`. Works
    whose counter is not known on both are left out.
    """
    value = _known(counter)
    return tx.all(
        f"SELECT t.work, w.platform, w.work_id, t.hours, t.from_count, t.to_count FROM ("
        f"SELECT b.work, a.hours, a.{value} AS from_count, b.{value} AS to_count"
        " FROM view_points b JOIN view_days a ON a.day=:day AND a.work=b.work"
        f" WHERE b.hour=:last AND b.{value} IS NOT NULL AND a.{value} IS NOT NULL"
        f" ORDER BY b.{value}-a.{value} DESC, b.work LIMIT :limit"
        ") t JOIN view_works w ON w.id=t.work ORDER BY t.to_count-t.from_count DESC, t.work",
        day=day,
        last=last,
        limit=limit,
    )


def first_since(tx: Tx, day: int) -> int | None:
    """Return the first day from `day` on with numbers; None without one."""
    row = tx.one("SELECT MIN(day) AS day FROM view_days WHERE day>=:day", day=day)
    return row["day"] if row else None


def newest(tx: Tx) -> int | None:
    """Return the newest day with numbers; None without one."""
    row = tx.one("SELECT MAX(day) AS day FROM view_days")
    return row["day"] if row else None


def _known(counter: str) -> str:
    """Return the counter. Raise ValueError for others: no parameter can name a column."""
    if counter not in COUNTERS:
        raise ValueError(f"no counter: {counter!r}")
    return counter


def forget_works(tx: Tx, day: int, works: Collection[int]) -> None:
    """Delete the rows of works on a day."""
    tx.execute_many(
        "DELETE FROM view_days WHERE work=:work AND day=:day",
        [{"work": work, "day": day} for work in sorted(works)],
    )


def drop_packed(tx: Tx, before_day: int, limit: int) -> int:
    """Forget up to `limit` packed days before a day; return how many. Their daily columns stay."""
    found = tx.all(
        "SELECT work, day FROM view_days WHERE day<:day AND packed IS NOT NULL LIMIT :limit",
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
