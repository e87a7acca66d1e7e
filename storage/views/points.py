"""Queries on `view_points`: the numbers of works in an hour, for the last days."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from storage.engines.transactions import Row, Tx, in_list

COUNTERS = ("views", "danmaku", "comments", "likes", "coins", "favorites", "shares")
COLUMNS = ", ".join(COUNTERS)
HOURS_COMPARED = 24
Counts = tuple[int | None, ...]  # in the order of COUNTERS


class Point(NamedTuple):
    """The numbers of a work in an hour.

    `at_sec` is when they were fetched, in seconds since the beginning of the hour. `shrunk` has a
    bit for each number that was lower than before, the lowest bit for the first of COUNTERS.
    """

    work: int
    at_sec: int
    counts: Counts
    shrunk: int = 0


def insert(tx: Tx, hour: int, points: Iterable[Point]) -> None:
    """Insert the numbers of works in an hour, and leave those that are there already."""
    names = ("hour", "work", "at_sec", *COUNTERS, "shrunk")
    rows = [
        dict(zip(names, (hour, p.work, p.at_sec, *p.counts, p.shrunk), strict=True))
        for p in sorted(points)
    ]
    if rows:
        tx.execute_many(
            f"INSERT INTO view_points ({', '.join(names)})"
            f" VALUES ({', '.join(f':{name}' for name in names)})"
            f" {tx.dialect.on_conflict_ignore('hour, work')}",
            rows,
        )


def of_hour(tx: Tx, hour: int) -> list[Point]:
    """Return the numbers of all works in an hour."""
    rows = tx.all(
        f"SELECT work, at_sec, {COLUMNS}, shrunk FROM view_points WHERE hour=:hour", hour=hour
    )
    return [Point(row["work"], row["at_sec"], counts_of(row), row["shrunk"]) for row in rows]


def works_of_hour(tx: Tx, hour: int) -> set[int]:
    """Return the works that have numbers in an hour."""
    return set(tx.column("SELECT work FROM view_points WHERE hour=:hour", hour=hour))


def known_values(tx: Tx, hour: int, counter: str) -> dict[int, int]:
    """Return `counter` of the works whose number is known in an hour, by work."""
    rows = tx.all(
        f"SELECT work, {_known(counter)} AS value FROM view_points"
        f" WHERE hour=:hour AND {counter} IS NOT NULL",
        hour=hour,
    )
    return {row["work"]: row["value"] for row in rows}


def count(tx: Tx, hour: int) -> int:
    """Return the number of works that have numbers in an hour."""
    return tx.number("SELECT COUNT(*) FROM view_points WHERE hour=:hour", hour=hour)


def newest_before(tx: Tx, hour: int, works: Collection[int]) -> dict[int, Counts]:
    """Return the newest numbers that works have in the HOURS_COMPARED hours before an hour."""
    found = _counts_in(tx, [hour - 1], works)
    missing = [work for work in works if work not in found]
    if missing:
        earlier = range(hour - 2, hour - HOURS_COMPARED - 1, -1)
        found |= _counts_in(tx, earlier, missing)
    return found


def of_work(tx: Tx, work: int, hours: Sequence[int]) -> list[Row]:
    """Return the rows of a work in these hours, by hour."""
    if not hours:
        return []
    marks, names = in_list(hours)
    return tx.all(
        f"SELECT hour, at_sec, {COLUMNS} FROM view_points"
        f" WHERE hour IN ({marks}) AND work=:work ORDER BY hour",
        work=work,
        **names,
    )


def of_works(tx: Tx, hours: Sequence[int], first_work: int, last_work: int) -> list[Row]:
    """Return the rows of these hours of the works with ids from `first_work` to `last_work`."""
    marks, names = in_list(hours)
    return tx.all(
        f"SELECT hour, work, {COLUMNS} FROM view_points"
        f" WHERE hour IN ({marks}) AND work BETWEEN :first_work AND :last_work",
        first_work=first_work,
        last_work=last_work,
        **names,
    )


def top(tx: Tx, hour: int, counter: str, limit: int) -> list[Row]:
    """Return up to `limit` rows of an hour, the highest `counter` first and unknown ones last.

    `counter` is one of COUNTERS. Equal ones come in the order of their works' numbers.
    """
    order = f"ORDER BY {_known(counter)} IS NULL, {counter} DESC, work LIMIT :limit"
    # Works are named after the choice: before it each of the hour's would be looked up.
    return tx.all(
        "SELECT p.*, w.platform, w.work_id FROM"
        f" (SELECT work, at_sec, {COLUMNS} FROM view_points WHERE hour=:hour {order}) p"
        f" JOIN view_works w ON w.id=p.work {order}",
        hour=hour,
        limit=limit,
    )


def top_growth(tx: Tx, first: int, last: int, counter: str, limit: int) -> list[Row]:
    """Return up to `limit` works whose `counter` grew most from hour `first` to `last`.

    Columns: `work`, `platform`, `work_id`, `from_count`, `to_count`. Works whose counter is not
    known in both hours are left out.
    """
    return tx.all(
        "SELECT t.work, w.platform, w.work_id, t.from_count, t.to_count FROM"
        f" (SELECT work, from_count, to_count FROM ({_both(counter)}) g"
        " WHERE from_count IS NOT NULL AND to_count IS NOT NULL"
        " ORDER BY to_count-from_count DESC, work LIMIT :limit) t"
        " JOIN view_works w ON w.id=t.work ORDER BY t.to_count-t.from_count DESC, t.work",
        first=first,
        last=last,
        limit=limit,
    )


def count_known(tx: Tx, first: int, last: int, counter: str) -> tuple[int, int, int]:
    """Return the numbers of works whose `counter` is known in hour `first`, in `last`, in both."""
    row = tx.one(
        "SELECT COUNT(from_count) AS at_first, COUNT(to_count) AS at_last,"
        # A sum of both could be too large for a number of MySQL.
        " COUNT(CASE WHEN from_count IS NOT NULL THEN to_count END) AS at_both"
        f" FROM ({_both(counter)}) g",
        first=first,
        last=last,
    )
    assert row is not None
    return row["at_first"], row["at_last"], row["at_both"]


def _both(counter: str) -> str:
    """Return the query for `work`, `from_count` and `to_count` at the hours `:first` and `:last`.

    One pass over the rows of both is quicker than looking up one for each of the other's.
    """
    value = _known(counter)
    return (
        f"SELECT work, MAX(CASE WHEN hour=:first THEN {value} END) AS from_count,"
        f" MAX(CASE WHEN hour=:last THEN {value} END) AS to_count"
        " FROM view_points WHERE hour IN (:first, :last) GROUP BY work"
    )


def known_in_one(tx: Tx, hour: int, other: int, counter: str, limit: int) -> list[int]:
    """Return up to `limit` works whose `counter` is known in an hour, and not in another one."""
    value = _known(counter)
    return tx.column(
        f"SELECT b.work FROM view_points b LEFT JOIN view_points a ON a.hour=:other"
        f" AND a.work=b.work AND a.{value} IS NOT NULL WHERE b.hour=:hour"
        f" AND b.{value} IS NOT NULL AND a.work IS NULL ORDER BY b.work LIMIT :limit",
        hour=hour,
        other=other,
        limit=limit,
    )


def series_of(tx: Tx, works: Collection[int], hours: Sequence[int], counter: str) -> list[Row]:
    """Return `work`, `hour` and `value` of works in these hours where `counter` is known, by
    hour."""
    if not works or not hours:
        return []
    at = ", ".join(str(hour) for hour in hours)  # numbers of our own
    marks, names = in_list(works)
    return tx.all(
        f"SELECT work, hour, {_known(counter)} AS value FROM view_points WHERE hour IN ({at})"
        f" AND work IN ({marks}) AND {counter} IS NOT NULL ORDER BY hour",
        **names,
    )


def oldest_hour(tx: Tx) -> int | None:
    """Return the first hour that has rows; None without rows."""
    row = tx.one("SELECT MIN(hour) AS hour FROM view_points")
    return row["hour"] if row else None


def delete_works(tx: Tx, hour: int, works: Collection[int]) -> None:
    """Delete the numbers of these works in an hour."""
    tx.execute_many(
        "DELETE FROM view_points WHERE hour=:hour AND work=:work",
        [{"hour": hour, "work": work} for work in sorted(works)],
    )


def delete_range(tx: Tx, hours: Sequence[int], first_work: int, last_work: int) -> int:
    """Delete the rows of these hours of the works with ids from `first_work` to `last_work`.

    Return the number of rows.
    """
    marks, names = in_list(hours)
    return tx.execute(
        f"DELETE FROM view_points WHERE hour IN ({marks})"
        " AND work BETWEEN :first_work AND :last_work",
        first_work=first_work,
        last_work=last_work,
        **names,
    )


def counts_of(row: Row) -> Counts:
    """Return the numbers in a row, in the order of COUNTERS."""
    return (
        row["views"],
        row["danmaku"],
        row["comments"],
        row["likes"],
        row["coins"],
        row["favorites"],
        row["shares"],
    )


def _counts_in(tx: Tx, hours: Sequence[int], works: Collection[int]) -> dict[int, Counts]:
    """Return the numbers of the latest of these hours, by work."""
    if not works:
        return {}
    # A statement may have one list of marks; hours are numbers of our own.
    at = ", ".join(str(hour) for hour in hours)
    marks, names = in_list(works)
    rows = tx.all(
        f"SELECT work, {COLUMNS} FROM view_points WHERE hour IN ({at}) AND work IN ({marks})"
        " ORDER BY hour",
        **names,
    )
    return {row["work"]: counts_of(row) for row in rows}


def _known(counter: str) -> str:
    """Return the counter. Raise ValueError for others: no parameter can name a column."""
    if counter not in COUNTERS:
        raise ValueError(f"no counter: {counter!r}")
    return counter
