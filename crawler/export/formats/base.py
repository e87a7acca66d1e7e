"""What a file format is: how its files are written, and read again for a proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from core.errors import InvalidInputError

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

    `max_rows` is how many rows a file can have; None: any number. `library` is the package of an
    extra that writes it; None: what every installation has. `folds_case`: headers that differ in
    nothing but case are the same.
    """

    name: str
    suffix: str
    open: OpenWriter
    read_ids: ReadIds
    max_rows: int | None = None
    library: str | None = None
    folds_case: bool = False

    def require_installed(self) -> None:
        """Raise InvalidInputError, which says how to install it, when its library is missing."""
        if self.library is not None and find_spec(self.library) is None:
            command = f"pip install {self.library}"
            raise InvalidInputError("format_extra_missing", format=self.name, command=command)

    def require_headers(self, headers: Sequence[str]) -> None:
        """Raise InvalidInputError when two headers would be the same in a file of it."""
        shown = [header.lower() if self.folds_case else header for header in headers]
        for header, text in zip(headers, shown, strict=True):
            if shown.count(text) > 1:
                raise InvalidInputError("export_header_repeated", header=header)


def temporary_folder(path: Path) -> Path:
    """Return the folder of the temporary files of a file that is being written."""
    return path.with_name(f"{path.name}.tmp")
