"""The quota day: the calendar day of a zone, also where clocks are put forward and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import QuotaCalendar

SHANGHAI = QuotaCalendar(ZoneInfo("Asia/Shanghai"))


def test_the_day_turns_at_midnight_of_the_zone():
    last = datetime(2026, 11, 22, 15, 59, 59, 999_999, tzinfo=UTC)
    assert SHANGHAI.day(last) == date(2026, 11, 22)
    assert SHANGHAI.day(last + timedelta(microseconds=1)) == date(2026, 11, 23)


def test_the_next_day_is_a_whole_day_away_at_midnight_itself():
    midnight = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert SHANGHAI.next_day_starts(midnight) == midnight + timedelta(days=1)
    assert SHANGHAI.next_day_starts(midnight - timedelta(microseconds=1)) == midnight


def test_it_does_not_matter_in_which_zone_a_moment_is_given():
    now = datetime(2026, 12, 31, 20, 0, tzinfo=UTC)
    assert SHANGHAI.day(now.astimezone(ZoneInfo("America/New_York"))) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 28, 22, 59, tzinfo=UTC), 23),  # clocks forward at 2:00
        ("Europe/Berlin", datetime(2026, 10, 24, 21, 59, tzinfo=UTC), 25),  # and back at 3:00
        ("America/Havana", datetime(2026, 3, 8, 4, 59, tzinfo=UTC), 23),  # there is no midnight
        ("America/Havana", datetime(2026, 11, 1, 3, 59, tzinfo=UTC), 25),  # there are two
    ],
)
def test_days_of_23_and_25_hours(zone: str, noon: datetime, hours: int):
    calendar = QuotaCalendar(ZoneInfo(zone))
    begin = calendar.next_day_starts(noon)
    end = calendar.next_day_starts(begin)
    assert end - begin == timedelta(hours=hours)


ZONES = st.sampled_from(
    [
        "Asia/Shanghai",
        "UTC",
        "Europe/Berlin",
        "America/Havana",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Pacific/Auckland",
        "Asia/Beirut",
    ]
)


@given(ZONES, st.datetimes(datetime(2020, 1, 1), datetime(2037, 1, 1)))
def test_the_promised_moment_is_the_first_of_the_next_day(zone: str, moment: datetime):
    calendar, now = QuotaCalendar(ZoneInfo(zone)), moment.replace(tzinfo=UTC)
    turns = calendar.next_day_starts(now)
    assert turns > now
    assert calendar.day(turns) == calendar.day(now) + timedelta(days=1)
    assert calendar.day(turns - timedelta(microseconds=1)) == calendar.day(now)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_days_begin_where_the_one_before_ends(day: date):
    for zone in ("Asia/Shanghai", "America/Los_Angeles", "Europe/Berlin"):
        calendar = QuotaCalendar(ZoneInfo(zone))
        begins, ends = calendar.bounds(day)
        assert (calendar.day(begins), calendar.day(ends)) == (day, day + timedelta(days=1))
        assert calendar.next_day_starts(begins) == ends
