"""Exports of a choice: filters and orders, with no row lost and none delivered twice."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.container import App
from core.errors import InvalidInputError, WrongFieldsError
from core.messages import Message
from crawler.creators.filters import ConditionReader
from crawler.export.options import ExportOptions
from crawler.export.requests import ExportRequest
from crawler.export.segment_files import manifest_path
from crawler.export.selection import LISTED_VALUES, Selection, selection_of
from presentation.i18n.renderer import renderer_for
from storage.crawling import accounts as account_rows
from storage.crawling import influencers
from storage.models.tasks import TaskStatus
from tests.crawler.test_crawler_creators import entry, old_release, store
from tests.support.apps import add_account
from tests.support.crawler.workbench import (
    DOMAIN,
    Crash,
    add_accounts,
    after_batch,
    change,
    crawl,
    die,
    export,
    file_crawl,
    file_export,
    once,
    rows,
    segments_of,
    work_off,
)
from tests.support.messages import english_text, raises_saying
from tests.support.moving_clock import MovingClock

READER = ConditionReader(
    now=datetime(2026, 11, 22, 4, tzinfo=UTC), zone=ZoneInfo("Asia/Shanghai"), read_list=None
)
NUMBERS = [5, 90, 30, 70, 10, 50, 20, 80, 60, 40]  # followers of the creators 1 to 10


def chosen(**words: object) -> Selection:
    found = selection_of(READER, **words)
    assert found is not None
    return found


@pytest.fixture
def app(make_app) -> App:
    app = make_app(export_batch_rows=3)
    add_accounts(app, 3)
    people = [entry(f"{n:02}", fans) for n, fans in enumerate(NUMBERS, 1)]
    store(app, *people, entry("11", None, sign="a@b.cn"))
    return app


def delivered(app: App) -> list[str]:
    """The uids in the files, in the order of the segments."""
    found: list[str] = []
    for segment in segments_of(app):
        text = app.crawling.segment_files.locate(segment.file_path).read_text("utf-8-sig")
        found += [row["uid"] for row in csv.DictReader(io.StringIO(text))]
    return found


def test_a_selection_delivers_who_meets_it_in_its_order(app, agree) -> None:
    task = export(app, selection=chosen(where=["followers>=30"], order="-followers"))
    assert delivered(app) == ["02", "08", "04", "09", "06", "10", "03"]
    assert (task.status, task.item_count, task.progress_marker) == (
        TaskStatus.COMPLETED,
        7,
        "place=7",
    )
    assert len(agree()) == 7
    assert app.crawling.verifier.verify(deep=True).problems == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"where": ["followers<20"]}, ["01", "05"]),
        ({"has": ["email"]}, ["11"]),
        (
            {"order": "followers"},
            ["01", "05", "07", "03", "10", "06", "09", "04", "08", "02", "11"],
        ),
        ({"where": ["uid in 07,03"], "order": "-uid"}, ["07", "03"]),
        ({"keywords": ["口红"]}, []),
        ({"keywords": [DOMAIN], "where": ["followers>85"]}, ["02"]),
        ({"since": "2026-11-23"}, []),
        ({"since": "1h", "where": ["followers=90"]}, ["02"]),
    ],
)
def test_choices_of_every_kind(app, words, expected) -> None:
    assert export(app, selection=chosen(**words)).status is TaskStatus.COMPLETED
    assert delivered(app) == expected


def test_what_a_selection_leaves_is_exported_by_the_next_one(app, agree) -> None:
    export(app, selection=chosen(where=["followers>50"]))
    export(app)
    assert sorted(delivered(app)) == [f"{n:02}" for n in range(1, 12)]
    assert len(agree()) == 11


def test_a_limit_takes_the_first_of_an_order(app) -> None:
    export(app, selection=chosen(order="-followers"), limit=4)
    assert delivered(app) == ["02", "08", "04", "09"]


def test_quotas_hand_an_ordered_selection_on(make_app, agree) -> None:
    app = make_app(export_batch_rows=3)
    for name in ("acc1", "acc2", "acc3"):
        add_account(app, name, 4)
    store(app, *(entry(f"{n:02}", fans) for n, fans in enumerate(NUMBERS, 1)))
    export(app, selection=chosen(order="-followers"))
    assert delivered(app) == ["02", "08", "04", "09", "06", "10", "03", "07", "05", "01"]
    assert [segment.exported_count for segment in segments_of(app)] == [4, 4, 2]
    assert len(agree()) == 10


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_worker_that_dies_loses_no_row_of_a_selection(
    make_app, agree, clock: MovingClock, batch
) -> None:
    one, other = (make_app(export_batch_rows=3) for _ in range(2))
    add_accounts(one, 2)
    store(one, *(entry(f"{n:02}", fans) for n, fans in enumerate(NUMBERS, 1)))
    task = file_export(one, selection=chosen(order="-followers"))
    with pytest.raises(Crash):
        work_off(one, task, one.crawling.export_worker(after_commit=after_batch(batch, die)))
    clock.move(31)
    assert work_off(other, task).status is TaskStatus.COMPLETED
    assert delivered(other) == ["02", "08", "04", "09", "06", "10", "03", "07", "05", "01"]
    assert len(agree()) == 10
    assert other.crawling.verifier.verify(deep=True).problems == []


def test_rows_that_were_locked_when_drawn_are_drawn_again(app, agree, monkeypatch) -> None:
    """A row that is passed over must not be lost behind the marker."""
    real, calls = influencers.lock_pending, []

    def without_one(tx, ids):
        calls.append(list(ids))
        found = real(tx, ids)
        return [row for row in found if row["uid"] != "02"] if len(calls) == 1 else found

    monkeypatch.setattr(influencers, "lock_pending", without_one)
    export(app, selection=chosen(order="-followers"))
    assert delivered(app)[-1] == "02" and len(set(delivered(app))) == 11
    assert len(agree()) == 11


def test_rows_that_come_late_with_lower_ids_are_delivered(app, agree) -> None:
    """They are below no place: the last draw begins after the crawl has ended."""
    selection = chosen(where=["followers>=30"])
    change(app, "UPDATE influencers SET status='exported', export_log_id=0 WHERE uid='04'")
    task = file_export(app, selection=selection)
    worker = app.crawling.export_worker()
    crawl_task = file_crawl(app, pages=1)
    once(worker)
    assert len(rows(app, "SELECT * FROM influencers WHERE export_log_id>0")) == 6
    change(app, "UPDATE influencers SET status='pending_export', export_log_id=NULL WHERE uid='04'")
    app.crawling.control.cancel(crawl_task.id)
    assert work_off(app, task, worker).status is TaskStatus.COMPLETED
    assert sorted(delivered(app)) == ["02", "03", "04", "06", "08", "09", "10"]
    assert len(agree()) == 7


def test_while_a_crawl_goes_on_a_selection_is_drawn_once_a_minute(
    make_app, platform, clock: MovingClock, monkeypatch
) -> None:
    from storage.creators import selections

    app = make_app(bilibili_base_url=platform(creators=25).url)
    add_accounts(app, 1)
    crawl(app)
    file_crawl(app, pages=1)
    draws, real = [], selections.waiting
    monkeypatch.setattr(
        selections, "waiting", lambda *args, **more: draws.append(1) or real(*args, **more)
    )
    file_export(app, selection=chosen(where=["followers>=10亿"]))
    worker = app.crawling.export_worker()
    for _ in range(10):
        once(worker)
        clock.move(10)
    assert len(draws) == 2


def test_a_row_that_was_drawn_and_waits_again_does_not_fail_the_export(app) -> None:
    """An operator may set a delivered row back; the task has it in its selection already."""
    task = file_export(app, selection=chosen(where=["followers>=30"]), limit=2)
    worker = app.crawling.export_worker()
    work_off(app, task, worker)
    change(app, "UPDATE influencers SET status='pending_export', export_log_id=NULL")
    change(app, "UPDATE tasks SET status='pending', item_count=1")
    assert work_off(app, task, worker).status is TaskStatus.COMPLETED


def test_another_choice_does_not_join_an_open_export(app) -> None:
    first = ExportRequest(domain=DOMAIN, selection=chosen(where=["followers>=30"]))
    task = app.crawling.service.export(first).task
    assert app.crawling.service.export(first).task.id == task.id
    other = ExportRequest(domain=DOMAIN, selection=chosen(where=["followers>=31"]))
    text = (
        f"export {task.id} (--domain '{DOMAIN}') is open and chooses other creators: --where"
        f" 'followers>=30'; go on with it: python cli.py start_export --domain '{DOMAIN}'; or end"
        f" it: python cli.py tasks cancel {task.id}"
    )
    with raises_saying(InvalidInputError, re.escape(text)):
        app.crawling.service.export(other)


def test_without_a_choice_an_open_export_goes_on_with_its_own(app) -> None:
    """A hint names this command, and whoever follows it need not know the choice."""
    first = ExportRequest(domain=DOMAIN, selection=chosen(where=["followers>=30"]))
    task = app.crawling.service.export(first).task
    app.crawling.service.pause(task.id)
    joined = app.crawling.service.export(ExportRequest(domain=DOMAIN))
    assert (joined.task.id, joined.is_new) == (task.id, False)
    assert work_off(app, task).item_count == 7


def test_a_choice_does_not_join_an_export_of_all(app) -> None:
    task = app.crawling.service.export(ExportRequest(domain=DOMAIN)).task
    text = f"export {task.id} (--domain '{DOMAIN}') is open and delivers all creators; go on"
    with raises_saying(InvalidInputError, re.escape(text)):
        app.crawling.service.export(
            ExportRequest(domain=DOMAIN, selection=chosen(where=["followers>=31"]))
        )


def test_a_selection_waits_for_the_creators_of_an_older_release(app) -> None:
    old_release(app)
    wanted = ExportRequest(domain=DOMAIN, selection=chosen(where=["followers>=30"]))
    with raises_saying(InvalidInputError, "jobs run creators_backfill"):
        app.crawling.service.export(wanted)


def test_who_another_domain_delivered_can_be_left_out(app, agree) -> None:
    store(app, entry("01", 5), entry("77", 1), domain="游戏")
    export(app, domain="游戏")
    export(app, selection=chosen(where=["followers<20"], skip_delivered=True))
    texts = delivered(app)
    assert sorted(texts) == ["01", "05", "77"]
    [left] = rows(app, "SELECT status FROM influencers WHERE uid='01' AND domain='美妆'")
    assert left["status"] == "pending_export"
    [told] = [
        row["end_reason"] for row in rows(app, "SELECT end_reason FROM tasks") if row["end_reason"]
    ]
    assert Message.load(told) == Message.of("delivered_left_out", count=1)


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        ("", Message.of("nobody_fits", n=11)),
        ("DELETE FROM influencers WHERE uid<>'01'", Message.of("nobody_fits", n=1)),
        ("UPDATE influencers SET status='exported'", Message.of("nobody_waits")),
    ],
)
def test_an_export_of_a_choice_that_nobody_fits_says_so(app, prepare, told) -> None:
    if prepare:
        change(app, prepare)
    task = export(app, selection=chosen(where=["followers>=1亿"]))
    assert (task.status, task.item_count) == (TaskStatus.COMPLETED, 0)
    assert Message.load(task.end_reason or "") == told


def test_an_export_that_delivered_gives_no_reason(app) -> None:
    assert export(app, selection=chosen(where=["followers>=30"])).end_reason is None


def test_a_quota_that_is_used_up_tells_the_place_of_a_choice(make_app) -> None:
    app = make_app(export_batch_rows=3)
    for name in ("acc1", "acc2"):
        add_account(app, name, 4)
    store(app, *(entry(f"{n:02}", fans) for n, fans in enumerate(NUMBERS, 1)))
    task = file_export(app, selection=chosen(order="-followers"), limit=5)
    work_off(app, task)
    events = app.database.read(account_rows.events, None, 20)
    [told] = [event.detail for event in events if event.kind == "hand_over"]
    day = app.calendar.day(app.clock.now())
    english = "at place 4 of the creators that were chosen"
    assert english_text(told) == f"quota of {day} used up by {DOMAIN}, {english}"
    assert "名单的第 4 位" in renderer_for("zh").stored(told)


def test_a_choice_in_words_can_be_typed_again() -> None:
    selection = chosen(
        where=["followers>=1万", "uid in a,b", "nickname~it's 小", "seen since 7d", "likes!=0"],
        since="2026-11-21",
        keywords=["口红", "a b"],
        has=["email", "phone"],
        order="-followers",
        skip_delivered=True,
    )
    words = shlex.split(selection.in_words())
    given: dict[str, list[str]] = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        given.setdefault(option, []).append(value)
    again = chosen(
        where=given["--where"],
        keywords=given["--keyword"],
        has=given["--has"],
        order=given["--order"][0],
        skip_delivered=given["--skip-delivered"] == ["platform"],
    )
    assert again == selection


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            {"where": ["粉丝数>=1万"], "has": ["contact"], "order": "followers:desc"},
            "--where 'followers>=10000' --has contact --order -followers",
        ),
        ({"order": "uid"}, "--order uid"),
        ({"where": ["uid in a,b,c,d"]}, "--where 'uid in a,b,c,… (4)'"),
        ({"where": ["uid in a,b,c"]}, "--where 'uid in a,b,c'"),
    ],
)
def test_a_choice_in_words_is_short(words, text) -> None:
    assert chosen(**words).in_words(LISTED_VALUES) == text


def test_a_choice_stands_in_the_manifest(app) -> None:
    export(app, selection=chosen(where=["followers>=85"], order="-followers"))
    export(app)
    found = [
        json.loads(manifest_path(app.crawling.segment_files.locate(one.file_path)).read_text())
        for one in segments_of(app)
    ]
    assert [one.get("choice") for one in found] == [
        "--where 'followers>=85' --order -followers",
        None,
    ]


def test_a_choice_comes_back_from_its_row() -> None:
    selection = chosen(
        where=["followers>=1万", "uid in a,b", "nickname~小"],
        since="7d",
        keywords=["口红"],
        has=["email"],
        order="-followers",
        skip_delivered=True,
    )
    options = ExportOptions(format="csv", columns=("id",), selection=selection)
    assert ExportOptions.from_json(options.as_json()) == options
    assert selection_of(READER) is None


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"where": ["followers"]}, "where"),
        ({"since": "soon"}, "since"),
        ({"has": ["fax"]}, "has"),
        ({"order": "colour"}, "order"),
        ({"keywords": [" "]}, "keyword"),
        ({"keywords": ["x" * 129]}, "keyword"),
        ({"keywords": ["x"] * 1001}, "keyword"),
    ],
)
def test_a_wrong_choice_names_its_field(words, field) -> None:
    with pytest.raises(WrongFieldsError) as caught:
        selection_of(READER, **words)
    assert list(caught.value.problems) == [field]


@pytest.mark.parametrize(("more", "field"), [({"lanes": 2}, "lanes"), ({"follow": True}, "follow")])
def test_an_order_does_not_go_with_lanes_or_without_end(more, field) -> None:
    with pytest.raises(WrongFieldsError) as caught:
        ExportRequest(domain=DOMAIN, selection=chosen(order="-followers"), **more)
    assert list(caught.value.problems) == [field]
