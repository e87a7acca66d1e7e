"""The commands show what accounts work on, in both languages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.messages import Message
from tests.support.processes.launcher import Baton
from tests.support.processes.process_fixtures import Crawled

SHANGHAI = ZoneInfo("Asia/Shanghai")


def stored(secs: float = 0) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=secs)
    return moment.strftime("%Y-%m-%d %H:%M:%S.000")


@pytest.fixture
def resting(crawled: Crawled) -> Baton:
    """A crawl that goes on in another process; `acc1` has its next turn in four minutes."""
    baton, _ = crawled
    with closing(sqlite3.connect(baton.folder / "baton.db")) as database, database:
        database.execute("UPDATE tasks SET status='in_progress', finished_at=NULL WHERE id=1")
        database.execute(
            "UPDATE tasks SET status='in_progress' WHERE id=(SELECT MAX(id) FROM tasks)"
        )
        database.execute(
            "UPDATE accounts SET working_task_id=1, ready_at=?, today_page_count=10, pages_day=?"
            " WHERE username='acc1'",
            (stored(240), datetime.now(UTC).astimezone(SHANGHAI).date().isoformat()),
        )
        database.execute("UPDATE accounts SET working_task_id=NULL WHERE username='acc2'")
        database.execute(
            "INSERT INTO workers (id, host, pid, roles, started_at, seen_at)"
            " VALUES ('other', 'host', 1, 'ingestion', ?, ?)",
            (stored(), stored(600)),
        )
    return baton


def test_commands_show_the_work_of_an_account(resting: Baton) -> None:
    account = resting.run("accounts", "list", "--json").json[0]
    assert (account["status"], account["activity"]) == ("idle", "ingesting")
    assert (account["working_task_id"], account["pages_today"]) == (1, 10)
    tasks = resting.run("tasks", "list", "--json").json
    [whole] = [task for task in tasks if task["parent_id"] is None]
    assert (whole["id"], whole["working_accounts"]) == (1, ["acc1"])
    assert all(not task["working_accounts"] for task in tasks if task["parent_id"])
    [shown, idle] = resting.run("status", "--json").json["accounts"]
    assert (shown["activity"], idle["activity"], idle["working_task_id"]) == (
        "ingesting",
        "idle",
        None,
    )


def test_a_task_shows_why_it_ended_early(resting: Baton) -> None:
    with closing(sqlite3.connect(resting.folder / "baton.db")) as database, database:
        ended = Message.of("stopped_dry", pages=3, page=7).dump()
        database.execute("UPDATE tasks SET end_reason=? WHERE id=1", (ended,))
    assert "3 pages in a row without a new creator" in resting.run("tasks", "show", 1).out


@pytest.mark.parametrize(
    ("language", "state", "task", "soon", "pages"),
    [
        ("en", "ingesting", "#1 crawl 美妆", "next request in 2", "10 pages today"),
        ("zh", "抓取中", "#1 抓取 美妆", "秒后发出下一次请求", "今日 10 页"),
    ],
)
def test_lines_show_the_work_of_an_account(
    resting: Baton, language: str, state: str, task: str, soon: str, pages: str
) -> None:
    environment = {"BATON_LANGUAGE": language, "COLUMNS": "300"}
    explained = resting.run("accounts", "explain", "acc1", env=environment).out
    listed = resting.run("accounts", "list", env=environment).out
    shown = resting.run("tasks", "show", 1, env=environment).out
    for text in (explained, listed, shown):
        for part in (task, soon, pages):
            assert part in text, (part, text)
    assert state in explained and state in listed
    assert shown.splitlines()[-1].startswith("acc1")
