"""Count completions that were stored or verified after their day was scanned."""

from __future__ import annotations

import threading
from datetime import timedelta

from core.messages import Message
from distribution.daily.scanner import DailyScanner


def scan_late(scanner: DailyScanner, days: int, stop: threading.Event) -> Message:
    """Count again the days whose completions changed after they were counted; return a summary.

    Only the changed tasks are counted; new revisions are reported as by a scan. It is the job
    `late_completions`.

    Args:
        days: the number of days, up to yesterday, that are checked.

    Raises:
        StoppedSignal: `stop` was set; stored days stay, and a later run continues.
    """
    last = scanner.yesterday
    scans = []
    for day in scanner.days(last - timedelta(days=days - 1), last):
        late = scanner.late_tasks(day)
        if late:
            scans.append(scanner.scan(day, stop, only=late))
    if not scans:
        return Message.of("no_late_completions")
    return Message.of("days_scanned", days=[scan.message for scan in scans])
