"""Parse files of works: lists as spreadsheets and sites save them, JSON as an array or as
`views.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import DecodedText, decoded, read_bytes
from core.tabular.table import Table, parse_table, read_table
from core.tabular.workbook import is_workbook
from sources.links import ShortLink, VideoLink
from works.catalogue.entries import WorkEntry
from works.catalogue.fields import COLUMN_NAMES, column_of, concerned_platforms, read_fields

IDENTIFYING = ("work_id", "link", "id")


@dataclass(frozen=True)
class WorkRow:
    """One work of a file, as the file has it (`given`) and as it is understood.

    `place` is its position, such as `line 3`, for messages.

    The entry of a short link has an empty id until the link is resolved.
    """

    place: Message
    link: VideoLink | ShortLink
    entry: WorkEntry
    given: Any


@dataclass(frozen=True)
class WrongRow:
    """A row that cannot be imported.

    Args:
        problem: what is wrong, with its place in the file.
        given: the row as the file has it.
        concerns: the platforms that it may be about.
    """

    problem: Message
    given: Any
    concerns: frozenset[str]


@dataclass(frozen=True)
class WorkRows:
    """The rows of a file.

    Args:
        good: the valid rows.
        wrong: those that are not.
        unused: the headers without a meaning for us, sorted.
        notes: what is worth a word: cells that were left out, an encoding that had to be guessed.
        is_complete: whether the file declares that it has all works, so that a work that it leaves
            out is gone.
    """

    good: tuple[WorkRow, ...]
    wrong: tuple[WrongRow, ...]
    unused: tuple[str, ...] = ()
    is_complete: bool = False
    notes: tuple[Message, ...] = ()

    @property
    def problems(self) -> tuple[Message, ...]:
        """Return a message for each row that is wrong."""
        return tuple(row.problem for row in self.wrong)


@dataclass(frozen=True)
class _GivenRow:
    """A row as the file has it (`given`), with its cells by our column names."""

    place: Message
    cells: Mapping[str, Any] | InvalidInputError
    given: Any


@dataclass(frozen=True)
class _Rows:
    rows: Iterator[_GivenRow]
    unused: tuple[str, ...]
    is_complete: bool = False
    notes: tuple[Message, ...] = ()


def read_works(file: Path, platform: str | None, zone: tzinfo, *, clears: bool = False) -> WorkRows:
    """Return all works of a list (CSV, Excel) or a JSON file.

    A row that is wrong raises nothing: it becomes a message in `problems`, which names its place.

    Args:
        platform: the platform of bare ids where a row names none.
        zone: the time zone of times without an offset.
        clears: whether a cell that is there and empty (`""`, null) clears its field.

    Raises:
        InvalidInputError: the file cannot be read, is empty, damaged or of another shape.
    """
    return works_in(read_bytes(file), str(file), platform, zone, clears=clears)


def works_in(
    content: bytes, name: str, platform: str | None, zone: tzinfo, *, clears: bool = False
) -> WorkRows:
    """Return all works in a file's bytes, as `read_works` does; messages call the file `name`."""
    if is_workbook(content):
        rows = _listed_rows(read_table(content, name, COLUMN_NAMES), name)
        return _work_rows(rows, name, platform, zone, clears=clears)
    return parse_works(decoded(content, name), name, platform, zone, clears=clears)


def parse_works(
    given: DecodedText | str,
    name: str,
    platform: str | None,
    zone: tzinfo,
    *,
    clears: bool = False,
) -> WorkRows:
    """Return all works in the text of a list or JSON file, as `read_works` does."""
    text = given if isinstance(given, str) else given.text
    if not text.strip():
        raise InvalidInputError("file_empty", path=name)
    if text.lstrip()[0] in "[{":
        rows = _json_rows_of(text, name)
    else:
        rows = _listed_rows(parse_table(given, name, COLUMN_NAMES), name)
    return _work_rows(rows, name, platform, zone, clears=clears)


def _work_rows(
    table: _Rows, name: str, platform: str | None, zone: tzinfo, *, clears: bool
) -> WorkRows:
    good: list[WorkRow] = []
    wrong: list[WrongRow] = []
    notes = list(table.notes)
    for row in table.rows:
        try:
            if isinstance(row.cells, InvalidInputError):
                raise row.cells
            read = read_fields(row.cells, platform, zone, clears=clears)
        except InvalidInputError as error:
            problem = problem_at(name, row.place, error)
            wrong.append(WrongRow(problem, row.given, concerned_platforms(row.cells)))
            continue
        good.append(WorkRow(row.place, read.link, read.entry, row.given))
        lost = (Message.of("cell_left_out", cause=error) for error in read.lost)
        notes += (problem_at(name, row.place, note) for note in lost)
    # An empty complete list is more likely an error of the exporting program.
    if table.is_complete and not good and not wrong:
        raise InvalidInputError("complete_list_empty", file=name)
    return WorkRows(
        good=tuple(good),
        wrong=tuple(wrong),
        unused=table.unused,
        is_complete=table.is_complete,
        notes=tuple(notes),
    )


def _json_rows_of(text: str, name: str) -> _Rows:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            "file_not_json", file=name, line=error.lineno, column=error.colno, detail=error.msg
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("json_unreadable", file=name, detail=str(error)) from error
    if isinstance(document, dict):
        inner = document.get("works")
        items = [document] if inner is None and _has_id(document) else inner
    else:
        items = document
    if not isinstance(items, list):
        raise InvalidInputError("works_array_needed", file=name)
    headers = {key for item in items if isinstance(item, dict) for key in item}
    unused = sorted(header for header in headers if header and column_of(header) is None)
    return _Rows(_json_rows(items), tuple(unused), _is_complete(document, name))


def _is_complete(document: Any, name: str) -> bool:
    complete = document.get("complete", False) if isinstance(document, dict) else False
    if not isinstance(complete, bool):
        raise InvalidInputError("complete_malformed", file=name, value=repr(complete))
    return complete


def _json_rows(items: list[Any]) -> Iterator[_GivenRow]:
    for number, item in enumerate(items, start=1):
        place = Message.of("at_item", item=number)
        if isinstance(item, str):
            yield _GivenRow(place, {"link": item}, item)
        elif isinstance(item, dict):
            yield _GivenRow(place, _with_our_columns(item), item)
        else:
            yield _GivenRow(place, InvalidInputError("item_not_work"), item)


def _listed_rows(table: Table, name: str) -> _Rows:
    if not table.columns & set(IDENTIFYING):
        raise InvalidInputError(
            "columns_missing",
            file=name,
            ids=["作品ID", "链接"],
            others=["平台", "标题", "作者"],
            first=table.first,
        )
    rows = (
        _GivenRow(
            place=Message.of("at_line", line=row.line),
            cells=row.cells if row.problem is None else row.problem,
            given=row.cells,
        )
        for row in table.rows
    )
    notes = (Message.of("file_told", file=name, note=note) for note in table.notes)
    return _Rows(rows, table.unused, notes=tuple(notes))


def problem_at(file: str, place: Message, cause: Message | InvalidInputError) -> Message:
    """Return the message for a problem at a place of a file."""
    return Message.of("file_place_wrong", file=file, place=place, cause=cause)


def _with_our_columns(cells: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the cells by our column names; of several for one column,
    the first that is not empty."""
    renamed: dict[str, Any] = {}
    for header, value in cells.items():
        column = column_of(header)
        if column is not None and renamed.get(column) in (None, ""):
            renamed[column] = value
    return renamed


def _has_id(names: Mapping[str, Any]) -> bool:
    return any(column_of(name) in IDENTIFYING for name in names)
