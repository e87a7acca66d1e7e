"""The tables of hourly numbers: versions, titles, daily columns, and days packed into bytes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage.engines.transactions import Database, Tx
from storage.views import days, hours, identities, packed_day, points, titles, totals
from storage.views.points import Point

NOON = 20_000 * 24 + 12
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture
def database(app) -> Database:
    return app.database


def claim(tx: Tx, hour: int = NOON, owner: str = "one", now: datetime = NOW):
    until = now + timedelta(seconds=30)
    return hours.claim(tx, hour, owner=owner, host="h", session_id="s", now=now, until=until)


def ended(state: hours.CrawlState = hours.CrawlState.COMPLETE) -> hours.HourEnd:
    return hours.HourEnd(
        state=state, listed=1, success=1, failed=0, skipped=None, errors=None, ended_at=NOW
    )


def counts(views: int | None, likes: int | None = 0) -> points.Counts:
    return (views, 1, None, likes, 0, 0, 2**62)


def test_an_hour_has_one_holder_and_a_late_one_changes_nothing(database: Database):
    first = database.write(claim)
    assert first is not None and first.version is None
    assert database.write(claim, owner="two") is None
    second = database.write(claim, owner="two", now=NOW + timedelta(seconds=31))
    assert second is not None and second.lease_token == first.lease_token + 1
    assert not database.write(hours.note_progress, NOON, first.lease_token, 50, 50)
    assert not database.write(hours.end, NOON, first.lease_token, ended())
    assert database.write(hours.end, NOON, second.lease_token, ended())
    found = database.read(hours.get, NOON)
    assert found is not None
    assert (found.version, found.state, found.lease_owner) == (2, hours.CrawlState.COMPLETE, None)


def test_what_changed_since_a_version_is_told_in_order(database: Database):
    for hour in (NOON, NOON + 1):
        held = database.write(claim, hour)
        assert held is not None
        database.write(hours.end, hour, held.lease_token, ended())
    database.write(hours.publish, NOON)
    assert [one.hour for one in database.read(hours.changed_since, 0, 9)] == [NOON + 1, NOON]
    assert database.read(hours.changed_since, database.read(hours.newest_version), 9) == []


def test_the_numbers_that_came_first_stay(database: Database):
    def work(tx: Tx) -> list[Point]:
        ids = identities.ensure(tx, [("bilibili", "BV1"), ("bilibili", "BV2")])
        assert identities.ensure(tx, ids) == ids
        one, two = ids.values()
        points.insert(tx, NOON, [Point(two, 7, counts(5)), Point(one, 7, counts(None), 3)])
        points.insert(tx, NOON, [Point(one, 9, counts(8))])
        assert points.newest_before(tx, NOON + 1, [one, two]) == {
            one: counts(None),
            two: counts(5),
        }
        assert points.newest_before(tx, NOON + 25, [one]) == {}
        assert points.newest_before(tx, NOON + 24, [one]) == {one: counts(None)}
        return sorted(points.of_hour(tx, NOON))

    assert [one[1:] for one in database.write(work)] == [(7, counts(None), 3), (7, counts(5), 0)]


def test_each_hour_keeps_the_title_it_had(database: Database):
    def work(tx: Tx) -> list[str | None]:
        titles.put(tx, NOON, {1: "b"}, is_newest=True)
        titles.put(tx, NOON + 2, {1: "b"}, is_newest=True)
        assert tx.number("SELECT COUNT(*) FROM view_titles") == 1
        titles.put(tx, NOON + 1, {1: "c"}, is_newest=False)
        titles.put(tx, NOON - 1, {1: "a"}, is_newest=False)
        return [titles.at_hour(tx, NOON + n).get(1) for n in range(-2, 3)]

    assert database.write(work) == [None, "a", "b", "c", "b"]


def test_the_daily_columns_are_those_of_the_last_hour(database: Database):
    def work(tx: Tx) -> list[tuple[int, ...]]:
        seen = []
        for hour, views in ((NOON, 5), (NOON - 2, 9), (NOON + 1, 7), (NOON + 1, 7)):
            points.insert(tx, hour, [Point(1, 0, counts(views))])
            days.note_hour(tx, hour)
            [row] = days.of_work(tx, 1, 20_000, 20_000)
            seen.append((row["views"], *days.hours_in(row["hours"])))
        return seen

    assert database.write(work) == [
        (5, 12),
        (5, 10, 12),
        (7, 10, 12, 13),
        (7, 10, 12, 13),
    ]


def put_hour(tx: Tx, hour: int, views: dict[int, int | None]) -> None:
    points.insert(tx, hour, [Point(work, 0, counts(count)) for work, count in views.items()])
    days.note_hour(tx, hour)


def sums(tx: Tx, counter: str = "views") -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in map(dict, totals.since(tx, 0, counter))]


def test_the_sums_of_a_day_follow_its_numbers_and_those_of_the_day_before(database: Database):
    def work(tx: Tx) -> None:
        put_hour(tx, NOON, {1: 5, 2: 7, 3: None})
        totals.count_anew(tx, 20_000)
        assert sums(tx) == [(20_000, 3, 12, None)]
        put_hour(tx, NOON + 24, {1: 6, 3: 9, 4: 100})
        totals.count_anew(tx, 20_001)
        assert sums(tx) == [(20_000, 3, 12, None), (20_001, 3, 115, 1)]
        put_hour(tx, NOON + 1, {1: 2})
        totals.count_anew(tx, 20_000)
        assert sums(tx) == [(20_000, 3, 9, None), (20_001, 3, 115, 4)]
        assert sums(tx, "comments") == [(20_000, 3, None, None), (20_001, 3, None, None)]
        assert sums(tx, "shares")[1] == (20_001, 3, 3 * 2**62, 0), "too large for an integer"
        days.forget_works(tx, 20_000, {1, 2, 3})
        totals.count_anew(tx, 20_000)
        assert sums(tx) == [(20_001, 3, 115, None)]
        with pytest.raises(ValueError, match="no counter"):
            totals.since(tx, 0, "1; DROP TABLE works")

    database.write(work)


def test_growth_between_two_hours_is_of_works_that_are_known_in_both(database: Database):
    def work(tx: Tx) -> None:
        ids = identities.ensure(tx, [("bilibili", f"BV{n}") for n in range(5)])
        a, b, c, d, e = ids.values()
        points.insert(tx, NOON, [Point(a, 0, counts(1)), Point(b, 0, counts(1))])
        points.insert(tx, NOON, [Point(c, 0, counts(None)), Point(d, 0, counts(9))])
        later = {a: 4, b: 4, c: 5, d: None, e: 6}
        points.insert(tx, NOON + 1, [Point(n, 0, counts(views)) for n, views in later.items()])
        found = points.top_growth(tx, NOON, NOON + 1, "views", 9)
        assert [(row["work"], row["from_count"], row["to_count"]) for row in found] == [
            (a, 1, 4),
            (b, 1, 4),
        ]
        assert [row["work_id"] for row in points.top_growth(tx, NOON, NOON + 1, "views", 1)] == [
            "BV0"
        ]
        assert points.count_known(tx, NOON, NOON + 1, "views") == (3, 4, 2)
        assert points.count_known(tx, NOON, NOON + 1, "shares") == (4, 5, 4), "2^62 each"
        top = points.top(tx, NOON + 1, "views", 4)
        assert [row["work"] for row in top] == [e, c, a, b], "equal ones by their numbers"

    database.write(work)


def test_the_days_of_a_work_are_found_however_many_there_are(database: Database):
    def work(tx: Tx) -> None:
        last = 20_000
        wanted = [last - 1_000, last - 400, last - 366, last - 365, last - 1, last]
        row = days.WorkDay(work=1, hours=1, counts=counts(3), packed=b"x")
        for day in wanted:
            days.put(tx, day, [row, replace(row, work=2)])
        assert [one["day"] for one in days.of_work(tx, 1, wanted[0], last)] == wanted
        assert [one["day"] for one in days.packed_of_work(tx, 1, last - 366, last)] == wanted[2:]
        assert (days.first_since(tx, 0), days.newest(tx)) == (wanted[0], last)
        assert hours.count_by_day(tx, 0) == {}

    database.write(work)


def test_a_day_comes_out_of_its_bytes_as_it_went_in():
    draw = random.Random(7)
    for _ in range(200):
        chosen = draw.sample(range(24), draw.randint(1, 24))
        day = {
            hour: tuple(
                draw.choice([None, 0, draw.randrange(2**63), 2**63 - 1]) for _ in points.COUNTERS
            )
            for hour in chosen
        }
        packed = packed_day.pack(day)
        assert packed_day.unpack(packed) == day
        assert len(packed) <= packed_day.MAX_BYTES


def test_a_day_of_steady_growth_takes_less_than_ten_bytes_an_hour():
    draw = random.Random(3)
    values = [draw.randrange(10**3, 10**6) for _ in points.COUNTERS]
    day = {}
    for hour in range(24):
        values = [value + draw.randrange(0, 40) for value in values]
        day[hour] = tuple(values)
    assert len(packed_day.pack(day)) < 24 * 10


@pytest.mark.parametrize("damage", [b"", b"\x02" * 20, b"\x01" * 30])
def test_damaged_bytes_are_no_day(damage: bytes):
    with pytest.raises(ValueError, match=r".+"):
        packed_day.unpack(damage)


def test_a_packed_day_that_was_cut_off_is_no_day():
    packed = packed_day.pack({5: counts(7), 6: counts(9)})
    for end in range(len(packed)):
        with pytest.raises(ValueError, match=r".+"):
            packed_day.unpack(packed[:end])
