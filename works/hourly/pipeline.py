"""The steps of the hourly job: export the list, crawl, write the files; by hand and as a job."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import (
    BatonError,
    DatabaseError,
    InvalidInputError,
    OutputError,
    RetryLaterError,
    UnfinishedError,
)
from core.installation.file_access import SHARED, FileAccess
from core.messages import Message
from presentation.i18n.renderer import Renderer
from storage.engines.transactions import Database
from works.catalogue.drop_folder import DropFolderResult
from works.catalogue.views_json import ListExport
from works.hour_data.files import data_files
from works.hour_data.hours import Hour
from works.hour_data.importer import FileImporter, ImportedHour, ImportResult, Show
from works.hour_data.old_statistics import old_hours, reports_of
from works.hour_data.projector import DatedFiles, Projector, WrittenHour
from works.hourly import crawl_result
from works.hourly.crawl import HourlyCrawl
from works.hourly.crawl_result import CrawlResult, Ending
from works.hourly.day_log import LineWriter, day_log

CRAWL_LOG, IMPORT_LOG = "views_crawler", "views_import"
# Until an hour without all its numbers is tried again, by the number of tries before.
RETRY_WAITS = (timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8))
LATER_WAIT = timedelta(minutes=10)
LAST_RETRY_MINUTE = 55


@dataclass(frozen=True)
class PipelineResult:
    """The result of a full run.

    Args:
        imported: what the files of this host got of the hour that it crawled; None when there was
            nothing to store, or this host writes no files.
        caught_up: what they got of other hours.
        is_list_refused: the drop folder had a file, or rows of one, that could not be taken in.
    """

    crawl: CrawlResult
    imported: ImportedHour | None
    caught_up: ImportResult
    is_list_refused: bool = False

    @property
    def problems(self) -> list[Message]:
        """Return what was left out of the imported files or corrected."""
        own = self.imported.problems if self.imported is not None else ()
        return [*own, *self.caught_up.problems]

    @property
    def message(self) -> Message:
        """Return a summary for logs, jobs and commands."""
        done = Message.of("hour_result", hour=str(self.crawl.hour), result=self.crawl.message)
        if self.imported is not None:
            done = Message.of("rows_imported", result=done, rows=self.imported.rows)
        if self.caught_up.imported:
            files = len(self.caught_up.imported)
            done = Message.of("other_hours_imported", result=done, files=files)
        left_out = len(self.problems)
        if left_out:
            done = Message.of("entries_left_out", result=done, entries=left_out)
        if self.caught_up.refused:
            problems = list(self.caught_up.refused)
            done = Message.of("files_refused", result=done, problems=problems)
        return done


@dataclass(frozen=True, kw_only=True)
class HourlyPipeline:
    """Fetches the counters of an hour and writes the files of this host, each step with its log.

    Args:
        take_in: imports what waits in the drop folder of works.
        export: writes `views.json` from the catalogue; returns None where it leaves another
            program's file.
        make_crawl: called when there is something to crawl, because an import needs no accounts.
        projector: writes the files of this host from the main database.
        old_data: the statistics file of this host, where one lies; else None.
        renderer: writes the messages in the log files.
        log_dir: the folder of `views_crawler_YYYYMMDD.log` and `views_import_YYYYMMDD.log`.
        console: gets what these get, for somebody who looks on.
        access: mode and group of the logs.
    """

    take_in: Callable[[threading.Event], DropFolderResult]
    export: Callable[[], ListExport | None]
    make_crawl: Callable[[], HourlyCrawl]
    importer: FileImporter
    projector: Projector
    old_data: Callable[[], Database | None]
    clock: Clock
    log_dir: Path
    zone: ZoneInfo
    renderer: Renderer
    access: FileAccess = SHARED
    console: Sequence[logging.Handler] = ()

    def watched(self, write: Callable[[str], object], renderer: Renderer) -> HourlyPipeline:
        """Return the pipeline whose log lines are also given to `write`, made by `renderer`."""
        lines = LineWriter(
            zone=self.zone, renderer=renderer, write=lambda line, _moment: write(line)
        )
        return replace(self, console=(lines,))

    def crawl(
        self, stop: threading.Event, show: crawl_result.Show = lambda progress: None
    ) -> CrawlResult:
        """Fetch this hour, and write its data file and those of hours whose runs were killed.

        Raises:
            DamagedFileError: the list is that of a `views.json`, which is unusable.
            OutputError: the data file cannot be written; the next run writes it.
            LeaseLostError, CredentialsError, DatabaseError: what was fetched until then is stored,
                and the next run of the hour continues.
        """
        with self._log(CRAWL_LOG) as log:
            crawled = self._fetch(stop, show, log)
            self.projector.limited_to(DatedFiles).project(threading.Event(), log)
        return self._with_path(crawled)

    def import_hour(
        self, hour: Hour | None = None, *, replace_numbers: bool = False
    ) -> ImportedHour:
        """Take in this host's data file of an hour, and write its files; None: the newest hour.

        Raises:
            InvalidInputError: no hour was given, and there is no data file at all.
            DamagedFileError: there is no such file, or it is damaged; nothing was changed.
            BusyError: the hour is being crawled.
            OutputError, DatabaseError: a file cannot be written; it follows later.
        """
        with self._log(IMPORT_LOG) as log:
            try:
                wanted = hour or self.importer.newest()
                done = self.importer.import_hour(wanted, log, replace_numbers=replace_numbers)
            except BatonError as error:
                log.error("%s", error)
                raise
        written = self._project(threading.Event())
        return replace(done, fresh=done.fresh or wanted in {one.hour for one in written})

    def import_day(
        self, day: date, stop: threading.Event, *, replace_numbers: bool = False
    ) -> ImportResult:
        """Take in all data files of a day, those that are in already as well.

        A damaged one is listed in the result's `refused` and does not stop the others.

        Raises:
            InvalidInputError: the day has no data file.
            OutputError, DatabaseError: earlier files stay imported.
        """
        wanted = self.importer.hours_of_day(day)
        return self._imported(
            lambda log: self.importer.import_hours(
                wanted, stop, log, replace_numbers=replace_numbers
            ),
            stop,
        )

    def import_missing(
        self, stop: threading.Event, show: Show = lambda done, total: None
    ) -> ImportResult:
        """Take in every data file here whose hour the database does not know, and write files.

        The result has the hours of both. A damaged file is listed in its `refused` and does not
        stop the others.

        Raises:
            OutputError, DatabaseError: earlier files stay imported.
        """
        return self._imported(
            lambda log: self.importer.import_hours(self.importer.unknown(), stop, log, show), stop
        )

    def import_here(
        self, stop: threading.Event, show: Show = lambda done, total: None
    ) -> ImportResult:
        """Take in all that an older version left here: data files, and hours that only the
        statistics file has.

        Numbers that the database has already stay.

        Raises:
            OutputError, DatabaseError: earlier files stay imported.
        """

        def take(log: logging.Logger) -> ImportResult:
            done = self.importer.import_hours(self.importer.files.hours(), stop, log, show)
            data = self.old_data()
            if data is None or stop.is_set():
                return done
            sessions = old_hours(data, self.importer.known())
            more = self.importer.import_reports(reports_of(data, sessions), stop, log)
            return replace(
                done,
                imported=done.imported + more.imported,
                interrupted=done.interrupted or more.interrupted,
            )

        return self._imported(take, stop)

    def import_from(
        self,
        place: Path,
        stop: threading.Event,
        show: Show = lambda done, total: None,
        *,
        replace_numbers: bool = False,
    ) -> ImportResult:
        """Take in a data file, or all data files in a folder and those below it.

        Raises:
            InvalidInputError: its name tells no hour, or the folder has no data file.
            OutputError, DatabaseError: earlier files stay imported.
        """
        paths = data_files(place) if place.is_dir() else [place]
        if not paths:
            raise InvalidInputError("no_data_files", folder=str(place))
        return self._imported(
            lambda log: self.importer.import_paths(
                paths, stop, log, show, replace_numbers=replace_numbers
            ),
            stop,
        )

    def only_here(self) -> list[Hour]:
        """Return the hours that only files of this host have, oldest first."""
        data, known = self.old_data(), self.importer.known()
        old = old_hours(data, known) if data is not None else {}
        return sorted({*self.importer.unknown(), *old})

    def project(self, since: Hour | None = None) -> list[WrittenHour]:
        """Write what the files of this host lack; with `since`, all hours from that one on anew.

        Raises:
            OutputError, DatabaseError: hours written before stay.
        """
        if since is not None:
            self.projector.forget_since(since)
        return self._project(threading.Event())

    def full(
        self, stop: threading.Event, show: crawl_result.Show = lambda progress: None
    ) -> PipelineResult:
        """Take the drop folder in, export the list, crawl, and write the files of this host.

        A drop folder that cannot be read is logged and does not hold the rest up.

        Raises:
            BatonError: a step failed; the results of earlier steps stay.
        """
        is_refused = self._take_in(stop)
        crawled = self._crawl_list(stop, show)
        done = self._completed(crawled, self._project(threading.Event()))
        return replace(done, is_list_refused=is_refused)

    def run(self, stop: threading.Event, attempt: int = 1) -> Message:
        """Run all steps as a scheduled job, and return a summary.

        Files that cannot be written are this host's trouble: they follow later.

        Args:
            attempt: the number of this try of the hour, from 1.

        Raises:
            StoppedSignal: `stop` was set; works are left for the next run.
            RetryLaterError: works are left, and there is time for another try in this hour.
            UnfinishedError: works are left for the next hour's run, for the reason in its message.
            BatonError: a step failed.
        """
        self._take_in(stop)
        crawled = self._crawl_list(stop, lambda progress: None)
        written: list[WrittenHour] = []
        try:
            written = self._project(stop)
        except (OutputError, DatabaseError) as error:
            with self._log(IMPORT_LOG) as log:
                log.error("%s", error)
        done = self._completed(crawled, written)
        if stop.is_set():
            raise StoppedSignal
        if done.crawl.ending is not Ending.DONE:
            at = next_try(self.clock.now(), done.crawl.hour, attempt, self.zone)
            if at is None:
                raise UnfinishedError(done.message)
            raise RetryLaterError(done.message, until=at)
        return done.message

    def _crawl_list(self, stop: threading.Event, show: crawl_result.Show) -> CrawlResult:
        with self._log(CRAWL_LOG) as log:
            try:
                self.export()
            except OutputError as error:
                # Other programs read that file; the crawl asks the catalogue itself.
                log.error("%s", error)
            return self._fetch(stop, show, log)

    def _fetch(
        self, stop: threading.Event, show: crawl_result.Show, log: logging.Logger
    ) -> CrawlResult:
        try:
            crawl = self.make_crawl()
            crawl.recover(log)
            return crawl.run(stop, log, show)
        except BatonError as error:
            log.error("%s", error)
            raise

    def _project(self, stop: threading.Event) -> list[WrittenHour]:
        with self._log(IMPORT_LOG) as log:
            return self.projector.project(stop, log)

    def _imported(
        self, take: Callable[[logging.Logger], ImportResult], stop: threading.Event
    ) -> ImportResult:
        with self._log(IMPORT_LOG) as log:
            done = take(log)
        if stop.is_set():
            return done
        known = {one.hour for one in done.imported}
        others = [one for one in self._project(stop) if one.hour not in known]
        more = tuple(
            ImportedHour(one.hour, one.rows, fresh=True) for one in _newest_of_each(others)
        )
        return replace(done, imported=done.imported + more)

    def _completed(self, crawled: CrawlResult, written: Sequence[WrittenHour]) -> PipelineResult:
        rows = {one.hour: one.rows for one in written}
        own = rows.pop(crawled.hour, None)
        imported = None
        if crawled.is_stored and self.projector.targets:
            # Files that are up to date were written before.
            count = crawled.success if own is None else own
            imported = ImportedHour(crawled.hour, count, fresh=own is not None)
        others = tuple(ImportedHour(hour, count, fresh=True) for hour, count in rows.items())
        return PipelineResult(self._with_path(crawled), imported, ImportResult(others))

    def _with_path(self, crawled: CrawlResult) -> CrawlResult:
        """Return the result with the path of the hour's data file, where this host has one."""
        path = self.importer.files.path(crawled.hour)
        is_written = crawled.is_stored and self.projector.limited_to(DatedFiles).targets
        return replace(crawled, path=path if is_written else None)

    def _take_in(self, stop: threading.Event) -> bool:
        """Take the drop folder in; return True when something of it was refused."""
        try:
            done = self.take_in(stop)
        except OutputError as error:
            with self._log(CRAWL_LOG) as log:
                log.error("the inbox waits: %s", error)
            return False
        return bool(done.rejected or done.rejected_rows)

    def _log(self, name: str) -> AbstractContextManager[logging.Logger]:
        return day_log(
            self.log_dir, name, self.zone, self.renderer, *self.console, access=self.access
        )


def next_try(now: datetime, hour: Hour, attempt: int, zone: ZoneInfo) -> datetime | None:
    """Return when an hour is tried again after `attempt` tries; None when that is too late."""
    waits = RETRY_WAITS[attempt - 1 : attempt]
    at = now + (waits[0] if waits else LATER_WAIT)
    local = at.astimezone(zone)
    is_in_time = Hour.of(at, zone) == hour and local.minute <= LAST_RETRY_MINUTE
    return at if is_in_time else None


def _newest_of_each(written: Sequence[WrittenHour]) -> list[WrittenHour]:
    return list({one.hour: one for one in written}.values())
