"""Queries on `agent_daily_stats`: the statistics of a distribution task on a day, by agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from storage.distribution.daily_stats import COUNTS, counts_of
from storage.engines.transactions import Tx, in_list
from storage.models.mapping import read_by, row_to

COLUMNS = ("stats_date", "task_id", "agent_node", "completion_count", *COUNTS)


@dataclass(frozen=True)
class AgentShare:
    """What the users of an agent added to the counts of a task's day.

    `agent_node` is empty for users without an agent. `counts` has a value for every name in COUNTS.
    """

    stats_date: date
    task_id: str
    agent_node: str
    counts: Mapping[str, int] = field(metadata=read_by(counts_of))
    completion_count: int


def replace_shares(
    tx: Tx, day: date, task_ids: Sequence[str], shares: Iterable[AgentShare]
) -> None:
    """Replace the shares of a day of some tasks by these."""
    if not task_ids:
        return
    marks, names = in_list(sorted(task_ids))
    tx.execute(
        f"DELETE FROM agent_daily_stats WHERE stats_date=:day AND task_id IN ({marks})",
        day=str(day),
        **names,
    )
    rows = [
        {
            "stats_date": str(share.stats_date),
            "task_id": share.task_id,
            "agent_node": share.agent_node,
            "completion_count": share.completion_count,
            **share.counts,
        }
        for share in sorted(shares, key=lambda share: (share.task_id, share.agent_node))
    ]
    if rows:
        marks = ", ".join(f":{name}" for name in COLUMNS)
        tx.execute_many(
            f"INSERT INTO agent_daily_stats ({', '.join(COLUMNS)}) VALUES ({marks})", rows
        )


def of_task_day(tx: Tx, task_id: str, day: date) -> list[AgentShare]:
    """Return the shares of a task's day, by agent; empty for a day counted before version 12."""
    rows = tx.all(
        "SELECT * FROM agent_daily_stats WHERE stats_date=:day AND task_id=:task_id"
        " ORDER BY agent_node",
        day=str(day),
        task_id=task_id,
    )
    return [row_to(AgentShare, row) for row in rows]
