"""Files of tasks, users and completions: CSV, a JSON array, or one JSON object a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from core.errors import InvalidInputError
from core.text_files import read_text
from distribution.counters import NAMES

DETAILS = "verification_details"
COUNTERS = tuple(names[0] for names in NAMES.values())  # columns of their own in a CSV file


class ItemFile:
    """The items of a file, to be walked once. `places[position]` says where one stands."""

    def __init__(self, *, file: Path, columns: Collection[str]) -> None:
        self._file = file
        self._columns = tuple(columns)
        self._text = read_text(file)
        self.places: list[str] = []

    def __iter__(self) -> Iterator[Any]:
        """Objects; for what cannot be read an InvalidInputError.

        Raises:
            InvalidInputError: the whole file cannot be read.
        """
        start = self._text.lstrip()[:1]
        if not start:
            raise InvalidInputError(f"{self._file} is empty")
        if start == "[":
            return self._array()
        return self._lines() if start == "{" else self._table()

    def _array(self) -> Iterator[Any]:
        for number, item in enumerate(self._json(), start=1):
            self.places.append(f"item {number}")
            yield item

    def _json(self) -> list[Any]:
        try:
            items: list[Any] = json.loads(self._text)
        except json.JSONDecodeError as error:
            raise InvalidInputError(
                f"{self._file}, line {error.lineno}: this is no JSON ({error.msg}); is it whole?"
            ) from error
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"{self._file} is no JSON that can be read: {error}") from error
        return items

    def _lines(self) -> Iterator[Any]:
        for number, line in enumerate(io.StringIO(self._text), start=1):
            if not line.strip():
                continue
            self.places.append(f"line {number}")
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                yield InvalidInputError(f"this line is no JSON object ({error})")

    def _table(self) -> Iterator[Any]:
        reader = csv.DictReader(io.StringIO(self._text, newline=None), restkey="extra cells")
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        counters = COUNTERS if DETAILS in self._columns else ()
        for name in names:
            if name not in self._columns and name not in counters:
                known = ", ".join((*self._columns, *counters))
                raise InvalidInputError(f"{self._file}: unknown column {name!r}; known: {known}")
        if not names or names[0] == "" or self._columns[0] not in names:
            raise InvalidInputError(
                f"{self._file}: its first line must name the column {self._columns[0]}"
            )
        reader.fieldnames = names
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.places.append(f"line {reader.line_num + 1}")
                yield InvalidInputError(f"{error}; is a quote missing?")
                continue
            self.places.append(f"line {reader.line_num}")
            yield _object(cells)


def _object(cells: dict[str, Any]) -> Any:
    """The cells that hold something. An empty one says nothing; it does not empty a field."""
    if cells.pop("extra cells", None):
        return InvalidInputError("more cells than the first line; quote cells that hold commas")
    told = {name: text for name, text in cells.items() if text not in (None, "")}
    details = {name: told.pop(name) for name in COUNTERS if name in told}
    if DETAILS in told:
        try:
            verified = json.loads(told[DETAILS])
        except (ValueError, RecursionError) as error:
            return InvalidInputError(f"{DETAILS} is no JSON object ({error})")
        if not isinstance(verified, dict):
            return InvalidInputError(f"{DETAILS} is no JSON object")
        details = verified | details
    return told | ({DETAILS: details} if details else {})
