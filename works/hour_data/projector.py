"""Write the files of this host from the main database: data files and the statistics file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from core.atomic_file import replacing
from core.clock import Clock
from core.errors import DamagedFileError
from core.file_lock import file_lock
from core.installation.file_access import SHARED, FileAccess
from storage.catalogue import view_data
from storage.engines.transactions import Database, Tx
from storage.views import hours
from works.hour_data.contents import HourContent, HourReader, hours_changed
from works.hour_data.files import HourFiles
from works.hour_data.folder_owner import FolderOwner
from works.hour_data.hours import Hour
from works.hour_data.report import HourReport
from works.hour_data.rows import key_of

HOURS_AT_ONCE = 50


@dataclass(frozen=True)
class WrittenHour:
    """An hour whose files were written; `rows` is the number of works with numbers."""

    hour: Hour
    rows: int


class Target(Protocol):
    """A kind of files that follows the main database."""

    def version(self) -> int:
        """Return the version of the hours up to which the files are; 0 for none."""

    def put(self, content: HourContent, version: int) -> None:
        """Write an hour, and note that the files are up to its version.

        Raises:
            OutputError, DatabaseError: they stay as they were.
        """

    def reset(self, version: int) -> None:
        """Note that the files are up to a version."""


class DatedFiles:
    """The data files, one for each hour. The version lies beside them and is lost with them."""

    def __init__(self, files: HourFiles) -> None:
        self.files = files
        self._may_be_of_others = False

    def version(self) -> int:
        """Return the version up to which the files are; 0 when the note of it is lost."""
        try:
            return int(self._note.read_text(encoding="ascii"))
        except (OSError, ValueError):
            # What lies there is perhaps of an older version, and not in the database.
            self._may_be_of_others = True
            return 0

    def put(self, content: HourContent, version: int) -> None:
        """Write the hour's file. One that knows more than packed days do stays."""
        path = self.files.path(content.hour)
        if not (content.rebuilt and path.exists()):
            if self._may_be_of_others and self._has_more(content):
                path.replace(path.with_name(f"{path.name}.before"))
            self.files.write(content.hour, content.report)
        self.reset(version)

    def _has_more(self, content: HourContent) -> bool:
        """Return True when the hour's file has works that the database has not, or is damaged."""
        if not self.files.path(content.hour).exists():
            return False
        known = {key_of(entry) for entry in content.report["data"]}
        try:
            report = self.files.read(content.hour).report
        except DamagedFileError:
            return True
        return not {key_of(entry) for entry in report["data"]} <= known

    def reset(self, version: int) -> None:
        """Note that the files are up to a version."""
        with replacing(self._note, self.files.access) as file:
            file.write(str(version))

    @property
    def _note(self) -> Path:
        return self.files.folder / ".version"


class StatisticsFile:
    """The statistics file (`view_data.sqlite3`), which tells its version itself."""

    def __init__(self, data: Database, path: Path) -> None:
        self._data = data
        self._path = path
        self._opened: tuple[int, int] | None = None

    def version(self) -> int:
        """Return the version up to which the file is; 0 for a new one."""
        if self._identity() != self._opened:
            # What connections to a file that was moved or deleted write would be lost with it.
            self._data.close()
        view_data.create(self._data)
        self._opened = self._identity()
        return self._data.read(view_data.version)

    def _identity(self) -> tuple[int, int] | None:
        """Return what tells the file at the path from others; None without one."""
        try:
            seen = self._path.stat()
        except OSError:
            return None
        return seen.st_dev, seen.st_ino

    def put(self, content: HourContent, version: int) -> None:
        """Write the hour's rows and its session, in one transaction."""
        rows = _rows(content.hour, content.report)

        def work(tx: Tx) -> None:
            day, hour = content.hour.date_text, content.hour.hour_text
            if not (content.rebuilt and view_data.has_session(tx, day, hour)):
                named = {row[:2] for row in rows}
                stale = [key for key in view_data.works_of_hour(tx, day, hour) if key not in named]
                view_data.delete_metrics(tx, day, hour, stale)
                view_data.upsert_metrics(tx, rows)
                view_data.put_session(tx, _session(content.hour, content.report))
            view_data.set_version(tx, version)

        self._data.write(work)

    def reset(self, version: int) -> None:
        """Note that the file is up to a version."""
        self._data.write(view_data.set_version, version)


@dataclass(frozen=True, kw_only=True)
class Projector:
    """Has the files of this host follow the main database, hour by hour.

    Args:
        targets: the kinds of files that this host wants.
        lock_path: a file that the writing process locks.
        owner: notes which machine writes into the folder.
    """

    database: Database
    reader: HourReader
    clock: Clock
    targets: Sequence[Target]
    lock_path: Path
    owner: FolderOwner
    access: FileAccess = SHARED

    def project(self, stop: threading.Event, log: logging.Logger) -> list[WrittenHour]:
        """Write every hour that has changed since the files were written, in the order of changes.

        Waits for another process of this host that writes them.

        Raises:
            OutputError: it cannot be written, or a host of another machine writes into the folder.
            DatabaseError: hours written before stay; the others wait.
        """
        if not self.targets:
            return []
        with self._locked():
            return list(self._written(stop, log))

    def limited_to(self, kind: type[Target]) -> Projector:
        """Return the projector of one kind of files, of those that this host wants."""
        return replace(self, targets=[one for one in self.targets if isinstance(one, kind)])

    def forget_since(self, hour: Hour) -> None:
        """Have the files of that hour and of later ones written anew, on this host."""
        with self._locked():
            first = self.database.read(hours.first_version_since, hour.index)
            for target in self.targets if first is not None else ():
                target.reset(min(target.version(), (first or 1) - 1))

    def _written(self, stop: threading.Event, log: logging.Logger) -> Iterator[WrittenHour]:
        newest = self.database.read(hours.newest_version)
        # Versions above the newest are those of another database, or of one that was restored.
        reached = {id(target): _capped(target.version(), newest) for target in self.targets}
        while not stop.is_set() and min(reached.values()) < newest:
            version = min(reached.values())
            rows = self.database.read(hours_changed, version, HOURS_AT_ONCE, self.clock.now())
            if not rows:
                return
            for row in rows:
                if stop.is_set():
                    return
                assert row.version is not None
                content = self.reader.content(row)
                for target in self.targets:
                    if reached[id(target)] < row.version:
                        target.put(content, row.version)
                        reached[id(target)] = row.version
                written = WrittenHour(content.hour, len(content.report["data"]))
                log.info("%s: %d rows", content.hour, written.rows)
                yield written

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with file_lock(self.lock_path, wait=True, access=self.access):
            self.owner.take()
            yield


def _capped(version: int, newest: int) -> int:
    return version if version <= newest else 0


def _rows(hour: Hour, report: HourReport) -> list[tuple[Any, ...]]:
    """Return rows in the order of the table's columns (view_data.METRICS).

    Column by column in the code, which is the fastest way for 20,000 rows. Entries come by
    platform and work, in the order of the table's key.
    """
    day, number = hour.date_text, hour.hour_text
    return [
        (
            one["platform"],
            one["work_id"],
            one["title"],
            day,
            number,
            one["crawl_time"][11:19],
            one["view_count"],
            one["danmaku_count"],
            one["comment_count"],
            one["like_count"],
            one["coin_count"],
            one["favorite_count"],
            one["share_count"],
        )
        for one in report["data"]
    ]


def _session(hour: Hour, report: HourReport) -> dict[str, Any]:
    start = report["crawl_time"]
    return {
        "session_id": report["session_id"],
        "crawl_date": hour.date_text,
        "crawl_hour": hour.hour_text,
        "start_time": start,
        "end_time": report.get("end_time", start),
        "total_count": report["total_count"],
        "success_count": report["success_count"],
        "fail_count": report["fail_count"],
    }
