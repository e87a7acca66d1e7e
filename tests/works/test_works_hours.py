"""Hours of the quota zone: their names, and days on which the clock is moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidInputError
from tests.support.messages import raises_saying
from works.hour_data.hours import Hour, hours_between, hours_of_span, local_text

BERLIN = ZoneInfo("Europe/Berlin")


def test_an_hour_is_that_of_the_zone() -> None:
    moment = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert str(Hour.of(moment, ZoneInfo("Asia/Shanghai"))) == "2026-11-23 00"
    assert local_text(moment, ZoneInfo("Asia/Shanghai")) == "2026-11-23T00:30:00+08:00"


@pytest.mark.parametrize(
    ("day", "hour", "wrong"),
    [
        ("2026-02-30", "05", "2026-02-30"),
        ("2026-2-3", "05", "2026-2-3"),
        ("20260203", "05", "20260203"),
        ("gestern", "05", "gestern"),
        ("", "05", "''"),
        ("2026-02-03", "24", "24"),
        ("2026-02-03", "-1", "-1"),
        ("2026-02-03", "5.0", "5.0"),
        ("2026-02-03", "١٢", "١٢"),
        ("2026-02-03", "", "''"),
    ],
)
def test_what_no_calendar_shows_is_named(day: str, hour: str, wrong: str) -> None:
    with raises_saying(InvalidInputError, wrong):
        Hour.parse(day, hour)


def test_a_day_has_as_many_hours_as_the_clock_shows() -> None:
    begins = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)  # local midnight
    spring = hours_between(begins, begins + timedelta(hours=22), BERLIN)
    assert [hour.number for hour in spring] == [0, 1, *range(3, 24)]
    begins = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    autumn = hours_between(begins, begins + timedelta(hours=24), BERLIN)
    assert [hour.number for hour in autumn] == list(range(24))


def test_hours_are_counted_over_midnight_and_back() -> None:
    hour = Hour(date(2026, 3, 1), 1)
    assert hour.earlier(3) == Hour(date(2026, 2, 28), 22)
    assert hour.hours_since(hour.earlier(50)) == 50


def test_spans_are_hours_or_days() -> None:
    assert (hours_of_span("24h"), hours_of_span(" 7D ")) == (24, 168)
    for wrong in ("0h", "7", "7 days", "-1d", "1w", ""):
        with raises_saying(InvalidInputError, "24h or 7d"):
            hours_of_span(wrong)
