"""The catalogue: adding, changing, taking out, bringing back; each change counted once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.errors import InvalidInputError
from core.messages import Message
from storage.catalogue import works as rows
from storage.catalogue.works import InvalidBy
from tests.support.messages import english, raises_saying
from works.catalogue.catalogue import BATCH_ROWS, Changes
from works.catalogue.entries import WorkEntry, merge, merge_duplicates, truncated, validated

BV, OTHER = "BV1GJ411x7h7", "BV1xx411c7mD"
KEY = ("bilibili", BV)
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
FULL = WorkEntry(
    platform="bilibili",
    work_id=BV,
    title="标题",
    author="作者",
    uid="7",
    publish_time=datetime(2026, 5, 1, tzinfo=UTC),
    cover_url="https://c",
)
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def put(app, *entries: WorkEntry) -> Changes:
    return app.works.catalogue.put(entries)


def stored(app, work_id: str = BV) -> rows.Work:
    (found,) = app.database.read(rows.lock, "bilibili", [work_id])
    return found


def version(app) -> int:
    return app.works.listing.version()


def test_a_work_is_stored_once_and_only_changes_count(app) -> None:
    assert put(app, FULL) == Changes(new=1)
    before = stored(app)
    told = (before.title, before.author, before.uid, before.publish_time, before.cover_url)
    assert told == ("标题", "作者", "7", FULL.publish_time, "https://c")
    assert before.is_valid and before.play_count is None and version(app) == 1
    assert put(app, FULL) == Changes(unchanged=1)
    assert version(app) == 1, "nothing to export"
    assert put(app, replace(FULL, title="a new title")) == Changes(changed=1)
    assert version(app) == 2
    assert stored(app) == replace(before, title="a new title", updated_at=stored(app).updated_at)


def test_what_is_not_told_stays_and_ids_differ_by_case(app) -> None:
    put(app, FULL, WorkEntry("bilibili", BV.swapcase()))
    assert put(app, WorkEntry("bilibili", BV)) == Changes(unchanged=1)
    assert stored(app).title == "标题"
    assert stored(app, BV.swapcase()).title == ""


def test_thousands_at_once_in_any_order_and_a_second_time(app) -> None:
    entries = [WorkEntry("bilibili", f"BV{n:010}", f"title {n}") for n in range(BATCH_ROWS * 2 + 7)]
    assert put(app, *reversed(entries)) == Changes(new=len(entries))
    assert put(app, *entries) == Changes(unchanged=len(entries))
    mixed = [replace(entries[3], title="new"), WorkEntry("youtube", "dQw4w9WgXcQ"), *entries[4:9]]
    assert put(app, *mixed) == Changes(new=1, changed=1, unchanged=5)


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
def test_two_processes_that_add_the_same_lose_nothing(make_app, monkeypatch) -> None:
    """The other one is faster, between our look and our write."""
    app, other = make_app(), make_app()
    lock, first = rows.lock, iter([True])

    def look(tx, platform, work_ids):
        found = lock(tx, platform, work_ids)
        if next(first, None):
            put(other, WorkEntry("bilibili", BV, author="作者"))
        return found

    monkeypatch.setattr(rows, "lock", look)
    assert put(app, WorkEntry("bilibili", BV, "标题")) == Changes(changed=1)
    assert (stored(app).title, stored(app).author) == ("标题", "作者")


def test_taking_out_and_bringing_back(app) -> None:
    put(app, FULL)
    app.works.catalogue.disable([KEY], "advert")
    gone = stored(app)
    assert (gone.is_valid, gone.invalid_by, english(gone.invalid_reason)) == (
        False,
        InvalidBy.OPERATOR,
        "disabled: advert",
    )
    assert version(app) == 2
    assert app.works.catalogue.disable([KEY], "again") == Changes(unchanged=1)
    assert english(stored(app).invalid_reason) == "disabled: advert"
    app.works.catalogue.enable([KEY])
    assert (stored(app).is_valid, stored(app).invalid_by, version(app)) == (True, None, 3)


@ONE_ENGINE
def test_an_unknown_work_is_named_and_nothing_is_changed(app) -> None:
    put(app, FULL)
    with raises_saying(InvalidInputError, f"bilibili:{OTHER}; nothing was changed"):
        app.works.catalogue.disable([KEY, ("bilibili", OTHER)], None)
    with raises_saying(InvalidInputError, OTHER):
        app.works.catalogue.enable([("bilibili", OTHER)])
    assert stored(app).is_valid


@ONE_ENGINE
@pytest.mark.parametrize("by", InvalidBy)
@pytest.mark.parametrize("back", InvalidBy)
def test_who_takes_a_work_out_is_the_one_to_bring_it_back(app, by, back) -> None:
    put(app, replace(FULL, is_valid=False, reason=Message.text("gone"), by=by))
    put(app, replace(FULL, is_valid=True, by=back))
    assert stored(app).is_valid is (by is back)
    app.works.catalogue.enable([KEY])
    assert stored(app).is_valid


def test_of_several_entries_about_a_work_the_later_one_counts() -> None:
    told = merge_duplicates(
        [FULL, WorkEntry("bilibili", OTHER), WorkEntry("bilibili", BV, "later")]
    )
    assert told[KEY] == replace(FULL, title="later")
    gone, back = (WorkEntry("bilibili", BV, is_valid=valid) for valid in (False, True))
    assert merge_duplicates([gone, back])[KEY].is_valid is True
    assert merge_duplicates([back, gone])[KEY].is_valid is False


def test_who_says_nothing_of_validity_does_not_become_its_source() -> None:
    by_platform = WorkEntry(*KEY, is_valid=False, by=InvalidBy.PLATFORM)
    titled = WorkEntry(*KEY, title="new")
    merged = merge_duplicates([by_platform, titled])[KEY]
    assert (merged.title, merged.is_valid, merged.by) == ("new", False, InvalidBy.PLATFORM)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (WorkEntry("bilibili", BV, "x" * 513), "its title is longer than 512"),
        (WorkEntry("bilibili", BV, cover_url="x" * 1025), "its cover_url is longer than 1,024"),
        (WorkEntry("bilibili", BV, publish_time=datetime(1969, 1, 1, tzinfo=UTC)), "1969-01-01"),
        (WorkEntry("bilibili", BV, publish_time=datetime(2200, 1, 1, tzinfo=UTC)), "2200-01-01"),
    ],
)
def test_what_no_database_takes_is_refused_from_people_and_cut_from_platforms(
    entry, message
) -> None:
    with raises_saying(InvalidInputError, message):
        validated(entry)
    kept = truncated(entry)
    assert len(kept.title or "") <= 512 and len(kept.cover_url or "") <= 1024
    assert kept.publish_time is None


def test_texts_are_cleaned_and_moments_are_as_they_will_be_stored() -> None:
    moment = datetime(2026, 5, 1, 1, 2, 3, 456789, tzinfo=UTC)
    entry = validated(
        WorkEntry(
            platform="bilibili", work_id=BV, title="  a\x00\ud800b ", author="", publish_time=moment
        )
    )
    assert (entry.title, entry.author) == ("a\ufffd\ufffdb", None)
    assert entry.publish_time == moment.replace(microsecond=456000)
    work = merge(None, entry, NOW)
    assert merge(work, entry, NOW) is work
