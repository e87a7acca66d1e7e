"""What a crawl keeps of creators: as they are now, their history, and what was delivered."""

from __future__ import annotations

import json
import threading
from datetime import date, timedelta

import pytest

from app.container import App
from core.cancellation import StoppedSignal
from crawler.creators.observations import merged
from crawler.creators.profiles import Contact, address_of, contacts_in, number
from sources.base import Creator, CreatorPage
from storage.creators.observations import Observation, SeenCreator
from storage.schema import schema
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    Crash,
    add_accounts,
    at_call,
    change,
    claimed,
    crawl,
    die,
    export,
    file_crawl,
    once,
    rows,
    store_rows,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

GO_ON = threading.Event()


def entry(uid: str, fans: int | None, name: str = "小鹿", sign: str = "") -> Creator:
    raw = {"mid": uid, "uname": name, "fans": fans, "videos": 3, "usign": sign}
    return Creator(uid, name, {key: value for key, value in raw.items() if value is not None})


def store(app: App, *entries: Creator, domain: str = DOMAIN, complete: bool = True) -> None:
    """Store a page of its own crawl, as a worker does."""
    task = file_crawl(app, pages=1, domain=domain)
    leased = claimed(app, only=task.id)
    page = CreatorPage(1, 1, entries, complete=complete)
    app.crawling.pages.store(leased, 1, page, 1, app.clock.now())
    app.crawling.scheduler.finish(leased)


def creators_of(app: App) -> list[dict]:
    return [
        dict(row)
        for row in rows(
            app,
            "SELECT uid, nickname, followers, videos, has_contact, revision, first_seen_at,"
            " seen_at, changed_at FROM creators ORDER BY uid",
        )
    ]


def memberships(app: App) -> list[dict]:
    return [
        dict(row)
        for row in rows(
            app,
            "SELECT domain, uid, nickname, status, followers, raw_data, source_url"
            " FROM influencers ORDER BY id",
        )
    ]


def observed(app: App) -> list[tuple]:
    app.crawling.observations.run(GO_ON)
    return [
        (str(row["day"]), str(row["until_day"]), row["followers"], row["nickname"])
        for row in rows(app, "SELECT * FROM creator_observations ORDER BY creator_id, day")
    ]


def test_a_creator_of_two_domains_is_one_creator(make_app) -> None:
    app = make_app()
    store(app, entry("7", 10))
    store(app, entry("7", 12), domain="游戏")
    [creator] = creators_of(app)
    assert (creator["followers"], creator["revision"]) == (12, 2)
    assert [row["domain"] for row in memberships(app)] == [DOMAIN, "游戏"]
    assert memberships(app)[0]["source_url"] == "https://space.bilibili.com/7"


def test_a_page_that_tells_nothing_new_is_no_change(make_app, clock: MovingClock) -> None:
    app = make_app()
    store(app, entry("7", 10))
    clock.move(60)
    store(app, entry("7", 10))
    [creator] = creators_of(app)
    assert creator["revision"] == 1
    assert creator["first_seen_at"] == creator["changed_at"] < creator["seen_at"]


def test_an_exported_row_keeps_what_was_delivered(make_app, agree) -> None:
    app = make_app()
    add_accounts(app, 1)
    store(app, entry("7", 10))
    export(app)
    store(app, entry("7", 99, name="大鹿"))
    [row] = memberships(app)
    assert (row["nickname"], json.loads(row["raw_data"])["fans"]) == ("小鹿", 10)
    assert row["followers"] == 99  # what is filtered by goes on
    assert creators_of(app)[0]["nickname"] == "大鹿"
    assert agree() == [1]


def test_a_row_that_waits_for_export_is_refreshed(make_app) -> None:
    app = make_app()
    store(app, entry("7", 10))
    store(app, entry("7", 99, name="大鹿"))
    [row] = memberships(app)
    assert (row["nickname"], json.loads(row["raw_data"])["fans"]) == ("大鹿", 99)


def test_what_a_video_says_of_its_author_fills_only_what_is_unknown(make_app) -> None:
    app = make_app()
    store(app, entry("7", 10, sign="a@b.cn"))
    store(app, Creator("7", "大鹿", {"mid": 7}), Creator("8", "新", {"mid": 8}), complete=False)
    seven, eight = creators_of(app)
    assert (seven["nickname"], seven["followers"], seven["has_contact"]) == ("大鹿", 10, 1)
    assert (eight["nickname"], eight["followers"]) == ("新", None)
    store(app, entry("8", 5))
    assert creators_of(app)[1]["followers"] == 5


def test_a_crawl_counts_what_each_account_ingested(make_app, platform, clock) -> None:
    app = make_app(bilibili_base_url=platform(creators=45).url)
    add_accounts(app, 2)
    crawl(app)
    crawl(app)
    [(pages, seen, new)] = {
        (row["pages"], row["seen"], row["new_count"])
        for row in rows(
            app,
            "SELECT SUM(pages) AS pages, SUM(seen) AS seen, SUM(new_count) AS new_count"
            " FROM day_totals",
        )
    }
    logged = rows(
        app,
        "SELECT COUNT(*) AS pages, SUM(ingested_count) AS seen, SUM(new_count) AS new_count"
        " FROM ingestion_logs",
    )[0]
    assert (pages, seen, new) == (logged["pages"], logged["seen"], logged["new_count"])
    assert (seen, new) == (90, 45)
    assert {row["keyword"] for row in rows(app, "SELECT keyword FROM influencer_keywords")} == {
        DOMAIN
    }


def test_each_changed_day_of_a_creator_is_a_row(make_app, clock: MovingClock) -> None:
    app = make_app()
    days = [10, 10, 12, 12]
    for followers in days:
        store(app, entry("7", followers))
        clock.move(300)
        observed(app)
        clock.move(86_400)
    assert observed(app) == [
        ("2026-11-22", "2026-11-23", 10, "小鹿"),
        ("2026-11-24", "2026-11-25", 12, None),
    ]


def test_a_day_keeps_its_newest_numbers(make_app, clock: MovingClock) -> None:
    app = make_app()
    for followers in (10, 11):
        store(app, entry("7", followers))
        clock.move(300)
        observed(app)
    assert observed(app) == [("2026-11-22", "2026-11-22", 11, "小鹿")]


def test_the_rows_of_other_domains_get_the_newest_numbers(make_app, clock: MovingClock) -> None:
    app = make_app()
    store(app, entry("7", 10), entry("8", 5))
    clock.move(60)
    store(app, entry("7", 12), domain="游戏")
    numbers = [row["followers"] for row in memberships(app)]
    assert numbers == [10, 5, 12]
    clock.move(300)
    observed(app)
    assert [row["followers"] for row in memberships(app)] == [12, 5, 12]
    assert json.loads(memberships(app)[0]["raw_data"])["fans"] == 10  # a page refreshes that


def test_a_row_that_a_page_stored_just_now_keeps_its_numbers(make_app, clock: MovingClock) -> None:
    """The job read the creator before the page's transaction ended."""
    app = make_app()
    store(app, entry("7", 10))
    clock.move(300)
    later = "UPDATE influencers SET followers=11, seen_at='2030-01-01 00:00:00.000'"
    change(app, later)
    observed(app)
    assert memberships(app)[0]["followers"] == 11


def test_what_was_stored_just_now_is_observed_later(make_app, clock: MovingClock) -> None:
    """A page whose transaction is still open may have an earlier moment."""
    app = make_app()
    store(app, entry("7", 10))
    assert observed(app) == []
    clock.move(300)
    assert len(observed(app)) == 1


def test_more_creators_of_one_moment_than_a_batch_are_all_observed(
    make_app, clock: MovingClock, monkeypatch
) -> None:
    monkeypatch.setattr("storage.creators.observations.CREATORS_AT_ONCE", 2)
    app = make_app()
    store(app, *(entry(str(n), n) for n in range(1, 6)))
    clock.move(300)
    assert [row[2] for row in observed(app)] == [1, 2, 3, 4, 5]


DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("known", "followers", "day", "expected"),
    [
        (None, 5, DAY, (DAY, DAY, 5, "n")),
        ((DAY, DAY, 5), 5, DAY + timedelta(3), (DAY, DAY + timedelta(3), 5, "n")),
        (
            (DAY, DAY + timedelta(2), 5),
            6,
            DAY + timedelta(2),
            (DAY + timedelta(2),) * 2 + (6, None),
        ),
        (
            (DAY, DAY + timedelta(2), 5),
            6,
            DAY + timedelta(1),
            (DAY + timedelta(2),) * 2 + (6, None),
        ),
        ((DAY, DAY, 5), None, DAY + timedelta(1), (DAY + timedelta(1),) * 2 + (None, None)),
    ],
    ids=["first", "unchanged", "changed within its row", "clock went back", "not told any more"],
)
def test_an_observation_extends_or_follows_the_one_before(known, followers, day, expected) -> None:
    row = Observation(1, known[0], known[1], known[2], None, None, "n") if known else None
    seen = SeenCreator(1, "n", followers, None, None, seen_at=None)  # type: ignore[arg-type]
    found = merged(row, seen, day, "n" if known else None)
    assert (found.day, found.until_day, found.followers, found.nickname) == expected


def old_release(app: App) -> None:
    """Make the rows what a release without `creators` left."""
    for statement in (
        "DELETE FROM creators",
        "DELETE FROM day_totals",
        "DELETE FROM influencer_keywords",
        "UPDATE influencers SET seen_at=NULL, followers=NULL, videos=NULL",
        "UPDATE ingestion_logs SET keyword=NULL",
    ):
        change(app, statement)


def kept(app: App) -> list[list[dict]]:
    return [
        [dict(row) for row in rows(app, query)]
        for query in (
            "SELECT uid, nickname, followers, videos, has_contact, raw_data, first_seen_at, seen_at"
            " FROM creators ORDER BY uid",
            "SELECT domain, uid, followers, videos, seen_at FROM influencers ORDER BY id",
            "SELECT influencer_id, keyword FROM influencer_keywords ORDER BY influencer_id",
            "SELECT * FROM day_totals ORDER BY day, account_id, domain",
        )
    ]


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_the_backfill_gives_what_pages_would_have_stored(
    make_app, platform, monkeypatch, batch
) -> None:
    monkeypatch.setattr("storage.creators.backfill.ROWS_AT_ONCE", batch)
    app = make_app(bilibili_base_url=platform(creators=25, domains=(DOMAIN, "游戏")).url)
    add_accounts(app, 2)
    crawl(app)
    crawl(app, domain="游戏")
    before = kept(app)
    old_release(app)
    assert "creators brought in: 50" in english_text(app.crawling.creators_backfill.run(GO_ON))
    assert kept(app) == before
    assert english_text(app.crawling.creators_backfill.run(GO_ON)) == "every creator is listed"
    assert app.crawling.creators_backfill.progress().left == 0


@pytest.mark.parametrize("writes", range(1, 12))
def test_a_backfill_that_dies_goes_on_and_counts_nothing_twice(
    make_app, platform, monkeypatch, writes
) -> None:
    monkeypatch.setattr("storage.creators.backfill.ROWS_AT_ONCE", 8)
    app = make_app(bilibili_base_url=platform(creators=25).url)
    add_accounts(app, 1)
    crawl(app)
    before = kept(app)
    old_release(app)
    with monkeypatch.context() as dying:
        dying.setattr(schema, "set_fact", at_call(writes, die, schema.set_fact))
        try:
            app.crawling.creators_backfill.run(GO_ON)
        except Crash:
            assert kept(app) != before or writes > 1
    app.crawling.creators_backfill.run(GO_ON)
    assert kept(app) == before


def test_a_page_beats_the_backfill(make_app) -> None:
    app = make_app()
    store(app, entry("7", 10))
    old_release(app)
    store(app, entry("7", 99), domain="游戏")
    app.crawling.creators_backfill.run(GO_ON)
    [creator] = creators_of(app)
    assert creator["followers"] == 99
    assert [row["followers"] for row in memberships(app)] == [99, 99]


def test_of_two_old_entries_the_newer_row_counts(make_app, clock: MovingClock) -> None:
    app = make_app()
    store(app, entry("7", 10))
    first = creators_of(app)[0]["first_seen_at"]
    clock.move(60)
    store(app, entry("7", 12), domain="游戏")
    old_release(app)
    app.crawling.creators_backfill.run(GO_ON)
    [creator] = creators_of(app)
    assert (creator["followers"], creator["first_seen_at"]) == (12, first)


def test_a_backfill_stops_when_it_is_told(make_app) -> None:
    app = make_app()
    store_rows(app, 3)
    told = threading.Event()
    told.set()
    with pytest.raises(StoppedSignal):
        app.crawling.creators_backfill.run(told)


@pytest.mark.parametrize("raw", ["[1]", '"x"', "null", "7"])
def test_a_row_whose_raw_data_is_no_object_does_not_end_the_backfill(make_app, raw: str) -> None:
    app = make_app()
    store(app, entry("7", 10), entry("8", 5))
    old_release(app)
    change(app, f"UPDATE influencers SET raw_data='{raw}' WHERE uid='8'")
    app.crawling.creators_backfill.run(GO_ON)
    assert [(row["uid"], row["followers"]) for row in creators_of(app)] == [("7", 10), ("8", None)]


@ONE_ENGINE
def test_a_crawl_beside_the_backfill_leaves_nothing_out(make_app, platform) -> None:
    app = make_app(bilibili_base_url=platform(creators=45).url)
    add_accounts(app, 1)
    store_rows(app, 30)
    file_crawl(app)
    worker = app.crawling.ingestion_worker()
    thread = threading.Thread(target=app.crawling.creators_backfill.run, args=(GO_ON,))
    thread.start()
    while once(worker):
        pass
    thread.join()
    app.crawling.creators_backfill.run(GO_ON)
    missing = rows(
        app,
        "SELECT i.id FROM influencers i LEFT JOIN creators c ON c.platform=i.platform"
        " AND c.uid=i.uid WHERE c.id IS NULL OR i.seen_at IS NULL",
    )
    assert [dict(row) for row in missing] == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((12, 12), ("12", 12), (12.0, 12), ("1.2万", None), (-1, None), (None, None)),
        *((True, None), (2**63, None), ("9" * 25, None), ([1], None), (1.5, None)),
    ],
)
def test_a_number_is_taken_as_platforms_write_it(value, expected) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("合作：a.b@qq.com", Contact.EMAIL),
        ("邮箱 abc#163.com，请勿加V: abcde1", Contact.EMAIL),
        ("a＠b.cn", Contact.EMAIL),
        ("商务 13812345678", Contact.PHONE),
        ("020-88886666", Contact.PHONE),
        ("400-123-4567", Contact.PHONE),
        ("微信同号13812345678", Contact.PHONE | Contact.MESSENGER),
        ("工作微信abc123", Contact.MESSENGER),
        ("合作V: mei_93416", Contact.MESSENGER),
        ("加v abc123", Contact.MESSENGER),
        ("＋q12345678", Contact.MESSENGER),
        ("Q：123456", Contact.MESSENGER),
        ("扣扣 123456", Contact.MESSENGER),
        ("绿泡泡：小鹿", Contact.MESSENGER),
        ("薇：abcde12", Contact.MESSENGER),
        ("不加微信", Contact.NONE),
        ("请勿加QQ", Contact.NONE),
        ("不要加我微信哦", Contact.NONE),
        ("B站微信小程序", Contact.NONE),
        ("合作请私信, 第3号", Contact.NONE),
        ("UID:12345678 MV：abcdef v: hi", Contact.NONE),
        ("编号 138123456789", Contact.NONE),
        ("加vx123abc", Contact.MESSENGER),
        ("v信：abc", Contact.MESSENGER),
        ("我爱 fox 和 wxyz", Contact.NONE),
        ("+1 415 555 0100", Contact.PHONE),
        ("", Contact.NONE),
        (None, Contact.NONE),
        (7, Contact.NONE),
    ],
)
def test_contacts_are_found_in_a_signature(signature, expected) -> None:
    assert contacts_in(signature) == expected


def test_the_address_of_a_profile_is_safe() -> None:
    assert address_of("https://x.example/{uid}", "a/../b?") == "https://x.example/a%2F..%2Fb%3F"
    assert address_of(None, "7") is None
    assert address_of("https://x.example/{uid}", "7" * 2000) is None
