"""Read files of tasks, users and completions: CSV, a JSON array, or one JSON object a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import read_text
from distribution.counters import NAMES

DETAILS = "verification_details"
# A CSV file may have columns of their own for the verified counters.
COUNTERS = tuple(names[0] for names in NAMES.values())


class ItemFile:
    """The items of a file (a JSON array, JSON lines or CSV), to be iterated once.

    `places[position]` is an item's place in the file, `unreadable[position]` why it cannot be read;
    both are filled by the iteration.

    Args:
        columns: the fields of an item; the first one is required in a CSV file.

    Raises:
        InvalidInputError: the file cannot be opened or is of an unknown encoding.
    """

    def __init__(self, *, file: Path, columns: Collection[str]) -> None:
        self._file = file
        self._columns = tuple(columns)
        self._text = read_text(file)
        self.places: list[Message] = []
        self.unreadable: dict[int, InvalidInputError] = {}

    def __iter__(self) -> Iterator[Any]:
        """Yield the items as JSON objects; an InvalidInputError in
        place of one that cannot be read.

        Raises:
            InvalidInputError: the file as a whole is empty, damaged or has wrong columns.
        """
        for item in self._items():
            if isinstance(item, InvalidInputError):
                self.unreadable[len(self.places) - 1] = item
            yield item

    def _items(self) -> Iterator[Any]:
        start = self._text.lstrip()[:1]
        if not start:
            raise InvalidInputError("file_is_empty", file=str(self._file))
        if start == "[":
            return self._array()
        return self._lines() if start == "{" else self._table()

    def _array(self) -> Iterator[Any]:
        for number, item in enumerate(self._json(), start=1):
            self.places.append(_place("item", number))
            yield item

    def _json(self) -> list[Any]:
        try:
            items: list[Any] = json.loads(self._text)
        except json.JSONDecodeError as error:
            raise InvalidInputError(
                "file_no_json_line", file=str(self._file), line=error.lineno, detail=error.msg
            ) from error
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(
                "file_unreadable_json", file=str(self._file), detail=str(error)
            ) from error
        return items

    def _lines(self) -> Iterator[Any]:
        for number, line in enumerate(io.StringIO(self._text), start=1):
            if not line.strip():
                continue
            self.places.append(_place("line", number))
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                yield InvalidInputError("line_no_json_object", detail=str(error))

    def _table(self) -> Iterator[Any]:
        reader = csv.DictReader(io.StringIO(self._text, newline=None), restkey="extra cells")
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        counters = COUNTERS if DETAILS in self._columns else ()
        for name in names:
            if name not in self._columns and name not in counters:
                raise InvalidInputError(
                    "file_unknown_column",
                    file=str(self._file),
                    name=repr(name),
                    known=[*self._columns, *counters],
                )
        if not names or names[0] == "" or self._columns[0] not in names:
            raise InvalidInputError(
                "file_lacks_column", file=str(self._file), name=self._columns[0]
            )
        reader.fieldnames = names
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.places.append(_place("line", reader.line_num + 1))
                yield InvalidInputError("csv_quote_missing", detail=str(error))
                continue
            self.places.append(_place("line", reader.line_num))
            yield _object(cells)


def _place(kind: str, number: int) -> Message:
    return Message(f"place_{kind}", {"number": number})


def _object(cells: dict[str, Any]) -> Any:
    """Return a CSV row as an item. Empty cells are left out: they do not empty a field."""
    if cells.pop("extra cells", None):
        return InvalidInputError("csv_excess_cells")
    told = {name: text for name, text in cells.items() if text not in (None, "")}
    details = {name: told.pop(name) for name in COUNTERS if name in told}
    if DETAILS in told:
        try:
            verified = json.loads(told[DETAILS])
        except (ValueError, RecursionError) as error:
            return InvalidInputError("cell_no_json_object", name=DETAILS, detail=str(error))
        if not isinstance(verified, dict):
            return InvalidInputError("cell_other_json", name=DETAILS)
        details = verified | details
    return told | ({DETAILS: details} if details else {})
