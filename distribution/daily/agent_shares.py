"""The share of each agent in the sums of a task's day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from distribution.daily.counting import CompletionCount
from distribution.daily.tally import CounterSum
from storage.distribution import users
from storage.distribution.agent_daily_stats import AgentShare
from storage.distribution.users import User
from storage.engines.transactions import Database

IDS_PER_QUERY = 500


def agents_of(database: Database, counted: Iterable[CompletionCount]) -> dict[str, str]:
    """Return the agents of the users who completed something, by user id; "" for none."""
    ids = sorted({count.completion.user_id for count in counted})
    known: dict[str, User] = {}
    for start in range(0, len(ids), IDS_PER_QUERY):
        known |= database.read(users.named, ids[start : start + IDS_PER_QUERY])
    return {user_id: known[user_id].agent_node if user_id in known else "" for user_id in ids}


def shares_of(
    day: date,
    counted: Iterable[CompletionCount],
    agents: Mapping[str, str],
    new_sum: Callable[[], CounterSum],
) -> list[AgentShare]:
    """Return what the users of each agent added to the sums of each task.

    Args:
        agents: the agent of each user, as `agents_of` returns it.
        new_sum: makes an empty sum, by the same rules as those of the tasks.
    """
    sums: dict[tuple[str, str], CounterSum] = {}
    for count in counted:
        key = (count.completion.task_id, agents[count.completion.user_id])
        sums.setdefault(key, new_sum()).add(count.completion, count.counters, count.reason)
    return [
        AgentShare(
            stats_date=day,
            task_id=task_id,
            agent_node=agent,
            counts=tally.counts,
            completion_count=tally.completion_count,
        )
        for (task_id, agent), tally in sums.items()
    ]
