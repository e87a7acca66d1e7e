"""Parse files of works: CSV as spreadsheets and sites save it, JSON as
an array or as `views.json`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import read_text
from sources.links import ShortLink, VideoLink
from works.catalogue.entries import WorkEntry
from works.catalogue.fields import column_of, read_fields

DELIMITERS = ",;\t"


@dataclass(frozen=True)
class WorkRow:
    """One work of a file. `place` is its position, such as `line 3`, for messages.

    The entry of a short link has an empty id until the link is resolved.
    """

    place: Message
    link: VideoLink | ShortLink
    entry: WorkEntry


@dataclass(frozen=True)
class WorkRows:
    """The rows of a file.

    Args:
        good: the valid rows.
        problems: a message for each row that is not.
        unused: the headers without a meaning for us, sorted.
        is_complete: whether the file declares that it has all works, so that a work that it leaves
            out is gone.
    """

    good: tuple[WorkRow, ...]
    problems: tuple[Message, ...]
    unused: tuple[str, ...] = ()
    is_complete: bool = False


_PlacedCells = tuple[Message, Mapping[str, Any] | InvalidInputError]


@dataclass(frozen=True)
class _Table:
    rows: Iterator[_PlacedCells]
    headers: set[str]
    is_complete: bool = False


def read_works(file: Path, platform: str | None, zone: tzinfo) -> WorkRows:
    """Return all works of a CSV or JSON file.

    A row that is wrong raises nothing: it becomes a message in `problems`, which names its place.

    Args:
        platform: the platform of bare ids where a row names none.
        zone: the time zone of times without an offset.

    Raises:
        InvalidInputError: the file cannot be read, is empty, damaged or of another shape.
    """
    return parse_works(read_text(file), str(file), platform, zone)


def parse_works(text: str, name: str, platform: str | None, zone: tzinfo) -> WorkRows:
    """Return all works in the text of a CSV or JSON file; messages call it `name`.

    A row that is wrong raises nothing: it becomes a message in `problems`, which names its place.

    Args:
        platform: the platform of bare ids where a row names none.
        zone: the time zone of times without an offset.

    Raises:
        InvalidInputError: the text is empty, damaged or of another shape.
    """
    if not text.strip():
        raise InvalidInputError("file_empty", path=name)
    is_json = text.lstrip()[0] in "[{"
    table = _json_table(text, name) if is_json else _csv_table(text, name)
    good: list[WorkRow] = []
    problems: list[Message] = []
    for place, cells in table.rows:
        try:
            if isinstance(cells, InvalidInputError):
                raise cells
            good.append(WorkRow(place, *read_fields(cells, platform, zone)))
        except InvalidInputError as error:
            problems.append(problem_at(name, place, error))
    unused = sorted(header for header in table.headers if header and column_of(header) is None)
    # An empty complete list is more likely an error of the exporting program.
    if table.is_complete and not good and not problems:
        raise InvalidInputError("complete_list_empty", file=name)
    return WorkRows(
        good=tuple(good),
        problems=tuple(problems),
        unused=tuple(unused),
        is_complete=table.is_complete,
    )


def _json_table(text: str, name: str) -> _Table:
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
    return _Table(_json_rows(items), headers, _is_complete(document, name))


def _is_complete(document: Any, name: str) -> bool:
    complete = document.get("complete", False) if isinstance(document, dict) else False
    if not isinstance(complete, bool):
        raise InvalidInputError("complete_malformed", file=name, value=repr(complete))
    return complete


def _json_rows(items: list[Any]) -> Iterator[_PlacedCells]:
    for number, item in enumerate(items, start=1):
        place = Message.of("at_item", item=number)
        if isinstance(item, str):
            yield place, {"link": item}
        elif isinstance(item, dict):
            yield place, _with_our_columns(item)
        else:
            yield place, InvalidInputError("item_not_work")


def _csv_table(text: str, name: str) -> _Table:
    first = text.lstrip("\r\n").splitlines()[0]
    # Spreadsheets use a semicolon or a tab where the comma is the decimal sign.
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.DictReader(
        io.StringIO(text, newline=None), restkey="extra cells", delimiter=delimiter, strict=True
    )
    try:
        headers = [header.strip() for header in reader.fieldnames or ()]
    except csv.Error as error:
        raise InvalidInputError(problem_at(name, _line(1), Message.text(str(error)))) from error
    if not _has_id(dict.fromkeys(headers)):
        raise InvalidInputError(
            "columns_missing",
            file=name,
            ids=["作品ID", "链接"],
            others=["平台", "标题", "作者"],
            first=first[:100],
        )
    return _Table(_csv_rows(reader), set(headers))


def _csv_rows(reader: csv.DictReader[str]) -> Iterator[_PlacedCells]:
    while True:
        first_line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _line(first_line), InvalidInputError("csv_damaged", detail=str(error))
            continue
        place = _line(reader.line_num)
        if cells.pop("extra cells", None):
            yield place, InvalidInputError("too_many_cells")
        elif any(cells.values()):
            yield place, _with_our_columns(cells)


def problem_at(file: str, place: Message, cause: Message | InvalidInputError) -> Message:
    """Return the message for a problem at a place of a file."""
    return Message.of("file_place_wrong", file=file, place=place, cause=cause)


def _line(number: int) -> Message:
    return Message.of("at_line", line=number)


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
    return any(column_of(name) in ("work_id", "link", "id") for name in names)
