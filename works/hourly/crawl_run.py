"""One run of the hourly crawl while it is in progress."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from core.messages import Message
from works.hourly.crawl_journal import HourJournal
from works.hourly.crawl_result import CrawlProgress, CrawlResult, Ending, Show
from works.hourly.hours import Hour
from works.hourly.report import Failure, HourRecord, Numbers


@dataclass(kw_only=True)
class CrawlRun:
    """A run that records each batch in the journal and shows its progress.

    Args:
        total: the number of listed works; `left` of them are still to be requested.
    """

    hour: Hour
    record: HourRecord
    journal: HourJournal
    total: int
    left: int
    log: logging.Logger
    show: Show
    _asked: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._show_progress()

    def record_batch(self, data: list[Numbers], errors: list[Failure]) -> None:
        """Store a batch's counters and failures on the disk, and log
        failures and counters that shrank."""
        self.journal.append(data, errors)
        self.record.add(data, errors)
        self._asked += len(data) + len(errors)
        self.left -= len(data) + len(errors)
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
            success=self.record.success_count,
            failed=self.record.fail_count,
        )

    def _show_progress(self) -> None:
        success, failed = self.record.success_count, self.record.fail_count
        self.show(
            CrawlProgress(
                hour=self.hour, total=self.total, left=self.left, success=success, failed=failed
            )
        )
