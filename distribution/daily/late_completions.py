"""Count completions that were stored or verified after their day was scanned."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from core.messages import Message
from distribution.daily.scanner import DailyScanner


@dataclass(frozen=True, kw_only=True)
class LateCompletions:
    """The job `late_completions`.

    Args:
        days: how many days before today are checked.
    """

    scanner: DailyScanner
    days: int

    def run(self, stop: threading.Event) -> Message:
        """Scan the changed tasks of each day again and return a summary.

        Raises:
            StoppedSignal: `stop` was set; what was stored stays, and a later run continues.
        """
        last = self.scanner.yesterday
        scans = []
        for day in self.scanner.days(last - timedelta(days=self.days - 1), last):
            late = self.scanner.late_tasks(day)
            if late:
                scans.append(self.scanner.scan(day, stop, only=late))
        if not scans:
            return Message.of("no_late_completions")
        return Message.of("days_scanned", days=[scan.message for scan in scans])
