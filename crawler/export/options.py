"""What is asked of an export task, and the limits that the settings put on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ExportLimits:
    poll_secs: float
    idle_secs: float
    batch_rows: int
    file_rows: int


@dataclass(frozen=True)
class ExportOptions:
    """What the user asked of an export task."""

    format: str
    columns: tuple[str, ...]
    raw_cells: bool = False
    limit: int | None = None
    out: str | None = None
    follow: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "columns": list(self.columns),
            "raw_cells": self.raw_cells,
            "limit": self.limit,
            "out": self.out,
            "follow": self.follow,
        }

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> ExportOptions:
        return cls(
            format=options["format"],
            columns=tuple(options["columns"]),
            raw_cells=bool(options.get("raw_cells")),
            limit=options.get("limit"),
            out=options.get("out"),
            follow=bool(options.get("follow")),
        )

    def of_segment(self) -> dict[str, Any]:
        """What it takes to render a segment of this task again."""
        return {"columns": list(self.columns), "raw_cells": self.raw_cells, "out": self.out}
