"""Progress and results of an hourly crawl."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from works.hourly.hours import Hour


class Ending(StrEnum):
    """The way a crawl ended. All but `done` leave works to request again."""

    DONE = "done"
    PARTIAL = "partial"
    NO_ACCOUNT = "no_account"
    INTERRUPTED = "interrupted"


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
class CrawlResult:
    """The result of a crawl. `asked` counts the works of this run, the other counts are those of
    the hour's file.

    `path` is None when there was nothing to write.
    """

    hour: Hour
    path: Path | None
    skipped: int
    ending: Ending
    reason: str = ""
    asked: int = 0
    success: int = 0
    failed: int = 0

    @property
    def sentence(self) -> str:
        """Return the result as a sentence."""
        text = f"{self.success:,} of {self.success + self.failed:,} works have numbers"
        if self.skipped:
            text += f", {self.skipped:,} of other platforms skipped"
        if self.ending is not Ending.DONE:
            text += f"; {self.ending.value.replace('_', ' ')}"
        return text + (f": {self.reason}" if self.reason else "")


Show = Callable[[CrawlProgress], None]
