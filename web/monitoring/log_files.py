"""The log files of this host: the list, the end of one, and one as a whole.

No other file can be reached: names have a form, and links are not followed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from core.errors import LogNotFoundError

SUBFOLDER = "spider"  # the hourly crawl's own
NAME = re.compile(
    rf"(?:{SUBFOLDER}/)?(?P<service>[A-Za-z0-9_]+?)"
    r"(?:[-_](?P<day>\d{4}-\d{2}-\d{2}|\d{8}))?\.log"
)
RECORD_BEGINS = re.compile(rb"\[?\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}")
BLOCK_BYTES = 64 * 1024
MAX_TAIL_BYTES = 32 * 1024 * 1024  # that are looked at for one page
MAX_RECORD_BYTES = 256 * 1024  # of a traceback without an end


@dataclass(frozen=True)
class LogFile:
    """A log file.

    `name` is what `LogFolder` finds it by; `service` wrote it. `day` is ISO; empty for a file that
    is not of one day. `modified_at` is in UTC.
    """

    name: str
    service: str
    day: str
    bytes: int
    modified_at: datetime


@dataclass(frozen=True)
class LineFilter:
    """A filter of records; all conditions must hold, empty ones leave nothing out.

    Args:
        text: a part of the record, whatever its case.
        task, account: value of the field `task=` or `account=` in the record.
    """

    text: str = ""
    task: str = ""
    account: str = ""
    _forms: list[re.Pattern[str]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        for name, value in (("task", self.task), ("account", self.account)):
            if value:
                shown = f"(?:{re.escape(value)}|{re.escape(repr(value))})"
                self._forms.append(re.compile(rf"(?<!\S){name}={shown}(?![^\s,;:])"))

    def fits(self, record: str) -> bool:
        """Return True when all conditions hold for a record."""
        if self.text and self.text.casefold() not in record.casefold():
            return False
        return all(form.search(record) for form in self._forms)


@dataclass(frozen=True)
class Tail:
    """The newest records that match, the oldest of them first.

    `is_whole` when the file was read to its beginning, else only its last `bytes_read` bytes were.
    """

    records: list[str]
    bytes_read: int
    is_whole: bool


class LogFolder:
    """Lists the log files of this host, with size and times, and reads them whole or their ends.

    Only names of log files are accepted; a folder that is missing has no files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> list[LogFile]:
        """Return all log files, newest first; empty when nothing was logged yet."""
        found = []
        for folder, prefix in ((self._folder, ""), (self._folder / SUBFOLDER, f"{SUBFOLDER}/")):
            if folder.is_symlink() and prefix:
                continue
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue  # nothing was logged yet
            for entry in entries:
                known = NAME.fullmatch(prefix + entry.name)
                if known and entry.is_file(follow_symlinks=False):
                    found.append(_described(known, entry.stat(follow_symlinks=False)))
        return sorted(found, key=lambda one: (one.day, one.modified_at, one.name), reverse=True)

    def named(self, name: str) -> LogFile:
        """Return the file of that name, as `files` lists it.

        Raises:
            LogNotFoundError: there is none, or the name is not that of a log file.
        """
        known = NAME.fullmatch(name)
        if known is None:
            raise LogNotFoundError(name)
        with self.opened(name) as file:
            return _described(known, os.fstat(file.fileno()))

    def opened(self, name: str) -> BinaryIO:
        """Open a log file for reading; the caller closes it.

        Raises:
            LogNotFoundError: there is none, or the name is not that of a log file.
        """
        if NAME.fullmatch(name) is None or (
            name.startswith(SUBFOLDER) and "/" in name and (self._folder / SUBFOLDER).is_symlink()
        ):
            raise LogNotFoundError(name)
        # Without O_NONBLOCK the opening of a pipe would wait for its writer.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            handle = os.open(self._folder / name, flags)
        except OSError as error:
            raise LogNotFoundError(name) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise LogNotFoundError(name)
        return os.fdopen(handle, "rb")

    def tail(self, name: str, wanted: LineFilter, limit: int) -> Tail:
        """Return the newest `limit` records that match, of the last 32 MB of the file.

        Raises:
            LogNotFoundError: there is no such log file.
        """
        with self.opened(name) as file:
            end = file.seek(0, os.SEEK_END)
            found: list[str] = []
            begin = end
            for begin, record in _records_back(file, end):
                text = record.decode(errors="replace").rstrip("\r\n")
                if text and wanted.fits(text):
                    found.append(text)
                if len(found) == limit or end - begin >= MAX_TAIL_BYTES:
                    break
        return Tail(found[::-1], end - begin, begin == 0)

    def content(self, name: str) -> tuple[int, Iterator[bytes]]:
        """Return the file's size, and that many bytes of it in blocks;
        the iterator closes the file.

        Raises:
            LogNotFoundError: there is no such log file.
        """
        file = self.opened(name)
        size = os.fstat(file.fileno()).st_size
        return size, _blocks(file, size)


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield `size` bytes: lines that are written meanwhile are left out."""
    with file:
        while size and (block := file.read(min(BLOCK_BYTES, size))):
            size -= len(block)
            yield block


def _records_back(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield (position, record) from the end on.

    A record is a line that begins with a time, and the lines after it (a traceback) that do not.
    """
    lines: list[bytes] = []
    begin = end
    for begin, line in _lines_back(file, end):
        lines.append(line)
        if RECORD_BEGINS.match(line) or sum(map(len, lines)) > MAX_RECORD_BYTES:
            yield begin, b"".join(reversed(lines))
            lines = []
    if lines:
        yield begin, b"".join(reversed(lines))


def _lines_back(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield (position, line) from the end on; an overlong line comes in parts."""
    rest, place = b"", end
    while place > 0:
        size = min(BLOCK_BYTES, place)
        place -= size
        file.seek(place)
        text = file.read(size) + rest
        first, *lines = text.splitlines(keepends=True) or [b""]
        at = place + len(text)
        for line in reversed(lines):
            at -= len(line)
            yield at, line
        rest = first
        if len(rest) > MAX_RECORD_BYTES:
            yield place, rest
            rest = b""
    if rest:
        yield 0, rest


def _described(known: re.Match[str], seen: os.stat_result) -> LogFile:
    day = known["day"] or ""
    if len(day) == 8:
        day = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    modified_at = datetime.fromtimestamp(seen.st_mtime, UTC)
    return LogFile(
        name=known.string,
        service=known["service"],
        day=day,
        bytes=seen.st_size,
        modified_at=modified_at,
    )
