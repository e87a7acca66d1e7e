"""The options of an export task, and the limits that the settings put on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ExportLimits:
    """Limits from the settings.

    `poll_secs` pass between two looks for work; a segment ends `idle_secs` after its newest row.
    `batch_rows` are the most in a transaction, `file_rows` the most in a file.
    """

    poll_secs: float
    idle_secs: float
    batch_rows: int
    file_rows: int


@dataclass(frozen=True)
class ExportOptions:
    """The options of an export task.

    `raw_cells`: text that a spreadsheet may run as a formula is left as it is. `limit`: rows at
    most; None: all. `out`: a folder; None: the exports folder. `follow`: wait for rows also while
    no crawl of the domain is open.
    """

    format: str
    columns: tuple[str, ...]
    raw_cells: bool = False
    limit: int | None = None
    out: str | None = None
    follow: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object that the task's row keeps."""
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
        """Return the options in a task's row.

        Keys that rows of older versions lack get their default.
        """
        return cls(
            format=options["format"],
            columns=tuple(options["columns"]),
            raw_cells=bool(options.get("raw_cells")),
            limit=options.get("limit"),
            out=options.get("out"),
            follow=bool(options.get("follow")),
        )

    def of_segment(self) -> dict[str, Any]:
        """Return the options that a segment's row keeps, so that its file can be rendered again."""
        return {"columns": list(self.columns), "raw_cells": self.raw_cells, "out": self.out}
