"""One run of the hourly crawl while it is in progress."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.messages import Message
from works.hour_data.entries import reason_of
from works.hour_data.report import Failure, Numbers
from works.hour_data.rows import key_of
from works.hourly.crawl_result import CrawlProgress, CrawlResult, Ending, Show
from works.hourly.ledger import HeldHour

MAX_FAILURES = 10  # of a summary; the log and the data file have all
MAX_REASONS = 5


@dataclass(kw_only=True)
class CrawlRun:
    """A run that stores each batch in the main database and shows its progress.

    Args:
        listed: the number of entries of the list, also of those that name no video.
        total: the number of works among them; `left` of them are still to be requested.
    """

    held: HeldHour
    listed: int
    total: int
    left: int
    log: logging.Logger
    show: Show
    _asked: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._show_progress()

    def log_begin(self, titles: Mapping[str, str], work_ids: Sequence[str]) -> None:
        """Log that works are requested now."""
        for work_id in work_ids:
            self.log.info("%s", Message.of("work_begun", work_id=work_id, title=titles[work_id]))

    def record_batch(self, data: list[Numbers], errors: list[Failure]) -> None:
        """Store a batch's counters and failures, and log what became of each work.

        Raises:
            LeaseLostError, DatabaseError: nothing of the batch was stored.
        """
        self.held.note(data, errors, self.listed)
        self._asked += len(data) + len(errors)
        self.left -= len(data) + len(errors)
        for entry in data:
            self._log_numbers(entry)
        self._log_failures(errors)
        done = self.total - self.left
        self.log.info("%s", Message.of("works_progress", done=done, total=self.total))
        self._show_progress()

    def record_unasked(self, errors: Sequence[Failure]) -> None:
        """Store why works were not requested, and log it for each that had not failed before.

        Raises as `record_batch` does.
        """
        fresh = [error for error in errors if key_of(error) not in self.held.failed]
        self.held.note([], errors, self.listed)
        self._log_failures(fresh)

    def _log_failures(self, errors: Sequence[Failure]) -> None:
        for error in errors:
            about = {"work_id": error["work_id"], "title": error["title"]}
            self.log.warning("%s", Message.of("work_failed", **about, reason=reason_of(error)))

    def _log_numbers(self, entry: Numbers) -> None:
        work_id, views = entry["work_id"], entry["view_count"]
        fetched = Message.of("work_fetched_hidden", work_id=work_id)
        if views is not None:
            fetched = Message.of("work_fetched", work_id=work_id, views=views)
        self.log.info("%s", fetched)
        if "shrunk" in entry:
            lower = Message.of("work_shrunk", work_id=work_id, counters=list(entry["shrunk"]))
            self.log.warning("%s", lower)

    def result(self, skipped: int, ending: Ending, reason: Message | None = None) -> CrawlResult:
        """Return the run's result; the counts are those of the hour."""
        return CrawlResult(
            hour=self.held.hour,
            is_stored=True,
            skipped=skipped,
            ending=ending,
            reason=reason,
            asked=self._asked,
            success=len(self.held.numbers),
            failed=len(self.held.failed),
            failures=self.held.failures(MAX_FAILURES),
            reasons=self.held.reasons(MAX_REASONS),
        )

    def _show_progress(self) -> None:
        self.show(
            CrawlProgress(
                hour=self.held.hour,
                total=self.total,
                left=self.left,
                success=len(self.held.numbers),
                failed=len(self.held.failed),
            )
        )
