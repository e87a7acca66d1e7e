"""The journal of an hour's crawl: fetched batches on the disk, so that none is fetched again.

The journal is the lock too: the process that holds it open works on that hour, and no other.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.installation.file_access import SHARED, FileAccess, make_folder, sync_folder
from works.hourly.files import write_error
from works.hourly.report import Failure, HourRecord, Numbers

DATA = TypeAdapter(list[Numbers])
ERRORS = TypeAdapter(list[Failure])


class HourJournal:
    """One line a batch, `{"data": […], "errors": […]}`; the first is the report's head.

    A last line that was torn by a power cut is dropped. Create it with `take`.
    """

    def __init__(self, *, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle
        lines, self._bytes = _whole_lines(handle)
        self._lines = list(_objects(lines))
        os.ftruncate(handle, self._bytes)

    @classmethod
    def take(cls, path: Path, access: FileAccess = SHARED) -> HourJournal | None:
        """Open the journal, or begin one; return None while another process holds it.

        New files and folders get the mode and the group of `access`.

        Raises:
            OutputError: it cannot be created.
        """
        while True:
            try:
                make_folder(path.parent, access)
                handle = access.open(str(path), os.O_RDWR | os.O_CREAT | os.O_APPEND)
                sync_folder(path.parent)
            except OSError as error:
                raise write_error(path, error) from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return None
            if _is_still(path, handle):
                return cls(path=path, handle=handle)
            # The holder before has written the report and removed the file: begin a new one.
            os.close(handle)

    @property
    def head(self) -> Mapping[str, Any] | None:
        """Return the fields of the report that `begin` wrote, such as `session_id`; None before."""
        return next((line for line in self._lines if "session_id" in line), None)

    @property
    def is_empty(self) -> bool:
        return not any("data" in line for line in self._lines)

    def begin(self, head: Mapping[str, Any]) -> None:
        """Write the head. Raise OutputError when the disk fails."""
        self._write(head)

    def append(self, data: Sequence[Numbers], errors: Sequence[Failure]) -> None:
        """Write a batch and flush it to the disk. Raise OutputError when
        that fails: nothing is kept."""
        self._write({"data": data, "errors": errors})

    def replay(self, record: HourRecord) -> None:
        """Add the journal's batches to `record`; damaged ones are left out and fetched again."""
        for line in self._lines:
            try:
                data = DATA.validate_python(line.get("data", []))
                errors = ERRORS.validate_python(line.get("errors", []))
            except ValidationError:
                continue  # damaged on the disk: those works are asked for again
            record.add(data, errors)

    def remove(self) -> None:
        """Delete the journal and release the hour: its report is written."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Release the hour and keep the journal for the next run; an empty one is deleted."""
        if self._handle >= 0:
            if self._bytes == 0:
                self.path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1

    def _write(self, value: Mapping[str, Any]) -> None:
        line = json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace") + b"\n"
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            os.fsync(self._handle)
        except OSError as error:
            os.ftruncate(self._handle, self._bytes)
            raise write_error(self.path, error) from error
        self._bytes += len(line)


def _whole_lines(handle: int) -> tuple[list[bytes], int]:
    """Return the lines that were written to their end, and their size in bytes."""
    size = os.fstat(handle).st_size
    content = os.pread(handle, size, 0)
    whole = content[: content.rfind(b"\n") + 1]
    return whole.splitlines(), len(whole)


def _objects(lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _is_still(path: Path, handle: int) -> bool:
    """Return True when the path still names the open file: its last holder may have deleted it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
