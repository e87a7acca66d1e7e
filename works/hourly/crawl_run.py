"""One run of the hourly crawl while it is in progress."""

from __future__ import annotations

import logging
from pathlib import Path

from core.messages import Message
from works.hourly.crawl_journal import HourJournal
from works.hourly.crawl_result import CrawlProgress, CrawlResult, Ending, Show
from works.hourly.hours import Hour
from works.hourly.report import Failure, HourRecord, Numbers


class CrawlRun:
    """A run that records each batch in the journal and shows its progress.

    Args:
        total: the number of listed works; `left` of them are still to be requested.
    """

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
        self._show_progress()

    def record_batch(self, data: list[Numbers], errors: list[Failure]) -> None:
        """Store a batch's counters and failures on the disk, and log
        failures and counters that shrank."""
        self._journal.append(data, errors)
        self._record.add(data, errors)
        self._asked += len(data) + len(errors)
        self._left -= len(data) + len(errors)
        for error in errors:
            self.log.warning("%s %s: %s", error["work_id"], error["title"], error["error"])
        for entry in data:
            if "shrunk" in entry:
                lower = ", ".join(entry["shrunk"])
                self.log.warning("%s: lower than before: %s", entry["work_id"], lower)
        self._show_progress()

    def result(
        self, path: Path, skipped: int, ending: Ending, reason: Message | None = None
    ) -> CrawlResult:
        """Return the run's result; the counts are those of the hour's file."""
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

    def _show_progress(self) -> None:
        success, failed = self._record.success_count, self._record.fail_count
        self._show(
            CrawlProgress(
                hour=self.hour, total=self._total, left=self._left, success=success, failed=failed
            )
        )
