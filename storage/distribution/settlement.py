"""Queries behind settlements: days of distribution tasks with their reports, and their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from storage.distribution.daily_stats import COUNTS, DailyStats
from storage.distribution.distribution_tasks import tasks_titled
from storage.engines.transactions import Row, Tx
from storage.models.mapping import row_to

SUMS = ("completion_count", *COUNTS)
# What keeps a day from being settled, with the index that finds such days.
OPEN = {
    "incomplete_days": ("s.incomplete_since IS NOT NULL", "idx_task_daily_stats_incomplete"),
    "unaccepted_days": ("s.is_sent=0", "idx_task_daily_stats_unsent"),
}
# What became of the report on a day. Finished deliveries are deleted after a time: of one that was
# accepted the day itself says so.
STATE = (
    "CASE WHEN s.event_id IS NULL THEN 'unreported' WHEN s.is_sent=1 THEN 'delivered'"
    " WHEN s.tries=0 THEN 'pending' WHEN d.id IS NULL OR d.state='dead' THEN 'dead'"
    " ELSE 'failed' END"
)

SAME_DAY = "a.stats_date=s.stats_date AND a.task_id=s.task_id"
SHARE = f"{SAME_DAY} AND a.agent_node=:agent"


class ReportState(StrEnum):
    """What became of the report on a day of a task."""

    UNREPORTED = "unreported"  # none was filed: no callback URL, or it is held back
    PENDING = "pending"  # filed, not tried yet
    DELIVERED = "delivered"  # the receiver accepted it
    FAILED = "failed"  # tried in vain; it will be tried again
    DEAD = "dead"  # given up


class SumBy(StrEnum):
    """What is added up apart: nothing, tasks, or the agents of users."""

    ALL = "all"
    TASK = "task"
    AGENT = "agent_node"


TRIED_IN_VAIN = "s.is_sent=0 AND s.event_id IS NOT NULL AND s.tries>0"
OF_STATE: Mapping[ReportState, str] = {
    ReportState.UNREPORTED: "s.is_sent=0 AND s.event_id IS NULL",
    ReportState.PENDING: "s.is_sent=0 AND s.event_id IS NOT NULL AND s.tries=0",
    ReportState.DELIVERED: "s.is_sent=1 AND s.event_id IS NOT NULL",
    ReportState.FAILED: f"{TRIED_IN_VAIN} AND {STATE}='failed'",
    ReportState.DEAD: f"{TRIED_IN_VAIN} AND {STATE}='dead'",
}


@dataclass(frozen=True, kw_only=True)
class DayFilter:
    """A selection of days of tasks, by all of its parts; one that is None selects all.

    Args:
        first, last: days, both included.
        agent: only days with completions of this agent's users, "" for users without one; counts
            are then those of the agent.
        title: a part of the task's title, in any case.
        event_id: the report that told the day's newest revision.
        is_incomplete: whether the newest count met a passing cause.
    """

    first: date | None = None
    last: date | None = None
    agent: str | None = None
    task_id: str | None = None
    title: str | None = None
    event_id: str | None = None
    state: ReportState | None = None
    is_incomplete: bool | None = None


@dataclass(frozen=True)
class TaskDay:
    """A day of a task, its counts, and what became of the report on them.

    `stats` has the counts of the whole day, `counts` those that the filter means. `title` and
    `project_id` are None for a task that was deleted, `delivery_id` where no delivery is kept.
    """

    stats: DailyStats
    counts: Mapping[str, int]
    completion_count: int
    title: str | None
    project_id: str | None
    state: ReportState
    delivery_id: int | None


@dataclass(frozen=True)
class DaySum:
    """The sums of some days.

    `name` is a task or an agent ("" for users without one), None for all together and for days
    that were counted before agents were stored. An account that is in several days or tasks is as
    often in `counts`.
    """

    name: str | None
    counts: Mapping[str, int]
    completion_count: int
    task_days: int
    incomplete_days: int
    unaccepted_days: int


def days(
    tx: Tx, wanted: DayFilter, limit: int, before: tuple[date, str] | None = None
) -> list[TaskDay]:
    """Return up to `limit` days of tasks, newest day first, each day's highest task id first.

    `before` is day and task of the last row of the page before.
    """
    where, params = _conditions(tx, wanted)
    if before is not None:
        where += " AND s.stats_date<=:day AND (s.stats_date<:day OR s.task_id<:before)"
        params |= {"day": str(before[0]), "before": before[1]}
    table = "s" if wanted.agent is None else "a"
    order = "ORDER BY {0}.stats_date DESC, {0}.task_id DESC"
    # The rows of the page are found by the index alone, and read afterwards.
    page = (
        f"SELECT s.id FROM {_listed(tx, wanted)} {_report_join(wanted)}"
        f" WHERE {where} {order.format(table)} LIMIT :limit"
    )
    shares = "" if wanted.agent is None else f" JOIN agent_daily_stats a ON {SHARE}"
    rows = tx.all(
        f"SELECT s.*, t.title, t.project_id, d.id AS delivery_id, {STATE} AS state"
        f"{_agent_columns(wanted)} FROM ({page}) page JOIN task_daily_stats s ON s.id=page.id"
        f"{shares} LEFT JOIN webhook_deliveries d ON d.event_id=s.event_id"
        f" LEFT JOIN drama_tasks t ON t.task_id=s.task_id {order.format('s')}",
        limit=limit,
        **params,
    )
    return [_task_day(row, wanted) for row in rows]


def sums(tx: Tx, wanted: DayFilter, by: SumBy) -> list[DaySum]:
    """Return the sums of the days that match, by name; nothing when no day does."""
    if by is not SumBy.AGENT or wanted.agent is not None:
        return _sums(tx, wanted, by)
    found = _sums(tx, wanted, by)
    return [*found, *_rest(tx, wanted, found)]


def _sums(tx: Tx, wanted: DayFilter, by: SumBy) -> list[DaySum]:
    table = "s" if wanted.agent is None and by is not SumBy.AGENT else "a"
    name = {SumBy.ALL: "NULL", SumBy.TASK: f"{table}.task_id", SumBy.AGENT: "a.agent_node"}[by]
    added = ", ".join(f"SUM({table}.{column}) AS {column}" for column in SUMS)
    columns = f"{name} AS name, {added}, COUNT(*) AS task_days"
    grouped = "" if name == "NULL" else f" GROUP BY {name}"
    where, params = _conditions(tx, wanted, table)
    # Three rows of agents are a day of a task: those days are only looked up where a condition or
    # what is counted needs it.
    is_apart = table == "a" and not _needs_days(wanted)
    source = "agent_daily_stats a" if is_apart else _joined(wanted, table)
    rows = tx.all(f"SELECT {columns} FROM {source} WHERE {where}{grouped}", **params)
    open_days = {}
    for kind, (condition, index) in OPEN.items():
        days_of_name = tx.all(
            f"SELECT {name} AS name, COUNT(*) AS n"
            f" FROM {_joined(wanted, table, tx.dialect.force_index(index))}"
            f" WHERE {where} AND {condition}{grouped}",
            **params,
        )
        open_days[kind] = {row["name"]: row["n"] for row in days_of_name}
    found = [
        _day_sum({**row} | {kind: counts.get(row["name"]) for kind, counts in open_days.items()})
        for row in rows
        if row["task_days"]
    ]
    return sorted(found, key=lambda one: one.name or "")


def _joined(wanted: DayFilter, table: str, hint: str = "") -> str:
    """Return the tables of sums: days, with the shares of agents where `table` is theirs."""
    shares = "" if table == "s" else f"JOIN agent_daily_stats a ON {SAME_DAY}"
    return f"task_daily_stats s {hint} {shares} {_report_join(wanted)}"


def _needs_days(wanted: DayFilter) -> bool:
    return (wanted.event_id, wanted.state, wanted.is_incomplete) != (None, None, None)


def _rest(tx: Tx, wanted: DayFilter, found: Sequence[DaySum]) -> list[DaySum]:
    """Return the sums of what no agent has: of days that were counted before agents were stored."""
    for whole in _sums(tx, wanted, SumBy.ALL):
        completions = whole.completion_count - sum(one.completion_count for one in found)
        if completions:
            where, params = _conditions(tx, wanted)
            row = tx.one(
                "SELECT COUNT(*) AS task_days,"
                " SUM(CASE WHEN s.incomplete_since IS NULL THEN 0 ELSE 1 END) AS incomplete_days,"
                " SUM(1-s.is_sent) AS unaccepted_days FROM task_daily_stats s"
                f" {_report_join(wanted)} WHERE {where} AND NOT EXISTS"
                f" (SELECT 1 FROM agent_daily_stats a WHERE {SAME_DAY})",
                **params,
            )
            assert row is not None
            counts = {
                name: count - sum(one.counts[name] for one in found)
                for name, count in whole.counts.items()
            }
            return [_day_sum({**row, **counts, "name": None, "completion_count": completions})]
    return []


def _day_sum(row: Row) -> DaySum:
    """Return a row of sums. They are decimals where MySQL added them up."""
    return DaySum(
        name=row["name"],
        counts={name: int(row[name]) for name in COUNTS},
        completion_count=int(row["completion_count"]),
        task_days=int(row["task_days"]),
        incomplete_days=int(row["incomplete_days"] or 0),
        unaccepted_days=int(row["unaccepted_days"] or 0),
    )


def _listed(tx: Tx, wanted: DayFilter) -> str:
    """Return the tables of a list, with the index whose order it has."""
    if wanted.agent is not None:
        index = tx.dialect.force_index("idx_agent_daily_stats_agent")
        return f"agent_daily_stats a {index} JOIN task_daily_stats s ON {SAME_DAY}"
    return f"task_daily_stats s {tx.dialect.force_index(_index(wanted))}"


def _index(wanted: DayFilter) -> str:
    if wanted.event_id is not None:
        return "idx_task_daily_stats_event"
    if wanted.task_id is not None:
        return "uq_task_daily_stats_day"
    if wanted.is_incomplete:
        return "idx_task_daily_stats_incomplete"
    if wanted.state is not None:
        return "idx_task_daily_stats_unsent"
    return "idx_task_daily_stats_date"


def _report_join(wanted: DayFilter) -> str:
    """Return the join with deliveries where a condition needs it."""
    if wanted.state in (ReportState.FAILED, ReportState.DEAD):
        return "LEFT JOIN webhook_deliveries d ON d.event_id=s.event_id"
    return ""


def _agent_columns(wanted: DayFilter) -> str:
    if wanted.agent is None:
        return ""
    return "".join(f", a.{column} AS agent_{column}" for column in SUMS)


def _conditions(tx: Tx, wanted: DayFilter, table: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return the conditions, those on day and task on the columns of `table`."""
    terms, params = ["1=1"], dict[str, Any]()
    table = table or ("s" if wanted.agent is None else "a")
    equal = {
        f"{table}.task_id": ("task_id", wanted.task_id),
        "a.agent_node": ("agent", wanted.agent),
        "s.event_id": ("event_id", wanted.event_id),
    }
    for column, (name, value) in equal.items():
        if value is not None:
            terms.append(f"{column}=:{name}")
            params[name] = value
    for sign, name, moment in ((">=", "first", wanted.first), ("<=", "last", wanted.last)):
        if moment is not None:
            terms.append(f"{table}.stats_date{sign}:{name}")
            params[name] = str(moment)
    if wanted.title is not None:
        of_title = tasks_titled(tx, wanted.title)
        terms.append(f"{table}.task_id IN ({of_title.sql})")
        params |= of_title.params
    if wanted.is_incomplete is not None:
        terms.append(f"s.incomplete_since IS {'NOT ' if wanted.is_incomplete else ''}NULL")
    if wanted.state is not None:
        terms.append(OF_STATE[wanted.state])
    return " AND ".join(terms), params


def _task_day(row: Row, wanted: DayFilter) -> TaskDay:
    of = "" if wanted.agent is None else "agent_"
    return TaskDay(
        stats=row_to(DailyStats, row),
        counts={name: row[f"{of}{name}"] for name in COUNTS},
        completion_count=row[f"{of}completion_count"],
        title=row["title"],
        project_id=row["project_id"],
        state=ReportState(row["state"]),
        delivery_id=row["delivery_id"],
    )


def deliveries_of_day(tx: Tx, task_id: str, day: date, limit: int) -> list[int]:
    """Return the ids of the deliveries of daily reports on a task's day, newest first."""
    return tx.column(
        f"SELECT d.id FROM webhook_deliveries d"
        f" {tx.dialect.force_index('idx_webhook_deliveries_day')}"
        " JOIN delivery_tasks t ON t.delivery_id=d.id AND t.task_id=:task_id"
        " WHERE d.stats_date=:day ORDER BY d.id DESC LIMIT :limit",
        task_id=task_id,
        day=str(day),
        limit=limit,
    )


def agent_names(tx: Tx, limit: int) -> Sequence[str]:
    """Return up to `limit` names of agents that users have, by name."""
    return tx.column(
        "SELECT DISTINCT agent_node FROM users WHERE agent_node<>'' ORDER BY agent_node"
        " LIMIT :limit",
        limit=limit,
    )
