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
class FailureCount:
    """A reason why works have no numbers, and of how many."""

    reason: Message
    works: int


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
        reasons: why works have none, the most frequent reasons first.
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
    reasons: tuple[FailureCount, ...] = ()

    @property
    def message(self) -> Message:
        """Return a summary for logs, jobs and commands."""
        total = self.success + self.failed
        done = Message.of("works_have_numbers", success=self.success, total=total)
        if self.skipped:
            done = Message.of("works_skipped", result=done, skipped=self.skipped)
        if self.reasons:
            done = Message.of("works_failed_for", result=done, reasons=self._counted())
        if self.ending is Ending.DONE:
            return done
        if self.reason is None:
            return Message.of("crawl_ended", result=done, ending=ENDINGS[self.ending])
        return Message.of(
            "crawl_ended_because", result=done, ending=ENDINGS[self.ending], reason=self.reason
        )

    def _counted(self) -> list[Message]:
        counted = [
            Message.of("failed_for", works=one.works, reason=one.reason) for one in self.reasons
        ]
        others = self.failed - sum(one.works for one in self.reasons)
        return counted + ([Message.of("failed_for_others", works=others)] if others > 0 else [])


Show = Callable[[CrawlProgress], None]
