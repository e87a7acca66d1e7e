"""The options of an export task, and the limits that the settings put on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crawler.export.formats.base import Table
from crawler.export.selection import Selection


@dataclass(frozen=True)
class ExportLimits:
    """The limits of every export, from the settings.

    `poll_secs` pass between two looks for work. A segment (one account's rows of one quota day, in
    one file) ends when no row came for `idle_secs`. A transaction takes `batch_rows` at most, a
    file `file_rows`.
    """

    poll_secs: float
    idle_secs: float
    batch_rows: int
    file_rows: int


@dataclass(frozen=True)
class ExportOptions:
    """The options of an export task.

    `headers` are those of the columns; None: their names. `raw_cells`: text that a spreadsheet may
    run as a formula is left as it is. `limit`: rows at most; None: all. `out`: a folder; None: the
    exports folder. `follow`: wait for rows also while no crawl of the domain is open. `selection`:
    which creators, in which order; None: all.
    """

    format: str
    columns: tuple[str, ...]
    headers: tuple[str, ...] | None = None
    raw_cells: bool = False
    limit: int | None = None
    out: str | None = None
    follow: bool = False
    selection: Selection | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object that the task's row keeps."""
        found = asdict(self) | {"columns": list(self.columns)}
        # Rows of older releases have neither: what is not given is left out, as there.
        del found["headers"], found["selection"]
        if self.headers is not None:
            found["headers"] = list(self.headers)
        if self.selection is not None:
            found["selection"] = self.selection.as_json()
        return found

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> ExportOptions:
        """Return the options in a task's row.

        Keys that rows of older versions lack get their default.
        """
        return cls(
            format=options["format"],
            columns=tuple(options["columns"]),
            headers=tuple(options["headers"]) if options.get("headers") else None,
            raw_cells=bool(options.get("raw_cells")),
            limit=options.get("limit"),
            out=options.get("out"),
            follow=bool(options.get("follow")),
            selection=Selection.from_json(chosen) if (chosen := options.get("selection")) else None,
        )

    def of_segment(self) -> dict[str, Any]:
        """Return the options that a segment's row keeps, so that its file can be rendered again."""
        found = {"columns": list(self.columns), "raw_cells": self.raw_cells, "out": self.out}
        if self.headers is not None:
            found["headers"] = list(self.headers)
        if self.selection is not None:
            found["selection"] = self.selection.as_json()
        return found


def table_of(options: Mapping[str, Any]) -> Table:
    """Return the columns and headers of a segment, from the options in its row."""
    columns = tuple(options["columns"])
    headers = tuple(options.get("headers") or columns)
    return Table(columns, headers, raw_cells=bool(options.get("raw_cells")))
