"""Takes the hourly data files into the statistics file, each whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import DamagedFile, InvalidInput
from storage import view_data
from storage.database import Database, Tx
from storage.view_data import ImportedFile
from works.hour_files import HourFiles, StoredReport
from works.hour_report import HourReport
from works.hours import Hour

DAY_CHARS = len("2026-11-22T")
TIME_CHARS = len("05:00:07")


@dataclass(frozen=True)
class ImportedHour:
    """An hour that is in. `fresh`: it was not, or its file has changed since."""

    hour: Hour
    rows: int
    fresh: bool


@dataclass(frozen=True)
class ImportOutcome:
    """What became of the files that were not in. `refused`: why some still are not."""

    imported: tuple[ImportedHour, ...]
    refused: tuple[str, ...]
    interrupted: bool = False

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.imported)


Show = Callable[[int, int], None]  # files done, of how many


class HourlyImport:
    """Imports by hour. Running it twice changes nothing; a file that has changed is taken again."""

    def __init__(self, files: HourFiles, data: Database) -> None:
        self._files = files
        self._data = data

    def import_hour(self, hour: Hour, log: logging.Logger) -> ImportedHour:
        """Take one file in, in one transaction.

        Raises:
            DamagedFile: there is none, or it is damaged, with the place; nothing was changed.
            DatabaseError: the statistics file cannot be written; nothing was changed.
        """
        stored = self._files.read(hour)
        view_data.create(self._data)
        done = self._take(hour, stored)
        log.info("%s: %s", self._files.path(hour).name, _told(done))
        return done

    def newest(self) -> Hour:
        """The newest hour that has a file. Raises InvalidInput when there is none."""
        hours = self._files.hours()
        if not hours:
            raise InvalidInput(
                f"there are no data files below {self._files.folder};"
                " crawl first: python cli.py views --crawl-only"
            )
        return hours[-1]

    def missing(self) -> list[Hour]:
        """The hours whose files are not in, or have changed since, oldest first."""
        view_data.create(self._data)
        known = self._data.read(view_data.imported_files)
        return [hour for hour in self._files.hours() if self._may_differ(hour, known)]

    def import_missing(
        self,
        stop: threading.Event,
        log: logging.Logger,
        show: Show = lambda done, total: None,
    ) -> ImportOutcome:
        """Take in every file that is not. A damaged one is told and does not hold up the others.

        Raises:
            DatabaseError: the statistics file cannot be written; what was taken in stays.
        """
        hours = self.missing()
        imported: list[ImportedHour] = []
        refused: list[str] = []
        for place, hour in enumerate(hours):
            show(place, len(hours))
            if stop.is_set():
                return ImportOutcome(tuple(imported), tuple(refused), interrupted=True)
            try:
                done = self.import_hour(hour, log)
            except DamagedFile as error:
                log.error("%s", error)
                refused.append(str(error))
                continue
            if done.fresh:
                imported.append(done)
        show(len(hours), len(hours))
        return ImportOutcome(tuple(imported), tuple(refused))

    def _take(self, hour: Hour, stored: StoredReport) -> ImportedHour:
        report = stored.report
        digest = hashlib.sha256(stored.content).hexdigest()
        file = ImportedFile(len(stored.content), stored.modified_ns, digest)
        rows, session = _rows(hour, report), _session(hour, report)

        def work(tx: Tx) -> bool:
            before = view_data.imported_file(tx, hour.date_text, hour.hour_text)
            view_data.note_import(tx, hour.date_text, hour.hour_text, file)
            if before is not None and before.sha256 == digest:
                return False
            view_data.upsert_metrics(tx, rows)
            view_data.upsert_session(tx, session)
            return True

        return ImportedHour(hour, len(rows), self._data.write(work))

    def _may_differ(self, hour: Hour, known: dict[tuple[str, str], ImportedFile]) -> bool:
        file = known.get((hour.date_text, hour.hour_text))
        if file is None:
            return True
        try:
            status = self._files.path(hour).stat()
        except OSError:
            return True
        return (status.st_size, status.st_mtime_ns) != (file.bytes, file.modified_ns)


def _rows(hour: Hour, report: HourReport) -> list[dict[str, Any]]:
    day, number = hour.date_text, hour.hour_text
    return [
        {**one, "crawl_date": day, "crawl_hour": number, "crawl_time": _time(one["crawl_time"])}
        for one in report["data"]
    ]


def _session(hour: Hour, report: HourReport) -> dict[str, Any]:
    start = report["crawl_time"]
    return {
        "session_id": report["session_id"], "crawl_date": hour.date_text,
        "crawl_hour": hour.hour_text, "start_time": start,
        "end_time": report.get("end_time", start), "total_count": report["total_count"],
        "success_count": report["success_count"], "fail_count": report["fail_count"],
    }  # fmt: skip


def _time(moment: str) -> str:
    """`HH:MM:SS` of a moment with or without its day."""
    start = DAY_CHARS if "-" in moment[:DAY_CHARS] else 0
    return moment[start : start + TIME_CHARS]


def _told(done: ImportedHour) -> str:
    return f"{done.rows:,} rows" if done.fresh else f"{done.rows:,} rows, in already"
