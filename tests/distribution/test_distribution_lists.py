"""Lists of tasks, users and completions as people keep them: a wrong optional cell costs itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.container import App
from core.errors import InvalidInputError
from distribution.intake.importer import ImportOptions, ImportResult
from distribution.intake.item_files import ItemFile, ItemKind
from tests.support.distribution.distribution import ONE_ENGINE, rows, take_tasks, task, youtube
from tests.support.messages import english

pytestmark = ONE_ENGINE
SPARING = ImportOptions(spare_fields=True, report=False)


def taken(
    app: App, kind: ItemKind, text: str | bytes, **options: bool
) -> tuple[ImportResult, list[str]]:
    """Take a file in, and return the result with what was left out of items."""
    content = text if isinstance(text, bytes) else text.encode()
    items = ItemFile(content=content, name="list.csv", kind=kind)
    importer = app.distribution.importer
    add = {
        ItemKind.DRAMAS: importer.add_dramas,
        ItemKind.USERS: importer.add_users,
        ItemKind.COMPLETIONS: importer.add_completions,
    }[kind]
    found = add(items, ImportOptions(**{"spare_fields": True, "report": False, **options}))
    told = [
        f"{english(items.places[one.position])}: {one.field} {english(items.reason(one))}"
        for one in (*found.left_out, *found.problems)
    ]
    return found, told


@pytest.mark.parametrize(
    "text",
    [
        "task_id,project_id,title,duration\nt1,p1,二,4000\n",
        "任务ID;项目ID;剧名;时长\nt1;p1;二;4,000\n",
        "sep=\t\nTASK ID\tProject-ID\t标题\tduration\nt1\tp1\t二\t4000.0\n\n\t\t\t\n",
        '[{"task_id": "t1", "project_id": "p1", "title": "二", "duration": 4000}]',
        '{"task_id": "t1", "project_id": "p1", "title": "二", "duration": 4000}\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_tasks_come_in_by_every_form_of_a_list(app: App, text: str, encoding: str) -> None:
    found, told = taken(app, ItemKind.DRAMAS, text.encode(encoding))
    assert (found.counts["created"], told) == (1, [])
    (row,) = rows(app, "drama_tasks")
    assert (row["task_id"], row["title"], row["duration"]) == ("t1", "二", 4000)


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("duration", "abc", "duration 'abc' is no whole number"),
        ("title", "长" * 513, "title is longer than 512"),
        ("video_url", "https://weibo.com/1", "video_url "),
        ("status", "perhaps", "status 'perhaps'"),
        ("callback_url", "ftp://x", "callback_url "),
    ],
)
def test_a_wrong_optional_cell_of_a_task_costs_the_cell(
    app: App, column: str, cell: str, told: str
) -> None:
    text = f"task_id,project_id,{column}\nt1,p2,{cell}\n"
    before = task("t1", title="一", video_url=youtube(1))
    take_tasks(app, before)
    (known,) = rows(app, "drama_tasks")
    found, said = taken(app, ItemKind.DRAMAS, text)
    assert found.counts == {"created": 0, "updated": 1, "unchanged": 0}
    assert len(said) == 1 and said[0].startswith(f"line 2: {told}"), said
    (row,) = rows(app, "drama_tasks")
    assert row["project_id"] == "p2"
    assert row[column] == known[column], "what was lost empties nothing"


@pytest.mark.parametrize(
    "cells",
    [
        ("", "p1", ""),
        ("t1", "", ""),
        # Reports would go out unsigned.
        ("t1", "p1", "whsec_short"),
    ],
)
def test_what_a_task_cannot_do_without_refuses_the_row(app: App, cells: tuple[str, ...]) -> None:
    found, _ = taken(
        app, ItemKind.DRAMAS, f"task_id,project_id,callback_secret\n{','.join(cells)}\n"
    )
    assert (len(found.problems), found.left_out, rows(app, "drama_tasks")) == (1, [], [])


def test_a_lost_cell_of_a_user_keeps_the_known_value(app: App) -> None:
    taken(app, ItemKind.USERS, "用户ID,代理节点,用户名\nu1,north,一\n")
    found, told = taken(app, ItemKind.USERS, f"user_id,agent_node,name\nu1,{'x' * 256},二\n")
    assert found.counts["updated"] == 1 and "agent_node is longer than 255" in told[0]
    (row,) = rows(app, "users")
    assert (row["name"], row["agent_node"]) == ("二", "north")


@pytest.mark.parametrize(
    ("column", "cell", "told", "details"),
    [
        ("platform", "油管", None, '{"like_count": 5}'),
        ("platform", "weibo", "platform ", '{"like_count": 5}'),
        ("view_count", "-", None, '{"like_count": 5}'),
        ("view_count", '"1,200"', None, '{"view_count": 1200, "like_count": 5}'),
        ("view_count", "1.2万", "verification_details.view_count ", '{"like_count": 5}'),
        ("view_count", "-3", "verification_details.view_count ", '{"like_count": 5}'),
    ],
)
def test_a_wrong_optional_cell_of_a_completion_costs_the_cell(
    app: App, column: str, cell: str, told: str | None, details: str
) -> None:
    take_tasks(app, task("t1"))
    head = f"task_id,user_id,submission_link,completed_at,like_count,{column}"
    found, said = taken(
        app, ItemKind.COMPLETIONS, f"{head}\nt1,u1,{youtube(1)},2026/11/21 5:00,5,{cell}\n"
    )
    assert found.counts["created"] == 1
    assert [one.startswith(f"line 2: {told}") for one in said] == [True] * (told is not None), said
    (row,) = rows(app, "task_completions")
    assert json.loads(row["verification_details"]) == json.loads(details)


def test_a_completion_with_a_wrong_time_is_refused_as_it_would_count_for_another_day(
    app: App,
) -> None:
    take_tasks(app, task("t1"))
    head = "task_id,user_id,submission_link,completed_at"
    text = f"{head}\nt1,u1,{youtube(1)},0000-00-00 00:00:00\n"
    found, told = taken(app, ItemKind.COMPLETIONS, text)
    assert len(found.problems) == 1 and told[0].startswith("line 2: completed_at")
    assert rows(app, "task_completions") == []


def test_a_dry_run_tells_the_same_and_stores_nothing(app: App) -> None:
    take_tasks(app, task("t1"))
    text = "task_id,project_id\nt1,p1\nt2,p1\nt1,p9\n,p\n"
    tried, _ = taken(app, ItemKind.DRAMAS, text, dry_run=True)
    assert len(rows(app, "drama_tasks")) == 1
    done, _ = taken(app, ItemKind.DRAMAS, text)
    assert tried.outcomes == done.outcomes and tried.problems == done.problems
    assert done.counts == {"created": 1, "updated": 1, "unchanged": 1}


def test_what_an_api_sends_is_still_refused_as_a_whole(app: App) -> None:
    item: dict[str, Any] = {"task_id": "t1", "project_id": "p1", "duration": "abc"}
    found = app.distribution.importer.add_dramas([item])
    assert [problem.field for problem in found.problems] == ["duration"]
    assert rows(app, "drama_tasks") == []


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"<html><body></body></html>"])
def test_what_is_no_list_of_these_is_refused_as_a_whole(app: App, content: bytes) -> None:
    with pytest.raises(InvalidInputError):
        list(ItemFile(content=content, name="list.csv", kind=ItemKind.DRAMAS))


def mixed(count: int) -> str:
    """Return lines of tasks, each of them twice, some with secrets and some that are wrong."""
    lines = []
    for number in range(count):
        item: dict[str, Any] = {"task_id": f"t{number}", "project_id": "p"}
        if number % 50 == 0:
            item |= {"callback_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
        if number % 70 == 0:
            item["project_id"] = None
        if number % 90 == 1:
            item["duration"] = "long"
        lines.append(json.dumps(item))
    return "\n".join([*lines, "{", *lines, *(line.replace('"p"', '"q"') for line in lines[:20])])


def test_a_preview_says_of_each_row_what_its_import_does(app: App) -> None:
    """Also of a row that stands far below another one of the same task."""
    previewed, told_before = taken(app, ItemKind.DRAMAS, mixed(600), dry_run=True)
    assert rows(app, "drama_tasks") == []
    imported, told = taken(app, ItemKind.DRAMAS, mixed(600))
    assert previewed.outcomes == imported.outcomes
    assert told_before == told
    again, _ = taken(app, ItemKind.DRAMAS, mixed(600), dry_run=True)
    assert again.outcomes == taken(app, ItemKind.DRAMAS, mixed(600))[0].outcomes


@pytest.mark.parametrize("kind", [ItemKind.USERS, ItemKind.COMPLETIONS])
def test_a_preview_of_users_or_completions_says_what_their_import_does(
    app: App, kind: ItemKind
) -> None:
    take_tasks(app, task("t1"))
    items = [
        {"user_id": f"u{number}", "name": "n"}
        if kind is ItemKind.USERS
        else {
            "task_id": "t1" if number % 100 else "t2",
            "user_id": f"u{number}",
            "submission_link": youtube(number),
            "platform": "youtube",
        }
        for number in range(600)
    ]
    text = "\n".join(json.dumps(item) for item in items * 2)
    previewed, told_before = taken(app, kind, text, dry_run=True)
    imported, told = taken(app, kind, text)
    assert previewed.outcomes == imported.outcomes and told_before == told
