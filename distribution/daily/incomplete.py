"""Days that a passing cause keeps from being counted: when they are counted again, and by whom."""

from __future__ import annotations

import threading

from core.messages import Message
from distribution.daily.scanner import DailyScanner
from storage.distribution import daily_stats

MAX_DUE = 10_000


def count_due(scanner: DailyScanner, stop: threading.Event) -> Message:
    """Count the incomplete days that are due once more; return a summary.

    Sums that are whole now are reported as by a scan. It is the job `incomplete_days`.

    Raises:
        StoppedSignal: `stop` was set; stored days stay, and the others stay due.
    """
    due = scanner.database.read(daily_stats.due_days, scanner.clock.now(), MAX_DUE)
    scans = [scanner.scan(day, stop, only=tasks) for day, tasks in due.items()]
    if not scans:
        return Message.of("no_incomplete_days")
    return Message.of("days_scanned", days=[scan.message for scan in scans])
