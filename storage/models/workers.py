"""Running processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.engines.datetimes import from_sql


@dataclass(frozen=True)
class Worker:
    """One running process."""

    id: str
    host: str
    pid: int
    roles: str
    started_at: datetime
    seen_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Worker:
        return cls(
            id=row["id"],
            host=row["host"],
            pid=row["pid"],
            roles=row["roles"],
            started_at=from_sql(row["started_at"]),
            seen_at=from_sql(row["seen_at"]),
        )
