"""What a file format is: how its files are written, and read again for a proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ID = "id"


@dataclass(frozen=True)
class Table:
    """The columns of a file: their names, and the headers that it shows for them.

    `raw_cells`: text that a spreadsheet would run as a formula is left as it is.
    """

    columns: tuple[str, ...]
    headers: tuple[str, ...]
    raw_cells: bool = False

    @property
    def id_header(self) -> str | None:
        """The header of the creators' ids; None where the file has none."""
        return self.headers[self.columns.index(ID)] if ID in self.columns else None


class FormatWriter(Protocol):
    """Writes rows of values to one new file; its methods raise OSError when the disk fails."""

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows; their values are in the order of the columns."""

    def close(self) -> None:
        """Finish the file and sync it to the disk."""

    def discard(self) -> None:
        """Close the file unfinished; it may be called after any error."""

    def content_sha256(self) -> str | None:
        """Return the hash of what was written, whatever a library made of it; after `close`.

        None: it is that of the file.
        """

    def notes(self) -> Mapping[str, object]:
        """Return what the manifest must tell of how cells were written; empty for nothing."""


class OpenWriter(Protocol):
    """Creates a new file at `path` and returns its writer.

    Raises:
        FileExistsError: the file exists already.
        OSError: the file cannot be created.
    """

    def __call__(self, path: Path, table: Table) -> FormatWriter: ...


class ReadIds(Protocol):
    """Yields the creator id of each row of a finished file; None for each where it has no ids.

    `header` is that of the ids, None when the file has none.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a file of that format.
    """

    def __call__(self, path: Path, header: str | None) -> Iterator[int | None]: ...


@dataclass(frozen=True)
class Format:
    """A file format by its name, its suffix, what writes it and what reads it.

    `max_rows` is how many rows a file can have; None: any number.
    """

    name: str
    suffix: str
    open: OpenWriter
    read_ids: ReadIds
    max_rows: int | None = None
