"""Taking tasks, users and completions in: as often as they are told, each counts once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from app.container import App
from core.errors import InvalidInputError
from distribution.intake.importer import BATCH, ImportResult
from storage.distribution import completions
from tests.support.distribution.distribution import (
    FULL,
    ONE_ENGINE,
    OTHER_SECRET,
    OTHER_URL,
    SECRET,
    URL,
    filed,
    noon,
    posted,
    rows,
    take_posted,
    take_tasks,
    task,
    youtube,
)
from tests.support.mariadb import MariaDBServer
from tests.support.messages import english
from tests.support.storage.tcp_proxy import CommitFault, TcpProxy


class OutboxBroken(Exception):
    """Filing a report failed."""


def counts(taken: ImportResult) -> tuple[int, int, int]:
    assert not taken.problems, taken
    return tuple(taken.counts.values())


def secrets(app: App) -> list[str | None]:
    found = [row["callback_secret"] for row in rows(app, "drama_tasks")]
    return [app.vault.decrypt(token) for token in found]


def test_the_same_task_again_updates_it(app: App) -> None:
    first = app.distribution.importer.add_dramas(
        [task("t1", title="一"), task("t2", video_url=youtube(1))]
    )
    assert counts(first) == (2, 0, 0)
    assert counts(app.distribution.importer.add_dramas([task("t1", title="一"), task("t2")])) == (
        0,
        0,
        2,
    )
    again = app.distribution.importer.add_dramas(
        [task("t1", title="二", status="paused"), task("t3")]
    )
    assert counts(again) == (1, 1, 0)
    one, two, _ = rows(app, "drama_tasks")
    assert (one["title"], one["status"], one["duration"]) == ("二", "paused", 90)
    assert (two["video_url"], two["platform"]) == (youtube(1), "youtube"), "absent: as it was"


def test_users_are_added_and_changed(app: App) -> None:
    users = [{"user_id": "u1", "agent_node": "a"}, {"user_id": "u2", "name": "小明"}]
    assert counts(app.distribution.importer.add_users(users)) == (2, 0, 0)
    users[0]["agent_node"] = "b"
    assert counts(app.distribution.importer.add_users(users)) == (0, 1, 1)
    assert [row["agent_node"] for row in rows(app, "users")] == ["b", ""]


def test_the_same_completion_twice_is_one_row(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    at = noon(app)
    one = posted("t1", "u1", youtube(1), at, FULL)
    spelled = one | {"submission_link": "https://youtu.be/abcdef00001"}
    assert counts(app.distribution.importer.add_completions([one, spelled])) == (1, 0, 1)
    assert counts(app.distribution.importer.add_completions([one, spelled])) == (0, 0, 2)
    others = [one | {"user_id": "u2"}, one | {"task_id": "t2"}]
    assert counts(app.distribution.importer.add_completions([one, *others])) == (2, 0, 1)
    assert len(rows(app, "task_completions")) == 3


def test_a_known_completion_gets_what_is_verified_now_and_keeps_its_time(app: App) -> None:
    take_tasks(app, task("t1"))
    first = posted("t1", "u1", youtube(1), noon(app))
    take_posted(app, first)
    before = rows(app, "task_completions")[0]
    later = first | {"completed_at": app.clock.now().isoformat(), "verification_details": FULL}
    assert counts(app.distribution.importer.add_completions([later])) == (0, 1, 0)
    after = rows(app, "task_completions")[0]
    assert json.loads(after["verification_details"]) == FULL
    assert after["completed_at"] == before["completed_at"]
    assert counts(app.distribution.importer.add_completions([first])) == (0, 0, 1), (
        "nothing told: nothing lost"
    )
    assert json.loads(rows(app, "task_completions")[0]["verification_details"]) == FULL


@ONE_ENGINE
def test_wrong_items_are_named_and_the_others_are_stored(app: App) -> None:
    take_tasks(app, task("t1"))
    at = noon(app)
    items: list[Any] = [
        posted("t1", "u1", youtube(1), at),
        posted("nobody", "u1", youtube(1), at),
        "a text",
        InvalidInputError("line is damaged"),
        posted("t1", "u1", "https://example.com/", at),
        posted("t1", "u1", youtube(2), at, {"views": -1}),
        posted("t1", "u1", youtube(3), at),
    ]
    taken = app.distribution.importer.add_completions(items)
    assert taken.counts["created"] == len(rows(app, "task_completions")) == 2
    assert [(one.position, one.name, one.field) for one in taken.problems] == [
        (1, "nobody", "task_id"),
        (2, "", ""),
        (3, "", ""),
        (4, "t1", "submission_link"),
        (5, "t1", "verification_details.views"),
    ]
    assert "'nobody' is not known; import the task first" in english(taken.problems[0].reason)
    assert english(taken.problems[1].reason) == "is no JSON object"


@ONE_ENGINE
def test_many_items_are_stored_in_batches(app: App) -> None:
    take_tasks(app, *(task(f"t{number}") for number in range(BATCH + 1)))
    items = [posted(f"t{n}", "u", youtube(n), noon(app)) for n in range(BATCH + 1)]
    taken = app.distribution.importer.add_completions(
        [*items, posted("x", "u", youtube(1), noon(app))]
    )
    assert (taken.counts["created"], len(rows(app, "task_completions"))) == (BATCH + 1, BATCH + 1)
    assert [one.position for one in taken.problems] == [BATCH + 1]
    told = [len(one.body["completions"]) for one in filed(app, "completion")]
    assert told == [BATCH, 1], "one report a batch"


def test_who_is_faster_wins_and_the_other_finds_its_row(
    make_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = make_app(), make_app()
    take_tasks(here, task("t1"))
    item = posted("t1", "u1", youtube(1), noon(here), FULL)
    look = completions.stored

    def look_too_early(tx: Any, hashes: Any) -> Any:
        found = look(tx, hashes)
        monkeypatch.setattr(completions, "stored", look)
        return found

    # SQLite lets nobody in between; a look that tells of yesterday is the same race.
    take_posted(there, item, report=True)
    monkeypatch.setattr(completions, "stored", lambda tx, hashes: look_too_early(tx, []))
    assert counts(here.distribution.importer.add_completions([item])) == (0, 0, 1)
    assert len(rows(here, "task_completions")) == len(filed(here, "completion")) == 1


def test_a_new_completion_is_reported_at_once_and_only_once(app: App) -> None:
    take_tasks(app, task("t1"), task("t2", callback_url=...))
    at = noon(app)
    one = posted("t1", "u1", youtube(1), at, FULL | {"note": "x", "share_count": None})
    silent = posted("t2", "u1", youtube(1), at, FULL)
    app.distribution.importer.add_completions([one, silent])
    app.distribution.importer.add_completions([one, silent, posted("t1", "u1", youtube(2), at)])
    report, second = filed(app)
    assert [entry["submission_link"] for entry in second.body["completions"]] == [youtube(2)]
    assert (report.kind, report.url, report.task_id) == ("completion", URL, "t1")
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert report.body == {
        "site_name": "DramaRelayBot",
        "event": "task.completion",
        "completions": [
            {
                "project_id": "p1",
                "task_id": "t1",
                "user_id": "u1",
                "platform": "youtube",
                "submission_link": youtube(1),
                "completed_at": moment,
                **FULL,
            }
        ],
    }


@ONE_ENGINE
def test_without_reports_completions_are_only_stored(app: App) -> None:
    take_tasks(app, task("t1"))
    take_posted(app, posted("t1", "u1", youtube(1), noon(app)), report=False)
    assert len(rows(app, "task_completions")) == 1 and filed(app) == []


@ONE_ENGINE
def test_a_completion_whose_report_cannot_be_filed_is_not_stored(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_tasks(app, task("t1"))
    item = posted("t1", "u1", youtube(1), noon(app))

    def fail(_tx: Any, _report: Any) -> bool:
        raise OutboxBroken

    with monkeypatch.context() as patch, pytest.raises(OutboxBroken):
        patch.setattr(app.webhooks.outbox, "enqueue", fail)
        app.distribution.importer.add_completions([item])
    assert rows(app, "task_completions") == []
    assert counts(app.distribution.importer.add_completions([item])) == (1, 0, 0)
    assert len(filed(app, "completion")) == 1


@ONE_ENGINE
def test_who_shares_a_url_and_a_secret_shares_a_report(app: App) -> None:
    take_tasks(
        app,
        task("t1", callback_secret=SECRET),
        task("t2", callback_secret=OTHER_SECRET),
        task("t3", callback_secret=SECRET),
        task("t4"),
        task("t5", callback_url=OTHER_URL, callback_secret=SECRET),
    )
    take_posted(
        app, *(posted(f"t{n}", "u", youtube(n), noon(app)) for n in range(1, 6)), report=True
    )
    told = {
        (one.url, one.task_id): [entry["task_id"] for entry in one.body["completions"]]
        for one in filed(app)
    }
    assert told == {
        (URL, "t1"): ["t1", "t3"],
        (URL, "t2"): ["t2"],
        (URL, "t4"): ["t4"],
        (OTHER_URL, "t5"): ["t5"],
    }


def test_secrets_are_stored_encrypted_and_come_through_a_new_key(app: App) -> None:
    take_tasks(app, task("t1", callback_secret=f"{OTHER_SECRET}  {SECRET}"), task("t2"))
    stored = str(rows(app, "drama_tasks"))
    assert SECRET not in stored and OTHER_SECRET not in stored
    both = f"{OTHER_SECRET} {SECRET}"
    assert secrets(app) == [both, None]
    app.vault.rotate(app.database)
    assert str(rows(app, "drama_tasks")) != stored
    assert secrets(app) == [both, None]


@ONE_ENGINE
def test_a_secret_changes_only_when_it_is_told(app: App) -> None:
    take_tasks(app, task("t1", callback_secret=SECRET))
    before = rows(app, "drama_tasks")
    assert counts(app.distribution.importer.add_dramas([task("t1")])) == (0, 0, 1)
    assert counts(app.distribution.importer.add_dramas([task("t1", callback_secret=SECRET)])) == (
        0,
        0,
        1,
    )
    assert rows(app, "drama_tasks") == before
    assert counts(
        app.distribution.importer.add_dramas([task("t1", callback_secret=OTHER_SECRET)])
    ) == (0, 1, 0)
    assert secrets(app) == [OTHER_SECRET]
    assert counts(app.distribution.importer.add_dramas([task("t1", callback_secret=None)])) == (
        0,
        1,
        0,
    )
    assert secrets(app) == [None]


@ONE_ENGINE
def test_a_secret_of_a_lost_key_is_mended_by_telling_it_again(app: App) -> None:
    take_tasks(app, task("t1", callback_secret=SECRET))
    damaged = app.vault.encrypt(SECRET) or ""
    broken = damaged[:-6] + "AAAAA="
    app.database.write(lambda tx: tx.execute("UPDATE drama_tasks SET callback_secret=:s", s=broken))
    take_posted(app, posted("t1", "u", youtube(1), noon(app)), report=True)
    assert len(filed(app)) == 1, "a report waits until the secret is mended"
    assert counts(app.distribution.importer.add_dramas([task("t1", callback_secret=SECRET)])) == (
        0,
        1,
        0,
    )
    assert secrets(app) == [SECRET]


@pytest.mark.parametrize("fault", list(CommitFault))
def test_a_lost_answer_to_commit_stores_and_reports_once(
    mariadb: MariaDBServer, mysql_url: str, make_app: Any, fault: CommitFault
) -> None:
    with TcpProxy(mariadb.port) as proxy:
        direct = make_app(database_url=SecretStr(mysql_url))
        app = make_app(database_url=SecretStr(proxy.url(mysql_url)))
        take_tasks(app, task("t1"))
        item = posted("t1", "u1", youtube(1), noon(app))
        proxy.commit_faults.append(fault)
        assert not app.distribution.importer.add_completions([item]).problems
        assert proxy.commit_faults == []
        assert len(rows(direct, "task_completions")) == len(filed(direct)) == 1
