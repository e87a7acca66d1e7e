"""Export files: rows of `export_logs`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from storage.engines.datetimes import day_from_sql, from_sql, from_sql_or_none


class SegmentState(StrEnum):
    OPEN = "open"
    SEALED = "sealed"


@dataclass(frozen=True)
class Segment:
    """One export file: a row of `export_logs`."""

    id: int
    task_id: int
    account_id: int
    platform: str
    domain: str
    quota_day: date
    quota_limit: int
    exported_count: int
    first_id: int
    last_id: int
    format: str
    options: Mapping[str, Any]
    state: SegmentState
    file_path: str | None
    bytes: int | None
    sha256: str | None
    host: str
    start_time: datetime
    end_time: datetime | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Segment:
        return cls(
            id=row["id"],
            task_id=row["task_id"],
            account_id=row["account_id"],
            platform=row["platform"],
            domain=row["domain"],
            quota_day=day_from_sql(row["quota_day"]),
            quota_limit=row["quota_limit"],
            exported_count=row["exported_count"],
            first_id=row["first_id"],
            last_id=row["last_id"],
            format=row["format"],
            options=json.loads(row["options"]),
            state=SegmentState(row["state"]),
            file_path=row["file_path"],
            bytes=row["bytes"],
            sha256=row["sha256"],
            host=row["host"],
            start_time=from_sql(row["start_time"]),
            end_time=from_sql_or_none(row["end_time"]),
        )
