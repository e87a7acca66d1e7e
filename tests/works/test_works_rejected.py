"""One wrong row holds up no table: good rows come in, wrong ones are told, listed and pruned."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from storage.catalogue import works as rows
from storage.catalogue.works import InvalidBy
from storage.operations import alerts
from storage.operations.alerts import AlertKind
from tests.support.apps import AppFactory
from works.catalogue.drop_folder import DropFolder, DropFolderResult
from works.catalogue.entries import FieldsOwner, WorkEntry

IDS = ("BV1GJ411x7h7", "BV1xx411c7mD", "BV17x411w7KC")
YOUTUBE = "dQw4w9WgXcQ"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def work(work_id: str = IDS[0], platform: str = "bilibili", **told: object) -> dict[str, object]:
    return {"platform": platform, "work_id": work_id, **told}


def take_in(inbox: DropFolder) -> DropFolderResult:
    return inbox.import_waiting(threading.Event())


def drop(inbox: DropFolder, name: str, content: object) -> None:
    inbox.folder.mkdir(parents=True, exist_ok=True)
    (inbox.folder / name).write_text(json.dumps(content), encoding="utf-8")


def catalogue(app) -> dict[str, rows.Work]:
    return {work.work_id: work for work in app.database.read(rows.page, None, None, None, 1000)}


def valid(app) -> set[str]:
    return {work_id for work_id, one in catalogue(app).items() if one.is_valid}


def test_good_rows_are_taken_and_wrong_ones_put_aside(app, inbox: DropFolder) -> None:
    drop(inbox, "1.json", [work(IDS[0]), work("abc"), work("1", "weibo"), work(IDS[1]), 3])
    done = take_in(inbox)
    assert (done.files, done.rejected, done.rejected_rows, done.changes.new) == (1, 0, 3, 2)
    assert set(catalogue(app)) == {IDS[0], IDS[1]}
    told = [(row.given, row.reason) for row in inbox.rejected.rows()]
    assert [given for given, _ in told] == [work("abc"), work("1", "weibo"), 3]
    assert "item 2" in told[0][1] and "weibo" in told[1][1] and "item 5" in told[2][1]


def test_a_mended_row_is_moved_back(app, inbox: DropFolder) -> None:
    drop(inbox, "1.json", [work(IDS[0]), work("abc")])
    take_in(inbox)
    [aside] = inbox.rejected.paths()
    aside.write_text(aside.read_text().replace("abc", IDS[1]))
    aside.rename(inbox.folder / aside.name)
    take_in(inbox)
    assert set(catalogue(app)) == {IDS[0], IDS[1]}


def test_the_same_rows_of_the_next_night_lie_there_once(inbox: DropFolder) -> None:
    for night in range(3):
        drop(inbox, f"{night}.json", {"complete": True, "works": [work(), work("1", "weibo")]})
        take_in(inbox)
    [row] = inbox.rejected.rows()
    assert "2.json" in row.reason, "told of the newest file"


def test_a_wrong_row_keeps_the_works_of_its_platform_only(app, inbox: DropFolder) -> None:
    known = [WorkEntry("bilibili", IDS[0]), WorkEntry("bilibili", IDS[1])]
    app.works.catalogue.put([*known, WorkEntry("youtube", YOUTUBE)])
    drop(inbox, "1.json", {"complete": True, "works": [work(IDS[0]), work("abc")]})
    take_in(inbox)
    assert valid(app) == {IDS[0], IDS[1]}, "abc may have been the other one of Bilibili"
    drop(inbox, "2.json", {"complete": True, "works": [work(IDS[0]), work("1", "weibo")]})
    take_in(inbox)
    assert valid(app) == {IDS[0]}, "a row of Weibo is none of ours"


@pytest.mark.parametrize("odd", [{"work_id": "abc"}, 3, {"platform": "", "work_id": "abc"}])
def test_a_row_without_a_platform_keeps_all_works(app, inbox: DropFolder, odd: object) -> None:
    app.works.catalogue.put([WorkEntry("youtube", YOUTUBE)])
    drop(inbox, "1.json", {"complete": True, "works": [work(), odd]})
    take_in(inbox)
    assert valid(app) == {IDS[0], YOUTUBE}


def test_a_complete_list_without_one_good_row_takes_nothing_out(app, inbox: DropFolder) -> None:
    app.works.catalogue.put([WorkEntry("bilibili", IDS[0])])
    drop(inbox, "1.json", {"complete": True, "works": [work("1", "weibo")]})
    assert take_in(inbox).rejected == 1
    assert valid(app) == {IDS[0]}


def test_half_an_emoji_in_a_wrong_row_holds_nothing_up(app, inbox: DropFolder) -> None:
    drop(inbox, "1.json", [work("\ud83d", title="\ud83d"), work(IDS[0], "\ud83d"), work(IDS[1])])
    assert take_in(inbox).rejected_rows == 2
    assert set(catalogue(app)) == {IDS[1]}
    assert [row.given["platform"] for row in inbox.rejected.rows()] == ["bilibili", "\ud83d"]


def test_a_file_name_that_is_no_text_holds_nothing_up(inbox: DropFolder) -> None:
    drop(inbox, os.fsdecode(b"\xff.json"), {"works": 3})
    assert take_in(inbox).rejected == 1
    [row] = inbox.rejected.rows()
    assert "\\udcff.json" in row.reason


@pytest.mark.parametrize("name", ["a" * 250 + ".json", "影" * 83 + "a.json"])
def test_the_longest_name_holds_nothing_up(app, inbox: DropFolder, name: str) -> None:
    """Its reason lies beside it, whose name would be longer than any may be."""
    assert len(name.encode()) == 255
    drop(inbox, name, {"works": 3})
    drop(inbox, "影.json", [work()])
    done = take_in(inbox)
    assert (done.files, done.rejected, done.changes.new) == (2, 1, 1)
    [row] = inbox.rejected.rows()
    assert name in row.reason
    assert row.file.path.name[:20] == name[:20] and row.file.path.suffix == ".json"
    drop(inbox, name, {"works": 3})
    take_in(inbox)
    assert len(inbox.rejected.paths()) == 1


@pytest.mark.parametrize("depth", [400, 900, 100_000])
def test_a_file_that_is_nested_too_deep_is_rejected_by_itself(
    app, inbox: DropFolder, depth: int
) -> None:
    inbox.folder.mkdir(parents=True)
    (inbox.folder / "1.json").write_text("[" * depth + "]" * depth)
    drop(inbox, "2.json", [work()])
    done = take_in(inbox)
    assert (done.files, done.rejected, done.changes.new) == (2, 1, 1)
    [row] = inbox.rejected.rows()
    assert row.reason and row.given is None
    assert "1.json" in inbox.state().reason.params["text"]


def test_rejected_rows_are_an_alert_until_they_are_two_days_old_or_gone(app, clock) -> None:
    inbox = app.works.drop_folder
    drop(inbox, "1.json", [work(), work("1", "weibo")])
    take_in(inbox)
    [aside] = inbox.rejected.paths()
    now = app.clock.now().timestamp()
    os.utime(aside, (now, now))
    monitor = app.alerts.monitor()
    monitor.look_once()
    [alert] = app.database.read(alerts.all_open)
    assert alert.kind is AlertKind.WORKS_REJECTED and "weibo" in alert.facts["reason"]
    assert "weibo" in monitor.renderer.headline(alert)
    assert "works rejected" in monitor.renderer.advice(alert)
    clock.move(3600)
    monitor.look_once()
    assert app.database.read(alerts.all_open)[0].well_since is None, "it lasts"
    clock.move(2 * 86_400)
    monitor.look_once()
    clock.move(301)
    monitor.look_once()
    assert app.database.read(alerts.all_open) == []


def test_rejected_rows_are_pruned_with_time(app, clock) -> None:
    inbox = app.works.drop_folder
    for name in ("1.json", "2.json"):
        drop(inbox, name, [work(), work(name, "weibo")])
    take_in(inbox)
    old, young = sorted(inbox.rejected.paths())
    now = app.clock.now()
    for path, age in ((old, timedelta(days=31)), (young, timedelta(days=29))):
        moment = (now - age).timestamp()
        for file in (path, path.with_name(f"{path.name}.reason.txt")):
            os.utime(file, (moment, moment))
    app.jobs.scheduled.retention.run(threading.Event())
    assert set(inbox.rejected.paths()) == {young}
    assert len(list(inbox.rejected.folder.iterdir())) == 2, "each with its reasons"


def test_a_folder_that_may_not_be_read_is_no_error_of_its_own(
    app, inbox: DropFolder, monkeypatch
) -> None:
    from core.errors import OutputError

    drop(inbox, "1.json", work())

    def refuses(_path: Path) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuses)
    with pytest.raises(OutputError, match="Permission denied"):
        take_in(inbox)


# Whose fields are whose


def test_a_cleared_field_arrives(app, inbox: DropFolder) -> None:
    told = {"title": "t", "author": "a", "cover_url": "https://c", "publish_time": "2026-05-01"}
    drop(inbox, "1.json", work(**told))
    take_in(inbox)
    drop(inbox, "2.json", work(title="", author=None, publish_time=None))
    assert take_in(inbox).changes.changed == 1
    one = catalogue(app)[IDS[0]]
    assert (one.title, one.author, one.publish_time) == ("", "", None)
    assert one.cover_url == "https://c", "nothing was told of it"
    drop(inbox, "3.json", [work(title="new"), work(title="  ", author="b"), work(author="c")])
    take_in(inbox)
    one = catalogue(app)[IDS[0]]
    assert (one.title, one.author) == ("", "c"), "the later one wins, field by field"
    drop(inbox, "4.json", [work(title=""), work(title="last")])
    take_in(inbox)
    assert catalogue(app)[IDS[0]].title == "last"


def test_a_list_that_somebody_imports_clears_nothing(app, tmp_path: Path) -> None:
    from works.catalogue.import_files import read_works

    app.works.catalogue.put([WorkEntry("bilibili", IDS[0], title="t")])
    file = tmp_path / "list.json"
    file.write_text(json.dumps([work(title="")]))
    read = read_works(file, None, app.calendar.zone)
    app.works.importer.import_rows(read, "list.json", threading.Event())
    assert catalogue(app)[IDS[0]].title == "t"


@pytest.mark.parametrize("owner", ["platform", "site"])
def test_the_owner_of_the_fields_has_the_last_word(make_app: AppFactory, owner: str) -> None:
    app = make_app(works_owner=owner)
    inbox = app.works.drop_folder
    drop(inbox, "1.json", work(title="of the site", author=""))
    take_in(inbox)
    answer = {"title": "of the platform", "author": "somebody", "uid": "7"}
    found = [WorkEntry("bilibili", id_, **answer, by=InvalidBy.PLATFORM) for id_ in IDS[:2]]
    app.works.catalogue.put(found)
    one, new = (catalogue(app)[work_id] for work_id in IDS[:2])
    is_site = app.works.catalogue.owner is FieldsOwner.SITE
    assert is_site == (owner == "site")
    assert one.title == ("of the site" if is_site else "of the platform")
    assert one.author == ("" if is_site else "somebody")
    assert (one.uid, new.title) == ("7", "of the platform"), "a new work has what is known"
