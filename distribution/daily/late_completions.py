"""Completions that came, or were verified, after their day was scanned: counted all the same."""

from __future__ import annotations

import threading
from datetime import timedelta

from distribution.daily.scanner import DailyScanner


class LateCompletions:
    """The job `late_completions`.

    Args:
        days: how long after a day it is still looked at.
    """

    def __init__(self, *, scanner: DailyScanner, days: int) -> None:
        self._scanner = scanner
        self._days = days

    def run(self, stop: threading.Event) -> str:
        """Scan again what has changed, task by task; what that did in a sentence.

        Raises:
            StoppedSignal: `stop` was set; what was stored stays, and a later run does the rest.
        """
        last = self._scanner.yesterday
        scans = []
        for day in self._scanner.days(last - timedelta(days=self._days - 1), last):
            late = self._scanner.late_tasks(day)
            if late:
                scans.append(self._scanner.scan(day, stop, only=late))
        return "; ".join(map(str, scans)) or "no late completions"
