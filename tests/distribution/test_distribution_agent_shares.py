"""The sums of a day by agent: they are stored with the day and agree with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.container import App
from storage.distribution import agent_daily_stats, daily_stats
from tests.support.distribution.distribution import (
    DOUYIN_FULL,
    FULL,
    NEVER,
    Numbers,
    douyin,
    noon,
    posted,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    yesterday,
    youtube,
)


def shares(app: App, task_id: str) -> dict[str, Mapping[str, int]]:
    """Return the counts that are not 0 by agent; together they are those of the day."""
    day = yesterday(app)
    found = app.database.read(agent_daily_stats.of_task_day, task_id, day)
    [whole] = app.database.read(daily_stats.newest_of_task, task_id, 1)
    for name, count in whole.counts.items():
        assert sum(share.counts[name] for share in found) == count, name
    assert sum(share.completion_count for share in found) == whole.completion_count
    return {
        share.agent_node: {name: count for name, count in share.counts.items() if count}
        for share in found
    }


def add_users(app: App, **agents: str) -> None:
    items: list[dict[str, Any]] = [
        {"user_id": user, "agent_node": agent} for user, agent in agents.items()
    ]
    assert not app.distribution.importer.add_users(items).problems


def test_a_day_is_stored_by_agent_and_counted_anew_as_a_whole(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    add_users(app, u1="north", u2="south")
    at = noon(app)
    take_posted(
        app,
        posted("t1", "u1", youtube(1), at, FULL),
        posted("t1", "u1", douyin(1), at, DOUYIN_FULL),
        posted("t1", "u2", youtube(2), at, FULL),
        posted("t1", "stranger", youtube(3), at, FULL),
        posted("t2", "u2", youtube(4), at, FULL),
    )
    scanner = scanner_of(app, Numbers())
    scanner.scan(yesterday(app), NEVER)
    one = {"account_count": 1, "yt_account_count": 1, "yt_view_count": 100, "yt_like_count": 10}
    assert shares(app, "t1").keys() == {"north", "south", ""}
    assert shares(app, "t1")["south"] == one | {"yt_comment_count": 1}
    assert shares(app, "t1")["north"]["dy_share_count"] == 5
    add_users(app, u2="north")
    take_posted(app, posted("t1", "u3", youtube(5), at, FULL))
    scanner.scan(yesterday(app), NEVER, only=["t1"])
    assert shares(app, "t1").keys() == {"north", ""}
    assert shares(app, "t2").keys() == {"south"}  # was not counted again


def test_the_shares_of_a_later_scan_are_kept_with_its_counts(app: App) -> None:
    take_tasks(app, task("t1"))
    add_users(app, u1="north")
    take_posted(app, posted("t1", "u1", youtube(1), noon(app), FULL))
    scanner_of(app, Numbers()).scan(yesterday(app), NEVER)
    [day] = app.database.read(daily_stats.newest_of_task, "t1", 1)
    counted = replace(day, counts=dict(day.counts) | {"yt_view_count": 99})
    app.database.write(daily_stats.store_revisions, [counted])
    app.database.write(
        agent_daily_stats.replace_shares,
        yesterday(app),
        ["t1"],
        [
            agent_daily_stats.AgentShare(
                stats_date=yesterday(app),
                task_id="t1",
                agent_node="later",
                counts=counted.counts,
                completion_count=1,
            )
        ],
    )
    late = replace(counted, counted_until=app.clock.now())
    app.database.write(daily_stats.store_revisions, [late])
    scanner_of(app, Numbers()).scan(yesterday(app), NEVER)
    assert shares(app, "t1").keys() == {"later"}
