"""Lists of creators: filters, orders and pages on both engines; one creator; counts."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.container import App
from core.errors import InvalidInputError, WrongFieldsError
from crawler.creators.cursors import MAX_CURSOR, cursor_of, position_of
from crawler.creators.filters import ConditionReader, contacts_named, sort_named
from crawler.creators.identity import creator_named
from crawler.creators.requests import ListRequest
from storage.creators.conditions import Condition, CreatorFilter, Field, Operator
from storage.creators.search import Sort
from storage.engines.transactions import Tx
from tests.crawler.test_crawler_creators import GO_ON, entry, old_release, store
from tests.support.crawler.workbench import DOMAIN, ONE_ENGINE, add_accounts, crawl, export
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
READER = ConditionReader(now=NOW, zone=ZoneInfo("Asia/Shanghai"), read_list=None)
PLATFORM = CreatorFilter(platform="bilibili")
IN_DOMAIN = CreatorFilter(platform="bilibili", domain=DOMAIN)
BY_FOLLOWERS = Sort()


@pytest.fixture
def app(make_app) -> App:
    """Twelve creators of 美妆, the last two without followers, and one of 游戏."""
    app = make_app()
    people = [entry(str(n), n * 10 % 70, f"小鹿 {n}") for n in range(1, 11)]
    people += [entry("11", None, "Nobody"), entry("12", None, "a_b%c", sign="me@x.cn")]
    store(app, *people)
    store(app, entry("99", 500, "Gamer"), domain="游戏")
    return app


def uids(app: App, wanted: CreatorFilter, sort: Sort = BY_FOLLOWERS, limit: int = 5) -> list[str]:
    """All creators that are meant, read by pages of `limit`."""
    found: list[str] = []
    after = None
    while True:
        page = app.crawling.creators.page(wanted, sort, after=after, limit=limit)
        found += [one.uid for one in page.creators]
        if page.next is None:
            return found
        assert len(page.creators) == limit
        after = page.next


def plan_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps of the plans of what is asked from now on, on SQLite."""
    steps: list[str] = []
    run = Tx._run

    def explained(tx: Any, sql: str, params: Any) -> None:
        if sql.startswith("SELECT"):
            plan = tx._connection.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            steps.extend(row["detail"] for row in plan)
        run(tx, sql, params)

    monkeypatch.setattr(Tx, "_run", explained)
    return steps


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
@pytest.mark.parametrize("wanted", [PLATFORM, IN_DOMAIN])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("field", [Field.FOLLOWERS, Field.VIDEOS, Field.FIRST_SEEN_AT])
def test_pages_have_every_creator_once_in_order(app, wanted, field, descending, limit) -> None:
    found = uids(app, wanted, Sort(field, descending), limit)
    assert sorted(found) == sorted(
        [str(n) for n in range(1, 13)] + (["99"] if wanted is PLATFORM else [])
    )
    if field is Field.FOLLOWERS:
        assert set(found[-2:]) == {"11", "12"}  # those without a value come last
        numbers = [500 if uid == "99" else int(uid) * 10 % 70 for uid in found[:-2]]
        assert numbers == sorted(numbers, reverse=descending)


def conditions(*texts: str) -> tuple[Condition, ...]:
    return READER.conditions(texts)


@pytest.mark.parametrize("wanted", [PLATFORM, IN_DOMAIN])
@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["followers>=50"], {"5", "6"}),
        (["粉丝数 > 50"], {"6"}),
        (["followers>=20", "followers<40"], {"2", "3", "9", "10"}),
        (["uid in 1, 3，77"], {"1", "3"}),
        (["nickname ~ nobody"], {"11"}),
        (["nickname~_b%"], {"12"}),
        (["nickname = 小鹿 7"], {"7"}),
        (["followers != 0", "uid != 5", "followers>=50"], {"6"}),
        (["followers > 1亿"], set()),
    ],
)
def test_conditions_choose_creators(app, wanted, texts, expected) -> None:
    assert set(uids(app, replace(wanted, conditions=conditions(*texts)))) - {"99"} == expected


def test_a_list_tells_what_was_read_for_it(app) -> None:
    page = app.crawling.creators.page
    assert page(PLATFORM, BY_FOLLOWERS).is_indexed
    assert page(IN_DOMAIN, BY_FOLLOWERS).is_indexed
    assert not page(PLATFORM, Sort(Field.VIDEOS)).is_indexed


def test_a_name_is_found_by_a_part_of_it(app) -> None:
    named = CreatorFilter(platform="bilibili", name="GAM")
    assert uids(app, named) == ["99"]
    assert uids(app, CreatorFilter(platform="bilibili", domain=DOMAIN, name="GAM")) == []
    assert len(uids(app, CreatorFilter(platform="bilibili", domain=DOMAIN, name="小鹿"))) == 10
    assert uids(app, CreatorFilter(platform="other", name="GAM")) == []


def test_a_name_of_too_many_is_refused(app, monkeypatch) -> None:
    monkeypatch.setattr("storage.creators.search.MAX_NAMED", 5)
    with raises_saying(InvalidInputError, "more than 5 creators"):
        uids(app, CreatorFilter(platform="bilibili", name="小鹿"))


def test_contacts_and_status_are_filters(app) -> None:
    add_accounts(app, 1)
    assert uids(app, replace(PLATFORM, contacts=contacts_named(["email"]))) == ["12"]
    assert uids(app, replace(PLATFORM, contacts=contacts_named(["phone"]))) == []
    export(app, limit=4)
    exported = uids(app, replace(IN_DOMAIN, is_exported=True))
    assert set(exported) == {"1", "10", "11", "12"}  # in the order of their uids
    assert len(uids(app, replace(IN_DOMAIN, is_exported=False))) == 8


def test_what_is_about_a_domain_needs_one(app) -> None:
    for wanted in (
        replace(PLATFORM, is_exported=True),
        replace(PLATFORM, keywords=("口红",)),
        replace(PLATFORM, conditions=conditions("ingested since 7d")),
    ):
        with raises_saying(InvalidInputError, "name the domain"):
            uids(app, wanted)
        with raises_saying(InvalidInputError, "name the domain"):
            app.crawling.creators.matching(wanted)


NARROWED = [
    # field, operator and value; the sort of a list; the index that finds the few who meet it
    (PLATFORM, Condition(Field.VIDEOS, Operator.EQUAL, 3), Sort(Field.SEEN_AT), "followers"),
    (PLATFORM, Condition(Field.NICKNAME, Operator.CONTAINS, "鹿"), BY_FOLLOWERS, "name"),
    (PLATFORM, Condition(Field.FIRST_SEEN_AT, Operator.ABOVE, "2000"), BY_FOLLOWERS, "first_seen"),
    (IN_DOMAIN, Condition(Field.UID, Operator.UNEQUAL, "5"), BY_FOLLOWERS, "followers"),
    (IN_DOMAIN, Condition(Field.UID, Operator.CONTAINS, "1"), Sort(Field.VIDEOS), "followers"),
]


@pytest.mark.parametrize(("wanted", "condition", "sort", "index"), NARROWED)
def test_few_creators_are_found_by_the_index_of_their_condition(
    app, monkeypatch, wanted, condition, sort, index
) -> None:
    """By its own order the list would look for every row."""
    wanted = replace(wanted, conditions=(condition,))
    asked: list[str] = []
    run = Tx.all

    def watched(tx: Tx, sql: str, **params: Any):
        asked.append(sql)
        return run(tx, sql, **params)

    def listed(few: int, very_few: int) -> tuple[str, list[str], int]:
        """What was asked, the creators of the list, and how many there are."""
        monkeypatch.setattr("storage.creators.access_paths.FEW", few)
        monkeypatch.setattr("storage.creators.access_paths.VERY_FEW", very_few)
        asked.clear()
        creators = uids(app, wanted, sort, limit=4)
        return " ".join(asked), creators, app.crawling.creators.matching(wanted)

    monkeypatch.setattr(Tx, "all", watched)
    # A domain of three is looked through; this one has more.
    _, expected, count = listed(few=3, very_few=0)
    assert len(expected) == count > 3
    monkeypatch.setattr("storage.creators.access_paths._is_small_part", lambda *_: False)
    by_index, *found = listed(few=100, very_few=0)
    assert found == [expected, count]
    hint = app.database.dialect.force_index(f"idx_creators_{index}")
    assert f"row_id FROM creators c {hint}" in by_index
    by_ids, *found = listed(few=100, very_few=100)
    assert found == [expected, count] and "c.id IN" in by_ids


def test_nobody_is_not_looked_for_twice(app, monkeypatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("storage.creators.search.page", lambda *_, **__: asked.append("page"))
    wanted = replace(PLATFORM, conditions=(Condition(Field.LIKES, Operator.EQUAL, 1),))
    assert app.crawling.creators.page(wanted, Sort(Field.SEEN_AT), with_count=True).found == 0
    assert app.crawling.creators.matching(wanted) == 0
    assert asked == []


@ONE_ENGINE
@pytest.mark.parametrize(
    ("wanted", "sort", "index"),
    [
        (PLATFORM, Sort(Field.VIDEOS), "idx_creators_followers"),
        (replace(PLATFORM, contacts=2), BY_FOLLOWERS, "idx_creators_followers"),
        (IN_DOMAIN, Sort(Field.VIDEOS), "idx_influencers_followers"),
        (replace(IN_DOMAIN, is_exported=True), Sort(Field.VIDEOS), "idx_influencers_followers"),
    ],
)
def test_ids_are_found_and_sorted_without_the_rows(app, monkeypatch, wanted, sort, index) -> None:
    monkeypatch.setattr("storage.creators.access_paths._is_small_part", lambda *_: False)
    steps = plan_of(monkeypatch)
    app.crawling.creators.page(wanted, sort)
    first = next(step for step in steps if step.startswith(("SEARCH c", "SEARCH i", "SCAN")))
    assert f"COVERING INDEX {index}" in first


def test_a_count_stops_at_a_thousand(app, monkeypatch) -> None:
    assert app.crawling.creators.matching(PLATFORM) == 13
    monkeypatch.setattr("crawler.creators.catalogue.COUNTED", 5)
    assert app.crawling.creators.matching(IN_DOMAIN) == 6
    page = app.crawling.creators.page
    assert page(IN_DOMAIN, BY_FOLLOWERS, limit=2).found is None
    assert page(IN_DOMAIN, BY_FOLLOWERS, limit=2, with_count=True).found == 6
    assert page(IN_DOMAIN, BY_FOLLOWERS, limit=20, with_count=True).found == 12
    named = replace(PLATFORM, name="小鹿 1")
    first = page(named, BY_FOLLOWERS, limit=1, with_count=True)
    assert first.found == 2
    assert page(named, BY_FOLLOWERS, limit=1, after=first.next, with_count=True).found == 2


@pytest.mark.parametrize(
    "cursor",
    ["x", "", "W10", "eyJhIjoxfQ", "🎀", "WzEsMiwzLDRd", base64.b64encode(b"[" * 3000).decode()],
    ids=lambda text: text[:12],
)
def test_a_cursor_of_another_list_is_refused(app, cursor) -> None:
    with raises_saying(InvalidInputError, "begin with the first page"):
        app.crawling.creators.page(PLATFORM, BY_FOLLOWERS, after=cursor)


def forged(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("field", "value", "row_id"),
    [
        ("followers", 3, 2**63),
        ("followers", 3, -1),
        ("followers", 3, 0),
        ("followers", 3, True),
        ("followers", 2**63, 1),
        ("followers", -1, 1),
        ("followers", "3", 1),
        ("followers", 3.0, 1),
        ("nickname", 3, 1),
        ("nickname", "\ud800", 1),
        ("nickname", "x" * 513, 1),
        ("first_seen_at", "yesterday", 1),
        ("first_seen_at", "2026-W10-1", 1),
    ],
)
def test_a_forged_cursor_is_refused(app, field, value, row_id) -> None:
    with raises_saying(InvalidInputError, "begin with the first page"):
        app.crawling.creators.page(
            PLATFORM, Sort(Field(field)), after=forged(field, 1, value, row_id)
        )


@pytest.mark.parametrize("text", ["[" * 2000, "9" * 3000, "x" * 5000])
@ONE_ENGINE
def test_no_cursor_breaks_what_reads_it(app, text) -> None:
    cursor = base64.urlsafe_b64encode(text.encode()).decode()
    with raises_saying(InvalidInputError, "begin with the first page"):
        app.crawling.creators.page(PLATFORM, BY_FOLLOWERS, after=cursor)


@pytest.mark.parametrize("wanted", [PLATFORM, IN_DOMAIN])
@pytest.mark.parametrize("letter", ["𠮷", "🎀", "长", '"', "'", "%", "a", "\u0001"])
def test_pages_go_on_behind_long_names(make_app, wanted, letter) -> None:
    app = make_app()
    store(app, *(entry(str(n), n, f"{letter * 510}{n}") for n in range(1, 6)))
    order = Sort(Field.NICKNAME, descending=False)
    assert uids(app, wanted, order, limit=2) == ["1", "2", "3", "4", "5"]
    page = app.crawling.creators.page(wanted, order, limit=1)
    assert page.next is not None and len(page.next) <= MAX_CURSOR
    named = replace(wanted, name=letter * 505)
    assert len(uids(app, named, limit=2)) == 5
    assert app.crawling.creators.matching(named) == 5


@pytest.mark.parametrize("wanted", [PLATFORM, IN_DOMAIN])
@ONE_ENGINE
def test_a_name_is_counted_by_the_index_of_names(app, monkeypatch, wanted) -> None:
    steps = plan_of(monkeypatch)
    named = replace(wanted, name="小鹿")
    assert app.crawling.creators.matching(named) == 10
    assert len(uids(app, named)) == 10
    assert any("COVERING INDEX idx_creators_name" in step for step in steps)
    allowed = ("COVERING INDEX idx_creators_name", "USING INTEGER PRIMARY KEY", "uq_influencers")
    allowed += ("uq_creators_identity (platform=? AND uid=?)",)
    tables = [one for one in steps if one.startswith(("SCAN c", "SCAN i", "SEARCH c", "SEARCH i"))]
    assert [one for one in tables if not any(index in one for index in allowed)] == []


@pytest.mark.parametrize(
    ("problem", "given"),
    [
        ("domain", {"domain": "x" * 129}),
        ("domain", {"domain": "a\nb"}),
        ("q", {"name": "x" * 513}),
        ("q", {"name": "\ud800"}),
        ("where", {"where": ["nickname=\ud800"]}),
        ("keyword", {"domain": "a", "keywords": ["x" * 129]}),
        ("sort", {"sort": "x" * 5000}),
        ("platform", {"platform": "x" * 500}),
    ],
)
@ONE_ENGINE
def test_what_a_list_is_asked_for_has_limits(app, problem, given) -> None:
    request = ListRequest(**({"platform": "bilibili"} | given))
    with pytest.raises(WrongFieldsError) as caught:
        request.read(READER, app.pool.platforms.searchable)
    assert list(caught.value.problems) == [problem]


@ONE_ENGINE
def test_a_cursor_belongs_to_its_order(app) -> None:
    row = app.crawling.creators.page(PLATFORM, BY_FOLLOWERS).creators[0]
    cursor = cursor_of(row, BY_FOLLOWERS)
    assert position_of(cursor, BY_FOLLOWERS).id == row.row_id
    with raises_saying(InvalidInputError, "begin with the first page"):
        position_of(cursor, Sort(Field.FOLLOWERS, descending=False))


def test_one_creator_shows_every_file_account_page_and_task(make_app, platform, clock) -> None:
    app = make_app(bilibili_base_url=platform(creators=25, domains=(DOMAIN, "游戏")).url)
    add_accounts(app, 1)
    crawled = crawl(app)
    exported = export(app)
    uid = app.crawling.creators.page(PLATFORM, BY_FOLLOWERS, limit=1).creators[0].uid
    found = app.crawling.creators.show("bilibili", uid, 30)
    [one] = found.memberships
    assert (one.domain, one.task_id, one.ingested_by) == (DOMAIN, crawled.id, "acc1")
    assert (one.export_task_id, one.exported_by) == (exported.id, "acc1")
    assert one.file_path and str(one.quota_day) == "2026-11-22"
    assert found.keywords == {one.id: [DOMAIN]}
    assert found.url == f"https://space.bilibili.com/{uid}"


def test_counts_come_from_sums_and_agree_with_the_rows(app) -> None:
    add_accounts(app, 1)
    export(app, limit=4)
    counts = {one.domain: one for one in app.crawling.creators.by_domain()}
    assert (counts[DOMAIN].creators, counts[DOMAIN].exported, counts[DOMAIN].pending) == (12, 4, 8)
    assert counts["游戏"].creators == 1
    [day] = app.crawling.creators.by_day(1, None)
    assert (str(day.day), day.pages, day.new_count) == ("2026-11-22", 2, 13)
    assert [
        (k.keyword, k.creators) for k in app.crawling.creators.by_keyword("bilibili", DOMAIN)
    ] == [(DOMAIN, 12)]


def test_after_an_upgrade_the_list_says_how_much_is_missing(app) -> None:
    old_release(app)
    progress = app.crawling.creators.progress()
    assert progress.left == progress.of == 13
    app.crawling.creators_backfill.run(GO_ON)
    assert app.crawling.creators.progress().left == 0


@pytest.mark.parametrize(
    ("text", "uid"),
    [
        ("7", "7"),
        (" 7 ", "7"),
        ("https://space.bilibili.com/7", "7"),
        ("http://www.space.bilibili.com/7/dynamic?from=1#x", "7"),
    ],
)
@ONE_ENGINE
def test_a_creator_is_named_by_id_or_address(app, text, uid) -> None:
    named = creator_named(app.database, app.pool.platforms, text, None)
    assert (named.platform, named.uid) == ("bilibili", uid)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nobody", "no creator 'nobody' was seen"),
        ("https://example.com/7", "no profile of a known platform"),
        ("", "an id or the address"),
        ("7" * 300, "an id or the address"),
    ],
)
@ONE_ENGINE
def test_what_names_no_creator_is_told(app, text, problem) -> None:
    with raises_saying(InvalidInputError, problem):
        creator_named(app.database, app.pool.platforms, text, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("followers", "is no condition"),
        ("followers>>3", "no whole number"),
        ("followrs>3", "no field 'followrs'"),
        ("followers>abc", "no whole number"),
        ("followers>1.23456", "no whole number"),
        ("followers~3", "cannot be compared"),
        ("followers since 7d", "cannot be compared"),
        ("seen~7d", "cannot be compared"),
        ("seen since soon", "no moment"),
        ("seen since 99999999w", "no moment"),
        ("seen since 999999w", "no moment"),
        ("nickname>3", "cannot be compared"),
        ("uid in @file", "command line only"),
        ("uid in ,", "1 to 10,000"),
        ("followers>99999999999999999999", "no whole number"),
        ("", "is no condition"),
    ],
)
def test_a_wrong_condition_says_what_is_wrong(text, problem) -> None:
    with raises_saying(InvalidInputError, problem):
        READER.condition(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("followers>=1万", Condition(Field.FOLLOWERS, Operator.AT_LEAST, 10_000)),
        ("followers>=1.1万", Condition(Field.FOLLOWERS, Operator.AT_LEAST, 11_000)),
        ("followers<1.5k", Condition(Field.FOLLOWERS, Operator.BELOW, 1500)),
        ("followers = 1,000", Condition(Field.FOLLOWERS, Operator.EQUAL, 1000)),
        ("seen since 7d", Condition(Field.SEEN_AT, Operator.AT_LEAST, "2026-11-15 04:00:00.000")),
        (
            "ingested before 2026-11-20",
            Condition(Field.INGESTED_AT, Operator.BELOW, "2026-11-19 16:00:00.000"),
        ),
        ("name ~ a > b", Condition(Field.NICKNAME, Operator.CONTAINS, "a > b")),
        ("uid in a,b,a", Condition(Field.UID, Operator.IN, ("a", "b"))),
    ],
)
def test_a_condition_is_read_as_people_write_it(text, expected) -> None:
    assert READER.condition(text) == expected


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("followers", Sort(Field.FOLLOWERS, descending=False)),
        ("-followers", Sort(Field.FOLLOWERS)),
        ("followers:desc", Sort(Field.FOLLOWERS)),
        ("-粉丝数", Sort(Field.FOLLOWERS)),
    ],
)
def test_an_order_is_read(text, sort) -> None:
    assert sort_named(text) == sort


def test_a_thousand_values_are_one_condition(app) -> None:
    many = Condition(Field.UID, Operator.IN, tuple(str(n) for n in range(5, 1500)))
    assert len(uids(app, replace(PLATFORM, conditions=(many,)))) == 9


def test_a_history_is_read_by_creator(make_app, clock: MovingClock) -> None:
    app = make_app()
    for followers in (10, 20):
        store(app, entry("7", followers))
        clock.move(300)
        app.crawling.observations.run(GO_ON)
        clock.move(86_400)
    page = app.crawling.creators.page(PLATFORM, BY_FOLLOWERS, with_history=True)
    [rows] = page.histories.values()
    assert [row.followers for row in rows] == [10, 20]
    assert timedelta(days=1) == rows[1].day - rows[0].day
