"""The hand-over from Django: the documented receiver on a real model, and the drop folder."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.catalogue import works as rows
from tests.support.messages import english
from tests.support.works.django_site import Site
from works.catalogue.drop_folder import DropFolder, DropFolderResult
from works.catalogue.entries import WorkEntry
from works.catalogue.import_files import parse_works

IDS = ("BV1GJ411x7h7", "BV1xx411c7mD", "BV17x411w7KC")
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def take_in(inbox: DropFolder) -> DropFolderResult:
    return inbox.import_waiting(threading.Event())


def catalogue(app) -> dict[str, rows.Work]:
    found = app.database.read(rows.page, None, None, None, 1000)
    return {work.work_id: work for work in found}


def drop(inbox: DropFolder, name: str, content: object) -> Path:
    inbox.folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (inbox.folder / name).write_text(text, encoding="utf-8")
    return inbox.folder / name


def test_saves_changes_and_deletions_arrive(app, site: Site, inbox: DropFolder) -> None:
    site.run("tables", "save")
    assert take_in(inbox).changes.new == 3
    first = catalogue(app)[IDS[0]]
    assert (first.title, first.author, first.cover_url) == ('标题 0 "😀"', "某人", "https://c")
    assert first.publish_time == datetime(2026, 5, 1, 4, 30, 0, 123000, tzinfo=UTC)
    site.run("change", "roll_back")
    assert len(site.files()) == 4, "a file a save or deletion that was committed"
    take_in(inbox)
    found = catalogue(app)
    assert set(found) == set(IDS)
    assert found[IDS[0]].title == "twice"
    assert {work_id: work.is_valid for work_id, work in found.items()} == {
        IDS[0]: True,
        IDS[1]: False,
        IDS[2]: False,
    }
    assert english(found[IDS[1]].invalid_reason) == "deleted"
    site.run("bulk")
    take_in(inbox)
    assert [catalogue(app)[work_id].title for work_id in (IDS[0], IDS[2])] == ["by SQL"] * 2
    assert catalogue(app)[IDS[2]].is_valid
    assert site.files() == [] and not (site.inbox / "rejected").exists()


def test_saves_that_overtake_each_other_end_as_the_table_says(
    app, site: Site, inbox: DropFolder
) -> None:
    site.run("tables", "save", "race")
    assert len(site.files()) == 3 + 4 * 25 * 2, "no two have one name"
    truth = dict(line.split() for line in site.run("titles").splitlines())
    take_in(inbox)
    assert {work_id: work.title for work_id, work in catalogue(app).items()} == truth


def test_a_file_tells_how_the_row_is_when_it_is_written(app, site: Site, inbox: DropFolder) -> None:
    site.run("tables", "save", "overtake")
    take_in(inbox)
    assert catalogue(app)[IDS[0]].title == "new"


@pytest.mark.parametrize("step", ["save_and_die", "delete_and_die"])
def test_what_a_killed_process_did_not_tell_is_told_by_the_complete_list(
    app, site: Site, inbox: DropFolder, step: str
) -> None:
    site.run("tables", "save")
    take_in(inbox)
    site.run(step, code=-9)
    assert site.files() == [], "killed between the commit and its file"
    site.run("reconcile")
    take_in(inbox)
    found = catalogue(app)
    saved = step == "save_and_die"
    assert found[IDS[0]].title == ("saved last" if saved else '标题 0 "😀"')
    assert found[IDS[1]].is_valid == saved
    reasons = {"", "disabled: not in the complete list any more"}
    assert {english(work.invalid_reason) for work in found.values()} == ({""} if saved else reasons)
    site.run("reconcile")
    assert take_in(inbox).changes.changed == 0


def test_what_a_forbidden_folder_did_not_take_comes_with_a_later_change(
    app, site: Site, inbox: DropFolder, held_to_modes: list[str]
) -> None:
    site.inbox.mkdir(mode=0o500)
    steps = ("tables", "save", "mend_folder", "change")
    done = site.try_run(*steps, launcher=held_to_modes)
    assert "Permission denied" in done.log
    take_in(inbox)
    found = catalogue(app)
    assert {work_id: work.is_valid for work_id, work in found.items()} == {
        IDS[0]: True,
        IDS[1]: False,
        IDS[2]: False,
    }


def test_fifty_saves_in_a_burst_arrive(app, site: Site, inbox: DropFolder) -> None:
    site.run("tables", "burst")
    assert len(site.files()) == 50
    take_in(inbox)
    assert catalogue(app)[IDS[0]].title == "title 49"


def test_every_way_to_change_rows_is_told(app, site: Site, inbox: DropFolder) -> None:
    site.run("tables", "every_way")
    take_in(inbox)
    found = catalogue(app)
    assert {work_id: work.is_valid for work_id, work in found.items()} == {
        IDS[0]: True,
        IDS[1]: False,
        IDS[2]: False,
    }
    first = found[IDS[0]]
    assert (first.title, first.author) == ("updated", "bulk")
    assert found[IDS[2]].author == "bulk", "told before it was deleted"


def test_an_update_of_the_id_disables_the_work_of_before(
    app, site: Site, inbox: DropFolder
) -> None:
    site.run("tables", "save", "rename")
    take_in(inbox)
    assert {work_id: work.is_valid for work_id, work in catalogue(app).items()} == {
        IDS[0]: False,
        IDS[1]: True,
        IDS[2]: True,
    }


def test_without_autocommit_a_save_is_told_with_the_next_one(
    app, site: Site, inbox: DropFolder
) -> None:
    done = site.try_run("tables", "by_hand", "save")
    assert "TransactionManagementError" in done.log
    take_in(inbox)
    assert set(catalogue(app)) == set(IDS)


def test_where_there_is_no_fcntl_changes_arrive_too(app, site: Site, inbox: DropFolder) -> None:
    site.run("without_fcntl", "tables", "save", "race")
    truth = dict(line.split() for line in site.run("titles").splitlines())
    take_in(inbox)
    assert {work_id: work.title for work_id, work in catalogue(app).items()} == truth


def test_a_title_with_half_an_emoji_arrives(app, site: Site, inbox: DropFolder) -> None:
    site.run("tables", "half_emoji")
    take_in(inbox)
    assert catalogue(app)[IDS[0]].title == "half \ufffd"


def test_a_value_without_a_form_in_json_costs_its_field_alone(
    app, site: Site, inbox: DropFolder
) -> None:
    """Else no later change would arrive, as each is sent together with what was not."""
    done = site.try_run("tables", "odd_values", "reconcile", "hooks")
    assert done.out.strip() == "8 8", "hooks of others, and rows"
    assert done.log.count("without title, which has no form in JSON") == 2 * 4
    assert "Traceback" not in done.log
    take_in(inbox)
    titles = {work_id: work.title for work_id, work in catalogue(app).items()}
    assert [titles[f"videovideo{number}"] for number in range(7)] == [
        *("", "", "", ""),
        *("lazily", "1.50", "00000000-0000-0000-0000-000000000001"),
    ]
    assert titles[IDS[0]] == "plain"
    published = {work.publish_time for work in catalogue(app).values()} - {None}
    assert published == {datetime(2026, 4, 30, 16, tzinfo=UTC)}


# The folder


def work(work_id: str = IDS[0], **told: object) -> dict[str, object]:
    return {"platform": "bilibili", "work_id": work_id, **told}


def test_a_complete_list_takes_out_what_was_there_before_it_and_not_after(app, inbox) -> None:
    app.works.catalogue.put([WorkEntry("bilibili", IDS[2])])
    drop(inbox, "1.json", work(IDS[1]))
    drop(inbox, "2.json", {"complete": True, "works": [work(IDS[0])]})
    drop(inbox, "3.json", {"platform": "youtube", "work_id": "dQw4w9WgXcQ"})
    take_in(inbox)
    valid = {work_id for work_id, one in catalogue(app).items() if one.is_valid}
    assert valid == {IDS[0], "dQw4w9WgXcQ"} and len(catalogue(app)) == 4


def test_a_complete_list_with_a_wrong_line_takes_nothing_out(app) -> None:
    app.works.catalogue.put([WorkEntry("bilibili", IDS[2])])
    text = json.dumps({"complete": True, "works": [work(), work("x")]})
    rows_told = parse_works(text, "all.json", None, UTC)
    done = app.works.importer.import_rows(rows_told, "all.json", threading.Event())
    assert done.changes.new == 1 and "takes nothing out" in english(done.problems[-1])
    assert all(one.is_valid for one in catalogue(app).values())
    whole = parse_works(
        text.replace(', {"platform": "bilibili", "work_id": "x"}', ""), "", None, UTC
    )
    assert app.works.importer.import_rows(whole, "", threading.Event()).problems == ()
    assert [one.work_id for one in catalogue(app).values() if one.is_valid] == [IDS[0]]


def test_the_later_file_wins_and_none_is_left(app, inbox: DropFolder) -> None:
    drop(inbox, "3.json", work(title="three"))
    drop(inbox, "1.json", work(title="one", author="of one"))
    drop(inbox, "2.json", {"works": [work(title="two"), work(IDS[1])]})
    done = take_in(inbox)
    assert (done.files, done.rejected, done.changes.new) == (3, 0, 2)
    assert (catalogue(app)[IDS[0]].title, catalogue(app)[IDS[0]].author) == ("three", "of one")
    assert list(inbox.folder.glob("*.json")) == []
    assert take_in(inbox) == DropFolderResult()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"platform": "bilibili", "wor', "no JSON"),
        ("", "is empty"),
        ("[3]", "neither an object"),
        (work("hello"), "no video id of bilibili"),
        ({"a": 1}, "an array of works"),
        ([work("hello"), work("x")], "item 2"),
        ({"complete": True, "works": []}, "all of them out"),
        ({"complete": "yes", "works": [work()]}, "write true or false"),
        ({"complete": True, "works": [work("hello"), work("x")]}, "item 2"),
        (work("https://b23.tv/abcdefg"), "short links"),
    ],
)
def test_a_file_that_cannot_be_understood_is_put_aside_whole(app, inbox, content, reason) -> None:
    drop(inbox, "1.json", content)
    drop(inbox, "2.json", work(IDS[1]))
    assert take_in(inbox).rejected == 1
    assert set(catalogue(app)) == {IDS[1]}, "nothing of it was taken"
    aside = inbox.folder / "rejected" / "1.json"
    assert aside.exists()
    assert reason in (aside.parent / "1.json.reason.txt").read_text(encoding="utf-8")
    assert list(inbox.folder.glob("*.json")) == []


def test_what_is_not_ready_is_left_alone(app, inbox: DropFolder) -> None:
    drop(inbox, ".1.part", "{")
    drop(inbox, ".2.json", "{")
    drop(inbox, "notes.txt", "x")
    assert take_in(inbox) == DropFolderResult()
    assert len(list(inbox.folder.iterdir())) == 4  # and the lock


def test_no_folder_is_no_trouble(inbox: DropFolder) -> None:
    assert take_in(inbox) == DropFolderResult()


def test_a_database_that_is_away_loses_nothing(app, clock, inbox: DropFolder, monkeypatch) -> None:
    from core.errors import DatabaseUnavailableError

    drop(inbox, "1.json", work(title="kept"))
    lock, failures = rows.lock, iter(range(3))

    def away(*args):
        if next(failures, None) is not None:
            raise DatabaseUnavailableError("away")
        return lock(*args)

    monkeypatch.setattr(rows, "lock", away)
    stop = threading.Event()
    clock.on_wait = lambda: stop.set() if not list(inbox.folder.glob("*.json")) else None
    inbox.run(stop)
    assert catalogue(app)[IDS[0]].title == "kept"


def test_a_death_before_the_removal_changes_nothing_the_second_time(
    app, inbox: DropFolder, monkeypatch
) -> None:
    drop(inbox, "1.json", work(title="one"))
    drop(inbox, "2.json", work(title="two"))

    class Crash(BaseException):
        pass

    def die(*_args: object) -> None:
        raise Crash

    with monkeypatch.context() as dying:
        dying.setattr(DropFolder, "_remove", die)
        with pytest.raises(Crash):
            take_in(inbox)
    assert catalogue(app)[IDS[0]].title == "two"
    done = take_in(inbox)
    assert (done.files, done.changes.unchanged) == (2, 1)
    assert catalogue(app)[IDS[0]].title == "two"


def test_a_look_that_misses_an_earlier_file_takes_no_later_one(app, inbox, monkeypatch) -> None:
    """A folder that changes while it is read may show the later of two new files only."""
    drop(inbox, "1.json", work(title="one"))
    listed, looks = DropFolder._listed, iter(range(100))

    def partly(self: DropFolder) -> list[Path]:
        """The first look misses the second file, the second look the fourth."""
        missed, seen = [("2.json", "3.json"), ("4.json", "5.json")][next(looks)]
        found = listed(self)
        drop(inbox, missed, work(title=missed))
        return [*found, drop(inbox, seen, work(title=seen))]

    monkeypatch.setattr(DropFolder, "_listed", partly)
    assert [file.name for file in inbox._waiting()] == ["1.json", "2.json", "3.json"]


def test_one_process_takes_in_at_a_time(app, inbox: DropFolder) -> None:
    from core.file_lock import file_lock

    drop(inbox, "1.json", work())
    with file_lock(inbox.folder / ".taking", wait=True):
        assert take_in(inbox) == DropFolderResult()
    assert take_in(inbox).files == 1


def test_what_is_no_file_is_left_alone(app, inbox: DropFolder) -> None:
    drop(inbox, "2.json", work())
    (inbox.folder / "0.json").mkdir()
    (inbox.folder / "1.json").symlink_to("nowhere")
    assert take_in(inbox).changes.new == 1
    assert {file.name for file in inbox.folder.iterdir()} == {".taking", "0.json", "1.json"}


def test_a_pipe_in_the_folder_holds_nobody_up(app, inbox: DropFolder) -> None:
    inbox.folder.mkdir(parents=True, exist_ok=True)
    os.mkfifo(inbox.folder / "0.json")
    drop(inbox, "1.json", [{"work_id": "BV1GJ411x7h7", "title": "x"}])
    assert take_in(inbox).changes.new == 1
    assert inbox.state().waiting == 0
