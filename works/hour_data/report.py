"""The content of an hourly data file: its shape and its checks."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from works.hour_data.hours import Hour

COUNTERS = ("view", "danmaku", "comment", "like", "coin", "favorite", "share")
COUNTER_KEYS = tuple(f"{name}_count" for name in COUNTERS)
SESSION_FORM = "crawl_%Y%m%d%H%M%S"
MAX_COUNT = 2**63 - 1  # what the table holds
BILIBILI = "bilibili"

Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)]
Moment = Annotated[
    str,
    Field(
        pattern=r"^(\d{4}-\d\d-\d\d[T ])?([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?"
        r"(Z|[+-]\d\d:?\d\d)?$"
    ),
]


@with_config(ConfigDict(extra="allow"))
class Numbers(TypedDict):
    """The counters of one work; null for one that the platform does not report."""

    platform: Name
    work_id: Name
    title: str
    crawl_time: Moment
    view_count: Count | None
    danmaku_count: Count | None
    comment_count: Count | None
    like_count: Count | None
    coin_count: Count | None
    favorite_count: Count | None
    share_count: Count | None
    status: Literal["success"]
    shrunk: NotRequired[list[str]]  # counters that are lower than an hour before


@with_config(ConfigDict(extra="allow"))
class Failure(TypedDict):
    """A work without counters, and why.

    `final` when another request in the same hour cannot help. `error` is in English.
    """

    work_id: str
    title: str
    error: str
    status: Literal["failed"]
    platform: NotRequired[str]
    final: NotRequired[bool]
    error_code: NotRequired[str]
    error_params: NotRequired[dict[str, Any]]


@with_config(ConfigDict(extra="allow"))
class HourReport(TypedDict):
    """The content of an hourly data file; its times are local."""

    session_id: Name
    crawl_time: Moment
    crawl_hour: Annotated[str, Field(pattern=r"^([01]\d|2[0-3])$")]
    total_count: Count
    success_count: Count
    fail_count: Count
    data: list[Numbers]
    errors: list[Failure]
    crawl_date: NotRequired[str]
    timezone: NotRequired[str]
    end_time: NotRequired[Moment]
    skipped_count: NotRequired[Count]
    complete: NotRequired[bool]
    rebuilt: NotRequired[bool]  # from packed days, which do not know the seconds


SHAPE = TypeAdapter(HourReport)


def is_consistent(report: HourReport, hour: Hour) -> bool:
    """Return whether a report is about that hour, counts what it lists, and has each work once."""
    data, errors = report["data"], report["errors"]
    counts = (report["success_count"], report["fail_count"], report["total_count"])
    return (
        report["crawl_hour"] == hour.hour_text
        and counts == (len(data), len(errors), len(data) + len(errors))
        and len({(entry["platform"], entry["work_id"]) for entry in data}) == len(data)
    )
