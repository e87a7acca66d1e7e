"""The content of an hourly data file: its shape, its checks, and how an hour's record grows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from works.hourly.hours import Hour

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
    end_time: NotRequired[Moment]
    skipped_count: NotRequired[Count]
    complete: NotRequired[bool]


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


class HourRecord:
    """The known outcomes of an hour. Counters in it are never replaced or lost.

    Args:
        head: the report without its lists: `session_id`, `crawl_time`, `crawl_hour` and others.
    """

    def __init__(self, head: Mapping[str, Any]) -> None:
        self.head = dict(head)
        self._data: dict[tuple[str, str], Numbers] = {}
        self._errors: dict[tuple[str, str], Failure] = {}

    @classmethod
    def from_report(cls, report: HourReport) -> HourRecord:
        """Return the record of a report's outcomes."""
        record = cls({key: value for key, value in report.items() if key not in ("data", "errors")})
        record.add(report["data"], report["errors"])
        return record

    def add(self, data: Iterable[Numbers], errors: Iterable[Failure]) -> None:
        """Add counters and failures; a failure never replaces counters."""
        for numbers in data:
            key = (numbers["platform"], numbers["work_id"])
            self._data.setdefault(key, numbers)
            self._errors.pop(key, None)
        for failure in errors:
            key = (failure.get("platform", BILIBILI), failure["work_id"])
            if key not in self._data:
                self._errors[key] = failure

    @property
    def success_count(self) -> int:
        """Return the number of works with counters."""
        return len(self._data)

    @property
    def fail_count(self) -> int:
        """Return the number of works with a failure instead."""
        return len(self._errors)

    def is_final(self, work_id: str) -> bool:
        """Return True when another request of the Bilibili work in this hour is of no use."""
        key = (BILIBILI, work_id)
        failure = self._errors.get(key)
        return key in self._data or (failure is not None and failure.get("final") is True)

    def has(self, work_id: str) -> bool:
        """Return True when the record has counters of the Bilibili work, or a failure."""
        return (BILIBILI, work_id) in self._data or (BILIBILI, work_id) in self._errors

    def report(self, **more: Any) -> HourReport:
        """Return the report; `more` are keys to add beside its lists."""
        counts = {
            "total_count": self.success_count + self.fail_count,
            "success_count": self.success_count,
            "fail_count": self.fail_count,
        }
        lists = {"data": list(self._data.values()), "errors": list(self._errors.values())}
        return self.head | more | counts | lists  # type: ignore[return-value]
