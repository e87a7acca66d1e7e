"""Progress and results of an hourly crawl."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.messages import Message
from works.hour_data.hours import Hour


class Ending(StrEnum):
    """The way a crawl ended. All but `done` leave works for the next run."""

    DONE = "done"
    PARTIAL = "partial"
    NO_ACCOUNT = "no_account"
    INTERRUPTED = "interrupted"


ENDINGS = {
    Ending.DONE: Message.of("crawl_done"),
    Ending.PARTIAL: Message.of("crawl_partial"),
    Ending.NO_ACCOUNT: Message.of("crawl_without_account"),
    Ending.INTERRUPTED: Message.of("crawl_interrupted"),
}


@dataclass(frozen=True)
class CrawlProgress:
    """The progress of a crawl: `left` of `total` works are still to be requested.

    `waiting` is True while another process works on this hour.
    """

    hour: Hour
    total: int = 0
    left: int = 0
    success: int = 0
    failed: int = 0
    waiting: bool = False


@dataclass(frozen=True)
class FailedWork:
    """A work without numbers, and why."""

    work_id: str
    title: str
    reason: Message


@dataclass(frozen=True)
class CrawlResult:
    """The result of a crawl.

    Args:
        is_stored: whether the main database has the hour; False when there was nothing to store.
        skipped: the number of works of other platforms.
        reason: why the crawl ended early; None when it did not, or the ending says it.
        asked: the number of works that this run requested; `success` and `failed` are those of the
            hour.
        path: the hour's data file on this host; None when none is written here.
        failures: the first works without numbers.
    """

    hour: Hour
    is_stored: bool
    skipped: int
    ending: Ending
    reason: Message | None = None
    asked: int = 0
    success: int = 0
    failed: int = 0
    path: Path | None = None
    failures: tuple[FailedWork, ...] = ()

    @property
    def message(self) -> Message:
        """Return a summary for logs, jobs and commands."""
        total = self.success + self.failed
        done = Message.of("works_have_numbers", success=self.success, total=total)
        if self.skipped:
            done = Message.of("works_skipped", result=done, skipped=self.skipped)
        if self.ending is Ending.DONE:
            return done
        if self.reason is None:
            return Message.of("crawl_ended", result=done, ending=ENDINGS[self.ending])
        return Message.of(
            "crawl_ended_because", result=done, ending=ENDINGS[self.ending], reason=self.reason
        )


Show = Callable[[CrawlProgress], None]
