"""Import hourly data files into the main database, each whole or not at all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.errors import BusyError, DamagedFileError, InvalidInputError
from core.messages import Message
from storage.engines.transactions import Database, Tx
from storage.views import days, failures, hours, identities, points, titles, totals
from storage.views.hours import CrawlState, ViewHour
from storage.views.identities import Key
from works.hour_data.contents import counted
from works.hour_data.day_numbers import count_day_anew, packed_hour_of
from works.hour_data.files import HourFiles, StoredReport
from works.hour_data.hours import Hour
from works.hour_data.report import HourReport
from works.hour_data.rows import counts_in, key_of, seconds_into, store_numbers, stored_failure


@dataclass(frozen=True)
class ImportedHour:
    """An imported hour.

    Args:
        rows: the number of works with numbers in the file.
        fresh: the import changed the database.
        problems: what was left out of the file or corrected, with its place.
    """

    hour: Hour
    rows: int
    fresh: bool
    problems: tuple[Message, ...] = ()


@dataclass(frozen=True)
class ImportResult:
    """The imported files, and the reasons for those that were refused."""

    imported: tuple[ImportedHour, ...] = ()
    refused: tuple[Message, ...] = ()
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


@dataclass(frozen=True, kw_only=True)
class FileImporter:
    """Imports data files by hour; a repetition changes nothing.

    Args:
        files: the data files of this host.
        host: name of this host, noted for hours that came from its files.
    """

    files: HourFiles
    database: Database
    clock: Clock
    zone: ZoneInfo
    host: str

    def import_hour(
        self, hour: Hour, log: logging.Logger, *, replace_numbers: bool = False
    ) -> ImportedHour:
        """Import this host's data file of an hour in one transaction.

        Numbers that the database has already stay, unless `replace_numbers`: then it holds what
        the file holds, and no more.

        Raises:
            DamagedFileError: there is none, or it is no data file of that hour.
            BusyError: the hour is being crawled.
            DatabaseError: nothing was changed.
        """
        return self._take(hour, self.files.read(hour), log, replace_numbers=replace_numbers)

    def take_unknown(self, hour: Hour, log: logging.Logger) -> None:
        """Import this host's file of an hour that the database does not know, if there is one.

        A damaged file is moved aside, as the hour's own will take its place.
        """
        path = self.files.path(hour)
        if not path.exists():
            return
        try:
            self.import_hour(hour, log)
        except DamagedFileError as error:
            aside = path.with_name(f"{path.name}.damaged")
            path.rename(aside)
            log.warning("%s", Message.of("hour_file_aside", cause=error, path=str(aside)))

    def newest(self) -> Hour:
        """Return the newest hour that has a data file here. Raise InvalidInputError when there is
        none."""
        found = self.files.hours()
        if not found:
            raise InvalidInputError("no_data_files", folder=str(self.files.folder))
        return found[-1]

    def known(self) -> set[Hour]:
        """Return the hours that the database has."""
        return {Hour.from_index(index) for index in self.database.read(hours.every)}

    def unknown(self) -> list[Hour]:
        """Return the hours that have data files here and are not in the database, oldest first."""
        known = self.known()
        return [hour for hour in self.files.hours() if hour not in known]

    def hours_of_day(self, day: date) -> list[Hour]:
        """Return the hours of a day that have data files here, oldest first.

        Raises:
            InvalidInputError: there is none.
        """
        found = self.files.hours_of_day(day)
        if not found:
            raise InvalidInputError("day_without_files", day=day, folder=str(self.files.folder))
        return found

    def import_hours(
        self,
        wanted: Sequence[Hour],
        stop: threading.Event,
        log: logging.Logger,
        show: Show = _show_nothing,
        *,
        replace_numbers: bool = False,
    ) -> ImportResult:
        """Import this host's data files of several hours, as `import_paths` does."""
        readers = [partial(_read_own, self.files, hour) for hour in wanted]
        return self._import_all(readers, stop, log, show, replace_numbers=replace_numbers)

    def import_paths(
        self,
        paths: Sequence[Path],
        stop: threading.Event,
        log: logging.Logger,
        show: Show = _show_nothing,
        *,
        replace_numbers: bool = False,
    ) -> ImportResult:
        """Import data files wherever they lie; their names tell the hours.

        A damaged one, or one whose hour is being crawled, is logged and listed in `refused`; it
        does not stop the others.

        Args:
            show: called with the numbers of files done and of all.

        Raises:
            DatabaseError: earlier files stay imported.
        """
        readers = [partial(_read_path, self.files, path) for path in paths]
        return self._import_all(readers, stop, log, show, replace_numbers=replace_numbers)

    def import_reports(
        self, reports: Iterable[tuple[Hour, HourReport]], stop: threading.Event, log: logging.Logger
    ) -> ImportResult:
        """Import hours that come from elsewhere than data files; numbers that are there stay."""
        imported = []
        for hour, report in reports:
            if stop.is_set():
                break
            fresh = self.database.write_idempotent(self._store, hour, report, whole=False)
            imported.append(ImportedHour(hour, len(report["data"]), fresh))
            log.info("%s: %d rows", hour, len(report["data"]))
        return ImportResult(tuple(imported), interrupted=stop.is_set())

    def _import_all(
        self,
        readers: Sequence[Callable[[], tuple[Hour, StoredReport]]],
        stop: threading.Event,
        log: logging.Logger,
        show: Show,
        *,
        replace_numbers: bool,
    ) -> ImportResult:
        imported: list[ImportedHour] = []
        refused: list[Message] = []
        for place, read in enumerate(readers):
            show(place, len(readers))
            if stop.is_set():
                return ImportResult(tuple(imported), tuple(refused), interrupted=True)
            try:
                hour, stored = read()
                imported.append(self._take(hour, stored, log, replace_numbers=replace_numbers))
            except (DamagedFileError, BusyError) as error:
                log.error("%s", error)
                refused.append(error.message)
        show(len(readers), len(readers))
        return ImportResult(tuple(imported), tuple(refused), interrupted=stop.is_set())

    def _take(
        self, hour: Hour, stored: StoredReport, log: logging.Logger, *, replace_numbers: bool
    ) -> ImportedHour:
        report = stored.report
        fresh = self.database.write_idempotent(
            self._store, hour, report, whole=replace_numbers, unread=stored.checked.unread
        )
        done = ImportedHour(hour, len(report["data"]), fresh, stored.checked.problems)
        name = self.files.path(hour).name
        log.info("%s: %d rows%s", name, done.rows, "" if fresh else ", in already")
        for problem in done.problems:
            log.warning("%s: %s", name, problem)
        return done

    def _store(
        self,
        tx: Tx,
        hour: Hour,
        report: HourReport,
        whole: bool,
        unread: Collection[Key] = (),
    ) -> bool:
        """Store a report; return False when the database has all of it already.

        Args:
            whole: whether the hour shall hold the report, and no more.
            unread: works whose entries cannot be read: what is known of them stays.
        """
        row = hours.get(tx, hour.index)
        if row is not None and row.lease_until is not None and row.lease_until > self.clock.now():
            raise BusyError("hour_is_crawled", hour=str(hour))
        before = _works_of(tx, hour)
        if whole and row is not None:
            old = {key: work for key, work in before.items() if key not in unread}
            if _holds_just(tx, hour, report, old, row):
                return False
            points.delete_works(tx, hour.index, old.values())
            failures.delete_hour(tx, hour.index)
            count_day_anew(tx, hour.day_index, old.values(), without=hour.number)
            before = {key: work for key, work in before.items() if key in unread}
        fresh = [entry for entry in report["data"] if key_of(entry) not in before]
        if row is not None and not whole and not fresh:
            return False
        store_numbers(tx, hour, fresh, self.zone)
        added = {key_of(entry) for entry in fresh}
        have = before.keys() | added
        failures.delete(tx, hour.index, added)
        lost = [one for one in report["errors"] if key_of(one) not in have]
        failures.put(tx, hour.index, map(stored_failure, lost))
        days.note_hour(tx, hour.index)
        self._put_hour(tx, hour, report, row, whole=whole, total=len(have))
        totals.count_anew(tx, hour.day_index)
        return True

    def _put_hour(
        self,
        tx: Tx,
        hour: Hour,
        report: HourReport,
        row: ViewHour | None,
        *,
        whole: bool,
        total: int,
    ) -> None:
        """Record the hour of a report; one that was known keeps its session and its times."""
        is_whole = report.get("complete", True)
        state = CrawlState.COMPLETE if is_whole else CrawlState.PARTIAL
        if not is_whole and hour == Hour.of(self.clock.now(), self.zone):
            state = CrawlState.OPEN
        started_at = _moment(report["crawl_time"], hour, self.zone)
        if row is not None and not whole:
            state, started_at = row.state, row.started_at
        ended_at = _moment(report.get("end_time", report["crawl_time"]), hour, self.zone)
        listed, skipped = report["total_count"], report.get("skipped_count")
        ended = counted(tx, hour.index, state, listed=listed, skipped=skipped, ended_at=ended_at)
        failed = max(ended.failed, report["fail_count"] if whole or row is None else 0)
        ended = replace(ended, success=total, failed=failed)
        hours.put_imported(
            tx,
            hour.index,
            session_id=row.session_id if row and not whole else report["session_id"],
            started_at=started_at,
            host=row.host if row else self.host,
            ended=ended,
        )


def _read_own(files: HourFiles, hour: Hour) -> tuple[Hour, StoredReport]:
    return hour, files.read(hour)


def _read_path(files: HourFiles, path: Path) -> tuple[Hour, StoredReport]:
    return files.read_path(path)


def _works_of(tx: Tx, hour: Hour) -> dict[Key, int]:
    """Return the works that have numbers in an hour, as rows or in packed days."""
    works = points.works_of_hour(tx, hour.index) | packed_hour_of(tx, hour).keys()
    return {key: work for work, key in identities.keys_of(tx, works).items()}


def _holds_just(
    tx: Tx, hour: Hour, report: HourReport, before: dict[Key, int], row: ViewHour
) -> bool:
    """Return True when the hour has the numbers, titles and counts of the report, and no others."""
    if {key_of(entry) for entry in report["data"]} != before.keys():
        return False
    if (row.session_id, row.failed) != (report["session_id"], report["fail_count"]):
        return False
    named = titles.at_hour(tx, hour.index, before.values())
    if any(entry["title"] != named.get(before[key_of(entry)]) for entry in report["data"]):
        return False
    counts = {one.work: one.counts for one in points.of_hour(tx, hour.index)}
    counts = packed_hour_of(tx, hour) | counts
    return all(counts_in(entry) == counts[before[key_of(entry)]] for entry in report["data"])


def _moment(text: str, hour: Hour, zone: ZoneInfo) -> datetime:
    begins = hour.begins(zone)
    return begins + timedelta(seconds=seconds_into(hour, begins, text))
