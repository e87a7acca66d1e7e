"""`works rejected`: what the drop folder could not take, row by row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Any

import typer

from app.container import App
from commands.framework.context import opened_app, result, result_json, result_table
from commands.framework.options import AsJson
from commands.framework.reader import column_of, table_of
from core.clock import iso_utc
from core.messages import Message
from presentation.terminal.tables import Table
from works.catalogue.rejected import RejectedRow

ROW_CELLS = 40


def rejected(
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what the drop folder could not take in, and why."""
    with opened_app() as app:
        found = list(islice(app.works.drop_folder.rejected.rows(), limit))
        if as_json:
            result_json([_as_object(row) for row in found])
        elif found:
            result_table(_table(app, found))
        else:
            result(Message.of("nothing_rejected"))


def _as_object(row: RejectedRow) -> dict[str, Any]:
    return {
        "file": str(row.file.path),
        "rejected_at": iso_utc(row.file.rejected_at),
        "row": row.given,
        "reason": row.reason,
    }


def _table(app: App, rows: list[RejectedRow]) -> Table:
    table = table_of(
        (
            "at",
            column_of("work", min_cells=ROW_CELLS // 2),
            column_of("why", is_long=True),
            column_of("file", is_long=True, is_path=True),
        )
    )
    for row in rows:
        moment = row.file.rejected_at.astimezone(app.calendar.zone)
        cells = (f"{moment:%Y-%m-%d %H:%M}", _named(row.given), row.reason, row.file.path.name)
        table.add(cells)
    return table


def _named(given: Any) -> str:
    """Return platform and id of a row as it was given, or the row itself; empty for none."""
    if given is None:
        return ""
    if isinstance(given, Mapping) and {"platform", "work_id"} <= given.keys():
        return f"{given['platform']}:{given['work_id']}"
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
