"""Parsing of files of works: CSV as spreadsheets and sites save it, JSON as an array or as
views.json."""

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
from core.text_files import read_text
from sources.links import ShortLink, VideoLink
from works.catalogue.entries import WorkEntry
from works.catalogue.fields import column_of, read_fields

DELIMITERS = ",;\t"


@dataclass(frozen=True)
class WorkRow:
    """One work of a file. `place` is its position, for messages.

    The entry of a short link has an empty id until the link is resolved.
    """

    place: str
    link: VideoLink | ShortLink
    entry: WorkEntry


@dataclass(frozen=True)
class WorkRows:
    """The valid rows, a sentence for each line that is not, and the columns without a meaning.

    `is_complete` is True when the file declares that it has all works, so that what it leaves out
    is gone.
    """

    good: tuple[WorkRow, ...]
    problems: tuple[str, ...]
    unused: tuple[str, ...] = ()
    is_complete: bool = False


@dataclass(frozen=True)
class _Table:
    rows: Iterator[tuple[str, Mapping[str, Any] | InvalidInputError]]
    headers: set[str]
    is_complete: bool = False


def read_works(file: Path, platform: str | None, zone: tzinfo) -> WorkRows:
    """Return all works of a file.

    Args:
        platform: the platform of bare ids where a row names none.
        zone: the time zone of times without an offset.

    Raises:
        InvalidInputError: the file cannot be read, is empty, damaged or of another shape.
    """
    return parse_works(read_text(file), str(file), platform, zone)


def parse_works(text: str, name: str, platform: str | None, zone: tzinfo) -> WorkRows:
    """Return all works in a text; `name` is what messages call it. Raises as `read_works`."""
    if not text.strip():
        raise InvalidInputError(f"{name} is empty")
    is_json = text.lstrip()[0] in "[{"
    table = _json_table(text, name) if is_json else _csv_table(text, name)
    good: list[WorkRow] = []
    problems: list[str] = []
    for place, cells in table.rows:
        try:
            if isinstance(cells, InvalidInputError):
                raise cells
            good.append(WorkRow(place, *read_fields(cells, platform, zone)))
        except InvalidInputError as error:
            problems.append(f"{name}, {place}: {error}")
    unused = sorted(header for header in table.headers if header and column_of(header) is None)
    # An empty complete list is more likely an error of the exporting program.
    if table.is_complete and not good and not problems:
        raise InvalidInputError(
            f"{name}: a complete list without a work would take all of them out"
        )
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
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidInputError(
            f"{name}, {place}: this is no JSON ({error.msg}); is it whole?"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{name} is no JSON that can be read: {error}") from error
    if isinstance(document, dict):
        inner = document.get("works")
        items = [document] if inner is None and _has_id(document) else inner
    else:
        items = document
    if not isinstance(items, list):
        raise InvalidInputError(
            f'{name}: an array of works is needed, or {{"works": [...]}} as in views.json'
        )
    headers = {key for item in items if isinstance(item, dict) for key in item}
    return _Table(_json_rows(items), headers, _is_complete(document, name))


def _is_complete(document: Any, name: str) -> bool:
    complete = document.get("complete", False) if isinstance(document, dict) else False
    if not isinstance(complete, bool):
        raise InvalidInputError(f'{name}: "complete" is {complete!r}; write true or false')
    return complete


def _json_rows(items: list[Any]) -> Iterator[tuple[str, Mapping[str, Any] | InvalidInputError]]:
    for number, item in enumerate(items, start=1):
        place = f"item {number}"
        if isinstance(item, str):
            yield place, {"link": item}
        elif isinstance(item, dict):
            yield place, _with_our_columns(item)
        else:
            yield place, InvalidInputError("neither an object nor a link")


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
        raise InvalidInputError(f"{name}, line 1: {error}") from error
    if not _has_id(dict.fromkeys(headers)):
        raise InvalidInputError(
            f"{name}: its first line must name the columns: one of work_id, link (作品ID, 链接),"
            " and may name platform, title, author, uid, publish_time, cover_url, is_valid"
            f" (平台, 标题, 作者, …); it says {first[:100]!r}"
        )
    return _Table(_csv_rows(reader), set(headers))


def _csv_rows(
    reader: csv.DictReader[str],
) -> Iterator[tuple[str, Mapping[str, Any] | InvalidInputError]]:
    while True:
        first_line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"line {first_line}", InvalidInputError(f"{error}; is a quote missing?")
            continue
        place = f"line {reader.line_num}"
        if cells.pop("extra cells", None):
            yield (
                place,
                InvalidInputError("more cells than the first line; quote cells with commas"),
            )
        elif any(cells.values()):
            yield place, _with_our_columns(cells)


def _with_our_columns(cells: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the cells under our names; of several for one column, the first that is not empty."""
    renamed: dict[str, Any] = {}
    for header, value in cells.items():
        column = column_of(header)
        if column is not None and renamed.get(column) in (None, ""):
            renamed[column] = value
    return renamed


def _has_id(names: Mapping[str, Any]) -> bool:
    return any(column_of(name) in ("work_id", "link", "id") for name in names)
