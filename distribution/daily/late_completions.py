"""Count completions that were stored or verified after their day was scanned."""

from __future__ import annotations

import threading
from datetime import timedelta

from core.messages import Message
from distribution.daily.scanner import DailyScanner


class LateCompletions:
    """The job `late_completions`.

    Args:
        days: the number of days before today that are checked.
    """

    def __init__(self, *, scanner: DailyScanner, days: int) -> None:
        self._scanner = scanner
        self._days = days

    def run(self, stop: threading.Event) -> Message:
        """Scan the changed tasks of each day again and return a summary.

        Raises:
            StoppedSignal: `stop` was set; stored days stay, and a later run continues.
        """
        last = self._scanner.yesterday
        scans = []
        for day in self._scanner.days(last - timedelta(days=self._days - 1), last):
            late = self._scanner.late_tasks(day)
            if late:
                scans.append(self._scanner.scan(day, stop, only=late))
        if not scans:
            return Message.of("no_late_completions")
        return Message.of("days_scanned", days=[scan.message for scan in scans])
