"""Import the hourly data files into the statistics file, each whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import itemgetter
from typing import Any

from core.errors import DamagedFileError, InvalidInputError
from core.messages import Message
from storage.catalogue import view_data
from storage.catalogue.view_data import ImportedFile
from storage.engines.transactions import Database, Tx
from works.hourly.data_file import Key
from works.hourly.files import HourFiles
from works.hourly.hours import Hour
from works.hourly.report import HourReport

ROWS_AT_ONCE = 100_000  # one transaction; it holds others up for about a second
PLATFORM, WORK_ID = itemgetter(0), itemgetter(1)  # of a row


@dataclass(frozen=True)
class ImportedHour:
    """An imported hour.

    Args:
        fresh: this run imported it: it was missing, or its file had changed.
        problems: what was left out of the file or corrected, with its place.
    """

    hour: Hour
    rows: int
    fresh: bool
    problems: tuple[Message, ...] = ()


@dataclass(frozen=True)
class ImportResult:
    """The imported files, and the reasons for those that were refused."""

    imported: tuple[ImportedHour, ...]
    refused: tuple[Message, ...]
    interrupted: bool = False

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.imported)

    @property
    def problems(self) -> list[Message]:
        """Return what was left out of the files or corrected, each with the name of its hour."""
        return [
            Message.of("hour_result", hour=str(one.hour), result=problem)
            for one in self.imported
            for problem in one.problems
        ]


Show = Callable[[int, int], None]  # files done, of how many


def _show_nothing(done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class _ReadFile:
    """A data file with the rows that it becomes."""

    hour: Hour
    file: ImportedFile
    rows: list[tuple[Any, ...]]
    session: dict[str, Any]
    problems: tuple[Message, ...]
    unread: frozenset[Key]

    def stale(self, known: Iterable[Key]) -> list[Key]:
        """Return those of the known works that the file does not name any more."""
        named = {row[:2] for row in self.rows} | self.unread
        return [work for work in known if work not in named]


class HourlyImporter:
    """Imports data files by hour. A repetition changes nothing; a changed file is imported
    again."""

    def __init__(self, *, files: HourFiles, data: Database) -> None:
        self._files = files
        self._data = data

    def import_hour(self, hour: Hour, log: logging.Logger) -> ImportedHour:
        """Import one data file in one transaction.

        Raises:
            DamagedFileError: there is none, or it is no data file of that hour; nothing was
                changed.
            DatabaseError: the statistics file cannot be written; nothing was changed.
        """
        read = self._read(hour)
        view_data.create(self._data)
        return self._take([read], log)[0]

    def newest(self) -> Hour:
        """Return the newest hour that has a data file. Raise InvalidInputError when there is
        none."""
        hours = self._files.hours()
        if not hours:
            raise InvalidInputError("no_data_files", folder=str(self._files.folder))
        return hours[-1]

    def missing(self) -> list[Hour]:
        """Return the hours whose files are not imported, or have changed since, oldest first."""
        view_data.create(self._data)
        known = self._data.read(view_data.imported_files)
        return [hour for hour in self._files.hours() if self._may_differ(hour, known)]

    def import_missing(
        self, stop: threading.Event, log: logging.Logger, show: Show = _show_nothing
    ) -> ImportResult:
        """Import every file that is not imported. A damaged one is logged
        and does not stop the others.

        Args:
            show: called with the numbers of files done and of all.

        Raises:
            DatabaseError: the statistics file cannot be written; earlier files stay imported.
        """
        done = self._import_all(self.missing(), stop, log, show)
        fresh = tuple(one for one in done.imported if one.fresh)
        return replace(done, imported=fresh)

    def import_day(
        self, day: date, stop: threading.Event, log: logging.Logger, show: Show = _show_nothing
    ) -> ImportResult:
        """Import every file of a day, as `import_missing` does; files that are in are listed too.

        Raises:
            InvalidInputError: the day has no data file.
            DatabaseError: the statistics file cannot be written; earlier files stay imported.
        """
        hours = self._files.hours_of_day(day)
        if not hours:
            raise InvalidInputError("day_without_files", day=day, folder=str(self._files.folder))
        view_data.create(self._data)
        return self._import_all(hours, stop, log, show)

    def _import_all(
        self, hours: Sequence[Hour], stop: threading.Event, log: logging.Logger, show: Show
    ) -> ImportResult:
        imported: list[ImportedHour] = []
        refused: list[Message] = []
        waiting: list[_ReadFile] = []
        for place, hour in enumerate(hours):
            show(place, len(hours))
            if stop.is_set():
                break
            try:
                waiting.append(self._read(hour))
            except DamagedFileError as error:
                log.error("%s", error)
                refused.append(error.message)
            if sum(len(read.rows) for read in waiting) >= ROWS_AT_ONCE:
                imported += self._take(waiting, log)
                waiting = []
        imported += self._take(waiting, log)
        show(len(hours), len(hours))
        return ImportResult(tuple(imported), tuple(refused), interrupted=stop.is_set())

    def _read(self, hour: Hour) -> _ReadFile:
        stored = self._files.read(hour)
        digest = hashlib.sha256(stored.content).hexdigest()
        file = ImportedFile(len(stored.content), stored.modified_ns, digest)
        return _ReadFile(
            hour=hour,
            file=file,
            rows=_rows(hour, stored.report),
            session=_session(hour, stored.report),
            problems=stored.checked.problems,
            unread=stored.checked.unread,
        )

    def _take(self, waiting: list[_ReadFile], log: logging.Logger) -> list[ImportedHour]:
        """Import files in one transaction: many at once write each page of an index once."""

        def work(tx: Tx) -> list[_ReadFile]:
            fresh = [read for read in waiting if not _is_in(tx, read)]
            for read in fresh:
                _delete_stale(tx, read)
            rows = [row for read in fresh for row in read.rows]
            rows.sort(key=WORK_ID)  # twice by one column is quicker than once by two
            rows.sort(key=PLATFORM)
            view_data.upsert_metrics(tx, rows)
            for read in fresh:
                view_data.put_session(tx, read.session)
            for read in waiting:
                hour = read.hour
                view_data.note_import(tx, hour.date_text, hour.hour_text, read.file)
            return fresh

        fresh = self._data.write(work) if waiting else []
        done = [
            ImportedHour(read.hour, len(read.rows), read in fresh, read.problems)
            for read in waiting
        ]
        for one in done:
            already, name = "" if one.fresh else ", in already", self._files.path(one.hour).name
            log.info("%s: %d rows%s", name, one.rows, already)
            for problem in one.problems:
                log.warning("%s: %s", name, problem)
        return done

    def _may_differ(self, hour: Hour, known: dict[tuple[str, str], ImportedFile]) -> bool:
        """Return True unless size and time of change are those of the imported file."""
        file = known.get((hour.date_text, hour.hour_text))
        if file is None:
            return True
        try:
            status = self._files.path(hour).stat()
        except OSError:
            return True
        return (status.st_size, status.st_mtime_ns) != (file.bytes, file.modified_ns)


def _is_in(tx: Tx, read: _ReadFile) -> bool:
    before = view_data.imported_file(tx, read.hour.date_text, read.hour.hour_text)
    return before is not None and before.sha256 == read.file.sha256


def _delete_stale(tx: Tx, read: _ReadFile) -> None:
    """Delete the hour's rows of works that the file does not name.

    Those of entries that cannot be read stay: they are the last that is known of these works.
    """
    day, hour = read.hour.date_text, read.hour.hour_text
    stale = read.stale(view_data.works_of_hour(tx, day, hour))
    if stale:
        view_data.delete_metrics(tx, day, hour, stale)


def _rows(hour: Hour, report: HourReport) -> list[tuple[Any, ...]]:
    """Return rows in the order of the table's columns (view_data.METRICS).

    Column by column in the code, which is the fastest way for 100,000 rows.
    """
    day, number = hour.date_text, hour.hour_text
    return [
        (
            one["platform"],
            one["work_id"],
            one["title"],
            day,
            number,
            _time(one["crawl_time"]),
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


def _time(moment: str) -> str:
    """Return `HH:MM:SS` of a time with or without its day."""
    return moment[11:19] if moment[4] == "-" else moment[:8]
