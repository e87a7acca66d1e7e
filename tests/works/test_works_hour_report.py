"""What is known of an hour only grows."""

from __future__ import annotations

from tests.support.works.hour_data import failed, numbers
from works.hourly.hours import Hour
from works.hourly.report import HourRecord

HOUR = Hour.parse("2026-11-22", "05")


def test_numbers_that_are_there_are_never_replaced_or_lost() -> None:
    record = HourRecord({"session_id": "s"})
    record.add([numbers("BV1", HOUR, 7)], [failed("BV2", "lost")])
    record.add([numbers("BV1", HOUR, 9), numbers("BV2", HOUR, 3)], [failed("BV1"), failed("BV3")])
    found = record.report(complete=True)
    assert [(one["work_id"], one["view_count"]) for one in found["data"]] == [
        ("BV1", 7),
        ("BV2", 3),
    ]
    assert [one["work_id"] for one in found["errors"]] == ["BV3"]
    assert (found["total_count"], found["success_count"], found["fail_count"]) == (3, 2, 1)


def test_only_what_is_final_is_not_asked_for_again() -> None:
    record = HourRecord({})
    record.add([numbers("BV1", HOUR, 7)], [failed("BV2"), {**failed("BV3"), "final": True}])  # type: ignore[list-item]
    assert [record.is_final(work) for work in ("BV1", "BV2", "BV3", "BV4")] == [
        True,
        False,
        True,
        False,
    ]
