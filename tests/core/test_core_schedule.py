"""Schedules: wrong texts told by their place, weekdays as cron has them, both changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SettingsError, WrongValueError
from core.schedule import Schedule, check_cron
from core.settings import load_settings
from tests.support.fuzz.fuzz_effort import effort
from tests.support.messages import english

SHANGHAI, BERLIN, UTC_ZONE = (ZoneInfo(n) for n in ("Asia/Shanghai", "Europe/Berlin", "UTC"))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


WRONG = [
    ("", "has 0 fields, not 5"),
    ("0 2 * *", "has 4 fields, not 5"),
    ("0 0 2 * * *", "has 6 fields, not 5"),
    ("@daily", "has 1 fields, not 5"),
    ("60 2 * * *", "'60' at character 1 is no minute (0-59)"),
    ("0 24 * * *", "'24' at character 3 is no hour (0-23)"),
    ("0 2 0 * *", "'0' at character 5 is no day of month"),
    ("0 2 * 13 *", "'13' at character 7 is no month"),
    ("0 2 * * FRI-MON", "'FRI-MON' at character 9 is no day of week"),
    ("0 2,x,4 * * *", "'x' at character 5 is no hour"),
    ("0  2,,4 * * *", "'' at character 6 is no hour"),
    ("0 2 * * ７", "'７' at character 9 is no day of week"),
    ("*/0 2 * * *", "'*/0' at character 1 is no minute"),
    ("0 2 30 2 *", "never happens"),
    ("0 0 */10 2 MON#5", "never happens"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_text_is_refused_with_the_place(text: str, message: str):
    with pytest.raises(WrongValueError) as caught:
        check_cron(text)
    assert message in english(caught.value)


@pytest.mark.parametrize("name", ["AUTO_UPDATE_VIDEO_PLAYS_SCHEDULE", "BATON_VIEWS_SCHEDULE"])
def test_a_wrong_schedule_is_refused_at_start_by_its_setting(monkeypatch, tmp_path, name: str):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "0 25 * * *")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"{name}: '0 25 * * *': '25' at character 3 is no hour (0-23)" in english(caught.value)


@pytest.mark.parametrize("comment", ["  # every day at 2", "\t#", " # 每天凌晨2点\n"])
def test_a_comment_behind_a_schedule_is_no_part_of_it(comment: str):
    assert check_cron(f"0 2 * * *{comment}") == "0 2 * * *"


def test_weekdays_are_those_of_cron():
    """APScheduler's own parser has `1` as Tuesday."""
    friday = utc(2026, 11, 20, 0, 0)
    for text in ("0 2 * * 1", "0 2 * * MON"):
        assert Schedule(text, UTC_ZONE).next_after(friday) == utc(2026, 11, 23, 2)
    for text in ("0 2 * * 0", "0 2 * * 7", "0 2 * * SUN"):
        assert Schedule(text, UTC_ZONE).next_after(friday) == utc(2026, 11, 22, 2)


def test_the_zone_decides_and_the_answer_is_in_utc():
    at = Schedule("0 2 * * *", SHANGHAI).next_after(utc(2026, 11, 22, 12))
    assert (at, at.utcoffset()) == (utc(2026, 11, 22, 18), timedelta(0))


def test_the_next_time_is_behind_the_moment_itself():
    schedule = Schedule("0 2 * * *", UTC_ZONE)
    assert schedule.next_after(utc(2026, 11, 22, 2)) == utc(2026, 11, 23, 2)
    assert schedule.next_after(utc(2026, 11, 22, 1, 59, 59, 999_999)) == utc(2026, 11, 22, 2)


FORWARD, BACK = utc(2026, 3, 29, 0, 30), utc(2026, 10, 25, 0, 0)  # 1:30 CET, 2:00 CEST
CHANGES = {
    "skipped: right after the gap": (
        "30 2 * * *",
        FORWARD,
        [utc(2026, 3, 29, 1), utc(2026, 3, 30, 0, 30)],
    ),
    "skipped twice: once": (
        "0,30 2 * * *",
        FORWARD,
        [utc(2026, 3, 29, 1), utc(2026, 3, 30, 0)],
    ),
    "hours go on": ("0 * * * *", FORWARD, [utc(2026, 3, 29, 1), utc(2026, 3, 29, 2)]),
    "there is no such hour": (
        "*/30 2 * * *",
        FORWARD,
        [utc(2026, 3, 30, 0), utc(2026, 3, 30, 0, 30)],
    ),
    "twice on the clock: once": (
        "30 2 * * *",
        BACK,
        [utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)],
    ),
    "between the two: not again": (
        "30 2 * * *",
        utc(2026, 10, 25, 1, 10),
        [utc(2026, 10, 26, 1, 30)],
    ),
    "every real hour": ("0 * * * *", BACK, [utc(2026, 10, 25, h) for h in (1, 2, 3)]),
    "both hours": (
        "*/30 2 * * *",
        BACK,
        [
            utc(2026, 10, 25, 0, 30),
            utc(2026, 10, 25, 1),
            utc(2026, 10, 25, 1, 30),
            utc(2026, 10, 26, 1),
        ],
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_when_clocks_change(case: str):
    cron, moment, times = CHANGES[case]
    assert list(islice(Schedule(cron, BERLIN).after(moment), len(times))) == times


def test_a_midnight_that_does_not_exist_comes_after_the_gap():
    havana = Schedule("0 0 * * *", ZoneInfo("America/Havana"))
    assert list(islice(havana.after(utc(2026, 3, 7, 12)), 2)) == [
        utc(2026, 3, 8, 5),
        utc(2026, 3, 9, 4),
    ]


def test_a_schedule_is_described():
    assert Schedule("0 2 * * *", SHANGHAI).describe() == "At 02:00 every day (Asia/Shanghai)"


CRONS = st.sampled_from(
    [
        "* * * * *",
        "*/7 * * * *",
        "0 * * * *",
        "30 2 * * *",
        "0,30 2,3 * * *",
        "0 */2 * * *",
        "*/20 1-3 * * *",
        "0 0 * * *",
        "0 9 * * 1-5",
        "0 12 * * MON#1",
        "59 23 L * *",
    ]
)
PLACES = st.sampled_from(
    [SHANGHAI, BERLIN, UTC_ZONE, ZoneInfo("America/Havana"), ZoneInfo("Australia/Lord_Howe")]
)
AROUND = st.sampled_from([FORWARD, BACK, utc(2026, 3, 8, 5), utc(2026, 4, 4, 15), utc(2026, 10, 3)])


@given(CRONS, PLACES, AROUND, st.integers(-100_000, 100_000), st.integers(0, 200_000))
@effort(30)
def test_the_newest_time_is_the_last_of_all(cron, zone, around, secs: int, width: int):
    """What the windows find is what one by one gives, and where one begins changes no time."""
    schedule = Schedule(cron, zone)
    until = around + timedelta(seconds=secs)
    since = until - timedelta(seconds=width)
    earlier = since - timedelta(hours=3)
    times = [at for at in islice(schedule.after(earlier), 4000) if since < at <= until]
    assert times == sorted(set(times))
    assert schedule.newest(since, until) == (times[-1] if times else None)
    assert schedule.count(since, until, 5000) == len(times)
    assert schedule.count(since, until, 2) == min(2, len(times))


def test_the_newest_time_of_all_is_found_however_long_ago():
    leap = Schedule("0 0 29 2 *", UTC_ZONE)
    assert leap.newest(None, utc(2027, 6, 1)) == utc(2024, 2, 29)
    assert leap.newest(utc(2024, 3, 1), utc(2027, 6, 1)) is None


def test_a_year_of_minutes_is_not_counted_one_by_one():
    minutes = Schedule("* * * * *", UTC_ZONE)
    seen = list(islice(minutes.after(utc(2026, 1, 1)), 3))
    assert minutes.newest(utc(2026, 1, 1), utc(2027, 1, 1, 0, 0, 30)) == utc(2027, 1, 1)
    assert minutes.count(utc(2026, 1, 1), utc(2027, 1, 1), 1000) == 1000
    assert len(seen) == 3


@given(st.text(alphabet="0123456789*/,-LW#MONSUJAE ", max_size=24) | st.text(max_size=12))
@settings(deadline=None)
def test_any_text_is_a_schedule_or_refused(text: str):
    try:
        schedule = Schedule(text, BERLIN)
    except ValueError:
        return
    assert schedule.next_after(FORWARD) > FORWARD
    assert schedule.describe()
