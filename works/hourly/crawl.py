"""The hourly crawl: fetch this hour's counters of every listed work into the main database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from core.attribution import Scope
from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import (
    AccountBannedError,
    CircuitOpenError,
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
from storage.views.hours import CrawlState
from works.hour_data.entries import FailureEntries, flag_shrunk, numbers
from works.hour_data.hours import Hour, local_text
from works.hour_data.report import BILIBILI, Failure, Numbers
from works.hourly.crawl_result import ENDINGS, CrawlProgress, CrawlResult, Ending, Show
from works.hourly.crawl_run import CrawlRun
from works.hourly.input_list import CountedList, ListedWork, ViewsList
from works.hourly.ledger import HeldHour, HourLedger

CLAIM_POLL_SECS = 1.0  # how often an hour that another process crawls is looked at
# After this many failed batches the platform is down, and the rest waits for the next run.
MAX_FAILED_IN_ROW = 5


@dataclass(frozen=True, kw_only=True)
class HourlyCrawl:
    """Requests all Bilibili works of a list in batches; each batch is
    in the main database before the next.

    Args:
        works: the list.
        ledger: leases the hour, so that one process of all hosts crawls it.
        take_file: takes in the data file that this host has of an hour unknown to the database.
        zone: the time zone whose hours count.
        failures: writes why works have no counters.
    """

    works: CountedList
    stats: VideoStatsFetcher
    ledger: HourLedger
    take_file: Callable[[Hour, logging.Logger], None]
    clock: Clock
    zone: ZoneInfo
    failures: FailureEntries

    def run(
        self, stop: threading.Event, log: logging.Logger, show: Show = lambda progress: None
    ) -> CrawlResult:
        """Fetch what the database lacks of this hour.

        Works that have their counters are not requested again, nor are those that the
        platform reported as gone. The hour stays that of the start. Waits for another
        process, of any host, that crawls the hour.

        Args:
            show: called with the progress after each batch.

        Raises:
            DamagedFileError: the list is that of a `views.json`, which is unusable.
            LeaseLostError: another process has taken the hour over.
            CredentialsError, DatabaseError: the batches fetched until then are stored.
        """
        hour = Hour.of(self.clock.now(), self.zone)
        listed = self.works.read()
        if listed.repeated:
            path, entries = str(self.works.path), listed.repeated
            log.warning("%s", Message.of("list_entries_repeated", path=path, entries=entries))
        for problem in listed.problems:
            log.warning("%s", Message.of("list_entry_left_out", problem=problem))
        if not listed.works and not listed.wrong:
            log.info(
                "%s", Message.of("list_without_work", hour=str(hour), path=str(self.works.path))
            )
            return _not_stored(hour, listed, Ending.DONE)
        if not self.ledger.is_known(hour):
            self.take_file(hour, log)
        held = self._claim(hour, stop, log, show)
        if held is None:
            return _not_stored(hour, listed, Ending.INTERRUPTED, Message.of("hour_taken"))
        try:
            result = self._crawl(held, listed, stop, log, show)
        finally:
            held.release()
        log.info("%s", Message.of("hour_result", hour=str(hour), result=result.message))
        return result

    def recover(self, log: logging.Logger) -> list[Hour]:
        """End earlier hours that are still open, and return those whose runs were killed.

        An hour that another process works on is left.
        """
        recovered = []
        for hour in self.ledger.unfinished(Hour.of(self.clock.now(), self.zone)):
            held = self.ledger.claim(hour)
            if held is None:
                continue
            if held.row.ended_at is None:
                log.warning("%s", Message.of("hour_recovered", hour=str(hour)))
                recovered.append(hour)
            left = held.row.listed - len(held.numbers) - sum(held.failed.values())
            state = CrawlState.COMPLETE if held.numbers and left <= 0 else CrawlState.PARTIAL
            held.end(
                state,
                listed=held.row.listed,
                skipped=held.row.skipped,
                list_sha256=held.row.list_sha256,
            )
        return recovered

    def _claim(
        self, hour: Hour, stop: threading.Event, log: logging.Logger, show: Show
    ) -> HeldHour | None:
        """Return the hour once no other process holds it; None when stopped before that."""
        held = self.ledger.claim(hour)
        if held is None:
            log.info("%s", Message.of("hour_waits_for_other", hour=str(hour)))
            show(CrawlProgress(hour, waiting=True))
        while held is None:
            if self.clock.wait(stop, CLAIM_POLL_SECS):
                return None
            held = self.ledger.claim(hour)
        return held

    def _crawl(
        self,
        held: HeldHour,
        listed: ViewsList,
        stop: threading.Event,
        log: logging.Logger,
        show: Show,
    ) -> CrawlResult:
        """Request the works without a final outcome, and publish the hour."""
        works = [work for work in listed.works if not held.is_final(work.work_id)]
        known = len(listed.works) - len(works)
        counts = {"works": len(works), "known": known, "skipped": listed.skipped}
        log.info("%s", Message.of("hour_begun", hour=str(held.hour), **counts))
        total = len(listed.works) + len(listed.wrong)
        run = CrawlRun(
            held=held, listed=total, total=len(listed.works), left=len(works), log=log, show=show
        )
        # The hour is complete: publishing it again would only change its end time.
        if not works and held.is_published:
            return run.result(listed.skipped, Ending.DONE)
        wrong = [self.failures.of(w.work_id, w.title, w.error, final=True) for w in listed.wrong]
        run.record_unasked(wrong)
        ending, reason = self._ask(run, works, stop)
        left = [work for work in works if not held.has(work.work_id)]
        if left:
            error = Message.of("work_not_asked", reason=reason or ENDINGS[ending])
            untried = [self.failures.of(work.work_id, work.title, error) for work in left]
            run.record_unasked(untried)
        state = CrawlState.COMPLETE if ending is Ending.DONE else CrawlState.OPEN
        held.end(state, listed=total, skipped=listed.skipped, list_sha256=listed.sha256)
        return run.result(listed.skipped, ending, reason)

    def _ask(
        self, run: CrawlRun, works: list[ListedWork], stop: threading.Event
    ) -> tuple[Ending, Message | None]:
        """Request works until all have an outcome or more is hopeless;
        return the ending and its reason."""
        titles = {work.work_id: work.title for work in works}
        run.held.read_ahead(titles)
        failed_in_row = 0
        worst: tuple[Ending, Message | None] = (Ending.DONE, None)
        try:
            begin = partial(run.log_begin, titles)
            for batch in self.stats.batches(BILIBILI, list(titles), stop, begin):
                run.record_batch(*self._entries(run.held, batch, titles))
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
        self, held: HeldHour, batch: AnsweredBatch, titles: Mapping[str, str]
    ) -> tuple[list[Numbers], list[Failure]]:
        """Return a batch's counters and failures as entries of the data file."""
        now = self._now()
        data, errors = [], []
        for work_id, item in batch.items.items():
            if isinstance(item.answer, VideoStats):
                entry = numbers(work_id, titles[work_id], now, item.answer)
                data.append(flag_shrunk(entry, held.before(work_id)))
            else:
                errors.append(self.failures.of_item(work_id, titles[work_id], item))
        return data, errors

    def _now(self) -> str:
        return local_text(self.clock.now(), self.zone)


def _not_stored(
    hour: Hour, listed: ViewsList, ending: Ending, reason: Message | None = None
) -> CrawlResult:
    return CrawlResult(
        hour=hour, is_stored=False, skipped=listed.skipped, ending=ending, reason=reason
    )


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
