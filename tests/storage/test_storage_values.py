"""What goes in comes out: text of all kinds, times as text, counts as numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.crawling import influencers
from storage.engines.datetimes import (
    day_from_sql,
    from_sql,
    from_sql_or_none,
    to_sql,
    to_sql_or_none,
)
from storage.engines.transactions import Database
from storage.models.creators import CreatorProfile
from storage.schema import schema

NOW = datetime(2026, 11, 22, 4, 0, 0, 123_999, tzinfo=UTC)
NICKNAMES = {
    "chinese": "美妆博主小王",
    "emoji": "🧑🏽‍🚀🎨 𠮷野家",
    "long": "长" * 10_000,
    "quotes": "it's \"so\" `it`; -- \\' \\",
    "percent and colon": "100% :name %s %(x)s :day",
    "lines": "a\r\nb\tc\u2028d",
    "spaces": "  two  ",
    "empty": "",
}


@pytest.fixture
def filled(database: Database) -> Database:
    schema.create(database)
    return database


def store(database: Database, *profiles: CreatorProfile, now: datetime = NOW) -> None:
    database.write(
        influencers.upsert_page,
        "bilibili",
        domain="美妆",
        page=1,
        profiles=profiles,
        log_id=5,
        now=now,
        complete=True,
    )


def rows(database: Database) -> list[dict]:
    return database.read(influencers.next_pending, "bilibili", "美妆", 0, 100)


def test_nicknames_of_all_kinds_come_back_unchanged(filled: Database):
    store(
        filled, *(CreatorProfile(f"{n}", text, "{}") for n, text in enumerate(NICKNAMES.values()))
    )
    assert [row["nickname"] for row in rows(filled)] == list(NICKNAMES.values())


def test_raw_data_comes_back_byte_for_byte(filled: Database):
    text = '{"b": 1, "a":  [1.0, "é\\u0000😀"], "mid": 12345678901234567890}'
    store(filled, CreatorProfile("1", "n", text))
    assert rows(filled)[0]["raw_data"] == text


def test_a_creator_seen_again_keeps_its_row_and_its_first_page(filled: Database):
    store(filled, CreatorProfile("1", "old", '{"v":1}'), CreatorProfile("2", "two", "{}"))
    store(filled, CreatorProfile("1", "new", '{"v":2}'), now=NOW + timedelta(days=1))
    first, second = rows(filled)
    assert (first["uid"], first["nickname"], first["raw_data"]) == ("1", "new", '{"v":2}')
    assert first["ingested_at"] == "2026-11-22 04:00:00.123"
    assert second["uid"] == "2"
    assert filled.read(influencers.total) == 2


def test_uids_are_told_apart_by_case(filled: Database):
    store(filled, CreatorProfile("ab", "1", "{}"), CreatorProfile("AB", "2", "{}"))
    assert {row["uid"] for row in rows(filled)} == {"ab", "AB"}


def test_times_and_days_come_back_as_text(filled: Database):
    insert = (
        "INSERT INTO accounts (platform, username, created_at, updated_at, quota_day)"
        " VALUES ('b', 'u', :now, :now, :day)"
    )
    filled.write(lambda tx: tx.insert(insert, now=to_sql(NOW), day="2026-11-22"))
    row = filled.read(lambda tx: tx.one("SELECT * FROM accounts"))
    assert row["created_at"] == "2026-11-22 04:00:00.123"
    assert row["quota_day"] == "2026-11-22"
    assert row["cooldown_until"] is None
    assert (row["daily_export_limit"], row["status"]) == (4000, "idle")


def test_milliseconds_are_cut_off_and_not_rounded_into_the_next_day():
    last = datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC)
    assert to_sql(last) == "2026-11-22 23:59:59.999"


def test_moments_of_other_zones_are_stored_as_utc():
    shanghai = timezone(timedelta(hours=8))
    assert to_sql(datetime(2026, 11, 22, 7, 30, tzinfo=shanghai)) == "2026-11-21 23:30:00.000"


def test_nothing_stays_nothing():
    assert to_sql_or_none(None) is None
    assert from_sql_or_none(None) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))
def test_text_is_as_ordered_as_the_moments(moment: datetime):
    moment = moment.replace(tzinfo=UTC)
    back = from_sql(to_sql(moment))
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)
    later = moment + timedelta(milliseconds=1)
    assert to_sql(moment) < to_sql(later)
    assert from_sql_or_none(to_sql_or_none(moment)) == back


def test_days_are_read():
    assert day_from_sql("2026-11-22") == date(2026, 11, 22)
