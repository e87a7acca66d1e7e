"""Export files: rows of `export_logs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class SegmentState(StrEnum):
    """OPEN while rows are added; SEALED when file, size and hash are final."""

    OPEN = "open"
    SEALED = "sealed"


@dataclass(frozen=True)
class Segment:
    """A row of `export_logs`: the rows that one account exported on a quota day, and their file.

    `first_id` and `last_id` bound its rows, `exported_count` counts them. `file_path`, `bytes`,
    `sha256` and `end_time` are None until it is sealed; `content_sha256` (the hash of what the file
    says) also when an older release sealed it.
    """

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
    content_sha256: str | None
