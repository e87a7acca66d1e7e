"""Days that a passing cause keeps from being counted: when they are counted again, and by whom."""

from __future__ import annotations

import threading

from core.cancellation import StoppedSignal
from core.errors import DatabaseError
from core.logs import fields, service_log
from core.messages import Message
from distribution.daily.scanner import DailyScanner
from storage.distribution import daily_stats

log = service_log("daily_stats")

MAX_DUE = 10_000


def count_due(scanner: DailyScanner, stop: threading.Event) -> Message:
    """Count the incomplete days that are due once more; return a summary.

    Sums that are whole now are reported as by a scan. It is the job `incomplete_days`. What no
    rule expects of one day is raised once the others have been counted.

    Raises:
        StoppedSignal: `stop` was set; stored days stay, and the others stay due.
        DatabaseError: likewise.
    """
    due = scanner.database.read(daily_stats.due_days, scanner.clock.now(), MAX_DUE)
    scans, unexpected = [], []
    for day, tasks in due.items():
        try:
            scans.append(scanner.scan(day, stop, only=tasks))
        except (StoppedSignal, DatabaseError):
            raise
        except Exception as error:
            log.exception("%s", fields(day=day))
            unexpected.append(error)
    if unexpected:
        raise unexpected[0]
    if not scans:
        return Message.of("no_incomplete_days")
    return Message.of("days_scanned", days=[scan.message for scan in scans])
