"""The hourly crawl: every listed work's counters of this hour, into one data file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import (
    AccountBannedError,
    BreakerOpenError,
    DamagedFileError,
    LoginExpiredError,
    NoFitAccountError,
    PlatformQuotaError,
    RiskControlError,
    SourceError,
)
from crawler.statistics.fetcher import VideoStatsFetcher
from crawler.statistics.items import AnsweredBatch
from sources.base import VideoStats
from works.hourly.crawl_journal import HourJournal
from works.hourly.crawl_result import CrawlProgress, CrawlResult, Ending, Show
from works.hourly.entries import failure, flagged, numbers, unanswered
from works.hourly.files import HourFiles
from works.hourly.hours import HOURS_A_DAY, Hour, local_text
from works.hourly.input_list import ListedWork, ViewsList, read_views_list
from works.hourly.report import BILIBILI, SESSION_FORM, Failure, HourRecord, Numbers

LOOK_SECS = 0.5  # how often a journal that another process holds is looked at
MAX_FAILED_IN_ROW = 5  # batches; then the platform is down, and the rest waits for the next run


class HourlyCrawl:
    """Asks for all works of `views.json`, batch by batch; what was told is on the disk at once.

    Args:
        zone: the one whose hours name the files.
    """

    def __init__(
        self,
        *,
        stats: VideoStatsFetcher,
        files: HourFiles,
        list_path: Path,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._stats = stats
        self._files = files
        self._list_path = list_path
        self._clock = clock
        self._zone = zone

    def run(
        self, stop: threading.Event, log: logging.Logger, show: Show = lambda progress: None
    ) -> CrawlResult:
        """Fetch what this hour's file does not have yet, and write it.

        Works that have their numbers are not asked for again, nor are those of which the platform
        said that they are gone. The hour stays that of the start.

        Raises:
            DamagedFileError: `views.json`, or what there is of this hour, is no use.
            OutputError, CredentialsError, DatabaseError: what was fetched is in the journal.
        """
        hour = Hour.of(self._clock.now(), self._zone)
        listed = read_views_list(self._list_path)
        if listed.repeated:
            log.warning("%d entries of %s are repeated", listed.repeated, self._list_path)
        if not listed.works and not listed.wrong:
            log.info("%s: no valid work of Bilibili in %s", hour, self._list_path)
            return CrawlResult(hour=hour, path=None, skipped=listed.skipped, ending=Ending.DONE)
        journal = self._taken(hour, stop, log, show)
        if journal is None:
            reason = "another process is at work on this hour"
            return CrawlResult(
                hour=hour,
                path=None,
                skipped=listed.skipped,
                ending=Ending.INTERRUPTED,
                reason=reason,
            )
        try:
            outcome = self._crawl(hour, listed, journal, stop, log, show)
        finally:
            journal.close()
        log.info("%s: %s", hour, outcome.sentence)
        return outcome

    def recover(self, log: logging.Logger) -> list[Hour]:
        """Write the files of earlier hours whose runs were killed; the hours that were.

        What another process works on, or what cannot be mended, is left and logged.
        """
        recovered = []
        current = Hour.of(self._clock.now(), self._zone)
        for hour in self._files.journals():
            journal = None if hour == current else HourJournal.take(self._files.journal_path(hour))
            if journal is None:
                continue
            try:
                if self._recover(hour, journal):
                    log.warning("%s: an unfinished run was brought to its file", hour)
                    recovered.append(hour)
            except DamagedFileError as error:
                log.error("%s: an unfinished run waits: %s", hour, error)
            finally:
                journal.close()
        return recovered

    def _recover(self, hour: Hour, journal: HourJournal) -> bool:
        if not journal.is_empty:
            record = self._record(hour, journal)
            end_time = record.head.get("end_time", record.head["crawl_time"])
            self._files.write(hour, record.report(end_time=end_time, complete=False))
        journal.remove()
        return not journal.is_empty

    def _taken(
        self, hour: Hour, stop: threading.Event, log: logging.Logger, show: Show
    ) -> HourJournal | None:
        """The hour's journal, when nobody else holds it any more; None when stopped before."""
        path = self._files.journal_path(hour)
        journal = HourJournal.take(path)
        if journal is None:
            log.info("%s: another process is at work on this hour; waiting for it", hour)
            show(CrawlProgress(hour, waiting=True))
        while journal is None:
            if self._clock.wait(stop, LOOK_SECS):
                return None
            journal = HourJournal.take(path)
        return journal

    def _crawl(
        self,
        hour: Hour,
        listed: ViewsList,
        journal: HourJournal,
        stop: threading.Event,
        log: logging.Logger,
        show: Show,
    ) -> CrawlResult:
        record = self._record(hour, journal)
        works = [work for work in listed.works if not record.is_settled(work.work_id)]
        known, skipped = len(listed.works) - len(works), listed.skipped
        log.info(
            "%s: %d works to ask for, %d known already, %d of other platforms skipped",
            hour,
            len(works),
            known,
            skipped,
        )
        run = _Run(
            hour=hour,
            record=record,
            journal=journal,
            total=len(listed.works),
            left=len(works),
            log=log,
            show=show,
        )
        if not works and journal.is_empty and self._files.path(hour).exists():
            journal.remove()
            return run.outcome(self._files.path(hour), skipped, Ending.DONE)
        if journal.head is None:
            journal.begin(record.head)
        wrong = [failure(one.work_id, one.title, one.error, final=True) for one in listed.wrong]
        record.add([], wrong)
        ending, reason = self._ask(run, works, stop)
        left = [work for work in works if not record.knows(work.work_id)]
        why = f"not asked: {reason or ending.value}"
        record.add([], [failure(one.work_id, one.title, why) for one in left])
        report = record.report(
            end_time=self._now(), skipped_count=skipped, complete=ending is Ending.DONE
        )
        path = self._files.write(hour, report)
        journal.remove()
        return run.outcome(path, skipped, ending, reason)

    def _ask(self, run: _Run, works: list[ListedWork], stop: threading.Event) -> tuple[Ending, str]:
        """Ask for works until all are told or it makes no sense to go on; how it ended and why."""
        before = self._numbers_before(run.hour, run.log)
        titles = {work.work_id: work.title for work in works}
        failed_in_row, worst = 0, (Ending.DONE, "")
        try:
            for batch in self._stats.batches(BILIBILI, list(titles), stop):
                run.note(*self._entries(batch, titles, before))
                failed_in_row = failed_in_row + 1 if batch.failure else 0
                if batch.failure is None:
                    continue
                worst = (Ending.PARTIAL, str(batch.failure))
                ended = _ended(batch.failure, failed_in_row)
                if ended is not None:
                    return ended, str(batch.failure)
        except StoppedSignal:
            return Ending.INTERRUPTED, ""
        except NoFitAccountError as error:
            return Ending.NO_ACCOUNT if error.until is None else Ending.PARTIAL, str(error)
        except PlatformQuotaError as error:
            return Ending.PARTIAL, str(error)
        return worst

    def _entries(
        self,
        batch: AnsweredBatch,
        titles: Mapping[str, str],
        before: Mapping[str, Numbers],
    ) -> tuple[list[Numbers], list[Failure]]:
        now = self._now()
        data, errors = [], []
        for work_id, item in batch.items.items():
            if isinstance(item.answer, VideoStats):
                told = numbers(work_id, titles[work_id], now, item.answer)
                data.append(flagged(told, before.get(work_id)))
            else:
                errors.append(unanswered(work_id, titles[work_id], item))
        return data, errors

    def _record(self, hour: Hour, journal: HourJournal) -> HourRecord:
        """What is known of the hour: its file, and what the journal adds."""
        if self._files.path(hour).exists():
            record = HourRecord.of(self._files.read(hour).report)
        else:
            record = HourRecord(journal.head or self._new_head(hour))
        journal.replay(record)
        return record

    def _new_head(self, hour: Hour) -> dict[str, Any]:
        now = self._clock.now().astimezone(self._zone)
        return {
            "session_id": now.strftime(SESSION_FORM),
            "crawl_time": self._now(),
            "crawl_hour": hour.hour_text,
            "crawl_date": hour.date_text,
            "timezone": str(self._zone),
        }

    def _numbers_before(self, hour: Hour, log: logging.Logger) -> Mapping[str, Numbers]:
        """The works' numbers in the newest file of the day before this hour."""
        for earlier in reversed(self._files.hours_before(hour, HOURS_A_DAY)):
            try:
                report = self._files.read(earlier).report
            except DamagedFileError as error:
                log.warning("not compared with %s: %s", earlier, error)
                continue
            return {one["work_id"]: one for one in report["data"] if one["platform"] == BILIBILI}
        return {}

    def _now(self) -> str:
        return local_text(self._clock.now(), self._zone)


class _Run:
    """One run on its way: notes each batch in the journal, and shows how far it is."""

    def __init__(
        self,
        *,
        hour: Hour,
        record: HourRecord,
        journal: HourJournal,
        total: int,
        left: int,
        log: logging.Logger,
        show: Show,
    ) -> None:
        self.hour = hour
        self.log = log
        self._record = record
        self._journal = journal
        self._total = total
        self._left = left
        self._show = show
        self._asked = 0
        self._tell()

    def note(self, data: list[Numbers], errors: list[Failure]) -> None:
        self._journal.append(data, errors)
        self._record.add(data, errors)
        self._asked += len(data) + len(errors)
        self._left -= len(data) + len(errors)
        for one in errors:
            self.log.warning("%s %s: %s", one["work_id"], one["title"], one["error"])
        for told in data:
            if "shrunk" in told:
                lower = ", ".join(told["shrunk"])
                self.log.warning("%s: lower than before: %s", told["work_id"], lower)
        self._tell()

    def outcome(self, path: Path, skipped: int, ending: Ending, reason: str = "") -> CrawlResult:
        return CrawlResult(
            hour=self.hour,
            path=path,
            skipped=skipped,
            ending=ending,
            reason=reason,
            asked=self._asked,
            success=self._record.success_count,
            failed=self._record.fail_count,
        )

    def _tell(self) -> None:
        success, failed = self._record.success_count, self._record.fail_count
        self._show(
            CrawlProgress(
                hour=self.hour, total=self._total, left=self._left, success=success, failed=failed
            )
        )


def _ended(failure: SourceError, failed_in_row: int) -> Ending | None:
    """Whether asking on makes no sense after a batch failed."""
    if isinstance(failure, LoginExpiredError | AccountBannedError):
        return Ending.NO_ACCOUNT
    if (
        isinstance(failure, BreakerOpenError | RiskControlError)
        or failed_in_row >= MAX_FAILED_IN_ROW
    ):
        return Ending.PARTIAL
    return None
