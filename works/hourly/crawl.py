"""The hourly crawl: fetch this hour's counters of every listed work into one data file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.attribution import Scope
from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import (
    AccountBannedError,
    CircuitOpenError,
    DamagedFileError,
    LoginExpiredError,
    NoFitAccountError,
    PlatformQuotaError,
    RiskControlError,
    SourceError,
)
from core.messages import Message
from crawler.statistics.fetcher import VideoStatsFetcher
from crawler.statistics.items import AnsweredBatch
from sources.base import VideoStats
from works.hourly.crawl_journal import HourJournal
from works.hourly.crawl_result import ENDINGS, CrawlProgress, CrawlResult, Ending, Show
from works.hourly.crawl_run import CrawlRun
from works.hourly.entries import FailureEntries, flag_shrunk, numbers
from works.hourly.files import HourFiles
from works.hourly.hours import HOURS_A_DAY, Hour, local_text
from works.hourly.input_list import ListedWork, ViewsList, read_views_list
from works.hourly.report import BILIBILI, SESSION_FORM, Failure, HourRecord, Numbers

JOURNAL_POLL_SECS = 0.5  # how often a journal that another process holds is looked at
# After this many failed batches the platform is down, and the rest waits for the next run.
MAX_FAILED_IN_ROW = 5


@dataclass(frozen=True, kw_only=True)
class HourlyCrawl:
    """Requests all Bilibili works of `views.json` in batches; each batch is
    on the disk before the next.

    Args:
        zone: the time zone whose hours name the files.
        failures: writes in the files why works have no counters.
    """

    stats: VideoStatsFetcher
    files: HourFiles
    list_path: Path
    clock: Clock
    zone: ZoneInfo
    failures: FailureEntries

    def run(
        self, stop: threading.Event, log: logging.Logger, show: Show = lambda progress: None
    ) -> CrawlResult:
        """Fetch what this hour's file does not have yet, and write it.

        Works that have their counters are not requested again, nor are those that the
        platform reported as gone. The hour stays that of the start. Waits for another
        process that crawls the hour.

        Args:
            show: called with the progress after each batch.

        Raises:
            DamagedFileError: `views.json`, or this hour's file, is unusable.
            OutputError, CredentialsError, DatabaseError: the batches fetched until then are in the
                journal.
        """
        hour = Hour.of(self.clock.now(), self.zone)
        listed = read_views_list(self.list_path)
        if listed.repeated:
            path, entries = str(self.list_path), listed.repeated
            log.warning("%s", Message.of("list_entries_repeated", path=path, entries=entries))
        for problem in listed.problems:
            log.warning("%s", Message.of("list_entry_left_out", problem=problem))
        if not listed.works and not listed.wrong:
            log.info(
                "%s", Message.of("list_without_work", hour=str(hour), path=str(self.list_path))
            )
            return _without_file(hour, listed, Ending.DONE)
        journal = self._acquire_journal(hour, stop, log, show)
        if journal is None:
            return _without_file(hour, listed, Ending.INTERRUPTED, Message.of("hour_taken"))
        try:
            result = self._crawl(hour, listed, journal, stop, log, show)
        finally:
            journal.close()
        log.info("%s", Message.of("hour_result", hour=str(hour), result=result.message))
        return result

    def recover(self, log: logging.Logger) -> list[Hour]:
        """Write the files of earlier hours whose runs were killed, and return those hours.

        An hour that another process works on, or that cannot be repaired, is left and logged.
        """
        recovered = []
        current = Hour.of(self.clock.now(), self.zone)
        for hour in self.files.journals():
            journal = None if hour == current else self._journal(hour)
            if journal is None:
                continue
            try:
                if self._recover(hour, journal):
                    log.warning("%s", Message.of("hour_recovered", hour=str(hour)))
                    recovered.append(hour)
            except DamagedFileError as error:
                log.error("%s", Message.of("hour_unrecovered", hour=str(hour), cause=error))
            finally:
                journal.close()
        return recovered

    def _recover(self, hour: Hour, journal: HourJournal) -> bool:
        """Write an hour's file from its journal; return False when the journal was empty."""
        if not journal.is_empty:
            record = self._record(hour, journal)
            end_time = record.head.get("end_time", record.head["crawl_time"])
            self.files.write(hour, record.report(end_time=end_time, complete=False))
        journal.remove()
        return not journal.is_empty

    def _acquire_journal(
        self, hour: Hour, stop: threading.Event, log: logging.Logger, show: Show
    ) -> HourJournal | None:
        """Return the hour's journal once no other process holds it; None when stopped before
        that."""
        journal = self._journal(hour)
        if journal is None:
            log.info("%s", Message.of("hour_waits_for_other", hour=str(hour)))
            show(CrawlProgress(hour, waiting=True))
        while journal is None:
            if self.clock.wait(stop, JOURNAL_POLL_SECS):
                return None
            journal = self._journal(hour)
        return journal

    def _journal(self, hour: Hour) -> HourJournal | None:
        return HourJournal.take(self.files.journal_path(hour), self.files.access)

    def _crawl(
        self,
        hour: Hour,
        listed: ViewsList,
        journal: HourJournal,
        stop: threading.Event,
        log: logging.Logger,
        show: Show,
    ) -> CrawlResult:
        """Request the works without a final outcome, write the hour's file and remove the
        journal."""
        record = self._record(hour, journal)
        works = [work for work in listed.works if not record.is_final(work.work_id)]
        known = len(listed.works) - len(works)
        counts = {"works": len(works), "known": known, "skipped": listed.skipped}
        log.info("%s", Message.of("hour_begun", hour=str(hour), **counts))
        run = CrawlRun(
            hour=hour,
            record=record,
            journal=journal,
            total=len(listed.works),
            left=len(works),
            log=log,
            show=show,
        )
        # The file is complete: writing it again would only change its end time.
        if not works and journal.is_empty and self.files.path(hour).exists():
            journal.remove()
            return run.result(self.files.path(hour), listed.skipped, Ending.DONE)
        if journal.head is None:
            journal.begin(record.head)
        wrong = [self.failures.of(w.work_id, w.title, w.error, final=True) for w in listed.wrong]
        record.add([], wrong)
        ending, reason = self._ask(run, works, stop)
        left = [work for work in works if not record.has(work.work_id)]
        if left:
            error = Message.of("work_not_asked", reason=reason or ENDINGS[ending])
            record.add([], [self.failures.of(work.work_id, work.title, error) for work in left])
        path = self._write(hour, record, listed.skipped, ending)
        journal.remove()
        return run.result(path, listed.skipped, ending, reason)

    def _write(self, hour: Hour, record: HourRecord, skipped: int, ending: Ending) -> Path:
        report = record.report(
            end_time=self._now(), skipped_count=skipped, complete=ending is Ending.DONE
        )
        return self.files.write(hour, report)

    def _ask(
        self, run: CrawlRun, works: list[ListedWork], stop: threading.Event
    ) -> tuple[Ending, Message | None]:
        """Request works until all have an outcome or more is hopeless;
        return the ending and its reason."""
        before = self._numbers_before(run.hour, run.log)
        titles = {work.work_id: work.title for work in works}
        failed_in_row = 0
        worst: tuple[Ending, Message | None] = (Ending.DONE, None)
        try:
            begin = partial(run.log_begin, titles)
            for batch in self.stats.batches(BILIBILI, list(titles), stop, begin):
                run.record_batch(*self._entries(batch, titles, before))
                failed_in_row = failed_in_row + 1 if batch.failure else 0
                if batch.failure is None:
                    continue
                worst = (Ending.PARTIAL, batch.failure.message)
                ended = _ending_after(batch.failure, failed_in_row)
                if ended is not None:
                    return ended, batch.failure.message
        except StoppedSignal:
            return Ending.INTERRUPTED, None
        except NoFitAccountError as error:
            return Ending.NO_ACCOUNT if error.until is None else Ending.PARTIAL, error.message
        except PlatformQuotaError as error:
            return Ending.PARTIAL, error.message
        return worst

    def _entries(
        self, batch: AnsweredBatch, titles: Mapping[str, str], before: Mapping[str, Numbers]
    ) -> tuple[list[Numbers], list[Failure]]:
        """Return a batch's counters and failures as entries of the data file."""
        now = self._now()
        data, errors = [], []
        for work_id, item in batch.items.items():
            if isinstance(item.answer, VideoStats):
                entry = numbers(work_id, titles[work_id], now, item.answer)
                data.append(flag_shrunk(entry, before.get(work_id)))
            else:
                errors.append(self.failures.of_item(work_id, titles[work_id], item))
        return data, errors

    def _record(self, hour: Hour, journal: HourJournal) -> HourRecord:
        """Return the known outcomes of the hour, from its file and the journal."""
        if self.files.path(hour).exists():
            record = HourRecord.from_report(self.files.read_sound(hour))
        else:
            record = HourRecord(journal.head or self._new_head(hour))
        journal.replay(record)
        return record

    def _new_head(self, hour: Hour) -> dict[str, Any]:
        now = self.clock.now().astimezone(self.zone)
        return {
            "session_id": now.strftime(SESSION_FORM),
            "crawl_time": self._now(),
            "crawl_hour": hour.hour_text,
            "crawl_date": hour.date_text,
            "timezone": str(self.zone),
        }

    def _numbers_before(self, hour: Hour, log: logging.Logger) -> Mapping[str, Numbers]:
        """Return the counters by work in the newest file of the day before; empty without a
        file."""
        for earlier in reversed(self.files.hours_before(hour, HOURS_A_DAY)):
            try:
                report = self.files.read(earlier).report
            except DamagedFileError as error:
                log.warning("%s", Message.of("hour_not_compared", hour=str(earlier), cause=error))
                continue
            return {
                entry["work_id"]: entry for entry in report["data"] if entry["platform"] == BILIBILI
            }
        return {}

    def _now(self) -> str:
        return local_text(self.clock.now(), self.zone)


def _without_file(
    hour: Hour, listed: ViewsList, ending: Ending, reason: Message | None = None
) -> CrawlResult:
    return CrawlResult(hour=hour, path=None, skipped=listed.skipped, ending=ending, reason=reason)


def _ending_after(failure: SourceError, failed_in_row: int) -> Ending | None:
    """Return how the crawl ends after a failed batch; None when it should go on."""
    if isinstance(failure, LoginExpiredError | AccountBannedError):
        return Ending.NO_ACCOUNT
    scope = failure.attribution.scope if failure.attribution else None
    nobody_gets_through = scope in (Scope.ENDPOINT, Scope.PLATFORM)
    is_refused = isinstance(failure, CircuitOpenError | RiskControlError)
    if is_refused or nobody_gets_through or failed_in_row >= MAX_FAILED_IN_ROW:
        return Ending.PARTIAL
    return None
