"""Queries on `task_daily_stats`: the statistics of a distribution task on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from storage.engines.datetimes import day_from_sql, from_sql, to_sql, to_sql_or_none
from storage.engines.transactions import Row, Tx, in_list
from storage.models.mapping import read_by, row_to

COUNTS = (
    "account_count",
    "yt_account_count",
    "yt_view_count",
    "yt_like_count",
    "yt_comment_count",
    "tt_account_count",
    "tt_view_count",
    "tt_like_count",
    "tt_comment_count",
    "dy_account_count",
    "dy_view_count",
    "dy_like_count",
    "dy_comment_count",
    "dy_share_count",
    "dy_collect_count",
)
SCANNED = ("scanned_at", "counted_until")
INCOMPLETE = ("incomplete_since", "incomplete_cause", "incomplete_tries", "next_count_at")
NOT_SENT = {"is_sent": 0, "sent_at": None, "response": None, "tries": 0}
COLUMNS = (
    *COUNTS,
    "completion_count",
    "revision",
    "error",
    "event_id",
    *SCANNED,
    *INCOMPLETE,
    "is_partial",
    *NOT_SENT,
)


def counts_of(row: Row) -> dict[str, int]:
    """Return the columns in COUNTS of a row."""
    return {name: row[name] for name in COUNTS}


@dataclass(frozen=True, kw_only=True)
class Incompleteness:
    """Why a day could not be counted yet, and when it is counted again.

    Args:
        since: when it was first counted in vain (UTC).
        cause: what kept it from being counted the last time, as `Message.dump` wrote it.
        tries: how often it was counted in vain.
        next_count_at: when it is due to be counted again (UTC).
    """

    since: datetime
    cause: str
    tries: int
    next_count_at: datetime


def _incompleteness_of(row: Row) -> Incompleteness | None:
    if row["incomplete_since"] is None:
        return None
    return Incompleteness(
        since=from_sql(row["incomplete_since"]),
        cause=row["incomplete_cause"],
        tries=row["incomplete_tries"],
        next_count_at=from_sql(row["next_count_at"]),
    )


@dataclass(frozen=True)
class DailyStats:
    """The counts of a distribution task's completions on a day.

    `counts` has a value for every name in COUNTS. `revision` grows when a later scan finds other
    counts; `event_id` is that of the report about this revision, None when there is none.
    Completions that changed before `counted_until` are counted. `error` says what is missing from
    the counts.

    `is_sent` says that the receiver accepted the report on this revision, at `sent_at`, after
    `tries` attempts; `response` is its newest answer or the error, None before the first attempt.

    `incomplete` is None when the newest count succeeded. `is_partial` says that the counts lack
    what that count could not reach; an incomplete day that was counted before keeps those counts
    and is not partial.
    """

    task_id: str
    stats_date: date
    counts: Mapping[str, int] = field(metadata=read_by(counts_of))
    completion_count: int
    revision: int
    error: str | None
    event_id: str | None
    scanned_at: datetime
    counted_until: datetime
    is_sent: bool = False
    sent_at: datetime | None = None
    response: str | None = None
    tries: int = 0
    is_partial: bool = False
    incomplete: Incompleteness | None = field(default=None, metadata=read_by(_incompleteness_of))

    @property
    def is_held(self) -> bool:
        """Return True when the report is held back, as the counts are partial."""
        return self.is_partial and self.event_id is None


@dataclass(frozen=True)
class IncompleteDay:
    """A day with tasks that could not be counted yet.

    Args:
        tasks: their number.
        held: the number of those whose report is held back.
        since: when the first of them was counted in vain (UTC).
        cause: the cause of one of them, as `Message.dump` wrote it.
        next_count_at: when the first of them is counted again (UTC).
    """

    stats_date: date
    tasks: int
    held: int
    since: datetime
    cause: str
    next_count_at: datetime


@dataclass(frozen=True)
class IncompleteCount:
    """The number of tasks of a day that could not be counted yet.

    Args:
        since: when the first of them was counted in vain (UTC).
        cause: the cause of one of them, as `Message.dump` wrote it.
    """

    stats_date: date
    tasks: int
    since: datetime
    cause: str


def of_day(tx: Tx, day: date, task_ids: Sequence[str]) -> dict[str, DailyStats]:
    """Return the stored statistics of these tasks on that day, by task id."""
    marks, names = in_list(task_ids)
    rows = tx.all(
        f"SELECT * FROM task_daily_stats WHERE stats_date=:day AND task_id IN ({marks})",
        day=str(day),
        **names,
    )
    return {row["task_id"]: row_to(DailyStats, row) for row in rows}


def newest_of_task(tx: Tx, task_id: str, limit: int) -> list[DailyStats]:
    """Return the statistics of a task's newest `limit` days, newest first."""
    rows = tx.all(
        "SELECT * FROM task_daily_stats WHERE task_id=:task_id"
        " ORDER BY stats_date DESC LIMIT :limit",
        task_id=task_id,
        limit=limit,
    )
    return [row_to(DailyStats, row) for row in rows]


def store_revisions(tx: Tx, found: Iterable[DailyStats]) -> None:
    """Insert or replace the statistics of days whose counts changed, as not reported yet."""
    _upsert(tx, found, COLUMNS)


def note_scanned(tx: Tx, found: Iterable[DailyStats]) -> None:
    """Record that days were scanned again and their counts are unchanged."""
    _upsert(tx, found, ["completion_count", "error", *SCANNED, *INCOMPLETE, "is_partial"])


def due_days(tx: Tx, now: datetime, limit: int) -> dict[date, list[str]]:
    """Return the task ids of at most `limit` incomplete days that are due, by day, oldest first."""
    rows = tx.all(
        "SELECT stats_date, task_id FROM task_daily_stats WHERE next_count_at<=:now"
        " ORDER BY next_count_at, id LIMIT :limit",
        now=to_sql(now),
        limit=limit,
    )
    found: dict[date, list[str]] = {}
    for row in rows:
        found.setdefault(day_from_sql(row["stats_date"]), []).append(row["task_id"])
    return {day: sorted(found[day]) for day in sorted(found)}


def incomplete_days(tx: Tx) -> list[IncompleteDay]:
    """Return every day with tasks that could not be counted yet, oldest day first."""
    rows = tx.all(
        "SELECT stats_date, COUNT(*) AS tasks, MIN(incomplete_since) AS since,"
        " MIN(incomplete_cause) AS cause, MIN(next_count_at) AS next_count_at,"
        " SUM(CASE WHEN is_partial=1 AND event_id IS NULL THEN 1 ELSE 0 END) AS held"
        f" FROM task_daily_stats {tx.dialect.force_index('idx_task_daily_stats_incomplete')}"
        " WHERE incomplete_since IS NOT NULL GROUP BY stats_date ORDER BY stats_date"
    )
    return [row_to(IncompleteDay, dict(row) | {"held": int(row["held"])}) for row in rows]


def incomplete_counts(tx: Tx) -> list[IncompleteCount]:
    """Return every day with tasks that could not be counted yet, oldest day first.

    An index answers it: watchers ask every few seconds.
    """
    rows = tx.all(
        "SELECT f.stats_date, f.tasks, f.since, s.incomplete_cause AS cause FROM"
        " (SELECT stats_date, COUNT(*) AS tasks, MIN(incomplete_since) AS since, MIN(id) AS id"
        f" FROM task_daily_stats {tx.dialect.force_index('idx_task_daily_stats_incomplete')}"
        " WHERE incomplete_since IS NOT NULL GROUP BY stats_date) f"
        " JOIN task_daily_stats s ON s.id=f.id ORDER BY f.stats_date"
    )
    return [row_to(IncompleteCount, row) for row in rows]


def _upsert(tx: Tx, found: Iterable[DailyStats], refreshed: Sequence[str]) -> None:
    columns = ["task_id", "stats_date", *COLUMNS]
    tx.execute_many(
        f"INSERT INTO task_daily_stats ({', '.join(columns)})"
        f" VALUES ({', '.join(':' + name for name in columns)})"
        f" {tx.dialect.on_conflict_update('task_id, stats_date', refreshed)}",
        [
            {
                "task_id": stats.task_id,
                "stats_date": str(stats.stats_date),
                **stats.counts,
                "completion_count": stats.completion_count,
                "revision": stats.revision,
                "error": stats.error,
                "event_id": stats.event_id,
                "scanned_at": to_sql(stats.scanned_at),
                "counted_until": to_sql(stats.counted_until),
                **_columns_of(stats.incomplete),
                "is_partial": int(stats.is_partial),
                **NOT_SENT,
            }
            for stats in sorted(found, key=lambda stats: stats.task_id)
        ],
    )


def _columns_of(incomplete: Incompleteness | None) -> dict[str, object]:
    if incomplete is None:
        return dict.fromkeys(INCOMPLETE) | {"incomplete_tries": 0}
    return {
        "incomplete_since": to_sql(incomplete.since),
        "incomplete_cause": incomplete.cause,
        "incomplete_tries": incomplete.tries,
        "next_count_at": to_sql(incomplete.next_count_at),
    }


def note_delivery(
    tx: Tx, event_id: str, sent_at: datetime | None, response: str | None, tries: int
) -> int:
    """Record the state of a report's delivery on each day in it; return the number of days.

    `sent_at` is None until it was delivered; `response` is what the receiver answered, `tries` the
    number of attempts. A day whose counts changed since belongs to a newer report and is left
    alone.
    """
    return tx.execute(
        "UPDATE task_daily_stats SET is_sent=:is_sent, sent_at=:sent_at, response=:response,"
        " tries=:tries WHERE event_id=:event_id",
        event_id=event_id,
        is_sent=int(sent_at is not None),
        sent_at=to_sql_or_none(sent_at),
        response=response,
        tries=tries,
    )
