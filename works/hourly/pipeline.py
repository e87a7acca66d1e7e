"""The steps of the hourly job: export the list, crawl, import; by hand and as a job."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from core.cancellation import StoppedSignal
from core.errors import BatonError, OutputError, UnfinishedError
from core.installation.file_access import SHARED, FileAccess
from core.messages import Message
from presentation.i18n.renderer import Renderer
from works.catalogue.views_json import ListExport
from works.hourly import crawl_result
from works.hourly.crawl import HourlyCrawl
from works.hourly.crawl_result import CrawlResult, Ending
from works.hourly.day_log import LineWriter, day_log
from works.hourly.hours import Hour
from works.hourly.importer import HourlyImporter, ImportedHour, ImportResult, Show

CRAWL_LOG, IMPORT_LOG = "views_crawler", "views_import"


@dataclass(frozen=True)
class PipelineResult:
    """The result of a full run.

    Args:
        imported: what was imported of the hour that it crawled; None when the crawl wrote no file.
        caught_up: what was imported of files that earlier runs had left behind.
    """

    crawl: CrawlResult
    imported: ImportedHour | None
    caught_up: ImportResult

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
    """Fetches and imports the counters of an hour: list, crawl, import, each step with its log.

    Args:
        take_in: imports what waits in the drop folder of works.
        export: writes `views.json` from the catalogue; returns None where it leaves another
            program's file.
        make_crawl: called when there is something to crawl, because an import needs no accounts.
        renderer: writes the messages in the log files.
        log_dir: the folder of `views_crawler_YYYYMMDD.log` and `views_import_YYYYMMDD.log`.
        console: gets what these get, for somebody who looks on.
        access: mode and group of the logs.
    """

    take_in: Callable[[threading.Event], object]
    export: Callable[[], ListExport | None]
    make_crawl: Callable[[], HourlyCrawl]
    importer: HourlyImporter
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
        """Write this hour's data file, and those of hours whose runs were killed.

        Raises:
            DamagedFileError: `views.json`, or this hour's file, is unusable.
            OutputError, CredentialsError, DatabaseError: what was fetched until then is kept, and
                the next run of the hour continues.
        """
        with self._log(CRAWL_LOG) as log:
            try:
                crawl = self.make_crawl()
                crawl.recover(log)
                return crawl.run(stop, log, show)
            except BatonError as error:
                log.error("%s", error)
                raise

    def import_hour(self, hour: Hour | None = None) -> ImportedHour:
        """Import an hour's data file into the statistics; None: that of the newest hour.

        Raises:
            InvalidInputError: no hour was given, and there is no data file at all.
            DamagedFileError: there is no such file, or it is damaged; nothing was changed.
            DatabaseError: the statistics file cannot be written; nothing was changed.
        """
        with self._log(IMPORT_LOG) as log:
            try:
                return self.importer.import_hour(hour or self.importer.newest(), log)
            except BatonError as error:
                log.error("%s", error)
                raise

    def import_day(self, day: date, stop: threading.Event) -> ImportResult:
        """Import all data files of a day, those that are in already as well.

        A damaged one is listed in the result's `refused` and does not stop the others.

        Raises:
            InvalidInputError: the day has no data file.
            DatabaseError: the statistics file cannot be written; earlier files stay imported.
        """
        with self._log(IMPORT_LOG) as log:
            return self.importer.import_day(day, stop, log)

    def import_missing(
        self, stop: threading.Event, show: Show = lambda done, total: None
    ) -> ImportResult:
        """Import every data file that is not imported yet or has changed since.

        A damaged one is listed in the result's `refused` and does not stop the others.

        Raises:
            DatabaseError: the statistics file cannot be written; earlier files stay imported.
        """
        with self._log(IMPORT_LOG) as log:
            return self.importer.import_missing(stop, log, show)

    def full(
        self, stop: threading.Event, show: crawl_result.Show = lambda progress: None
    ) -> PipelineResult:
        """Take the drop folder in, export the list, crawl, and import this file and those that
        earlier runs left.

        A drop folder that cannot be read is logged and does not hold the rest up.

        Raises:
            BatonError: a step failed; the results of earlier steps stay.
        """
        self._take_in(stop)
        self.export()
        crawled = self.crawl(stop, show)
        imported = self.import_hour(crawled.hour) if crawled.path else None
        return PipelineResult(crawled, imported, self.import_missing(stop))

    def _take_in(self, stop: threading.Event) -> None:
        try:
            self.take_in(stop)
        except OutputError as error:
            with self._log(CRAWL_LOG) as log:
                log.error("the inbox waits: %s", error)

    def _log(self, name: str) -> AbstractContextManager[logging.Logger]:
        return day_log(
            self.log_dir, name, self.zone, self.renderer, *self.console, access=self.access
        )

    def run(self, stop: threading.Event) -> Message:
        """Run all steps as a scheduled job, and return a summary.

        Raises:
            StoppedSignal: `stop` was set; works are left for the next run.
            UnfinishedError: works are left for the next run, for the reason in its message.
            BatonError: a step failed.
        """
        done = self.full(stop)
        if stop.is_set():
            raise StoppedSignal
        if done.crawl.ending is not Ending.DONE:
            raise UnfinishedError(done.message)
        return done.message
