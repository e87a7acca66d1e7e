"""Queries on the hourly statistics of videos. A row is one hour of one work, in local time."""

from __future__ import annotations

from typing import NamedTuple

from storage.engines.transactions import Row, Tx

COUNTERS = (
    "view_count",
    "danmaku_count",
    "comment_count",
    "like_count",
    "coin_count",
    "favorite_count",
    "share_count",
)


class HourOfWork(NamedTuple):
    """A row, and the growth of a counter since the row before it.

    `growth` is None for the first row of all, and where one of the two counts is unknown.
    """

    row: Row
    growth: int | None


def newest_hour(tx: Tx) -> tuple[str, str] | None:
    """Return day (`2026-11-22`) and hour (`05`) of the newest row; None when there is none."""
    row = tx.one(
        "SELECT crawl_date, crawl_hour FROM work_metrics"
        " ORDER BY crawl_date DESC, crawl_hour DESC LIMIT 1"
    )
    return (row["crawl_date"], row["crawl_hour"]) if row else None


def history(tx: Tx, platform: str, work_id: str, counter: str, hours: int) -> list[HourOfWork]:
    """Return the newest `hours` rows of a work, oldest first, with the growth of `counter`.

    Raises:
        ValueError: `counter` is none of COUNTERS.
    """
    _known(counter)
    newest_first = tx.all(
        "SELECT * FROM work_metrics WHERE platform=:platform AND work_id=:work_id"
        " ORDER BY crawl_date DESC, crawl_hour DESC LIMIT :hours",
        platform=platform,
        work_id=work_id,
        hours=hours + 1,
    )
    # In SQL a window over so many rows costs more than reading them.
    found: list[HourOfWork] = []
    before: int | None = None
    for row in reversed(newest_first):
        count = row[counter]
        known = count is not None and before is not None
        found.append(HourOfWork(row, count - before if known else None))
        before = count
    return found[-hours:]


def top_of_hour(tx: Tx, day: str, hour: str, counter: str, limit: int) -> list[Row]:
    """Return up to `limit` rows of an hour, the highest `counter` first and unknown counts last.

    Raises:
        ValueError: `counter` is none of COUNTERS.
    """
    return tx.all(
        "SELECT * FROM work_metrics WHERE crawl_date=:day AND crawl_hour=:hour"
        f" ORDER BY {_known(counter)} DESC NULLS LAST, work_id LIMIT :limit",
        day=day,
        hour=hour,
        limit=limit,
    )


def daily(tx: Tx, since_day: str, counter: str, work: tuple[str, str] | None = None) -> list[Row]:
    """Return a row for each day from `since_day` on, of one work (platform, id) or of all.

    Columns: `crawl_date`; `hours` and `works` that have a row; `total`, the sum of the works'
    highest `counter` of that day; `growth` of it against the day before, of works that had a row
    then (None where none had).

    Raises:
        ValueError: `counter` is none of COUNTERS.
    """
    condition = "platform=:platform AND work_id=:work_id AND " if work else ""
    # Left to itself, SQLite goes through the whole history in the order of the works.
    index = "sqlite_autoindex_work_metrics_1" if work else "idx_work_metrics_crawl_date"
    platform, work_id = work or (None, None)
    return tx.all(
        "WITH highest AS (SELECT platform, work_id, crawl_date, COUNT(*) AS hours,"
        f" MAX({_known(counter)}) AS count FROM work_metrics INDEXED BY {index}"
        f" WHERE {condition}crawl_date>=date(:since, '-1 day') GROUP BY 1, 2, 3),"
        " grown AS (SELECT *, count - LAG(count) OVER (PARTITION BY platform, work_id"
        " ORDER BY crawl_date) AS growth FROM highest)"
        " SELECT crawl_date, MAX(hours) AS hours, COUNT(*) AS works, SUM(count) AS total,"
        " SUM(growth) AS growth FROM grown WHERE crawl_date>=:since GROUP BY crawl_date"
        " ORDER BY crawl_date",
        since=since_day,
        platform=platform,
        work_id=work_id,
    )


def risers(tx: Tx, since: tuple[str, str], counter: str, limit: int) -> list[Row]:
    """Return the works whose `counter` grew most between their first and last hour from `since` on.

    `since` is (day, hour). Columns: `platform`, `work_id`, `title`, `from_hour`, `to_hour`,
    `from_count`, `to_count`, `growth`; the most growth first.

    Raises:
        ValueError: `counter` is none of COUNTERS.
    """
    span = (
        f"SELECT platform, work_id, title, crawl_date || ' ' || crawl_hour AS hour,"
        f" {_known(counter)} AS count FROM work_metrics WHERE crawl_date>=:day"
        f" AND (crawl_date, crawl_hour)>=(:day, :hour) AND {counter} IS NOT NULL"
    )
    # A bare column beside MIN() or MAX() is that of the row which holds it (SQLite).
    return tx.all(
        f"WITH span AS ({span}),"
        " first AS (SELECT platform, work_id, MIN(hour) AS hour, count FROM span GROUP BY 1, 2),"
        " last AS (SELECT platform, work_id, title, MAX(hour) AS hour, count FROM span"
        " GROUP BY 1, 2)"
        " SELECT platform, work_id, title, first.hour AS from_hour, last.hour AS to_hour,"
        " first.count AS from_count, last.count AS to_count, last.count - first.count AS growth"
        " FROM last JOIN first USING (platform, work_id) WHERE last.hour > first.hour"
        " ORDER BY growth DESC, work_id LIMIT :limit",
        day=since[0],
        hour=since[1],
        limit=limit,
    )


def sessions(tx: Tx, since_day: str) -> list[Row]:
    """Return the crawl sessions from that day on, in the order of their hours."""
    return tx.all(
        "SELECT * FROM crawl_sessions WHERE crawl_date>=:since"
        " ORDER BY crawl_date, crawl_hour, start_time",
        since=since_day,
    )


def _known(counter: str) -> str:
    """Return the counter's column. Raise ValueError for others: no parameter can name a column."""
    if counter not in COUNTERS:
        raise ValueError(f"no counter: {counter!r}")
    return counter
