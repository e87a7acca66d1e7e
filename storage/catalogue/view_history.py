"""Questions about the hourly numbers. Every row is an hour of a work, by local day and hour."""

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
    """A row, and what was added since the row before: None for the first of all, and where one of
    the two counts is not known."""

    row: Row
    growth: int | None


def newest_hour(tx: Tx) -> tuple[str, str] | None:
    """Day and hour of the newest numbers."""
    row = tx.one(
        "SELECT crawl_date, crawl_hour FROM work_metrics"
        " ORDER BY crawl_date DESC, crawl_hour DESC LIMIT 1"
    )
    return (row["crawl_date"], row["crawl_hour"]) if row else None


def history(tx: Tx, platform: str, work_id: str, counter: str, hours: int) -> list[HourOfWork]:
    """The newest `hours` hours of a work, oldest first, with the growth of `counter`."""
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
    """The works with the most of `counter` in an hour."""
    return tx.all(
        "SELECT * FROM work_metrics WHERE crawl_date=:day AND crawl_hour=:hour"
        f" ORDER BY {_known(counter)} DESC NULLS LAST, work_id LIMIT :limit",
        day=day,
        hour=hour,
        limit=limit,
    )


def daily(tx: Tx, since_day: str, counter: str, work: tuple[str, str] | None = None) -> list[Row]:
    """Every day from `since_day` on, of one work (platform, id) or of all: hours and works with
    numbers, the `total` of the works' highest `counter` of that day, and its `growth`, of the works
    that were there the day before (None where none was)."""
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
    """The works whose `counter` grew most between their first and their last hour since then:
    `from_hour`, `to_hour`, `from_count`, `to_count`, `growth`."""
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
    """The crawls from that day on, in the order of their hours."""
    return tx.all(
        "SELECT * FROM crawl_sessions WHERE crawl_date>=:since"
        " ORDER BY crawl_date, crawl_hour, start_time",
        since=since_day,
    )


def _known(counter: str) -> str:
    """The column, if it is one: names cannot be parameters."""
    if counter not in COUNTERS:
        raise ValueError(f"no counter: {counter!r}")
    return counter
